// SPDX-License-Identifier: GPL-2.0
/* The loop with real threads, file descriptors, signals and time. */
#include "testing.h"

#include <user_loop.h>

#include <fcntl.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int set_up(void **state)
{
	static struct th_user_loop loop;

	assert_int_equal(th_user_loop_init(&loop), 0);
	*state = &loop;
	return 0;
}

static int tear_down(void **state)
{
	th_user_loop_destroy(*state);
	return 0;
}

/* A work that ends the loop. */
struct stopper {
	struct th_work work;
	struct th_timer timer;
	struct th_user_loop *loop;
};

static void stop_by_work(struct th_work *work)
{
	th_user_loop_stop(th_container_of(work, struct stopper, work)->loop);
}

static void stop_by_timer(struct th_timer *timer)
{
	th_user_loop_stop(th_container_of(timer, struct stopper, timer)->loop);
}

static void init_stopper(struct stopper *stopper, struct th_user_loop *loop)
{
	stopper->loop = loop;
	th_work_init(&stopper->work, stop_by_work);
	th_timer_init(&stopper->timer, stop_by_timer);
}

static void run_for(struct th_user_loop *loop, uint64_t ns)
{
	struct stopper stopper;

	init_stopper(&stopper, loop);
	th_executor_arm(&loop->executor, &stopper.timer, th_executor_now_ns(&loop->executor) + ns);
	th_user_loop_run(loop);
}

/* ---- posts of other threads ---- */

#define POSTERS		4u
#define POSTS_OF_EACH	2000u
#define POSTS_IN_FLIGHT 8u

struct post {
	struct th_work work;
	struct poster *poster;
	uint32_t number;
};

struct poster {
	struct th_user_loop *loop;
	pthread_t thread;
	sem_t returned; /* posts that can be used (again) */
	struct post posts[POSTS_IN_FLIGHT];
	uint32_t seen; /* by the loop */
	uint32_t *still_running;
};

static void see_post(struct th_work *work)
{
	struct post *post = th_container_of(work, struct post, work);
	struct poster *poster = post->poster;

	TH_ASSERT(post->number == poster->seen); /* in order, none lost, none twice */
	if (++poster->seen == POSTS_OF_EACH && --*poster->still_running == 0)
		th_user_loop_stop(poster->loop);
	sem_post(&poster->returned);
}

static void *post_many(void *argument)
{
	struct poster *poster = argument;
	struct post *post;
	uint32_t i;

	for (i = 0; i < POSTS_OF_EACH; i++) {
		while (sem_wait(&poster->returned) < 0)
			;
		post = &poster->posts[i % POSTS_IN_FLIGHT];
		post->number = i;
		th_executor_post_remote(&poster->loop->executor, &post->work);
	}
	return NULL;
}

static void every_post_of_every_thread_runs_once_and_in_its_order(void **state)
{
	struct poster posters[POSTERS];
	uint32_t still_running = POSTERS;
	uint32_t i, j;

	for (i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ .loop = *state, .still_running = &still_running };
		sem_init(&posters[i].returned, 0, POSTS_IN_FLIGHT);
		for (j = 0; j < POSTS_IN_FLIGHT; j++) {
			posters[i].posts[j].poster = &posters[i];
			th_work_init(&posters[i].posts[j].work, see_post);
		}
	}
	for (i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]),
				 0);
	th_user_loop_run(*state);
	for (i = 0; i < POSTERS; i++) {
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
		assert_int_equal(posters[i].seen, POSTS_OF_EACH);
		sem_destroy(&posters[i].returned);
	}
}

struct burst {
	struct th_work blocker;
	struct th_work works[100];
	struct stopper stopper;
	struct th_user_loop *loop;
	sem_t blocked, go_on;
};

static void block(struct th_work *work)
{
	struct burst *burst = th_container_of(work, struct burst, blocker);

	sem_post(&burst->blocked);
	while (sem_wait(&burst->go_on) < 0)
		;
}

static void do_nothing(struct th_work *work)
{
	(void)work;
}

