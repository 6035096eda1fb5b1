// SPDX-License-Identifier: GPL-2.0
/* The bytes of files and block devices, for a process: blocking system calls. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io_file_user.h"

typedef ssize_t transfer_call(int descriptor, const struct iovec *iovec, int count, off_t position,
			      int flags);

uint32_t th_io_fill_iovec(struct iovec *iovec, const struct th_vec *vec, uint32_t vec_count,
			  uint64_t length, uint64_t done)
{
	uint64_t total = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < vec_count; i++) {
		uint64_t skip = TH_MIN(done - TH_MIN(done, total), vec[i].bytes);

		total += vec[i].bytes;
		if (skip == vec[i].bytes)
			continue;
		iovec[count].iov_base = (uint8_t *)vec[i].base + skip;
		iovec[count].iov_len = vec[i].bytes - skip;
		count++;
	}
	TH_ASSERT(total == length);
	return count;
}

/* Until all is moved, it fails, or the file ends. */
static int transfer(const struct th_io_file *file, transfer_call *call, const struct th_vec *vec,
		    uint32_t vec_count, uint64_t position, uint64_t length, int flags)
{
	struct iovec iovec[TH_VEC_MAX];
	uint64_t done = 0;

	while (done < length) {
		uint32_t count = th_io_fill_iovec(iovec, vec, vec_count, length, done);
		ssize_t moved = call(th_io_descriptor(file), iovec, (int)count,
				     (off_t)(position + done), flags);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved < 0)
			return -errno;
		done += (uint64_t)moved;
		if (done < length && !th_io_can_continue(file, (uint64_t)moved, done))
			return -EIO;
	}
	return 0;
}

int th_io_read(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
	       uint64_t position, uint64_t length)
{
	return transfer(file, preadv2, vec, vec_count, position, length, 0);
}

bool th_io_read_cached(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		       uint64_t position, uint64_t length)
{
	struct iovec iovec[TH_VEC_MAX];
	uint32_t count = th_io_fill_iovec(iovec, vec, vec_count, length, 0);
	ssize_t moved =
		preadv2(th_io_descriptor(file), iovec, (int)count, (off_t)position, RWF_NOWAIT);

	return moved >= 0 && (uint64_t)moved == length;
}

int th_io_write(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		uint64_t position, uint64_t length, bool durable)
{
	return transfer(file, pwritev2, vec, vec_count, position, length, durable ? RWF_DSYNC : 0);
}

int th_io_write_out(const struct th_io_file *file, uint64_t position, uint64_t length)
{
	return sync_file_range(th_io_descriptor(file), (off_t)position, (off_t)length,
			       SYNC_FILE_RANGE_WRITE) ?
		       -errno :
		       0;
}

/* No system call takes a range and makes it durable: all of the file. */
int th_io_sync(const struct th_io_file *file, uint64_t length)
{
	(void)length;
	return fdatasync(th_io_descriptor(file)) ? -errno : 0;
}

/* Nothing is read, but asked for: ext4 asks first whether it has ended. */
int th_io_ended(const struct th_io_file *file)
{
	char nothing;

	return pread(th_io_descriptor(file), &nothing, 0, 0) < 0 ? -errno : 0;
}

static int allocation(const struct th_io_file *file, int mode, uint64_t position, uint64_t length)
{
	int result;

	do
		result = fallocate(th_io_descriptor(file), mode, (off_t)position, (off_t)length);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : -errno;
	return 0;
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

int th_io_discard(const struct th_io_file *file, uint64_t position, uint64_t length)
{
	uint64_t range[2] = { position, length };

	if (!file->block_device)
		return allocation(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, position,
				  length);
	if (ioctl(th_io_descriptor(file), BLKDISCARD, range))
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	return 0;
}

int th_io_allocate(const struct th_io_file *file, uint64_t length, bool keep_size)
{
	return length == 0 ? 0 : allocation(file, keep_size ? FALLOC_FL_KEEP_SIZE : 0, 0, length);
}

int th_io_truncate(const struct th_io_file *file, uint64_t length)
{
	int result;

	do
		result = ftruncate(th_io_descriptor(file), (off_t)length);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

int th_io_size(const struct th_io_file *file, uint64_t *bytes)
{
	struct stat status;

	if (file->block_device)
		return ioctl(th_io_descriptor(file), BLKGETSIZE64, bytes) ? -errno : 0;
	if (fstat(th_io_descriptor(file), &status))
		return -errno;
	*bytes = (uint64_t)status.st_size;
	return 0;
}

const char *th_io_error_text(int error)
{
	const char *text = strerrordesc_np(-error);

	return text ? text : "unknown error";
}
