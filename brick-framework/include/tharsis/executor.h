/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The place where bricks run: one thread at a time, which owns all bricks that were created on it.
 *
 * A round of an executor is: run all posted works (those that they post too, but at most TH_ROUND_WORKS_MAX in
 * all), run the expired timers, then run the hooks. Hooks are for what is better done once for many:
 * submitting a batch of I/O, closing a batch of the log, sending the replies. When works are left, as the hooks
 * or timers posted them, the next round follows at once; else the host waits for wake, for the next
 * deadline, or for its own I/O.
 *
 * The executor has no clock of its own. Its host gives the time, so a simulator can drive it.
 */
#ifndef THARSIS_EXECUTOR_H
#define THARSIS_EXECUTOR_H

#include <tharsis/list.h>

#define TH_ROUND_WORKS_MAX 4096u

struct th_executor;

struct th_work {
	struct th_list link;
	void (*run)(struct th_work *work);
	bool posted;
};

struct th_timer {
	struct th_list link;
	void (*run)(struct th_timer *timer);
	uint64_t deadline_ns; /* 0: not armed */
};

struct th_hook {
	struct th_list link;
	void (*run)(struct th_hook *hook);
};

struct th_executor_ops {
	/* Monotonic, counts the time the machine was suspended (CLOCK_BOOTTIME). */
	uint64_t (*now_ns)(struct th_executor *executor);
	/* Since 1970-01-01 UTC; may jump. */
	uint64_t (*wall_ns)(struct th_executor *executor);
	/* Both may stand still within a round; from here on they do not tell less than now. NULL: they never stand still. */
	void (*time_passed)(struct th_executor *executor);
	/* From any thread: makes the host run a round soon. Called once for many remote posts. */
	void (*wake)(struct th_executor *executor);
};

struct th_executor {
	const struct th_executor_ops *ops;
	struct th_list ready; /* works; owner only */
	struct th_list timers; /* sorted by deadline, nearest first; owner only */
	struct th_list hooks; /* owner only */
	struct th_list *hook_next; /* while the hooks run: the next to run */
	struct th_lock remote_lock;
	struct th_list remote; /* works from other threads; under remote_lock */
};

void th_executor_init(struct th_executor *executor, const struct th_executor_ops *ops);

static inline void th_work_init(struct th_work *work, void (*run)(struct th_work *))
{
	th_list_init(&work->link);
	work->run = run;
	work->posted = false;
}

/* Owner only. A work that is already posted runs once. */
void th_executor_post(struct th_executor *executor, struct th_work *work);
/* From any thread but the owner. The work must not be posted already. */
void th_executor_post_remote(struct th_executor *executor, struct th_work *work);

/*
 * Owner only. A timer that is already armed moves to the new deadline. Timers expire in the order of their deadlines, and
 * those of one deadline in the order in which they were armed; once, they are not armed while they run.
 */
void th_executor_arm(struct th_executor *executor, struct th_timer *timer, uint64_t deadline_ns);
/* Owner only. Harmless when the timer is not armed. */
void th_executor_disarm(struct th_executor *executor, struct th_timer *timer);
static inline void th_timer_init(struct th_timer *timer, void (*run)(struct th_timer *))
{
	th_list_init(&timer->link);
	timer->run = run;
	timer->deadline_ns = 0;
}

/* Owner only, also from a hook. Hooks run in the order in which they were added. */
void th_executor_add_hook(struct th_executor *executor, struct th_hook *hook);
void th_executor_remove_hook(struct th_executor *executor, struct th_hook *hook);

/* Host only: one round. True when another round is due at once. */
bool th_executor_round(struct th_executor *executor);
/* Host only: the nearest deadline; UINT64_MAX when no timer is armed. */
uint64_t th_executor_next_deadline_ns(const struct th_executor *executor);

static inline uint64_t th_executor_now_ns(struct th_executor *executor)
{
	return executor->ops->now_ns(executor);
}

static inline uint64_t th_executor_wall_ns(struct th_executor *executor)
{
	return executor->ops->wall_ns(executor);
}

/* Owner only. For who has kept the executor waiting, for a disk say: what it has done has taken its time. */
static inline void th_executor_time_passed(struct th_executor *executor)
{
	if (executor->ops->time_passed)
		executor->ops->time_passed(executor);
}

#endif
