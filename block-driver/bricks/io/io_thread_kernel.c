// SPDX-License-Identifier: GPL-2.0
/* Threads and monitors of the kernel. */
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

#include "io_thread.h"

struct th_thread {
	struct task_struct *task;
	void (*run)(void *context);
	void *context;
};

struct th_monitor {
	struct mutex mutex; /* the monitor */
	wait_queue_head_t woken;
};

/*
 * A thread that carries out I/O for a device may not wait for other I/O to free memory, nor for dirty pages of others to be
 * written: they may be waiting for this device.
 */
static int thread_main(void *argument)
{
	struct th_thread *thread = argument;
	unsigned int scope = memalloc_noio_save();

	current->flags |= PF_LOCAL_THROTTLE;
	thread->run(thread->context);
	memalloc_noio_restore(scope);
	return 0;
}

struct th_thread *th_thread_start(void (*run)(void *context), void *context)
{
	struct th_thread *thread = th_alloc(sizeof(*thread));
	struct task_struct *task;

	if (!thread)
		return NULL;
	thread->run = run;
	thread->context = context;
	task = kthread_create(thread_main, thread, "tharsis_io");
	if (IS_ERR(task)) {
		th_free(thread);
		return NULL;
	}
	/* It may have returned when it is joined. */
	thread->task = get_task_struct(task);
	wake_up_process(task);
	return thread;
}

void th_thread_join(struct th_thread *thread)
{
	kthread_stop(thread->task);
	put_task_struct(thread->task);
	th_free(thread);
}

struct th_monitor *th_monitor_create(void)
{
	struct th_monitor *monitor = th_alloc(sizeof(*monitor));

	if (!monitor)
		return NULL;
	mutex_init(&monitor->mutex);
	init_waitqueue_head(&monitor->woken);
	return monitor;
}

void th_monitor_destroy(struct th_monitor *monitor)
{
	mutex_destroy(&monitor->mutex);
	th_free(monitor);
}

void th_monitor_enter(struct th_monitor *monitor)
{
	mutex_lock(&monitor->mutex);
}

void th_monitor_leave(struct th_monitor *monitor)
{
	mutex_unlock(&monitor->mutex);
}

void th_monitor_wait(struct th_monitor *monitor)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(&monitor->woken, &wait, TASK_IDLE);
	mutex_unlock(&monitor->mutex);
	schedule();
	finish_wait(&monitor->woken, &wait);
	mutex_lock(&monitor->mutex);
}

void th_monitor_wake_one(struct th_monitor *monitor)
{
	wake_up(&monitor->woken);
}

void th_monitor_wake_all(struct th_monitor *monitor)
{
	wake_up_all(&monitor->woken);
}
