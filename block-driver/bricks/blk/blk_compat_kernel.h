/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the block layers of the kernels we build for: Linux 6.1 to 6.8, and from 6.11 on.
 *
 * For all of them: what is swapped out to the disk waits for its end, and so needs no bio. Bios for it come from a pool that all
 * file systems share. When there is no memory for more, whoever swaps has all of them, and waits for us; but the log's file system needs
 * one to write what makes any of them free.
 */
#ifndef THARSIS_BLK_COMPAT_KERNEL_H
#define THARSIS_BLK_COMPAT_KERNEL_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
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
#ifdef QUEUE_FLAG_SYNCHRONOUS
	blk_queue_flag_set(QUEUE_FLAG_SYNCHRONOUS, queue);
#endif
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
		.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA | BLK_FEAT_SYNCHRONOUS |
			    (limits->rotational ? BLK_FEAT_ROTATIONAL : 0),
	};

	return blk_mq_alloc_disk(tags, &queue, context);
}

#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)

/*
 * A page that is swapped out, locked and under writeback. @sector: of the whole disk. Not 0: the usual way is tried, with a bio. The
 * queue has been entered for us, so nothing here may wait to enter it.
 */
static inline int th_blk_compat_rw_page(struct block_device *device, sector_t sector,
					struct page *page, enum req_op operation)
{
	struct bio_vec vec;
	struct bio bio;
	int error;

	if (operation != REQ_OP_WRITE || !PageSwapCache(page) || PageTransCompound(page))
		return -EOPNOTSUPP;
	bio_init(&bio, device->bd_disk->part0, &vec, 1,
		 operation | REQ_SYNC | REQ_SWAP | REQ_NOWAIT);
	bio.bi_iter.bi_sector = sector;
	__bio_add_page(&bio, page, PAGE_SIZE, 0);
	error = submit_bio_wait(&bio);
	bio_uninit(&bio);
	if (!error)
		end_page_writeback(page);
	return error;
}

#endif

#endif
