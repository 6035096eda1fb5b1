/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two halves of the ublk brick: its life (ublk_life_user.c), a dialogue with the kernel by which a disk appears, is
 * taken over or vanishes; and its requests (ublk_brick_user.c).
 *
 * Each tag has a slot with memory of its own, which the kernel copies to and from. While a disk is shown each slot
 * is either with the kernel (it has been fetched for, or its result was committed) or with the device behind us.
 */
#ifndef THARSIS_UBLK_DISK_H
#define THARSIS_UBLK_DISK_H

#include "ublk.h"
#include "user_loop.h"

struct th_ublk;

typedef void th_ublk_step(struct th_ublk *ublk, int result);

struct th_ublk_slot {
	struct th_ublk *ublk;
	uint32_t tag;
	struct th_vec vec;
};

struct th_ublk {
	struct th_brick brick;
	struct th_ublk_config config; /* name: our copy */
	char name[TH_UBLK_NAME_MAX + 1];

	/* while not off */
	struct th_ublk_line *line;
	struct th_request_pool *pool;
	uint8_t *memory;
	struct th_ublk_slot *slots;
	struct th_block_info device; /* behind us, when it was switched on */
	uint64_t size_bytes; /* of the disk */
	uint64_t refused_bytes; /* a size that the device has and the disk does not get */
	const struct ublksrv_io_desc *descriptors;
	uint32_t number;
	uint32_t in_flight;
	struct th_hook hook;
	uint64_t counted_ns; /* when, and how many: */
	uint32_t users;

	/* the dialogue */
	th_ublk_step *then; /* NULL: nothing was asked */
	struct th_timer again;
	struct th_work abandon;
	uint64_t deadline_ns; /* of patience with the one before */
	bool succeeding; /* the disk is another process' */
	bool closing; /* it is over when no request is in flight */
	uint64_t features;
	struct ublksrv_ctrl_dev_info info;
	struct ublk_params params;
	uint32_t next; /* of numbers */
	uint32_t number_count;
	uint32_t *numbers; /* TH_UBLK_NUMBERS_MAX */
};

static inline struct th_ublk *th_ublk_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct th_ublk, brick);
}

static inline struct th_input *th_ublk_device(struct th_ublk *ublk)
{
	return &ublk->brick.inputs[TH_UBLK_INPUT_DEVICE];
}

/* ---- ublk_life_user.c: both end with th_ublk_reached() ---- */

void th_ublk_appear(struct th_ublk *ublk);
void th_ublk_vanish(struct th_ublk *ublk);
/* Of struct th_ublk_events. */
void th_ublk_answered(void *context, int result);
/* The kernel does not let us have requests of a tag. */
void th_ublk_refused(struct th_ublk *ublk, uint32_t tag, int error);
/* A request has returned. */
void th_ublk_returned(struct th_ublk *ublk);
/* The device may have grown. */
void th_ublk_follow(struct th_ublk *ublk);

/* ---- ublk_brick_user.c ---- */

extern const struct th_ublk_events th_ublk_events;
/* Asks for the first request of each tag. */
void th_ublk_fetch_all(struct th_ublk *ublk);
/* TH_OFF: everything but the line is freed here. */
void th_ublk_reached(struct th_ublk *ublk, enum th_power power);

#endif