static void *post_a_burst(void *argument)
{
	struct burst *burst = argument;
	uint32_t i;

	th_executor_post_remote(&burst->loop->executor, &burst->blocker);
	while (sem_wait(&burst->blocked) < 0)
		;
	for (i = 0; i < TH_ARRAY_COUNT(burst->works); i++)
		th_executor_post_remote(&burst->loop->executor, &burst->works[i]);
	th_executor_post_remote(&burst->loop->executor, &burst->stopper.work);
	sem_post(&burst->go_on);
	return NULL;
}

static void posts_to_a_loop_that_is_awake_cost_no_system_call(void **state)
{
	struct burst burst = { .loop = *state };
	uint64_t writes = 0;
	pthread_t thread;
	uint32_t i;

	sem_init(&burst.blocked, 0, 0);
	sem_init(&burst.go_on, 0, 0);
	th_work_init(&burst.blocker, block);
	for (i = 0; i < TH_ARRAY_COUNT(burst.works); i++)
		th_work_init(&burst.works[i], do_nothing);
	init_stopper(&burst.stopper, burst.loop);
	assert_int_equal(pthread_create(&thread, NULL, post_a_burst, &burst), 0);
	th_user_loop_run(burst.loop);
	assert_int_equal(pthread_join(thread, NULL), 0);

	/* Nobody reads the eventfd, so it has counted: one for the blocker, if the loop slept already. */
	assert_true(read(burst.loop->wake_fd, &writes, sizeof(writes)) == sizeof(writes) ||
		    errno == EAGAIN);
	assert_true(writes <= 1);
	sem_destroy(&burst.blocked);
	sem_destroy(&burst.go_on);
}

/* ---- time ---- */

#define ALARMS 20u

struct alarm {
	struct th_timer timer;
	struct th_user_loop *loop;
	uint64_t deadline_ns;
	uint64_t fired_ns;
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * TH_NS_PER_S + (uint64_t)now.tv_nsec;
}

static void note_alarm(struct th_timer *timer)
{
	struct alarm *alarm = th_container_of(timer, struct alarm, timer);

	alarm->fired_ns = monotonic_ns();
}

static void
timers_expire_after_their_deadlines_in_their_order_and_within_a_millisecond(void **state)
{
	struct th_user_loop *loop = *state;
	struct alarm alarms[ALARMS];
	uint64_t start_ns = monotonic_ns(), best_ns = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < ALARMS; i++) {
		th_timer_init(&alarms[i].timer, note_alarm);
		alarms[i].deadline_ns = start_ns + (1 + i * 7 % ALARMS) * 700 * TH_NS_PER_US;
		alarms[i].fired_ns = 0;
		th_executor_arm(&loop->executor, &alarms[i].timer, alarms[i].deadline_ns);
	}
	run_for(loop, 30 * TH_NS_PER_MS);
	for (i = 0; i < ALARMS; i++) {
		assert_true(alarms[i].fired_ns >= alarms[i].deadline_ns);
		best_ns = TH_MIN(best_ns, alarms[i].fired_ns - alarms[i].deadline_ns);
		if (i > 0 && alarms[i].deadline_ns > alarms[i - 1].deadline_ns)
			assert_true(alarms[i].fired_ns >= alarms[i - 1].fired_ns);
	}
	assert_true(best_ns < TH_NS_PER_MS);
}

/* A timer of the kernel, watched as a file descriptor, that then arms one of the loop. */
struct late_alarm {
	struct th_user_watch watch;
	struct stopper stopper;
};

static void arm_late(struct th_user_watch *watch, uint32_t events)
{
	struct late_alarm *late = th_container_of(watch, struct late_alarm, watch);
	struct th_executor *executor = &late->stopper.loop->executor;

	TH_ASSERT(events == EPOLLIN);
	th_executor_arm(executor, &late->stopper.timer, th_executor_now_ns(executor) + 1);
	th_user_loop_want(late->stopper.loop, watch, 0);
}

