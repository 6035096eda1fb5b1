/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the I/O bricks (sio, aio) are told when they are created: which file, device or directory they serve, and
 * how. docs/io-bricks.md has the contract that all of them keep.
 */
#ifndef THARSIS_IO_CONFIG_H
#define THARSIS_IO_CONFIG_H

#include <tharsis/port.h>

#define TH_IO_THREADS_MAX 64u
#define TH_IO_FILES_MAX	  64u /* open at the same time, per brick */
#define TH_IO_PATH_MAX	  4095u

/* The outputs of an I/O brick. One of them is served, the other refuses everything (-EOPNOTSUPP). */
enum { TH_IO_OUTPUT_TARGET, TH_IO_OUTPUT_DIRECTORY };

enum th_io_kind {
	TH_IO_TARGET, /* path is a regular file or a block device */
	TH_IO_DIRECTORY /* path is a directory, its regular files are served */
};

struct th_io_config {
	const char *path; /* copied */
	const char *owner; /* set by the brick: its name, for whoever shows who uses a disk */
	enum th_io_kind kind;
	bool direct; /* past the page cache; where the file system refuses, through it */
	bool direct_devices; /* block devices past the page cache in any case */
	bool read_only;
	/*
	 * Not direct: writes that need not be durable are done by the executor itself instead of a thread. The page cache
	 * takes them in microseconds as long as memory is at hand, which a log that is synced often sees to.
	 */
	bool inline_writes;
	/* A target that does not exist, or is an empty file, becomes a sparse file of this size. 0: it must exist. */
	uint64_t create_bytes;
	/* 1 to TH_IO_THREADS_MAX. sio: so many operations run at once. aio: for its rare blocking operations. */
	uint32_t thread_count;
};

#endif
