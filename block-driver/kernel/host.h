/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel gives the control library: bricks for disks and log directories, and exports as block devices.
 * One host in the module, on one executor.
 */
#ifndef THARSIS_KERNEL_HOST_H
#define THARSIS_KERNEL_HOST_H

#include "control.h"
#include "kernel_loop.h"

struct th_kernel_options {
	uint64_t dirty_limit_bytes; /* memory for logged data, of all resources together */
	uint32_t sio_threads; /* of each disk and log directory */
	uint32_t aio_threads;
	uint32_t queue_count;
	uint32_t queue_depth;
};

struct th_kernel_host {
	struct th_control_host control; /* first */
	struct th_kernel_options options;
	struct th_registry registry;
	struct th_memory_budget memory;
};

/* On the executor. */
int th_kernel_host_init(struct th_kernel_host *host, struct th_kernel_loop *loop,
			const struct th_kernel_options *options);
/* On the executor, when all resources are closed. */
void th_kernel_host_destroy(struct th_kernel_host *host);

#endif