static void a_timer_is_in_time_though_the_loop_had_gone_to_sleep_for_longer(void **state)
{
	const struct itimerspec soon = { .it_value.tv_nsec = (long)(2 * TH_NS_PER_MS) };
	const uint64_t start_ns = monotonic_ns();
	struct th_user_loop *loop = *state;
	struct late_alarm late;
	struct alarm far;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	assert_true(fd >= 0);
	assert_int_equal(timerfd_settime(fd, 0, &soon, NULL), 0);
	assert_int_equal(th_user_loop_watch(loop, &late.watch, fd, EPOLLIN, arm_late), 0);
	init_stopper(&late.stopper, loop);
	th_timer_init(&far.timer, note_alarm);
	th_executor_arm(&loop->executor, &far.timer, start_ns + 30 * TH_NS_PER_S);
	th_user_loop_run(loop);
	assert_true(monotonic_ns() < start_ns + 15 * TH_NS_PER_S);
	th_executor_disarm(&loop->executor, &far.timer);
	th_user_loop_unwatch(loop, &late.watch);
	close(fd);
}

struct clock_reader {
	struct th_work work;
	struct th_hook hook;
	struct th_user_loop *loop;
	uint64_t first_ns, first_wall_ns;
	uint32_t rounds;
};

static void read_first(struct th_work *work)
{
	struct clock_reader *reader = th_container_of(work, struct clock_reader, work);
	struct th_executor *executor = &reader->loop->executor;
	uint64_t start_ns = monotonic_ns();

	TH_ASSERT(th_executor_now_ns(executor) > reader->first_ns);
	reader->first_ns = th_executor_now_ns(executor);
	reader->first_wall_ns = th_executor_wall_ns(executor);
	while (monotonic_ns() < start_ns + 10 * TH_NS_PER_US)
		;
}

static void read_again(struct th_hook *hook)
{
	struct clock_reader *reader = th_container_of(hook, struct clock_reader, hook);
	struct th_executor *executor = &reader->loop->executor;

	TH_ASSERT(th_executor_now_ns(executor) == reader->first_ns);
	TH_ASSERT(th_executor_wall_ns(executor) == reader->first_wall_ns);
	th_executor_time_passed(executor);
	TH_ASSERT(th_executor_now_ns(executor) > reader->first_ns);
	if (++reader->rounds < 5)
		th_executor_post(executor, &reader->work);
	else
		th_user_loop_stop(reader->loop);
}

static void time_stands_still_within_a_round_until_somebody_says_that_it_passed(void **state)
{
	struct clock_reader reader = { .loop = *state };

	th_work_init(&reader.work, read_first);
	reader.hook.run = read_again;
	th_executor_add_hook(&reader.loop->executor, &reader.hook);
	th_executor_post(&reader.loop->executor, &reader.work);
	th_user_loop_run(reader.loop);
	assert_int_equal(reader.rounds, 5);
}

/* ---- file descriptors ---- */

/* Watches one end of a pair of sockets. */
struct listener {
	struct th_user_watch watch;
	struct th_user_loop *loop;
	int other_fd;
	uint32_t calls;
	uint32_t events;
	uint32_t stop_after_calls;
	char received[16];
	struct listener *silences; /* whom it unwatches when it is called */
};

static void hear(struct th_user_watch *watch, uint32_t events)
{
	struct listener *listener = th_container_of(watch, struct listener, watch);
	char *end = listener->received + strlen(listener->received);

	listener->calls++;
	listener->events = events;
	if (events & EPOLLIN)
		TH_ASSERT(read(watch->fd, end, 1) >= 0);
	if (listener->silences)
		th_user_loop_unwatch(listener->loop, &listener->silences->watch);
	if (listener->calls == listener->stop_after_calls)
		th_user_loop_stop(listener->loop);
}

static void start_listening(struct listener *listener, struct th_user_loop *loop, uint32_t events)
{
	int fds[2];

	memset(listener, 0, sizeof(*listener));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	listener->loop = loop;
	listener->other_fd = fds[1];
	assert_int_equal(th_user_loop_watch(loop, &listener->watch, fds[0], events, hear), 0);
}

