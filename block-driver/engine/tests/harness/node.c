// SPDX-License-Identifier: GPL-2.0
/*
 * A process that dies is closed on the storage it had, out of sight: the next one goes on with a copy that was made at the
 * moment of its death.
 */
#include <stdio.h>
#include <stdlib.h>

#include "harness_internal.h"

#define USER_REQUESTS 512u
#define DELAY_MIN_NS  (10 * TH_NS_PER_US)
#define DELAY_MAX_NS  (500 * TH_NS_PER_US)

const struct node_shape node_shape_default = {
	.device_bytes = 4 * TH_MIB,
	.disk_bytes = 4 * TH_MIB + TH_BLOCK_BYTES,
	.directory_bytes = 64 * TH_MIB,
	.memory_bytes = 8 * TH_MIB,
	.block_bytes = 4096,
	.disk_block_bytes = 512,
};

static void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		harness_fail("the test itself is out of memory");
	return memory;
}

/* ---- the user's brick ---- */

static int user_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct user_brick *user = th_container_of(brick, struct user_brick, brick);

	(void)error;
	user->node = *(struct node *const *)config;
	return th_request_pool_create(&brick->inputs[0], USER_REQUESTS, &user->pool);
}

static void user_destroy(struct th_brick *brick)
{
	th_request_pool_destroy(th_container_of(brick, struct user_brick, brick)->pool);
}

static void user_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

const struct th_brick_type user_brick_type = {
	.name = "user",
	.brick_bytes = sizeof(struct user_brick),
	.aspect_bytes = sizeof(struct io *),
	.input_count = 1,
	.inputs = { { "device", TH_PORT_BLOCK } },
	.create = user_create,
	.destroy = user_destroy,
	.power = user_power,
};

/* ---- storage ---- */

static void storage_destroy(struct th_sim_disk *disk, struct th_sim_directory *directory)
{
	th_sim_disk_destroy(disk);
	th_sim_directory_destroy(directory);
	free(disk);
	free(directory);
}

static void storage_init(struct node *node)
{
	struct th_sim_environment *environment = &node->world->environment;

	node->disk = allocate(sizeof(*node->disk));
	node->directory = allocate(sizeof(*node->directory));
	th_sim_disk_init(node->disk, environment, node->shape.disk_bytes,
			 node->shape.disk_block_bytes, true);
	th_sim_directory_init(node->directory, environment, node->shape.directory_bytes, true);
	th_sim_timing_chance(&node->disk->timing, DELAY_MIN_NS, DELAY_MAX_NS);
	th_sim_timing_chance(&node->directory->timing, DELAY_MIN_NS, DELAY_MAX_NS);
}

/* ---- the process ---- */

static void on_event(void *context, enum th_log_level level, const char *text)
{
	struct node *node = context;

	(void)level;
	snprintf(node->events[node->event_count % EVENTS_KEPT], TH_ERROR_TEXT_MAX, "%s", text);
	node->event_count++;
}

bool node_said(const struct node *node, const char *text)
{
	for (uint32_t i = 0; i < TH_MIN(node->event_count, EVENTS_KEPT); i++)
		if (strstr(node->events[i], text))
			return true;
	return false;
}

