/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resources as udev and monitoring see them: a folder of sysfs for each open one, /sys/kernel/tharsis/RESOURCE, and uevents.
 * docs/kernel-driver.md lists both. What changes is looked at some times a second, not each time.
 */
#ifndef THARSIS_KERNEL_MONITOR_H
#define THARSIS_KERNEL_MONITOR_H

#include "control.h"

#include <linux/workqueue.h>

struct kset;

struct th_monitor_host {
	struct th_control *control;
	struct kset *folder; /* /sys/kernel/tharsis */
	struct workqueue_struct
		*queue; /* one after the other: what is told of a resource keeps its order */
	struct th_list entries; /* one for each resource that is shown; the executor's */
	struct th_hook hook;
	struct th_timer timer;
	uint64_t seen; /* control->change when it was last looked at */
};

/* Before the executor is asked to follow. Blocks. -ENOMEM. */
int th_monitor_host_init(struct th_monitor_host *monitor);
/* After it was asked to end; waits until all is told. Blocks. */
void th_monitor_host_destroy(struct th_monitor_host *monitor);

/* On the executor. Ending takes all folders away. */
void th_monitor_host_follow(struct th_monitor_host *monitor, struct th_control *control);
void th_monitor_host_end(struct th_monitor_host *monitor);

#endif