static void close_listener(struct listener *listener)
{
	close(listener->watch.fd);
	close(listener->other_fd);
}

static void say(struct listener *listener, const char *text)
{
	assert_int_equal(write(listener->other_fd, text, strlen(text)), strlen(text));
}

static void a_watch_is_called_as_long_as_there_is_something_to_read(void **state)
{
	struct listener listener;

	start_listening(&listener, *state, EPOLLIN);
	say(&listener, "abc");
	listener.stop_after_calls = 3;
	th_user_loop_run(*state);
	assert_string_equal(listener.received, "abc");
	run_for(*state, TH_NS_PER_MS);
	assert_int_equal(listener.calls, 3);
	th_user_loop_unwatch(*state, &listener.watch);
	close_listener(&listener);
}

static void a_watch_is_called_only_for_what_it_wants(void **state)
{
	struct listener listener;

	start_listening(&listener, *state, EPOLLIN);
	say(&listener, "x");
	th_user_loop_want(*state, &listener.watch, 0);
	run_for(*state, TH_NS_PER_MS);
	assert_int_equal(listener.calls, 0);
	th_user_loop_want(*state, &listener.watch, EPOLLOUT);
	listener.stop_after_calls = 1;
	th_user_loop_run(*state);
	assert_int_equal(listener.events, EPOLLOUT);
	th_user_loop_want(*state, &listener.watch, EPOLLIN);
	listener.stop_after_calls = 2;
	th_user_loop_run(*state);
	assert_int_equal(listener.events, EPOLLIN);
	assert_string_equal(listener.received, "x");
	th_user_loop_unwatch(*state, &listener.watch);
	close_listener(&listener);
}

static void a_wish_that_is_taken_back_before_the_next_wait_is_not_told_to_the_kernel(void **state)
{
	struct th_user_loop *loop = *state;
	struct listener listener;

	start_listening(&listener, loop, EPOLLIN);
	th_user_loop_want(loop, &listener.watch, EPOLLIN | EPOLLOUT);
	assert_false(th_list_empty(&loop->changed));
	th_user_loop_want(loop, &listener.watch, EPOLLIN);
	assert_true(th_list_empty(&loop->changed));
	th_user_loop_unwatch(loop, &listener.watch);
	close_listener(&listener);
}

static void a_watch_that_was_ended_by_another_is_not_called_though_it_was_ready(void **state)
{
	struct listener a, b;

	start_listening(&a, *state, EPOLLIN);
	start_listening(&b, *state, EPOLLIN);
	a.silences = &b;
	b.silences = &a;
	a.stop_after_calls = 1;
	b.stop_after_calls = 1;
	say(&a, "a");
	say(&b, "b");
	th_user_loop_run(*state);
	assert_int_equal(a.calls + b.calls, 1);
	th_user_loop_unwatch(*state, a.calls ? &a.watch : &b.watch);
	close_listener(&a);
	close_listener(&b);
}

struct round_counter {
	struct th_hook hook;
	uint32_t rounds;
};

static void count_round(struct th_hook *hook)
{
	th_container_of(hook, struct round_counter, hook)->rounds++;
}

static void a_hang_up_that_nobody_wants_to_know_of_does_not_keep_the_loop_busy(void **state)
{
	struct th_user_loop *loop = *state;
	struct round_counter counter = { .hook.run = count_round };
	struct listener listener;

	start_listening(&listener, loop, 0);
	th_executor_add_hook(&loop->executor, &counter.hook);
	shutdown(listener.other_fd, SHUT_RDWR);
	run_for(loop, 5 * TH_NS_PER_MS);
	assert_true(listener.calls <= 1);
	assert_true(counter.rounds <= 5);
	th_executor_remove_hook(&loop->executor, &counter.hook);
	th_user_loop_unwatch(loop, &listener.watch);
	close_listener(&listener);
}

