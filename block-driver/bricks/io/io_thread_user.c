// SPDX-License-Identifier: GPL-2.0
/* Threads and monitors of a process: POSIX threads. */
#include <pthread.h>
#include <signal.h>

#include "io_thread.h"

struct th_thread {
	pthread_t id;
	void (*run)(void *context);
	void *context;
};

struct th_monitor {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
};

static void *thread_main(void *argument)
{
	struct th_thread *thread = argument;

	thread->run(thread->context);
	return NULL;
}

/* Signals are for the host's own threads: a new thread takes none. */
static int create_without_signals(struct th_thread *thread)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->id, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct th_thread *th_thread_start(void (*run)(void *context), void *context)
{
	struct th_thread *thread = th_alloc(sizeof(*thread));

	if (!thread)
		return NULL;
	thread->run = run;
	thread->context = context;
	if (create_without_signals(thread)) {
		th_free(thread);
		return NULL;
	}
	return thread;
}

void th_thread_join(struct th_thread *thread)
{
	TH_ASSERT(pthread_join(thread->id, NULL) == 0);
	th_free(thread);
}

struct th_monitor *th_monitor_create(void)
{
	struct th_monitor *monitor = th_alloc(sizeof(*monitor));

	if (!monitor)
		return NULL;
	TH_ASSERT(pthread_mutex_init(&monitor->mutex, NULL) == 0);
	TH_ASSERT(pthread_cond_init(&monitor->woken, NULL) == 0);
	return monitor;
}

void th_monitor_destroy(struct th_monitor *monitor)
{
	pthread_cond_destroy(&monitor->woken);
	pthread_mutex_destroy(&monitor->mutex);
	th_free(monitor);
}

void th_monitor_enter(struct th_monitor *monitor)
{
	TH_ASSERT(pthread_mutex_lock(&monitor->mutex) == 0);
}

void th_monitor_leave(struct th_monitor *monitor)
{
	TH_ASSERT(pthread_mutex_unlock(&monitor->mutex) == 0);
}

void th_monitor_wait(struct th_monitor *monitor)
{
	TH_ASSERT(pthread_cond_wait(&monitor->woken, &monitor->mutex) == 0);
}

void th_monitor_wake_one(struct th_monitor *monitor)
{
	pthread_cond_signal(&monitor->woken);
}

void th_monitor_wake_all(struct th_monitor *monitor)
{
	pthread_cond_broadcast(&monitor->woken);
}
