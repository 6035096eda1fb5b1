/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two sides of a disk: the system's (blk_disk_kernel.c), which knows gendisk and request_queue, and the brick's
 * (blk_brick_kernel.c), which lives on its executor.
 *
 * The way of a request: queue_rq puts it on the list of its hardware queue, without a lock, and wakes the executor once for
 * many; the brick takes all lists, submits what it finds, and ends each request where it comes back: on
 * the executor. Its memory goes down as it is. Nothing is allocated, as there is a th_request for each tag.
 */
#ifndef THARSIS_BLK_DISK_KERNEL_H
#define THARSIS_BLK_DISK_KERNEL_H

#include <linux/blk-mq.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "blk.h"
#include "io_holders_kernel.h"

#define TH_BLK_SEGMENTS_MAX 128u

/* A request of the system's, beside its struct request. */
struct th_blk_command {
	struct llist_node node;
	struct th_vec vec[TH_BLK_SEGMENTS_MAX];
};

/* A hardware queue. */
struct th_blk_queue {
	struct llist_head arrived;
} ____cacheline_aligned_in_smp;

struct th_blk_disk {
	refcount_t holders; /* the brick, and the gendisk: whoever has it open keeps that */
	struct th_brick *brick; /* until it is off */
	struct th_executor *executor;
	char name[TH_BLK_NAME_MAX + 1]; /* copies: the brick may be gone before the last opener */
	char resource[TH_BLK_NAME_MAX + 1];
	int number; /* of tharsisN; -1: none yet */
	struct blk_mq_tag_set tags;
	struct gendisk *gendisk;
	struct th_upper_disk upper;
	struct th_block_info device; /* what is behind the brick, when it was switched on */
	atomic_t users;

	/* the brick's; read by others when they work on a change of them */
	uint64_t size_bytes;
	bool read_only;

	/* blocking work of the system, and the answer from there */
	struct work_struct appear;
	struct work_struct vanish;
	struct work_struct follow;
	struct th_work done;
	int error;

	unsigned long notified; /* bit 0: the executor will look at the lists */
	struct th_work arrived;
	uint32_t queue_count;
	struct th_blk_queue queues[];
};

/* ---- the system's side ---- */

/* NULL: no memory. The brick is its holder. */
struct th_blk_disk *th_blk_disk_new(const struct th_blk_config *config,
				    const struct th_block_info *device);
void th_blk_disk_put(struct th_blk_disk *disk);
/* Begin to show it, to take it away, to make it follow size_bytes and read_only. The first two post disk->done. */
void th_blk_disk_appear(struct th_blk_disk *disk);
void th_blk_disk_vanish(struct th_blk_disk *disk);
void th_blk_disk_follow(struct th_blk_disk *disk);

/* By the brick: a request of the system's ends. */
void th_blk_command_end(struct th_blk_command *command, int error);

#endif
