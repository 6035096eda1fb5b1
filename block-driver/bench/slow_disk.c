// SPDX-License-Identifier: GPL-2.0
/*
 * An NBD server whose storage is as slow as spinning disks: simulated ones, in memory, on real time. To see what a log
 * is worth where a seek and a flush cost what they do.
 *
 *   slow_disk raw|log|log-on-flash SOCKET
 *
 * raw: clients write to the disk itself. log: through the engine, its log on a second disk of the same kind.
 * log-on-flash: its log on storage that takes some twenty microseconds. The export has no name and no end: kill it.
 */
#include "engine.h"
#include "nbd.h"
#include "sim_brick.h"
#include "user_loop.h"

#include <stdio.h>
#include <stdlib.h>

#define DEVICE_BYTES	(256 * TH_MIB)
#define DIRECTORY_BYTES (2 * TH_GIB)
#define DIRTY_BYTES	(256 * TH_MIB) /* as brickd unless told */
#define FLASH_MIN_NS	(15 * TH_NS_PER_US)
#define FLASH_MAX_NS	(25 * TH_NS_PER_US)

struct slow {
	struct th_user_loop loop;
	struct th_registry registry;
	struct th_sim_environment environment;
	struct th_sim_disk disk;
	struct th_sim_directory directory;
	struct th_memory_budget memory;
	struct th_brick *disk_brick;
	struct th_brick *log_brick;
	struct th_brick *translog;
	struct th_brick *nbd;
	struct th_engine_call call;
};

static void fail(const char *text)
{
	fprintf(stderr, "slow_disk: %s\n", text);
	exit(EXIT_FAILURE);
}

static struct th_brick *create(struct slow *slow, const struct th_brick_type *type,
			       const char *name, const void *config)
{
	struct th_error error = { 0 };
	struct th_brick *brick;

	if (th_brick_create(&slow->registry, type, name, &slow->loop.executor, config, &brick,
			    &error))
		fail(error.text);
	return brick;
}

static void switched(struct th_brick *brick, void *context)
{
	struct slow *slow = context;

	if (brick->power != TH_ON)
		fail(brick->error.text);
	th_user_loop_stop(&slow->loop);
}

static void switch_on(struct slow *slow, struct th_brick *brick)
{
	if (th_brick_power(brick, true, switched, slow))
		fail("a brick is busy");
	th_user_loop_run(&slow->loop);
}

static void connect(struct th_brick *from, uint32_t input, struct th_brick *to, uint32_t output)
{
	if (th_connect(&from->inputs[input], &to->outputs[output]))
		fail("bricks cannot be connected");
}

/* ---- storage ---- */

static void make_disk(struct slow *slow)
{
	const struct th_sim_config config = { .disk = &slow->disk };

	th_sim_disk_init(&slow->disk, &slow->environment, DEVICE_BYTES, TH_BLOCK_BYTES, false);
	th_sim_timing_spinning(&slow->disk.timing, DEVICE_BYTES);
	slow->disk_brick = create(slow, &th_sim_type, "disk", &config);
	switch_on(slow, slow->disk_brick);
}

static void make_log(struct slow *slow, bool flash)
{
	const struct th_sim_config config = { .directory = &slow->directory };

	th_sim_directory_init(&slow->directory, &slow->environment, DIRECTORY_BYTES, false);
	if (flash)
		th_sim_timing_chance(&slow->directory.timing, FLASH_MIN_NS, FLASH_MAX_NS);
	else
		th_sim_timing_spinning(&slow->directory.timing, DIRECTORY_BYTES);
	slow->log_brick = create(slow, &th_sim_type, "log", &config);
	switch_on(slow, slow->log_brick);
}

/* ---- the engine ---- */

static void called(struct th_engine_call *call, void *context)
{
	struct slow *slow = context;

	if (call->error.code)
		fail(call->error.text);
	th_user_loop_stop(&slow->loop);
}

static void do_call(struct slow *slow, enum th_engine_operation operation)
{
	slow->call = (struct th_engine_call){
		.operation = operation,
		.resource_uuid.bytes = { 1 },
		.node_uuid.bytes = { 2 },
		.device_bytes = DEVICE_BYTES,
		.block_bytes = TH_BLOCK_BYTES,
		.epoch = 1,
		.done = called,
		.context = slow,
	};
	th_engine_options_default(&slow->call.options);
	slow->call.options.log_limit_bytes = TH_GIB;
	th_engine_start(slow->translog, &slow->call);
	th_user_loop_run(&slow->loop);
}

static void ignore_change(void *context)
{
	(void)context;
}

static void say_event(void *context, enum th_log_level level, const char *text)
{
	(void)context;
	th_log(level, "%s", text);
}

static void make_engine(struct slow *slow)
{
	const struct th_engine_config config = {
		.memory = &slow->memory,
		.changed = ignore_change,
		.event = say_event,
		.context = slow,
	};

	th_memory_budget_init(&slow->memory, DIRTY_BYTES);
	slow->translog = create(slow, &th_translog_type, "translog", &config);
	connect(slow->translog, TH_ENGINE_INPUT_LOG, slow->log_brick, TH_SIM_OUTPUT_FILES);
	connect(slow->translog, TH_ENGINE_INPUT_DISK, slow->disk_brick, TH_SIM_OUTPUT_DISK);
	switch_on(slow, slow->translog);
	do_call(slow, TH_CALL_CREATE);
	do_call(slow, TH_CALL_TUNE);
	do_call(slow, TH_CALL_OPEN);
	do_call(slow, TH_CALL_ATTACH);
	do_call(slow, TH_CALL_PRIMARY);
}

/* ---- clients ---- */

static void serve(struct slow *slow, struct th_output *device, const char *path)
{
	const struct th_nbd_address address = { .path = path };
	const struct th_nbd_config config = {
		.loop = &slow->loop,
		.addresses = &address,
		.address_count = 1,
	};
	const struct th_nbd_export export = { .name = "slow", .device = device };
	struct th_error error = { 0 };

	slow->nbd = create(slow, &th_nbd_type, "nbd", &config);
	if (th_nbd_export(slow->nbd, &export, &error))
		fail(error.text);
	switch_on(slow, slow->nbd);
	th_user_loop_run(&slow->loop);
}

int main(int argc, char **argv)
{
	static struct slow slow;
	bool raw, flash;

	if (argc != 3)
		fail("usage: slow_disk raw|log|log-on-flash SOCKET");
	raw = !strcmp(argv[1], "raw");
	flash = !strcmp(argv[1], "log-on-flash");
	if (!raw && !flash && strcmp(argv[1], "log"))
		fail("usage: slow_disk raw|log|log-on-flash SOCKET");
	if (th_user_loop_init(&slow.loop))
		fail("no event loop");
	th_registry_init(&slow.registry);
	th_sim_random_init(&slow.environment.random, 1);
	make_disk(&slow);
	if (!raw) {
		make_log(&slow, flash);
		make_engine(&slow);
	}
	serve(&slow,
	      raw ? &slow.disk_brick->outputs[TH_SIM_OUTPUT_DISK] : &slow.translog->outputs[0],
	      argv[2]);
	return EXIT_SUCCESS;
}
