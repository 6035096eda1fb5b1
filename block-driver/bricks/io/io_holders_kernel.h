/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of our disks holds which disk below, as /sys/block/DISK/holders/ and lsblk show it.
 *
 * The two come and go in any order: what a resource attaches, and what shows the resource. They are known by the name of
 * the resource, and linked in the background while both are there. Links are taken away at once.
 *
 * All functions may block; not on an executor.
 */
#ifndef THARSIS_IO_HOLDERS_KERNEL_H
#define THARSIS_IO_HOLDERS_KERNEL_H

#include <linux/list.h>

struct block_device;
struct gendisk;

struct th_lower_disk {
	struct list_head link;
	const char *owner; /* name of the resource, up to its end or a slash */
	struct block_device *device;
};

struct th_upper_disk {
	struct list_head link;
	const char *owner;
	struct gendisk *disk;
	struct block_device *linked; /* NULL: with none */
};

/* Others may not claim @device now: it is ours. The caller keeps @lower until it is removed. */
void th_holders_add_lower(struct th_lower_disk *lower, const char *owner,
			  struct block_device *device);
/* Before @device is given up. Harmless when it was not added. */
void th_holders_remove_lower(struct th_lower_disk *lower);

/* After @disk was added to the system. */
void th_holders_add_upper(struct th_upper_disk *upper, const char *owner, struct gendisk *disk);
/* Before @disk is taken from the system. */
void th_holders_remove_upper(struct th_upper_disk *upper);

/* When all are removed: waits for what runs in the background. */
void th_holders_end(void);

#endif