static struct th_brick *create(struct node *node, const struct th_brick_type *type,
			       const void *config)
{
	struct world *world = node->world;
	struct th_error error = { 0 };
	struct th_brick *brick;
	char name[TH_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s%u", type->name, world->processes);
	if (!th_registry_find_type(&world->registry, type->name))
		TH_ASSERT(th_registry_add_type(&world->registry, type) == 0);
	if (th_brick_create(&world->registry, type, name, &world->executor, config, &brick, &error))
		harness_fail("%s: %s", name, error.text);
	return brick;
}

static void connect(struct th_brick *from, uint32_t input, struct th_brick *to, uint32_t output)
{
	TH_ASSERT(th_connect(&from->inputs[input], &to->outputs[output]) == 0);
}

static bool is_on(void *brick)
{
	return ((struct th_brick *)brick)->power == TH_ON;
}

static void switch_on(struct node *node, struct th_brick *brick)
{
	TH_ASSERT(th_brick_power(brick, true, NULL, NULL) == 0);
	world_run_until(node->world, is_on, brick, "switching on");
}

static void process_begin(struct node *node)
{
	struct process *process = allocate(sizeof(*process));
	const struct th_sim_config storage = { .disk = node->disk, .directory = node->directory };
	const struct th_engine_config engine = {
		.memory = &process->budget,
		.event = on_event,
		.context = node,
	};

	node->world->processes++;
	th_memory_budget_init(&process->budget, node->shape.memory_bytes);
	process->sim = create(node, &th_sim_type, &storage);
	process->faults =
		th_container_of(create(node, &fault_brick_type, NULL), struct fault_brick, brick);
	process->translog = create(node, &th_translog_type, &engine);
	process->user =
		th_container_of(create(node, &user_brick_type, &node), struct user_brick, brick);
	connect(&process->faults->brick, FAULT_DISK, process->sim, TH_SIM_OUTPUT_DISK);
	connect(&process->faults->brick, FAULT_FILES, process->sim, TH_SIM_OUTPUT_FILES);
	connect(process->translog, TH_ENGINE_INPUT_DISK, &process->faults->brick, FAULT_DISK);
	connect(process->translog, TH_ENGINE_INPUT_LOG, &process->faults->brick, FAULT_FILES);
	connect(&process->user->brick, 0, process->translog, 0);
	switch_on(node, process->sim);
	switch_on(node, &process->faults->brick);
	switch_on(node, process->translog);
	switch_on(node, &process->user->brick);
	node->process = process;
	node->translog = process->translog;
	node->faults = process->faults;
}

static bool is_off(void *brick)
{
	return ((struct th_brick *)brick)->power == TH_OFF;
}

static void switch_off(struct node *node, struct th_brick *brick)
{
	TH_ASSERT(th_brick_power(brick, false, NULL, NULL) == 0);
	world_run_until(node->world, is_off, brick, "switching off");
}

static bool is_disconnected(void *input)
{
	return ((struct th_input *)input)->output == NULL;
}

static void disconnect(struct node *node, struct th_brick *brick, uint32_t input)
{
	if (!brick->inputs[input].output)
		return;
	TH_ASSERT(th_disconnect(&brick->inputs[input], NULL, NULL) == 0);
	world_run_until(node->world, is_disconnected, &brick->inputs[input], "disconnecting");
}

static void process_end(struct node *node)
{
	struct process *process = node->process;
	struct th_registry *registry = &node->world->registry;

	fault_remove_all(process->faults);
	node_close_undrained(node);
	switch_off(node, &process->user->brick);
	switch_off(node, process->translog);
	switch_off(node, &process->faults->brick);
	switch_off(node, process->sim);
	disconnect(node, &process->user->brick, 0);
	disconnect(node, process->translog, TH_ENGINE_INPUT_DISK);
	disconnect(node, process->translog, TH_ENGINE_INPUT_LOG);
	disconnect(node, &process->faults->brick, FAULT_DISK);
	disconnect(node, &process->faults->brick, FAULT_FILES);
	TH_ASSERT(th_brick_destroy(registry, &process->user->brick) == 0);
	TH_ASSERT(th_brick_destroy(registry, process->translog) == 0);
	TH_ASSERT(th_brick_destroy(registry, &process->faults->brick) == 0);
	TH_ASSERT(th_brick_destroy(registry, process->sim) == 0);
	th_memory_budget_destroy(&process->budget);
	free(process);
	node->process = NULL;
}

/* ---- its life ---- */

void node_init(struct node *node, struct world *world, const struct node_shape *shape)
{
	static uint8_t number;

	*node = (struct node){ .world = world, .shape = *shape };
	th_engine_options_default(&node->options);
	node->options.segment_bytes = 4 * TH_MIB;
	node->options.log_limit_bytes = 48 * TH_MIB;
	node->options.dirty_extents_max = 4096;
	memset(node->resource_uuid.bytes, 0xaa, TH_UUID_BYTES);
	memset(node->uuid.bytes, ++number ? number : ++number, TH_UUID_BYTES);
	storage_init(node);
	process_begin(node);
}

void node_destroy(struct node *node)
{
	process_end(node);
	storage_destroy(node->disk, node->directory);
}

/* The storage as it is now. Open files are closed in a copy. */
struct remains {
	struct th_sim_disk *disk;
	struct th_sim_directory *directory;
};

static struct remains copy_storage(const struct node *node)
{
	struct remains remains = {
		.disk = allocate(sizeof(*remains.disk)),
		.directory = allocate(sizeof(*remains.directory)),
	};

	th_sim_disk_clone(remains.disk, node->disk);
	th_sim_directory_clone(remains.directory, node->directory);
	return remains;
}

static void live_on(struct node *node, const struct remains *remains)
{
	node->disk->faults = (struct th_sim_faults){ 0 };
	node->directory->faults = (struct th_sim_faults){ 0 };
	node->directory->removing = NULL;
	process_end(node);
	storage_destroy(node->disk, node->directory);
	node->disk = remains->disk;
	node->directory = remains->directory;
	process_begin(node);
}

/* What the kernel was asked for it still does. */
static void end_writes(struct th_sim_media *media)
{
	while (!th_list_empty(&media->in_flight))
		th_sim_media_end(media, th_list_first(&media->in_flight, struct th_sim_write, link),
				 false);
}

void node_kill(struct node *node)
{
	struct remains remains = copy_storage(node);
	struct th_list *link;

	end_writes(&remains.disk->media);
	th_list_for_each(link, &remains.directory->inodes)
		end_writes(&th_list_entry(link, struct th_sim_inode, link)->media);
	live_on(node, &remains);
}

void node_power_cut(struct node *node, enum th_sim_loss_mode mode)
{
	struct remains remains = copy_storage(node);
	struct th_sim_loss loss = {
		.mode = mode,
		.random = &node->world->environment.random,
		.keep_permille = 500,
	};

	th_sim_disk_crash(remains.disk, &loss);
	th_sim_directory_crash(remains.directory, &loss);
	live_on(node, &remains);
}

void node_disconnect_disk(struct node *node)
{
	disconnect(node, node->translog, TH_ENGINE_INPUT_DISK);
}

void node_connect_disk(struct node *node)
{
	connect(node->translog, TH_ENGINE_INPUT_DISK, &node->faults->brick, FAULT_DISK);
}

void node_status(const struct node *node, struct th_engine_status *status)
{
	th_engine_status(node->translog, status);
}
