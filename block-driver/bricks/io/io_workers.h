/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool of threads that take jobs from one queue, first come, first served. Each thread has a buffer of its own, for
 * memory that direct I/O cannot use as it is.
 */
#ifndef THARSIS_IO_WORKERS_H
#define THARSIS_IO_WORKERS_H

#include <tharsis/list.h>

#include "io_config.h"

#define TH_IO_BUFFER_BYTES (256u * 1024u)

struct th_io_workers;
struct th_monitor;
struct th_thread;

struct th_io_worker {
	struct th_io_workers *workers;
	struct th_thread *thread;
	uint8_t *buffer; /* TH_IO_BUFFER_BYTES, for the job that runs */
};

struct th_io_job {
	struct th_list link;
	/* In a thread of the pool; may block. The pool does not touch @job afterwards. */
	void (*run)(struct th_io_job *job, struct th_io_worker *worker);
};

struct th_io_workers {
	struct th_monitor *monitor;
	struct th_list jobs; /* inside the monitor */
	uint32_t idle_count; /* inside the monitor */
	bool waking; /* inside the monitor: an idle thread was woken and has not come yet */
	bool ending; /* inside the monitor */
	uint32_t count;
	struct th_io_worker worker[TH_IO_THREADS_MAX];
};

/* @count: 1 to TH_IO_THREADS_MAX. -ENOMEM, -EAGAIN (no more threads); then nothing has been started. */
int th_io_workers_start(struct th_io_workers *workers, uint32_t count);
/* Waits until the threads have run all jobs, and ends them. */
void th_io_workers_stop(struct th_io_workers *workers);
/* From any thread; does not wait for the job. */
void th_io_workers_give(struct th_io_workers *workers, struct th_io_job *job);

#endif
