/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The aio brick in the kernel: asynchronous I/O. Its config is a struct th_io_config.
 *
 * On a block device READ, WRITE and FLUSH are bios, past the page cache in any case. On files READ and WRITE with direct I/O
 * are submitted as kiocbs that complete by themselves. What the page cache has to do, and what the file system could do only by
 * waiting, goes to a few threads, and so does all that is rare: as in sio.
 */
#ifndef THARSIS_AIO_KERNEL_H
#define THARSIS_AIO_KERNEL_H

#include <tharsis/brick.h>

#include "io_config.h"

extern const struct th_brick_type th_aio_type;

/* Memory that bios are taken from when there is no other. Once, before the first brick; may block. -ENOMEM. */
int th_aio_start(void);
/* When all bricks are destroyed. May block. */
void th_aio_stop(void);

#endif
