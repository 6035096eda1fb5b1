/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the block layers of the kernels we build for: Linux 6.1 to 6.8, and from 6.11 on.
 */
#ifndef THARSIS_BLK_COMPAT_KERNEL_H
#define THARSIS_BLK_COMPAT_KERNEL_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/version.h>

/* What a disk of ours can do. */
struct th_blk_limits {
	uint32_t block_bytes;
	uint32_t physical_block_bytes;
	uint32_t transfer_sectors_max;
	uint32_t segments_max;
	uint32_t discard_sectors_max; /* also of zeroes */
	bool rotational;
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)

static inline struct gendisk *th_blk_compat_alloc(struct blk_mq_tag_set *tags,
						  const struct th_blk_limits *limits, void *context)
{
	struct gendisk *disk = blk_mq_alloc_disk(tags, context);
	struct request_queue *queue;

	if (IS_ERR(disk))
		return disk;
	queue = disk->queue;
	blk_queue_logical_block_size(queue, limits->block_bytes);
	blk_queue_physical_block_size(queue, limits->physical_block_bytes);
	blk_queue_max_hw_sectors(queue, limits->transfer_sectors_max);
	blk_queue_max_segments(queue, (unsigned short)limits->segments_max);
	blk_queue_max_segment_size(queue, UINT_MAX);
	blk_queue_max_discard_sectors(queue, limits->discard_sectors_max);
	blk_queue_max_write_zeroes_sectors(queue, limits->discard_sectors_max);
	queue->limits.discard_granularity = limits->block_bytes;
	blk_queue_write_cache(queue, true, true);
	if (!limits->rotational)
		blk_queue_flag_set(QUEUE_FLAG_NONROT, queue);
	blk_queue_flag_clear(QUEUE_FLAG_ADD_RANDOM, queue);
	return disk;
}

#else

static inline struct gendisk *th_blk_compat_alloc(struct blk_mq_tag_set *tags,
						  const struct th_blk_limits *limits, void *context)
{
	struct queue_limits queue = {
		.logical_block_size = limits->block_bytes,
		.physical_block_size = limits->physical_block_bytes,
		.max_hw_sectors = limits->transfer_sectors_max,
		.max_segments = (unsigned short)limits->segments_max,
		.max_segment_size = UINT_MAX,
		.max_hw_discard_sectors = limits->discard_sectors_max,
		.max_write_zeroes_sectors = limits->discard_sectors_max,
		.discard_granularity = limits->block_bytes,
		.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
			    (limits->rotational ? BLK_FEAT_ROTATIONAL : 0),
	};

	return blk_mq_alloc_disk(tags, &queue, context);
}

#endif

#endif
