// SPDX-License-Identifier: GPL-2.0
#include "test_host.h"
#include "testing.h"

/* Something that can be posted, armed and hooked; it writes its letter into the journal and then does its act. */
struct actor {
	struct stage *stage;
	char letter;
	uint32_t runs;
	void (*act)(struct actor *actor);
	struct actor *other; /* whom the act is about */
	struct th_work work;
	struct th_timer timer;
	struct th_hook hook;
};

struct stage {
	struct test_host host;
	char journal[32];
	struct actor a, b, c;
};

static void perform(struct actor *actor)
{
	char *journal = actor->stage->journal;
	size_t length = strlen(journal);

	actor->runs++;
	if (length < sizeof(actor->stage->journal) - 1)
		journal[length] = actor->letter;
	if (actor->act)
		actor->act(actor);
}

static void run_work(struct th_work *work)
{
	perform(th_container_of(work, struct actor, work));
}

static void run_timer(struct th_timer *timer)
{
	perform(th_container_of(timer, struct actor, timer));
}

static void run_hook(struct th_hook *hook)
{
	perform(th_container_of(hook, struct actor, hook));
}

static void init_actor(struct stage *stage, struct actor *actor, char letter)
{
	actor->stage = stage;
	actor->letter = letter;
	th_work_init(&actor->work, run_work);
	th_timer_init(&actor->timer, run_timer);
	actor->hook.run = run_hook;
}

static void set_stage(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	test_host_init(&stage->host);
	init_actor(stage, &stage->a, 'a');
	init_actor(stage, &stage->b, 'b');
	init_actor(stage, &stage->c, 'c');
}

static struct th_executor *executor_of(struct actor *actor)
{
	return &actor->stage->host.executor;
}

static void post(struct actor *actor)
{
	th_executor_post(executor_of(actor), &actor->work);
}

static void arm(struct actor *actor, uint64_t deadline_ns)
{
	th_executor_arm(executor_of(actor), &actor->timer, deadline_ns);
}

static void add_hook(struct actor *actor)
{
	th_executor_add_hook(executor_of(actor), &actor->hook);
}

static void post_other(struct actor *actor)
{
	post(actor->other);
}

static void arm_other_for_now(struct actor *actor)
{
	arm(actor->other, actor->stage->host.now_ns);
}

static void disarm_other(struct actor *actor)
{
	th_executor_disarm(executor_of(actor), &actor->other->timer);
}

static void unhook_other(struct actor *actor)
{
	th_executor_remove_hook(executor_of(actor), &actor->other->hook);
}

static void works_run_in_the_order_in_which_they_were_posted(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	post(&s.b);
	post(&s.a);
	post(&s.c);
	assert_false(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "bac");
}

static void a_work_that_is_posted_twice_runs_once(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	post(&s.a);
	post(&s.a);
	test_host_settle(&s.host);
	assert_string_equal(s.journal, "a");
	post(&s.a);
	test_host_settle(&s.host);
	assert_string_equal(s.journal, "aa");
}

static void a_round_runs_works_then_timers_then_hooks(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	add_hook(&s.c);
	arm(&s.b, s.host.now_ns);
	post(&s.a);
	assert_false(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "abc");
}

static void works_that_works_post_run_in_the_same_round(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	s.a.act = post_other;
	s.a.other = &s.b;
	add_hook(&s.c);
	post(&s.a);
	assert_false(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "abc");
}

static void works_that_hooks_or_timers_post_make_the_next_round_due(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	s.a.act = post_other;
	s.a.other = &s.b;
	add_hook(&s.a);
	assert_true(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "a");
	th_executor_remove_hook(&s.host.executor, &s.a.hook);
	assert_false(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "ab");

	arm(&s.a, s.host.now_ns);
	assert_true(th_executor_round(&s.host.executor));
	assert_string_equal(s.journal, "aba");
}

static void a_work_that_posts_itself_for_ever_does_not_starve_timers_and_hooks(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	s.a.act = post_other;
	s.a.other = &s.a;
	arm(&s.b, s.host.now_ns);
	add_hook(&s.c);
	post(&s.a);
	assert_true(th_executor_round(&s.host.executor));
	assert_int_equal(s.a.runs, TH_ROUND_WORKS_MAX);
	assert_int_equal(s.b.runs, 1);
	assert_int_equal(s.c.runs, 1);
}

static void timers_expire_in_the_order_of_their_deadlines_however_they_were_armed(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	arm(&s.c, 300);
	arm(&s.a, 100);
	arm(&s.b, 200);
	assert_int_equal(th_executor_next_deadline_ns(&s.host.executor), 100);
	test_host_finish(&s.host);
	assert_string_equal(s.journal, "abc");
	assert_int_equal(s.host.now_ns, 300);
	assert_int_equal(th_executor_next_deadline_ns(&s.host.executor), UINT64_MAX);
}

