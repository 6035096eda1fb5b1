// SPDX-License-Identifier: GPL-2.0
/*
 * tharsis.ko: the block driver as a module of the kernel. Starts the parts, and takes them apart in the opposite order.
 *
 * A module that is being unloaded cannot say no. So whoever has the control device or a disk open, and every open
 * resource, holds a reference: unloading is refused as long as there is one.
 */
#include "control_device.h"
#include "host.h"
#include "io_config.h"
#include "monitor.h"

#include "aio_kernel.h"
#include "blk.h"
#include "io_holders_kernel.h"

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

/* How long exit waits before it looks again whether the last command has ended. */
#define LOOK_AGAIN_MS	10
#define QUEUE_COUNT_MAX 4u /* more than the one executor behind them can serve */
/* Memory for logged data, unless told: a part of the memory, but not more than is of use. */
#define DIRTY_LIMIT_PART    8u
#define DIRTY_LIMIT_MIB_MIN 16u
#define DIRTY_LIMIT_MIB_MAX 256u
#define SIO_THREADS	    8u
#define AIO_THREADS	    8u
#define QUEUE_DEPTH	    128u

static unsigned int dirty_limit_mib;
module_param(dirty_limit_mib, uint, 0444);
MODULE_PARM_DESC(
	dirty_limit_mib,
	"memory for logged data of all resources together, in MiB; 0: an eighth of all, at most 256");

static unsigned int sio_threads = SIO_THREADS;
module_param(sio_threads, uint, 0444);
MODULE_PARM_DESC(sio_threads, "threads of each disk and log directory with io=sio, 1 to 64");

static unsigned int aio_threads = AIO_THREADS;
module_param(aio_threads, uint, 0444);
MODULE_PARM_DESC(aio_threads,
		 "threads with io=aio, for what cannot be done without waiting, 1 to 64");

static unsigned int queues;
module_param(queues, uint, 0444);
MODULE_PARM_DESC(queues,
		 "hardware queues of each disk, 1 to 64; 0: one for each processor, at most 4");

static unsigned int queue_depth = QUEUE_DEPTH;
module_param(queue_depth, uint, 0444);
MODULE_PARM_DESC(queue_depth, "requests under way in each hardware queue, 1 to 512");

static struct th_kernel_loop loop;
static struct th_kernel_host host;
static struct th_control control;
static struct th_monitor_host monitor;
static struct th_hook hook;
static bool pinned; /* open resources hold a reference to the module; the executor's */

/* ---- on the executor ---- */

static void pin_module(void)
{
	bool wanted = control.resource_count > 0;

	if (wanted == pinned)
		return;
	pinned = wanted;
	if (wanted)
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
}

static void settle(void)
{
	pin_module();
	th_blk_follow_devices();
}

static void run_hook(struct th_hook *ran)
{
	pin_module();
}

static void start_control(void *context)
{
	const struct th_kernel_options options = {
		.dirty_limit_bytes = dirty_limit_mib * TH_MIB,
		.sio_threads = sio_threads,
		.aio_threads = aio_threads,
		.queue_count = queues,
		.queue_depth = queue_depth,
	};
	int *error = context;

	*error = th_kernel_host_init(&host, &loop, &options);
	if (*error)
		return;
	th_control_init(&control, &host.control);
	th_monitor_host_follow(&monitor, &control);
	hook.run = run_hook;
	th_executor_add_hook(&loop.executor, &hook);
}

static void end_control(void *context)
{
	th_executor_remove_hook(&loop.executor, &hook);
	th_monitor_host_end(&monitor);
	th_control_destroy(&control);
	th_kernel_host_destroy(&host);
}

/* ---- closing what is open ---- */

struct ending {
	struct th_shutdown shutdown;
	struct completion done;
};

static void told(struct th_shutdown *shutdown, enum th_log_level level, const char *text)
{
	th_log(level, "%s", text);
}

