/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the process port of io_file.h share with each other, and with io_uring.
 */
#ifndef THARSIS_IO_FILE_USER_H
#define THARSIS_IO_FILE_USER_H

#include <sys/uio.h>

#include "io_file.h"

struct th_user_file {
	struct th_io_file file;
	int descriptor;
};

static inline int th_io_descriptor(const struct th_io_file *file)
{
	return th_container_of(file, const struct th_user_file, file)->descriptor;
}

/*
 * The pieces of @vec without their first @done bytes, into @iovec (room for @vec_count). Returns how many. Asserts that
 * @vec has exactly @length bytes: more would let the system write where it must not.
 */
uint32_t th_io_fill_iovec(struct iovec *iovec, const struct th_vec *vec, uint32_t vec_count,
			  uint64_t length, uint64_t done);

/*
 * A transfer has moved @moved (not negative) bytes more and stands at @done: false when it cannot go on, because
 * the file ends here.
 */
static inline bool th_io_can_continue(const struct th_io_file *file, uint64_t moved, uint64_t done)
{
	return moved > 0 && (!file->direct || th_is_aligned(done, file->info.block_bytes));
}

#endif