static void timers_of_one_deadline_expire_in_the_order_in_which_they_were_armed(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	arm(&s.b, 100);
	arm(&s.c, 100);
	arm(&s.a, 100);
	test_host_finish(&s.host);
	assert_string_equal(s.journal, "bca");
}

static void a_timer_does_not_expire_before_its_deadline(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	arm(&s.a, 100);
	s.host.now_ns = 99;
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "");
	s.host.now_ns = 100;
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "a");
	assert_int_equal(s.a.timer.deadline_ns, 0);
}

static void arming_an_armed_timer_moves_it(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	arm(&s.a, 100);
	arm(&s.b, 200);
	arm(&s.a, 300);
	test_host_finish(&s.host);
	assert_string_equal(s.journal, "ba");
}

static void a_disarmed_timer_does_not_run_even_when_it_had_expired_in_this_round(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	s.a.act = disarm_other;
	s.a.other = &s.b;
	arm(&s.a, 100);
	arm(&s.b, 100);
	arm(&s.c, 100);
	test_host_finish(&s.host);
	assert_string_equal(s.journal, "ac");
	th_executor_disarm(&s.host.executor, &s.b.timer);
}

static void a_timer_that_is_armed_for_now_by_a_timer_waits_for_the_next_round(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	s.a.act = arm_other_for_now;
	s.a.other = &s.a;
	arm(&s.a, 100);
	s.host.now_ns = 100;
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "a");
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "aa");
}

static void hooks_run_once_a_round_in_the_order_in_which_they_were_added(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	add_hook(&s.b);
	add_hook(&s.a);
	add_hook(&s.c);
	th_executor_round(&s.host.executor);
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "bacbac");
}

static void a_hook_may_remove_itself_and_others_while_it_runs(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	add_hook(&s.a);
	add_hook(&s.b);
	add_hook(&s.c);
	s.a.act = unhook_other;
	s.a.other = &s.b;
	s.c.act = unhook_other;
	s.c.other = &s.c;
	th_executor_round(&s.host.executor);
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "aca");
}

static void many_remote_posts_wake_the_host_once(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	th_executor_post_remote(&s.host.executor, &s.a.work);
	th_executor_post_remote(&s.host.executor, &s.b.work);
	assert_int_equal(s.host.wakes, 1);
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "ab");
	th_executor_post_remote(&s.host.executor, &s.c.work);
	assert_int_equal(s.host.wakes, 2);
	th_executor_round(&s.host.executor);
	assert_string_equal(s.journal, "abc");
}

static void post_remote_twice(void *context)
{
	struct stage *s = context;

	th_executor_post_remote(&s->host.executor, &s->a.work);
	th_executor_post_remote(&s->host.executor, &s->a.work);
}

static void a_work_that_is_posted_remotely_while_it_is_posted_stops_the_host(void **state)
{
	struct stage s;

	(void)state;
	set_stage(&s);
	assert_true(test_aborts(post_remote_twice, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_run_in_the_order_in_which_they_were_posted),
		cmocka_unit_test(a_work_that_is_posted_twice_runs_once),
		cmocka_unit_test(a_round_runs_works_then_timers_then_hooks),
		cmocka_unit_test(works_that_works_post_run_in_the_same_round),
		cmocka_unit_test(works_that_hooks_or_timers_post_make_the_next_round_due),
		cmocka_unit_test(
			a_work_that_posts_itself_for_ever_does_not_starve_timers_and_hooks),
		cmocka_unit_test(
			timers_expire_in_the_order_of_their_deadlines_however_they_were_armed),
		cmocka_unit_test(
			timers_of_one_deadline_expire_in_the_order_in_which_they_were_armed),
		cmocka_unit_test(a_timer_does_not_expire_before_its_deadline),
		cmocka_unit_test(arming_an_armed_timer_moves_it),
		cmocka_unit_test(
			a_disarmed_timer_does_not_run_even_when_it_had_expired_in_this_round),
		cmocka_unit_test(a_timer_that_is_armed_for_now_by_a_timer_waits_for_the_next_round),
		cmocka_unit_test(hooks_run_once_a_round_in_the_order_in_which_they_were_added),
		cmocka_unit_test(a_hook_may_remove_itself_and_others_while_it_runs),
		cmocka_unit_test(many_remote_posts_wake_the_host_once),
		cmocka_unit_test(a_work_that_is_posted_remotely_while_it_is_posted_stops_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