static void shut_down(struct th_shutdown *shutdown)
{
	complete(&th_container_of(shutdown, struct ending, shutdown)->done);
}

static void begin_shutdown(void *context)
{
	struct ending *ending = context;

	ending->shutdown.progress = told;
	ending->shutdown.done = shut_down;
	th_control_shutdown(&control, &ending->shutdown);
}

static void count_sessions(void *context)
{
	uint32_t *count = context;

	*count = control.session_count + control.resource_count;
}

/* Commands that were given by somebody who has gone may still run, and may just have opened something. */
static void close_all(void)
{
	uint32_t left;

	do {
		struct ending ending = {};

		init_completion(&ending.done);
		th_kernel_loop_call(&loop, begin_shutdown, &ending);
		wait_for_completion(&ending.done);
		th_kernel_loop_call(&loop, count_sessions, &left);
		if (left)
			msleep(LOOK_AGAIN_MS);
	} while (left);
}

/* ---- the module ---- */

static int check_range(const char *name, unsigned int value, unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return 0;
	th_log(TH_LOG_ERROR, "parameter %s: %u to %u are possible, not %u", name, min, max, value);
	return -EINVAL;
}

static unsigned int default_dirty_limit_mib(void)
{
	unsigned long part_mib = totalram_pages() / DIRTY_LIMIT_PART >> (20 - PAGE_SHIFT);

	return (unsigned int)clamp_val(part_mib, DIRTY_LIMIT_MIB_MIN, DIRTY_LIMIT_MIB_MAX);
}

static int check_parameters(void)
{
	int error;

	if (dirty_limit_mib == 0)
		dirty_limit_mib = default_dirty_limit_mib();
	if (queues == 0)
		queues = TH_MIN(num_online_cpus(), QUEUE_COUNT_MAX);
	error = check_range("dirty_limit_mib", dirty_limit_mib, 8, 1024 * 1024);
	if (!error)
		error = check_range("sio_threads", sio_threads, 1, TH_IO_THREADS_MAX);
	if (!error)
		error = check_range("aio_threads", aio_threads, 1, TH_IO_THREADS_MAX);
	if (!error)
		error = check_range("queues", queues, 1, TH_BLK_QUEUES_MAX);
	if (!error)
		error = check_range("queue_depth", queue_depth, 1, TH_BLK_DEPTH_MAX);
	return error;
}

static int __init tharsis_init(void)
{
	int error = check_parameters();

	if (error)
		return error;
	error = th_aio_start();
	if (error)
		return error;
	error = th_monitor_host_init(&monitor);
	if (error)
		goto stop_aio;
	error = th_kernel_loop_start(&loop, "tharsis");
	if (error)
		goto stop_monitor;
	th_kernel_loop_call(&loop, start_control, &error);
	if (error)
		goto stop_loop;
	error = th_control_device_start(&loop, &control, settle);
	if (error)
		goto stop_control;
	th_log(TH_LOG_INFO, "version " THARSIS_VERSION " takes commands at /dev/tharsis-control");
	return 0;

stop_control:
	th_kernel_loop_call(&loop, end_control, NULL);
stop_loop:
	th_kernel_loop_stop(&loop);
stop_monitor:
	th_monitor_host_destroy(&monitor);
stop_aio:
	th_aio_stop();
	return error;
}

static void __exit tharsis_exit(void)
{
	th_control_device_stop();
	close_all();
	th_blk_wait_for_users();
	th_holders_end();
	th_kernel_loop_call(&loop, end_control, NULL);
	th_kernel_loop_stop(&loop);
	th_monitor_host_destroy(&monitor);
	th_aio_stop();
}

module_init(tharsis_init);
module_exit(tharsis_exit);

MODULE_DESCRIPTION("Geo-replicated block device with a transaction log as its backbone");
MODULE_AUTHOR("The Tharsis authors");
MODULE_VERSION(THARSIS_VERSION);
MODULE_LICENSE("GPL");
