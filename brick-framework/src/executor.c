// SPDX-License-Identifier: GPL-2.0
#include <tharsis/executor.h>

void th_executor_init(struct th_executor *executor, const struct th_executor_ops *ops)
{
	executor->ops = ops;
	th_list_init(&executor->ready);
	th_list_init(&executor->timers);
	th_list_init(&executor->hooks);
	executor->hook_next = &executor->hooks;
	th_lock_init(&executor->remote_lock);
	th_list_init(&executor->remote);
}

void th_executor_post(struct th_executor *executor, struct th_work *work)
{
	if (work->posted)
		return;
	work->posted = true;
	th_list_push_back(&executor->ready, &work->link);
}

void th_executor_post_remote(struct th_executor *executor, struct th_work *work)
{
	bool first;

	th_lock(&executor->remote_lock);
	TH_ASSERT(!work->posted);
	work->posted = true;
	first = th_list_empty(&executor->remote);
	th_list_push_back(&executor->remote, &work->link);
	th_unlock(&executor->remote_lock);

	/* When others are waiting there already, the host was woken for them and has not come yet. */
	if (first)
		executor->ops->wake(executor);
}

void th_executor_arm(struct th_executor *executor, struct th_timer *timer, uint64_t deadline_ns)
{
	struct th_list *before;

	th_list_remove(&timer->link);
	timer->deadline_ns = TH_MAX(deadline_ns, 1);

	/* From the end: most timers are armed for later than those that are there. */
	before = executor->timers.prev;
	while (before != &executor->timers &&
	       th_list_entry(before, struct th_timer, link)->deadline_ns > timer->deadline_ns)
		before = before->prev;
	th_list_insert_between(&timer->link, before, before->next);
}

void th_executor_disarm(struct th_executor *executor, struct th_timer *timer)
{
	(void)executor;
	th_list_remove(&timer->link);
	timer->deadline_ns = 0;
}

uint64_t th_executor_next_deadline_ns(const struct th_executor *executor)
{
	if (th_list_empty(&executor->timers))
		return UINT64_MAX;
	return th_list_first(&executor->timers, struct th_timer, link)->deadline_ns;
}

void th_executor_add_hook(struct th_executor *executor, struct th_hook *hook)
{
	th_list_push_back(&executor->hooks, &hook->link);
}

void th_executor_remove_hook(struct th_executor *executor, struct th_hook *hook)
{
	if (executor->hook_next == &hook->link)
		executor->hook_next = hook->link.next;
	th_list_remove(&hook->link);
}

static void run_works(struct th_executor *executor)
{
	uint32_t budget = TH_ROUND_WORKS_MAX;
	struct th_list *link;
	struct th_work *work;

	th_lock(&executor->remote_lock);
	th_list_splice_back(&executor->ready, &executor->remote);
	th_unlock(&executor->remote_lock);

	while (budget-- > 0 && (link = th_list_pop_front(&executor->ready)) != NULL) {
		work = th_list_entry(link, struct th_work, link);
		work->posted = false;
		work->run(work);
	}
}

/* The expired ones are set apart first, so a timer that is armed anew while it runs has to wait for the next round. */
static void run_timers(struct th_executor *executor)
{
	struct th_list expired;
	struct th_list *link;
	struct th_timer *timer;
	uint64_t now_ns;

	if (th_list_empty(&executor->timers))
		return;
	now_ns = th_executor_now_ns(executor);
	th_list_init(&expired);
	while (th_executor_next_deadline_ns(executor) <= now_ns) {
		link = th_list_pop_front(&executor->timers);
		th_list_push_back(&expired, link);
	}
	while ((link = th_list_pop_front(&expired)) != NULL) {
		timer = th_list_entry(link, struct th_timer, link);
		timer->deadline_ns = 0;
		timer->run(timer);
	}
}

static void run_hooks(struct th_executor *executor)
{
	struct th_hook *hook;

	executor->hook_next = executor->hooks.next;
	while (executor->hook_next != &executor->hooks) {
		hook = th_list_entry(executor->hook_next, struct th_hook, link);
		executor->hook_next = hook->link.next;
		hook->run(hook);
	}
}

bool th_executor_round(struct th_executor *executor)
{
	run_works(executor);
	run_timers(executor);
	run_hooks(executor);
	return !th_list_empty(&executor->ready);
}
