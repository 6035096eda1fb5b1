// SPDX-License-Identifier: GPL-2.0
/*
 * The bytes of files and block devices, in the kernel: blocking operations.
 *
 * What the log and the write-back need (writing, syncing, making zero) may be what frees memory when there is none, as
 * when the device is swapped to. Past the page cache it may use the reserves that the system keeps for this (PF_MEMALLOC): all of it
 * on a device, writing alone in a file. File systems leave dirty pages as they are, and say nothing, for a task that has this flag,
 * because they take it for one that is looking for memory; so what makes a file durable never has it, for even direct I/O may have to
 * go through the page cache. Theirs is no I/O of others, as for all of our threads (memalloc_noio).
 *
 * Through the page cache the reserves would be used up, page by page. So while memory is short, the page cache is
 * spared, also where it is used otherwise.
 */
#include <linux/blkdev.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/uio.h>

#include "io_file_kernel.h"

/* ---- memory ---- */

static uint32_t contiguous_bytes(const void *memory, uint64_t bytes)
{
	if (is_vmalloc_addr(memory))
		bytes = TH_MIN(bytes, PAGE_SIZE - offset_in_page(memory));
	return (uint32_t)bytes;
}

static struct page *page_of(const void *memory)
{
	return is_vmalloc_addr(memory) ? vmalloc_to_page(memory) : virt_to_page(memory);
}

uint32_t th_io_fill_bvec(struct bio_vec *bvec, const struct th_vec *vec, uint32_t vec_count,
			 uint64_t done, uint64_t *bytes)
{
	uint32_t count = 0;

	*bytes = 0;
	for (uint32_t i = 0; i < vec_count; i++) {
		uint64_t skip = TH_MIN(done, vec[i].bytes);

		done -= skip;
		while (skip < vec[i].bytes) {
			const uint8_t *memory = (const uint8_t *)vec[i].base + skip;
			uint32_t piece = contiguous_bytes(memory, vec[i].bytes - skip);

			if (count == TH_IO_BVEC_MAX)
				return count;
			bvec_set_page(&bvec[count], page_of(memory), piece, offset_in_page(memory));
			count++;
			*bytes += piece;
			skip += piece;
		}
	}
	return count;
}

/* ---- bytes ---- */

/* One step of a transfer, of as many bytes as can be described at once: how many were moved, or a negative errno. */
static ssize_t move_some(const struct th_io_file *file, int direction, const struct th_vec *vec,
			 uint32_t vec_count, uint64_t position, uint64_t done, int flags)
{
	struct file *handle = th_io_kernel_file(file)->handle;
	struct bio_vec bvec[TH_IO_BVEC_MAX];
	struct kiocb kiocb;
	struct iov_iter iter;
	uint64_t bytes;
	uint32_t count;
	ssize_t moved;

	count = th_io_fill_bvec(bvec, vec, vec_count, done, &bytes);
	iov_iter_bvec(&iter, direction, bvec, count, bytes);
	init_sync_kiocb(&kiocb, handle);
	kiocb.ki_pos = (loff_t)(position + done);
	kiocb.ki_flags |= flags;
	if (direction == READ)
		return handle->f_op->read_iter(&kiocb, &iter);
	kiocb.ki_flags |= IOCB_WRITE;
	file_start_write(handle);
	moved = handle->f_op->write_iter(&kiocb, &iter);
	file_end_write(handle);
	return moved;
}

/* May a transfer that moved so much go on? Not when the file ends here. */
static bool can_continue(const struct th_io_file *file, ssize_t moved, uint64_t done)
{
	return moved > 0 && (!file->direct || th_is_aligned(done, file->info.block_bytes));
}

static int transfer(const struct th_io_file *file, int direction, const struct th_vec *vec,
		    uint32_t vec_count, uint64_t position, uint64_t length, int flags)
{
	uint64_t done = 0;

	while (done < length) {
		ssize_t moved = move_some(file, direction, vec, vec_count, position, done, flags);

		if (moved == -EINTR)
			continue;
		if (moved < 0)
			return (int)moved;
		done += (uint64_t)moved;
		TH_ASSERT(done <= length);
		if (done < length && !can_continue(file, moved, done))
			return -EIO;
	}
	return 0;
}

int th_io_read(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
	       uint64_t position, uint64_t length)
{
	return transfer(file, READ, vec, vec_count, position, length, 0);
}

bool th_io_read_cached(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		       uint64_t position, uint64_t length)
{
	if (!(th_io_kernel_file(file)->handle->f_mode & FMODE_NOWAIT) || length == 0)
		return false;
	return move_some(file, READ, vec, vec_count, position, 0, IOCB_NOWAIT) == (ssize_t)length;
}

struct scope {
	bool reserves;
	unsigned int flags;
};

static struct scope begin(bool reserves)
{
	struct scope scope = { .reserves = reserves };

	if (scope.reserves)
		scope.flags = memalloc_noreclaim_save();
	return scope;
}

static void end(const struct scope *scope)
{
	if (scope->reserves)
		memalloc_noreclaim_restore(scope->flags);
}

/* Direct I/O takes blocks of this size on every disk, and memory that begins like one. */
#define DIRECT_ALIGN_BYTES 4096u

/* Pages of the page cache would be missing where those are written back that wait for this very write. */
static bool spares_page_cache(const struct th_io_file *file, const struct th_vec *vec,
			      uint32_t vec_count, uint64_t position)
{
	if (file->direct || !(th_io_kernel_file(file)->handle->f_mode & FMODE_CAN_ODIRECT) ||
	    !th_is_aligned(position, DIRECT_ALIGN_BYTES))
		return false;
	for (uint32_t i = 0; i < vec_count; i++) {
		if (!th_is_aligned((uintptr_t)vec[i].base | vec[i].bytes, DIRECT_ALIGN_BYTES))
			return false;
	}
	return th_memory_is_short();
}

