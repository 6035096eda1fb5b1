// SPDX-License-Identifier: GPL-2.0
#include "user_loop.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* When works keep coming, file descriptors have to wait no longer than so many rounds. */
#define ROUNDS_UNSEEN_MAX 16u

/* Of the loop, as the threads see it that post to it. */
enum state {
	AWAKE, /* runs a round, or will before it sleeps */
	ASLEEP, /* has to be woken through wake_fd */
	NOTIFIED /* has been told, or has to look again before it sleeps */
};

static uint64_t read_clock_ns(clockid_t clock)
{
	struct timespec now;

	TH_ASSERT(clock_gettime(clock, &now) == 0);
	return (uint64_t)now.tv_sec * TH_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t loop_now_ns(struct th_executor *executor)
{
	struct th_user_loop *loop = th_user_loop_of(executor);

	if (loop->now_ns == 0)
		loop->now_ns = read_clock_ns(CLOCK_BOOTTIME);
	return loop->now_ns;
}

static uint64_t loop_wall_ns(struct th_executor *executor)
{
	struct th_user_loop *loop = th_user_loop_of(executor);

	if (loop->wall_ns == 0)
		loop->wall_ns = read_clock_ns(CLOCK_REALTIME);
	return loop->wall_ns;
}

static void loop_time_passed(struct th_executor *executor)
{
	struct th_user_loop *loop = th_user_loop_of(executor);

	loop->now_ns = 0;
	loop->wall_ns = 0;
}

static void loop_wake(struct th_executor *executor)
{
	struct th_user_loop *loop = th_user_loop_of(executor);
	const uint64_t one = 1;

	if (atomic_exchange(&loop->state, NOTIFIED) == ASLEEP)
		TH_ASSERT(write(loop->wake_fd, &one, sizeof(one)) == sizeof(one));
}

static const struct th_executor_ops loop_ops = {
	.now_ns = loop_now_ns,
	.wall_ns = loop_wall_ns,
	.time_passed = loop_time_passed,
	.wake = loop_wake,
};

/*
 * Of these two it is enough that the wait ends. Edge-triggered, as each write and each expiry is an edge, so that nobody
 * has to read them empty.
 */
static int add_wakeup(struct th_user_loop *loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };

	if (fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int th_user_loop_init(struct th_user_loop *loop)
{
	int error;

	memset(loop, 0, sizeof(*loop));
	th_executor_init(&loop->executor, &loop_ops);
	th_list_init(&loop->changed);
	atomic_init(&loop->state, AWAKE);
	loop->signal_fd = -1;
	loop->timer_fd = -1;
	loop->wake_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	error = add_wakeup(loop, loop->timer_fd);
	if (!error) {
		loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		error = add_wakeup(loop, loop->wake_fd);
	}
	if (error)
		th_user_loop_destroy(loop);
	return error;
}

void th_user_loop_destroy(struct th_user_loop *loop)
{
	close_if_open(loop->signal_fd);
	close_if_open(loop->wake_fd);
	close_if_open(loop->timer_fd);
	close_if_open(loop->epoll_fd);
}

/* With nothing wanted: edge-triggered, lest an error that nobody clears should keep the loop spinning. */
static struct epoll_event watch_event(struct th_user_watch *watch)
{
	return (struct epoll_event){
		.events = watch->events ? watch->events : (uint32_t)EPOLLET,
		.data.ptr = watch,
	};
}

int th_user_loop_watch(struct th_user_loop *loop, struct th_user_watch *watch, int fd,
		       uint32_t events, void (*run)(struct th_user_watch *watch, uint32_t events))
{
	struct epoll_event event;

	th_list_init(&watch->link);
	watch->run = run;
	watch->fd = fd;
	watch->events = events;
	watch->told = events;
	event = watch_event(watch);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

void th_user_loop_want(struct th_user_loop *loop, struct th_user_watch *watch, uint32_t events)
{
	watch->events = events;
	th_list_remove(&watch->link);
	if (events != watch->told)
		th_list_push_back(&loop->changed, &watch->link);
}

void th_user_loop_unwatch(struct th_user_loop *loop, struct th_user_watch *watch)
{
	int i;

	th_list_remove(&watch->link);
	TH_ASSERT(epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL) == 0);
	for (i = loop->ready_next; i < loop->ready_count; i++) {
		if (loop->ready[i].data.ptr == watch)
			loop->ready[i].data.ptr = NULL;
	}
}

static void tell_changes(struct th_user_loop *loop)
{
	struct th_user_watch *watch;
	struct epoll_event event;
	struct th_list *link;

	while ((link = th_list_pop_front(&loop->changed)) != NULL) {
		watch = th_list_entry(link, struct th_user_watch, link);
		event = watch_event(watch);
		TH_ASSERT(epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) == 0);
		watch->told = watch->events;
	}
}

/*
 * Timers are armed later and later; the file descriptor is set only when it would fire too late. When it fires too early
 * that costs one round, and then it is set anew. (A timer and not epoll's timeout, which stands still while the machine
 * is suspended.)
 */
static void arm_timer(struct th_user_loop *loop, uint64_t deadline_ns, uint64_t now_ns)
{
	struct itimerspec at = {
		.it_value.tv_sec = (time_t)(deadline_ns / TH_NS_PER_S),
		.it_value.tv_nsec = (long)(deadline_ns % TH_NS_PER_S),
	};

	if (loop->armed_ns > now_ns && loop->armed_ns <= deadline_ns)
		return;
	TH_ASSERT(timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
	loop->armed_ns = deadline_ns;
}

/* Makes sure that the loop is woken when something is due. False: something is due now. */
static bool fall_asleep(struct th_user_loop *loop)
{
	uint64_t deadline_ns = th_executor_next_deadline_ns(&loop->executor);
	int awake = AWAKE;
	uint64_t now_ns;

	if (deadline_ns != UINT64_MAX) {
		now_ns = loop_now_ns(&loop->executor);
		if (deadline_ns <= now_ns)
			return false;
		arm_timer(loop, deadline_ns, now_ns);
	}
	return atomic_compare_exchange_strong(&loop->state, &awake, ASLEEP);
}

/* True: something came while the loop was looking. */
static bool busy_poll(struct th_user_loop *loop)
{
	uint64_t until_ns;

	if (!loop->busy_poll_ns)
		return false;
	until_ns = TH_MIN(read_clock_ns(CLOCK_BOOTTIME) + loop->busy_poll_ns,
			  th_executor_next_deadline_ns(&loop->executor));
	do {
		loop->ready_count =
			epoll_wait(loop->epoll_fd, loop->ready, TH_USER_LOOP_EVENTS_MAX, 0);
		TH_ASSERT(loop->ready_count >= 0 || errno == EINTR);
		if (loop->ready_count || atomic_load(&loop->state) == NOTIFIED)
			return true;
	} while (read_clock_ns(CLOCK_BOOTTIME) < until_ns);
	return false;
}

static void sleep_until_event(struct th_user_loop *loop, bool again)
{
	bool asleep = !again && fall_asleep(loop);

	loop->ready_count =
		epoll_wait(loop->epoll_fd, loop->ready, TH_USER_LOOP_EVENTS_MAX, asleep ? -1 : 0);
	TH_ASSERT(loop->ready_count >= 0 || errno == EINTR);
}

static void wait_for_events(struct th_user_loop *loop, bool again)
{
	if (again && ++loop->rounds_unseen < ROUNDS_UNSEEN_MAX) {
		loop->ready_count = 0;
	} else {
		loop->rounds_unseen = 0;
		tell_changes(loop);
		if (again || !busy_poll(loop))
			sleep_until_event(loop, again);
		atomic_store(&loop->state, AWAKE);
	}
	loop_time_passed(&loop->executor);
}

static void run_watches(struct th_user_loop *loop)
{
	struct th_user_watch *watch;
	int i;

	for (i = 0; i < loop->ready_count; i++) {
		loop->ready_next = i + 1;
		watch = loop->ready[i].data.ptr;
		if (watch)
			watch->run(watch, loop->ready[i].events);
	}
	loop->ready_count = 0;
}

void th_user_loop_run(struct th_user_loop *loop)
{
	bool again;

	while (!loop->stopped) {
		again = th_executor_round(&loop->executor);
		if (loop->stopped)
			break;
		wait_for_events(loop, again);
		run_watches(loop);
	}
	loop->stopped = false;
}

void th_user_loop_busy_poll(struct th_user_loop *loop, uint64_t duration_ns)
{
	loop->busy_poll_ns = duration_ns;
}

void th_user_loop_stop(struct th_user_loop *loop)
{
	loop->stopped = true;
}

static void read_signals(struct th_user_watch *watch, uint32_t events)
{
	struct th_user_loop *loop = th_container_of(watch, struct th_user_loop, signal_watch);
	struct signalfd_siginfo signal;

	(void)events;
	while (read(loop->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
		loop->on_signal(loop, (int)signal.ssi_signo, loop->signal_context);
}

int th_user_loop_watch_signals(struct th_user_loop *loop, const sigset_t *signals,
			       void (*run)(struct th_user_loop *loop, int number, void *context),
			       void *context)
{
	int error;

	TH_ASSERT(loop->signal_fd < 0);
	error = pthread_sigmask(SIG_BLOCK, signals, NULL);
	if (error)
		return -error;
	loop->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0)
		return -errno;
	loop->on_signal = run;
	loop->signal_context = context;
	return th_user_loop_watch(loop, &loop->signal_watch, loop->signal_fd, EPOLLIN,
				  read_signals);
}
