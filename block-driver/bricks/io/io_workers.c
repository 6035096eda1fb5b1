// SPDX-License-Identifier: GPL-2.0
/* The pool of threads for blocking I/O. */
#include "io_thread.h"
#include "io_workers.h"

/*
 * Inside: is a thread to be woken? One at a time, which wakes the next when it finds more jobs than its own: so
 * whoever gives jobs pays for one, and threads do not crowd at the monitor.
 */
static bool begin_wake(struct th_io_workers *workers)
{
	if (th_list_empty(&workers->jobs) || workers->idle_count == 0 || workers->waking)
		return false;
	workers->waking = true;
	return true;
}

/* The next job, waiting for it; NULL: there is none and there will be none. */
static struct th_io_job *take_job(struct th_io_workers *workers)
{
	struct th_list *link;
	bool wake;

	th_monitor_enter(workers->monitor);
	while (th_list_empty(&workers->jobs) && !workers->ending) {
		workers->idle_count++;
		th_monitor_wait(workers->monitor);
		workers->idle_count--;
		workers->waking = false;
	}
	link = th_list_pop_front(&workers->jobs);
	wake = begin_wake(workers);
	th_monitor_leave(workers->monitor);
	if (wake)
		th_monitor_wake_one(workers->monitor);
	return link ? th_list_entry(link, struct th_io_job, link) : NULL;
}

static void worker_main(void *context)
{
	struct th_io_worker *worker = context;
	struct th_io_job *job;

	while ((job = take_job(worker->workers)))
		job->run(job, worker);
}

static int start_worker(struct th_io_workers *workers)
{
	struct th_io_worker *worker = &workers->worker[workers->count];

	worker->workers = workers;
	worker->buffer = th_alloc_buffer(TH_IO_BUFFER_BYTES);
	if (!worker->buffer)
		return -ENOMEM;
	worker->thread = th_thread_start(worker_main, worker);
	if (!worker->thread) {
		th_free_buffer(worker->buffer, TH_IO_BUFFER_BYTES);
		return -EAGAIN;
	}
	workers->count++;
	return 0;
}

int th_io_workers_start(struct th_io_workers *workers, uint32_t count)
{
	int error = 0;

	TH_ASSERT(count >= 1 && count <= TH_IO_THREADS_MAX);
	workers->monitor = th_monitor_create();
	if (!workers->monitor)
		return -ENOMEM;
	th_list_init(&workers->jobs);
	workers->idle_count = 0;
	workers->waking = false;
	workers->ending = false;
	workers->count = 0;
	while (workers->count < count && !error)
		error = start_worker(workers);
	if (error)
		th_io_workers_stop(workers);
	return error;
}

void th_io_workers_stop(struct th_io_workers *workers)
{
	th_monitor_enter(workers->monitor);
	workers->ending = true;
	th_monitor_leave(workers->monitor);
	th_monitor_wake_all(workers->monitor);
	while (workers->count > 0) {
		struct th_io_worker *worker = &workers->worker[--workers->count];

		th_thread_join(worker->thread);
		th_free_buffer(worker->buffer, TH_IO_BUFFER_BYTES);
	}
	th_monitor_destroy(workers->monitor);
}

void th_io_workers_give(struct th_io_workers *workers, struct th_io_job *job)
{
	bool wake;

	th_monitor_enter(workers->monitor);
	th_list_push_back(&workers->jobs, &job->link);
	wake = begin_wake(workers);
	th_monitor_leave(workers->monitor);
	if (wake)
		th_monitor_wake_one(workers->monitor);
}
