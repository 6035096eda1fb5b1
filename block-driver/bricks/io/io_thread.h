/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads and how they wait for each other: what the I/O bricks ask of a port beyond <tharsis/port.h>.
 * Implementation for a process: io_thread_user.c.
 */
#ifndef THARSIS_IO_THREAD_H
#define THARSIS_IO_THREAD_H

#include <tharsis/port.h>

struct th_thread;

/* Runs @run(@context) in a new thread. NULL: the system has no memory or no more threads. May block. */
struct th_thread *th_thread_start(void (*run)(void *context), void *context);
/* Waits until @run has returned. */
void th_thread_join(struct th_thread *thread);

/* A mutex with one condition. Its holder may block. */
struct th_monitor;

/* NULL: no memory. */
struct th_monitor *th_monitor_create(void);
void th_monitor_destroy(struct th_monitor *monitor);
void th_monitor_enter(struct th_monitor *monitor);
void th_monitor_leave(struct th_monitor *monitor);
/* Inside: leaves, waits to be woken, enters. May return without having been woken. */
void th_monitor_wait(struct th_monitor *monitor);
/* Wake those that wait. Best outside: the woken would wait again, for the monitor. */
void th_monitor_wake_one(struct th_monitor *monitor);
void th_monitor_wake_all(struct th_monitor *monitor);

#endif
