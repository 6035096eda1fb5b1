/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files, block devices and directories, as the I/O bricks ask them of a port. io_open.c finds and claims, with what io_open.h asks of
 * the host; io_file_user.c (bytes) and io_directory_user.c (names) are for a process, *_kernel.c for the kernel.
 *
 * All functions may block, except where said. All return 0 or a negative errno. What goes wrong half-way leaves an
 * unknown part of the range changed.
 */
#ifndef THARSIS_IO_FILE_H
#define THARSIS_IO_FILE_H

#include <tharsis/brick.h>

#include "io_config.h"

/* The portable part; what the port needs stands around it. */
struct th_io_file {
	struct th_block_info info; /* of a directory: zeroes */
	bool direct; /* really, not only wanted */
	bool block_device;
	bool doubted; /* its syncs: th_io_ended() tells more */
};

/*
 * Opens what @config names and claims it for this opener alone (read_only: shared with other readers). @error
 * gets the sentence for the operator.
 */
int th_io_open_root(const struct th_io_config *config, struct th_io_file **file,
		    struct th_error *error);
void th_io_close(struct th_io_file *file);

/* The present size. Does not wait for I/O. */
int th_io_size(const struct th_io_file *file, uint64_t *bytes);

/* Exactly @length bytes. A file that ends before: -EIO. Memory and range are aligned as info says. */
int th_io_read(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
	       uint64_t position, uint64_t length);
/* The same without waiting: true when all of it was in the page cache, else nothing is known. */
bool th_io_read_cached(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		       uint64_t position, uint64_t length);
/* @durable: they are on stable storage on return. */
int th_io_write(const struct th_io_file *file, const struct th_vec *vec, uint32_t vec_count,
		uint64_t position, uint64_t length, bool durable);
/*
 * What was written there through the page cache is on its way to the medium. An error is one of sending it; whether it arrived
 * th_io_sync tells, as if this had not been called.
 */
int th_io_write_out(const struct th_io_file *file, uint64_t position, uint64_t length);
/* What was written to the first @length bytes before is on stable storage, and what is needed to read it again. */
int th_io_sync(const struct th_io_file *file, uint64_t length);
/*
 * For after a sync that has succeeded on a file that is doubted, which those on ext4 are: 0, or the error with which its file system
 * has ended meanwhile, as when its disk is removed. Then the sync is not to be believed: ext4 finds that it cannot note any more
 * which blocks were written for the first time (they read as zeroes later), and does not say so. Does not wait for I/O.
 */
int th_io_ended(const struct th_io_file *file);
/* The range reads as zeroes afterwards, without sending any. -EOPNOTSUPP: it cannot be done like that. */
int th_io_zero(const struct th_io_file *file, uint64_t position, uint64_t length, bool deallocate);
/* -EOPNOTSUPP */
int th_io_discard(const struct th_io_file *file, uint64_t position, uint64_t length);
/* Space for the first @length bytes is reserved, and the file is at least so long, unless @keep_size. -EOPNOTSUPP */
int th_io_allocate(const struct th_io_file *file, uint64_t length, bool keep_size);
int th_io_truncate(const struct th_io_file *file, uint64_t length);

/* @flags: TH_CREATE, TH_READ_ONLY. -EINVAL: not a regular file. */
int th_io_open_name(const struct th_io_file *directory, const char *name, uint8_t flags,
		    bool direct, struct th_io_file **file);
int th_io_rename(const struct th_io_file *directory, const char *name, const char *new_name);
int th_io_remove(const struct th_io_file *directory, const char *name);
int th_io_list(const struct th_io_file *directory, struct th_directory *entries);
int th_io_sync_names(const struct th_io_file *directory);
int th_io_space(const struct th_io_file *directory, uint64_t *free_bytes, uint64_t *total_bytes);

/* "Input/output error": the words for an error. Any context. */
const char *th_io_error_text(int error);

#endif
