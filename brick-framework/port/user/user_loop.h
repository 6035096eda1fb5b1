/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An executor in a process: a thread that runs rounds and, between them, waits in epoll for file descriptors, timers,
 * signals and posts of other threads. For hosts in user space and their bricks; not part of the porting layer.
 *
 * Time is read once in a round, when it is first asked for. All functions: owner only, unless they say otherwise.
 */
#ifndef THARSIS_USER_LOOP_H
#define THARSIS_USER_LOOP_H

#include <tharsis/executor.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#define TH_USER_LOOP_EVENTS_MAX 64

/* A file descriptor that is waited for. Belongs to the caller, who keeps it from watch to unwatch. */
struct th_user_watch {
	struct th_list link; /* in loop->changed while the kernel has to be told */
	void (*run)(struct th_user_watch *watch, uint32_t events);
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT; what is wanted */
	uint32_t told; /* what the kernel knows of that */
};

struct th_user_loop {
	struct th_executor executor;
	int epoll_fd;
	int timer_fd;
	int wake_fd;
	int signal_fd; /* -1: none */
	bool stopped;
	uint32_t rounds_unseen; /* rounds since the file descriptors were last looked at */
	uint64_t now_ns; /* 0: not yet read in this round */
	uint64_t wall_ns; /* 0: not yet read in this round */
	uint64_t armed_ns; /* when timer_fd fires */
	uint64_t busy_poll_ns; /* see th_user_loop_busy_poll() */
	_Atomic int state;
	struct th_list changed;
	int ready_next;
	int ready_count;
	struct epoll_event ready[TH_USER_LOOP_EVENTS_MAX];
	struct th_user_watch signal_watch;
	void (*on_signal)(struct th_user_loop *loop, int number, void *context);
	void *signal_context;
};

/* A negative errno: too many open files, no memory. Before the loop runs, any thread may be the owner. */
int th_user_loop_init(struct th_user_loop *loop);
/* When it runs no more, and nothing is watched and no other thread can post to it. */
void th_user_loop_destroy(struct th_user_loop *loop);

/* Only for an executor that is that of a th_user_loop. */
static inline struct th_user_loop *th_user_loop_of(struct th_executor *executor)
{
	return th_container_of(executor, struct th_user_loop, executor);
}

/*
 * @run is called as long as one of @events is so (level-triggered). It also gets EPOLLERR and EPOLLHUP, unasked; once
 * only while @events is 0. A negative errno when epoll does not take @fd.
 */
int th_user_loop_watch(struct th_user_loop *loop, struct th_user_watch *watch, int fd,
		       uint32_t events, void (*run)(struct th_user_watch *watch, uint32_t events));
/* Changes what is wanted. Cheap: the kernel is told once before the next wait, and only if something has changed then. */
void th_user_loop_want(struct th_user_loop *loop, struct th_user_watch *watch, uint32_t events);
/* Before @watch->fd is closed. @watch->run is not called any more, also when it was due already. */
void th_user_loop_unwatch(struct th_user_loop *loop, struct th_user_watch *watch);

/*
 * From now on @signals are blocked in this thread and handed to @run. Once for a loop, and before other threads
 * are started, as they inherit what is blocked. A negative errno.
 */
int th_user_loop_watch_signals(struct th_user_loop *loop, const sigset_t *signals,
			       void (*run)(struct th_user_loop *loop, int number, void *context),
			       void *context);

/*
 * How long the loop keeps looking before it sleeps, once nothing is left to do. 0, as it begins: not at all. Going to
 * sleep and being woken costs more than a small request: looking for some ten microseconds lets a client
 * that waits for each answer go on at once, at the price of a core that is never idle for that long.
 */
void th_user_loop_busy_poll(struct th_user_loop *loop, uint64_t duration_ns);

/* Runs rounds until stopped. The thread that calls it is the owner. */
void th_user_loop_run(struct th_user_loop *loop);
/* The loop returns after the round that is running; if it is not running, as soon as it is run. */
void th_user_loop_stop(struct th_user_loop *loop);

#endif
