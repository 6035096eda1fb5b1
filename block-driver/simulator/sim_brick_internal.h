/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the three files of the sim brick share: when a request arrives it is begun, which says how long it takes; when
 * its time has come it is ended, which gives its result.
 */
#ifndef THARSIS_SIM_BRICK_INTERNAL_H
#define THARSIS_SIM_BRICK_INTERNAL_H

#include "sim_brick.h"

#define TH_SIM_FILES_MAX 64u
/* Whole blocks are written, so that no file system has to read before it writes. */
#define TH_SIM_FILE_WRITE_ALIGN 4096u

struct th_sim_file {
	struct th_sim_inode *inode; /* NULL: this number is free */
	bool read_only;
	uint32_t in_flight;
};

struct th_sim_brick {
	struct th_brick brick;
	struct th_sim_disk *disk;
	struct th_sim_directory *directory;
	struct th_sim_file files[TH_SIM_FILES_MAX];
	struct th_list schedule; /* requests under way, the one that ends first at the front */
	struct th_timer timer;
};

/* The brick's part of each request. */
struct th_sim_aspect {
	uint64_t due_ns;
	int error;
	struct th_sim_write *write; /* under way */
	uint64_t covered; /* by a flush or a sync */
	bool done_early; /* took effect when it was begun */
};

/* What an operation does when it is begun and when it ends. */
struct th_sim_operation {
	void (*begin)(struct th_sim_brick *sim, struct th_request *request,
		      struct th_sim_aspect *aspect);
	void (*end)(struct th_sim_brick *sim, struct th_request *request,
		    struct th_sim_aspect *aspect);
};

extern const struct th_sim_operation th_sim_disk_operations[TH_OPERATION_COUNT];
extern const struct th_sim_operation th_sim_files_operations[TH_OPERATION_COUNT];

/* Between the memory of a request and that of the media. */
void th_sim_gather(const struct th_request *request, uint8_t *data);
void th_sim_scatter(const struct th_request *request, const uint8_t *data);
/* Misuse unless the memory of @request is aligned, and as long as the request says. */
void th_sim_check_memory(struct th_sim_environment *environment, const struct th_request *request);
/* Misuse when the memory of a write has changed since it began. */
void th_sim_check_unchanged(struct th_sim_environment *environment,
			    const struct th_request *request, const struct th_sim_write *write);
/* The bytes at the position of @request, into its memory. */
void th_sim_read(struct th_sim_media *media, struct th_request *request,
		 struct th_sim_random *random);

#endif
