// SPDX-License-Identifier: GPL-2.0
#include "kernel_loop.h"

#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>

static struct th_kernel_loop *loop_of(struct th_executor *executor)
{
	return th_container_of(executor, struct th_kernel_loop, executor);
}

static uint64_t loop_now_ns(struct th_executor *executor)
{
	struct th_kernel_loop *loop = loop_of(executor);

	if (loop->now_ns == 0)
		loop->now_ns = ktime_get_boottime_ns();
	return loop->now_ns;
}

static uint64_t loop_wall_ns(struct th_executor *executor)
{
	struct th_kernel_loop *loop = loop_of(executor);

	if (loop->wall_ns == 0)
		loop->wall_ns = ktime_get_real_ns();
	return loop->wall_ns;
}

static void loop_time_passed(struct th_executor *executor)
{
	struct th_kernel_loop *loop = loop_of(executor);

	loop->now_ns = 0;
	loop->wall_ns = 0;
}

/* To be woken while it runs costs the thread nothing: it looks once more before it sleeps. */
static void loop_wake(struct th_executor *executor)
{
	struct th_kernel_loop *loop = loop_of(executor);

	if (!atomic_xchg(&loop->notified, 1))
		wake_up_process(loop->thread);
}

static const struct th_executor_ops loop_ops = {
	.now_ns = loop_now_ns,
	.wall_ns = loop_wall_ns,
	.time_passed = loop_time_passed,
	.wake = loop_wake,
};

/*
 * It may go off during a round, whose time is from before: then it still seems to be set, and the thread would sleep without
 * one. So it notifies like everybody else.
 */
static enum hrtimer_restart alarm_went_off(struct hrtimer *alarm)
{
	struct th_kernel_loop *loop = container_of(alarm, struct th_kernel_loop, alarm);

	loop_wake(&loop->executor);
	return HRTIMER_NORESTART;
}

/*
 * Timers are armed later and later; the alarm is set only when it would go off too late. When it goes off too early that
 * costs one round, and then it is set anew. False: something is due now.
 */
static bool set_alarm(struct th_kernel_loop *loop)
{
	uint64_t deadline_ns = th_executor_next_deadline_ns(&loop->executor);
	uint64_t now_ns;

	if (deadline_ns == UINT64_MAX)
		return true;
	now_ns = loop_now_ns(&loop->executor);
	if (deadline_ns <= now_ns)
		return false;
	if (loop->alarm_ns <= now_ns || loop->alarm_ns > deadline_ns) {
		hrtimer_start(&loop->alarm, ns_to_ktime(deadline_ns), HRTIMER_MODE_ABS);
		loop->alarm_ns = deadline_ns;
	}
	return true;
}

static void sleep_until_event(struct th_kernel_loop *loop)
{
	set_current_state(TASK_IDLE);
	if (!atomic_read(&loop->notified) && !kthread_should_stop() && set_alarm(loop))
		schedule();
	__set_current_state(TASK_RUNNING);
}

static int loop_main(void *context)
{
	struct th_kernel_loop *loop = context;
	unsigned int scope = memalloc_noio_save();
	struct blk_plug plug;
	bool again = true;

	/* Who writes dirty pages to a device of ours waits for this thread, so it does not wait for them to become fewer. */
	current->flags |= PF_LOCAL_THROTTLE;
	while (again || atomic_read(&loop->notified) || !kthread_should_stop()) {
		if (again)
			cond_resched();
		else
			sleep_until_event(loop);
		loop_time_passed(&loop->executor);
		atomic_set_release(&loop->notified, 0);
		/* What was posted before is seen in this round, what is posted from here on notifies again. */
		smp_mb();
		/* What a round submits to disks goes out together. */
		blk_start_plug(&plug);
		again = th_executor_round(&loop->executor);
		blk_finish_plug(&plug);
	}
	memalloc_noio_restore(scope);
	return 0;
}

int th_kernel_loop_start(struct th_kernel_loop *loop, const char *name)
{
	struct task_struct *thread;

	memset(loop, 0, sizeof(*loop));
	th_executor_init(&loop->executor, &loop_ops);
	hrtimer_init(&loop->alarm, CLOCK_BOOTTIME, HRTIMER_MODE_ABS);
	loop->alarm.function = alarm_went_off;
	thread = kthread_create(loop_main, loop, "%s", name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	loop->thread = thread;
	wake_up_process(thread);
	return 0;
}

void th_kernel_loop_stop(struct th_kernel_loop *loop)
{
	kthread_stop(loop->thread);
	hrtimer_cancel(&loop->alarm);
}

struct call {
	struct th_work work;
	void (*run)(void *context);
	void *context;
	struct completion done;
};

static void run_call(struct th_work *work)
{
	struct call *call = th_container_of(work, struct call, work);

	call->run(call->context);
	complete(&call->done);
}

void th_kernel_loop_call(struct th_kernel_loop *loop, void (*run)(void *context), void *context)
{
	struct call call = { .run = run, .context = context };

	init_completion(&call.done);
	th_work_init(&call.work, run_call);
	th_executor_post_remote(&loop->executor, &call.work);
	wait_for_completion(&call.done);
}
