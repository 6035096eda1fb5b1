/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An executor in the kernel: a thread that runs rounds and sleeps between them, until a timer is due or somebody
 * posts. For the kernel host and its bricks; not part of the porting layer.
 *
 * The thread allocates nothing that could wait for I/O (memalloc_noio), and is not slowed while others have dirtied too
 * much (PF_LOCAL_THROTTLE). Time is read once in a round, when it is first
 * asked for.
 */
#ifndef THARSIS_KERNEL_LOOP_H
#define THARSIS_KERNEL_LOOP_H

#include <tharsis/executor.h>

#include <linux/hrtimer.h>

struct task_struct;

struct th_kernel_loop {
	struct th_executor executor;
	struct task_struct *thread;
	struct hrtimer alarm; /* wakes the thread for the nearest deadline */
	uint64_t alarm_ns; /* when it does; 0: it is not set, or has gone off */
	atomic_t notified; /* somebody posted since the last round began */
	uint64_t now_ns; /* 0: not yet read in this round */
	uint64_t wall_ns; /* 0: not yet read in this round */
};

/* Starts the thread, named @name. May block. A negative errno: no memory, or no more processes. */
int th_kernel_loop_start(struct th_kernel_loop *loop, const char *name);
/*
 * Ends the thread, when it has run all that is posted; waits for that. Not on the executor. Nobody may post any more, and no timer
 * be armed.
 */
void th_kernel_loop_stop(struct th_kernel_loop *loop);

/* Runs @run(@context) on the executor and waits for it. Not on the executor; may block. */
void th_kernel_loop_call(struct th_kernel_loop *loop, void (*run)(void *context), void *context);

#endif
