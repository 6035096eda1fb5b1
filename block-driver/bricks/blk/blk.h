/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The blk brick: shows what is behind its input as a block device of the system, /dev/tharsisN. Its config is a struct
 * th_blk_config. In the kernel only. docs/kernel-driver.md says what such a disk can do.
 *
 * All functions: only on the brick's executor; they do not block, except where bricks do.
 */
#ifndef THARSIS_BLK_H
#define THARSIS_BLK_H

#include <tharsis/brick.h>

#define TH_BLK_NAME_MAX	  40u
#define TH_BLK_QUEUES_MAX 64u
#define TH_BLK_DEPTH_MAX  512u

struct th_blk_config {
	const char *name; /* copied: /dev/tharsis/NAME, by udev */
	const char *resource; /* copied: for sysfs, and for who holds the disk below */
	bool read_only; /* also when the device could be written to */
	uint32_t queue_count; /* hardware queues: 1 to TH_BLK_QUEUES_MAX */
	uint32_t queue_depth; /* requests under way in each: 1 to TH_BLK_DEPTH_MAX */
};

enum { TH_BLK_INPUT_DEVICE };

/*
 * Switching on makes the disk appear; switching off makes it vanish: new openers find nothing, requests under way end, and
 * whoever has it open still gets errors.
 */
extern const struct th_brick_type th_blk_type;

/* How often the disk is open now, partitions included. */
uint32_t th_blk_users(const struct th_brick *brick);

/*
 * Size and writability of all disks follow the devices behind them at the end of each round. Who tells of a change
 * before that calls this first, so that whoever is told finds it so when the disk is opened.
 */
void th_blk_follow_devices(void);

/* Waits until all disks that were switched off are forgotten by the system, too. Not on an executor; blocks. */
void th_blk_wait_for_users(void);

#endif
