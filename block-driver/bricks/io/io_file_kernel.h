/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the kernel port of io_file.h share with each other, and with the aio brick.
 */
#ifndef THARSIS_IO_FILE_KERNEL_H
#define THARSIS_IO_FILE_KERNEL_H

#include <linux/bvec.h>
#include <linux/fs.h>

#include "io_file.h"
#include "io_holders_kernel.h"

struct block_device;

struct th_kernel_file {
	struct th_io_file file;
	struct file *handle;
	struct block_device *device; /* NULL: it is none */
	struct th_lower_disk lower; /* of a device that is a target */
};

static inline const struct th_kernel_file *th_io_kernel_file(const struct th_io_file *file)
{
	return th_container_of(file, const struct th_kernel_file, file);
}

/* Past the page cache: all of it on a device, in a file what need not be durable (io_file_kernel.c says why). */
static inline bool th_io_may_use_reserves(const struct th_io_file *file, bool durable)
{
	return file->direct && (file->block_device || !durable);
}

/* Pieces that one operation of the system takes at most: so many fit on a stack. */
#define TH_IO_BVEC_MAX 48u

/*
 * Describes the memory of @vec without its first @done bytes in @bvec, as much as fits in TH_IO_BVEC_MAX pieces: *bytes.
 * Memory that is not physically contiguous takes a piece for each page. Returns the number of pieces.
 */
uint32_t th_io_fill_bvec(struct bio_vec *bvec, const struct th_vec *vec, uint32_t vec_count,
			 uint64_t done, uint64_t *bytes);

#endif
