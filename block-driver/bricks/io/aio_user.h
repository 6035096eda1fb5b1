/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The aio brick in user space: asynchronous I/O by io_uring. Its config is a struct th_aio_config.
 *
 * READ, WRITE and FLUSH go through a ring that all aio bricks of one executor share: what a round of the executor
 * brought is submitted by one system call at its end. All other operations are rare and block, so they run in
 * a few threads, as in sio.
 */
#ifndef THARSIS_AIO_USER_H
#define THARSIS_AIO_USER_H

#include <tharsis/brick.h>

#include "io_config.h"

struct th_user_loop;
struct th_aio_ring;

#define TH_AIO_DEPTH_MAX 4096u

/*
 * Makes the ring of @loop's executor; @depth (1 to TH_AIO_DEPTH_MAX): requests under way at once, of all bricks.
 * By the host, on the loop's thread or before it runs. -ENOSYS or -EPERM where io_uring may not be used, -ENOMEM,
 * -EINVAL; @error says what to do.
 */
int th_aio_ring_create(struct th_user_loop *loop, uint32_t depth, struct th_aio_ring **ring,
		       struct th_error *error);
/* When all bricks that use it are destroyed. */
void th_aio_ring_destroy(struct th_aio_ring *ring);

struct th_aio_config {
	struct th_io_config io;
	struct th_aio_ring *ring;
	uint32_t in_flight_max; /* 1 to TH_AIO_DEPTH_MAX: of this brick in the ring; others wait their turn */
};

extern const struct th_brick_type th_aio_type;

#endif
