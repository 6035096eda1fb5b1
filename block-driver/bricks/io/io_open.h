/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What io_open.c, which is the same in every host, asks of one. For a process: io_open_user.c; in the kernel: io_open_kernel.c.
 *
 * All functions may block. All return 0 or a negative errno.
 */
#ifndef THARSIS_IO_OPEN_H
#define THARSIS_IO_OPEN_H

#include "io_file.h"

/* What stands at a path. */
enum th_io_node { TH_IO_NODE_FILE, TH_IO_NODE_DEVICE, TH_IO_NODE_DIRECTORY, TH_IO_NODE_OTHER };

struct th_io_how {
	bool directory;
	bool read_only;
	bool direct; /* -EINVAL: the file system refuses it */
	bool create; /* when it is not there */
	bool exclusive; /* a block device: nobody else may have claimed it. -EBUSY */
};

int th_io_look(const char *path, enum th_io_node *node);
/* A new *file, with nothing but block_device and direct set; th_io_close() ends it. */
int th_io_open(const char *path, const struct th_io_how *how, struct th_io_file **file);
/* Can it be used like this? Opening does not find out everything. */
int th_io_check(const struct th_io_file *file, const struct th_io_how *how);
/* Of a regular file or block device: fills @file->info, except read_only; and @file->doubted. */
int th_io_fill_info(struct th_io_file *file);
/* The lock that flock() gives, shared when read-only. -EAGAIN: somebody else has it, and not only for a moment. */
int th_io_lock(const struct th_io_file *file, const struct th_io_how *how);
/* A new file, its size, and its name are durable. */
int th_io_sync_new(const struct th_io_file *file, const char *path);
/* Tells the system who uses a block device, where it wants to know. @owner stays as it is until the file is closed. */
void th_io_show_owner(struct th_io_file *file, const char *owner);

#endif
