/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device in memory, for tests of bricks that stand above one: it can hold requests back, fail them, and tell what it
 * was asked for. Output 0 is the device.
 */
#ifndef THARSIS_MEMORY_BRICK_H
#define THARSIS_MEMORY_BRICK_H

#include <tharsis/brick.h>

#define TH_MEMORY_RECORDS_MAX 256u

struct th_memory_config {
	uint64_t size_bytes;
	uint32_t block_bytes;
	bool read_only;
};

/* Config: struct th_memory_config. */
extern const struct th_brick_type th_memory_type;

struct th_memory_record {
	uint8_t operation;
	uint8_t flags;
	uint64_t position;
	uint64_t length;
};

/* While holding, requests wait; letting go completes those that do. */
void th_memory_hold(struct th_brick *memory, bool hold);
uint32_t th_memory_held(const struct th_brick *memory);
/* The next request of @operation completes with @error, and does nothing. */
void th_memory_fail_next(struct th_brick *memory, enum th_operation operation, int error);
/* Takes the oldest record; false when there is none. When there are too many the newest are not kept. */
bool th_memory_take_record(struct th_brick *memory, struct th_memory_record *record);
/* From the next call of info on: the device has this size. Not more than it was made with. */
void th_memory_resize(struct th_brick *memory, uint64_t size_bytes);

#endif