static int write_with(bool reserves, const struct th_io_file *file, const struct th_vec *vec,
		      uint32_t vec_count, uint64_t position, uint64_t length, int flags)
{
	const struct scope scope = begin(reserves);
	int error = transfer(file, WRITE, vec, vec_count, position, length, flags);

	end(&scope);
	return error;
}

int th_io_write(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		uint64_t position, uint64_t length, bool durable)
{
	bool reserves = th_io_may_use_reserves(file, durable);
	int error = -EINVAL;

	if (!durable && spares_page_cache(file, vec, vec_count, position))
		error = write_with(true, file, vec, vec_count, position, length, IOCB_DIRECT);
	/* Most often it was not tried; a file system may also refuse what it has said it can do. */
	if (error == -EINVAL)
		error = write_with(reserves, file, vec, vec_count, position, length,
				   durable ? IOCB_DSYNC : 0);
	return error;
}

int th_io_write_out(const struct th_io_file *file, uint64_t position, uint64_t length)
{
	return filemap_fdatawrite_range(th_io_kernel_file(file)->handle->f_mapping,
					(loff_t)position, (loff_t)(position + length - 1));
}

int th_io_sync(const struct th_io_file *file, uint64_t length)
{
	const struct scope scope = begin(th_io_may_use_reserves(file, true));
	loff_t last = (loff_t)TH_MIN(length, (uint64_t)LLONG_MAX) - 1;
	int error = vfs_fsync_range(th_io_kernel_file(file)->handle, 0, last, 1);

	end(&scope);
	return error;
}

/* Nothing is read, but asked for: ext4 asks first whether it has ended. */
int th_io_ended(const struct th_io_file *file)
{
	struct file *handle = th_io_kernel_file(file)->handle;
	struct kvec nothing = {};
	struct kiocb kiocb;
	struct iov_iter iter;

	init_sync_kiocb(&kiocb, handle);
	iov_iter_kvec(&iter, READ, &nothing, 1, 0);
	return (int)handle->f_op->read_iter(&kiocb, &iter);
}

/* ---- space ---- */

static int allocation(const struct th_io_file *file, int mode, uint64_t position, uint64_t length)
{
	const struct scope scope = begin(th_io_may_use_reserves(file, true));
	int error;

	do
		error = vfs_fallocate(th_io_kernel_file(file)->handle, mode, (loff_t)position,
				      (loff_t)length);
	while (error == -EINTR);
	end(&scope);
	return error;
}

int th_io_zero(const struct th_io_file *file, uint64_t position, uint64_t length, bool deallocate)
{
	int error = -EOPNOTSUPP;

	if (deallocate)
		error = allocation(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, position,
				   length);
	if (error == -EOPNOTSUPP)
		error = allocation(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, position,
				   length);
	return error;
}

/* Through the page cache of a device a hole is punched, which sees to it that nothing stale stays there. */
int th_io_discard(const struct th_io_file *file, uint64_t position, uint64_t length)
{
	if (!file->block_device || !file->direct)
		return allocation(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, position,
				  length);
	return blkdev_issue_discard(th_io_kernel_file(file)->device, position >> SECTOR_SHIFT,
				    length >> SECTOR_SHIFT, GFP_NOIO);
}

int th_io_allocate(const struct th_io_file *file, uint64_t length, bool keep_size)
{
	return length == 0 ? 0 : allocation(file, keep_size ? FALLOC_FL_KEEP_SIZE : 0, 0, length);
}

int th_io_truncate(const struct th_io_file *file, uint64_t length)
{
	return (int)vfs_truncate(&th_io_kernel_file(file)->handle->f_path, (loff_t)length);
}

int th_io_size(const struct th_io_file *file, uint64_t *bytes)
{
	const struct th_kernel_file *kernel = th_io_kernel_file(file);

	if (kernel->device)
		*bytes = (uint64_t)bdev_nr_bytes(kernel->device);
	else
		*bytes = (uint64_t)i_size_read(file_inode(kernel->handle));
	return 0;
}

const char *th_io_error_text(int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ -EPERM, "Operation not permitted" },
		{ -ENOENT, "No such file or directory" },
		{ -EIO, "Input/output error" },
		{ -ENXIO, "No such device or address" },
		{ -EAGAIN, "Try again" },
		{ -ENOMEM, "Cannot allocate memory" },
		{ -EACCES, "Permission denied" },
		{ -EBUSY, "Device or resource busy" },
		{ -EEXIST, "File exists" },
		{ -ENODEV, "No such device" },
		{ -EINVAL, "Invalid argument" },
		{ -EFBIG, "File too large" },
		{ -ENOSPC, "No space left on device" },
		{ -EROFS, "Read-only file system" },
		{ -ENODATA, "Critical medium error" },
		{ -ETIMEDOUT, "Timed out" },
		{ -EREMOTEIO, "Critical target error" },
		{ -EILSEQ, "Protection error" },
		{ -EOPNOTSUPP, "Operation not supported" },
		{ -EDQUOT, "Disk quota exceeded" },
		{ -ENOLINK, "Transport error" },
		{ -EBADE, "Reservation conflict" },
	};

	for (size_t i = 0; i < TH_ARRAY_COUNT(texts); i++) {
		if (texts[i].error == error)
			return texts[i].text;
	}
	return "Unknown error";
}
