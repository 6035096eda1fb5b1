/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring that the aio bricks of one executor share: io_uring, and who may use it when it is full.
 *
 * An operation is prepared at once when there is room, and waits at its client otherwise; clients that wait are
 * served in turn. What is prepared is submitted by the hook at the end of the executor's round, and completions are
 * taken from the ring by a work. The owner of all of it: the executor.
 */
#ifndef THARSIS_AIO_RING_USER_H
#define THARSIS_AIO_RING_USER_H

#include "aio_user.h"
#include "io_file.h"

/* One who uses a ring. */
struct th_aio_client {
	struct th_aio_ring *ring;
	struct th_list link; /* in the ring's list of those that wait and may go on */
	struct th_list waiting; /* operations */
	uint32_t in_flight;
	uint32_t in_flight_max;
};

/* A READ, WRITE or FLUSH of @file. The starter sets the second part and keeps it until done. */
struct th_aio_operation {
	struct th_list link; /* in client->waiting */
	struct th_aio_client *client;
	uint64_t moved; /* bytes; the system may move fewer than it was asked to */

	const struct th_request *request;
	const struct th_io_file *file;
	/* On the executor, never inside start. */
	void (*done)(struct th_aio_operation *operation, int error);
};

/*
 * The system keeps @file open, with its lock, until everything that the ring was given is finished: also when the process is killed.
 * Returns what to give back with let_go, or a negative errno, which was logged.
 */
int th_aio_ring_keep(struct th_aio_ring *ring, const struct th_io_file *file);
void th_aio_ring_let_go(struct th_aio_ring *ring, int kept);

void th_aio_client_init(struct th_aio_client *client, struct th_aio_ring *ring,
			uint32_t in_flight_max);
void th_aio_start(struct th_aio_client *client, struct th_aio_operation *operation);

#endif
