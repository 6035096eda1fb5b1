/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What brickd gives the control library: bricks for disks and log directories (sio, or aio on io_uring), and exports
 * through one NBD server, or as disks of this machine.
 */
#ifndef THARSIS_HOST_H
#define THARSIS_HOST_H

#include "aio_user.h"
#include "control.h"
#include "nbd.h"
#include "user_loop.h"

struct th_host {
	struct th_control_host control; /* first */
	struct th_user_loop *loop;
	struct th_registry registry;
	struct th_memory_budget memory;
	struct th_aio_ring *ring; /* NULL: this machine has no io_uring; aio is refused */
	struct th_error ring_error;
	struct th_brick *nbd; /* NULL: no place was given where clients connect */
	bool ublk; /* disks of this machine may be made */
	uint64_t instance; /* tells disks of this brickd from those of others, also after a restart */
};

int th_host_init(struct th_host *host, struct th_user_loop *loop, uint64_t dirty_limit_bytes,
		 struct th_error *error);
/* The NBD server, switched off; only when @address_count is not 0. */
int th_host_add_nbd(struct th_host *host, const struct th_nbd_address *addresses,
		    uint32_t address_count, struct th_error *error);
/* Before any brick is made. @instance: the same after a restart, and of no other brickd on this machine. */
void th_host_allow_ublk(struct th_host *host, const char *instance);
/* When all resources are closed, and the NBD server is off. */
void th_host_destroy(struct th_host *host);

#endif
