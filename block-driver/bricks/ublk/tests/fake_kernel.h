/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for tests of the ublk brick: disks with the states that those of Linux have, and users that submit requests to
 * them. It checks that it is spoken to as the real one demands.
 */
#ifndef THARSIS_FAKE_KERNEL_H
#define THARSIS_FAKE_KERNEL_H

#include "ublk_kernel.h"

#define FAKE_DISKS_MAX	  4u
#define FAKE_DEPTH_MAX	  8u
#define FAKE_REQUESTS_MAX 32u

/* A request of a user of a disk. */
struct fake_request {
	uint32_t number; /* of the disk */
	uint32_t op_flags;
	uint64_t sector;
	uint32_t sectors;
	void *data;
	bool begun; /* a server has it, or had it when it died */
	bool done;
	int result;
};

enum fake_tag_state { FAKE_TAG_IDLE, FAKE_TAG_FETCHING, FAKE_TAG_BUSY };

struct fake_tag {
	enum fake_tag_state state;
	uint64_t address;
	struct fake_request *request;
};

struct fake_disk {
	bool there;
	uint32_t number;
	struct ublksrv_ctrl_dev_info info;
	struct ublk_params params;
	struct th_ublk_line *server; /* who has mapped it */
	bool deleted; /* it vanishes when nobody has it any more */
	struct fake_tag tags[FAKE_DEPTH_MAX];
	struct ublksrv_io_desc descriptors[FAKE_DEPTH_MAX];
};

struct fake_kernel {
	struct th_ublk_kernel ops; /* first */
	struct fake_disk disks[FAKE_DISKS_MAX];
	struct fake_request requests[FAKE_REQUESTS_MAX];
	uint32_t request_count;
	struct th_executor *executor;

	/* what happens */
	uint64_t features;
	struct th_error open_error;
	struct th_error map_error;
	uint32_t failing; /* this operation fails, with: */
	int failure;
	int fetch_failure;
	uint32_t busy_count; /* so often a recovery cannot begin yet */
	uint32_t users;
	uint32_t sync_count;
	uint32_t line_count; /* open now */
};

void fake_kernel_init(struct fake_kernel *kernel, struct th_executor *executor);
/* A disk of a process that has died; @sectors of @block_shift. */
struct fake_disk *fake_leave_behind(struct fake_kernel *kernel, uint64_t identity, uint32_t depth,
				    uint64_t sectors, uint32_t attributes);
struct fake_disk *fake_disk(struct fake_kernel *kernel, uint32_t number);
uint32_t fake_disk_count(const struct fake_kernel *kernel);
/* @data: of READ and WRITE; stays. */
struct fake_request *fake_submit(struct fake_kernel *kernel, uint32_t number, uint32_t op_flags,
				 uint64_t sector, uint32_t sectors, void *data);

#endif