static void an_idle_loop_sleeps(void **state)
{
	struct th_user_loop *loop = *state;
	struct round_counter counter = { .hook.run = count_round };

	th_executor_add_hook(&loop->executor, &counter.hook);
	run_for(loop, 5 * TH_NS_PER_MS);
	assert_true(counter.rounds <= 3);
	th_executor_remove_hook(&loop->executor, &counter.hook);
}

struct busy_hook {
	struct th_hook hook;
	struct th_work work;
	struct th_user_loop *loop;
};

static void post_always(struct th_hook *hook)
{
	struct busy_hook *busy = th_container_of(hook, struct busy_hook, hook);

	th_executor_post(&busy->loop->executor, &busy->work);
}

static void works_that_never_end_do_not_starve_file_descriptors(void **state)
{
	struct busy_hook busy = { .hook.run = post_always, .loop = *state };
	struct listener listener;

	th_work_init(&busy.work, do_nothing);
	th_executor_add_hook(&busy.loop->executor, &busy.hook);
	start_listening(&listener, *state, EPOLLIN);
	say(&listener, "x");
	listener.stop_after_calls = 1;
	th_user_loop_run(*state);
	assert_string_equal(listener.received, "x");
	th_user_loop_unwatch(*state, &listener.watch);
	close_listener(&listener);
}

static void what_epoll_cannot_watch_is_refused(void **state)
{
	struct th_user_watch watch;
	int fd = open("/proc/self/exe", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(th_user_loop_watch(*state, &watch, fd, EPOLLIN, hear), -EPERM);
	close(fd);
	assert_int_equal(th_user_loop_watch(*state, &watch, -1, EPOLLIN, hear), -EBADF);
}

/* ---- signals, start and stop ---- */

static void note_signal(struct th_user_loop *loop, int number, void *context)
{
	*(int *)context = number;
	th_user_loop_stop(loop);
}

static void signals_are_handed_to_the_loop(void **state)
{
	int seen = 0;
	sigset_t signals, before;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(th_user_loop_watch_signals(*state, &signals, note_signal, &seen), 0);
	raise(SIGTERM);
	th_user_loop_run(*state);
	assert_int_equal(seen, SIGTERM);
	raise(SIGUSR1);
	th_user_loop_run(*state);
	assert_int_equal(seen, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void a_loop_that_was_stopped_before_it_ran_returns_at_once_and_can_be_run_again(void **state)
{
	struct th_user_loop *loop = *state;
	struct stopper stopper;

	th_user_loop_stop(loop);
	th_user_loop_run(loop);
	init_stopper(&stopper, loop);
	th_executor_post(&loop->executor, &stopper.work);
	th_user_loop_run(loop);
	assert_false(stopper.work.posted);
}

#define loop_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(every_post_of_every_thread_runs_once_and_in_its_order),
		loop_test(posts_to_a_loop_that_is_awake_cost_no_system_call),
		loop_test(
			timers_expire_after_their_deadlines_in_their_order_and_within_a_millisecond),
		loop_test(a_timer_is_in_time_though_the_loop_had_gone_to_sleep_for_longer),
		loop_test(time_stands_still_within_a_round_until_somebody_says_that_it_passed),
		loop_test(a_watch_is_called_as_long_as_there_is_something_to_read),
		loop_test(a_watch_is_called_only_for_what_it_wants),
		loop_test(a_wish_that_is_taken_back_before_the_next_wait_is_not_told_to_the_kernel),
		loop_test(a_watch_that_was_ended_by_another_is_not_called_though_it_was_ready),
		loop_test(a_hang_up_that_nobody_wants_to_know_of_does_not_keep_the_loop_busy),
		loop_test(an_idle_loop_sleeps),
		loop_test(works_that_never_end_do_not_starve_file_descriptors),
		loop_test(what_epoll_cannot_watch_is_refused),
		loop_test(signals_are_handed_to_the_loop),
		loop_test(
			a_loop_that_was_stopped_before_it_ran_returns_at_once_and_can_be_run_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
