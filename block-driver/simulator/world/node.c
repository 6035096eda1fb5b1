// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "node.h"

#include "client.h"
#include "failure.h"

void th_node_init(struct th_node *node, struct th_world *world, const struct th_node_config *config)
{
	struct th_sim_random *random = th_world_random(world);

	*node = (struct th_node){ .world = world, .config = *config };
	for (uint32_t i = 0; i < TH_UUID_BYTES; i++)
		node->uuid.bytes[i] = (uint8_t)th_sim_random_next(random);
	th_sim_disk_init(&node->disk, &world->environment, config->disk_bytes,
			 config->disk_block_bytes, config->can_crash);
	th_sim_directory_init(&node->directory, &world->environment, config->directory_bytes,
			      config->can_crash);
}

void th_node_destroy(struct th_node *node)
{
	if (node->up)
		th_node_kill(node);
	th_sim_disk_destroy(&node->disk);
	th_sim_directory_destroy(&node->directory);
}

void th_node_clone(struct th_node *copy, struct th_world *world, const struct th_node *node)
{
	*copy = (struct th_node){
		.world = world,
		.config = node->config,
		.uuid = node->uuid,
	};
	th_sim_disk_clone(&copy->disk, &node->disk);
	th_sim_directory_clone(&copy->directory, &node->directory);
	copy->disk.environment = &world->environment;
	copy->directory.environment = &world->environment;
}

static void on_event(void *context, enum th_log_level level, const char *text)
{
	const struct th_node *node = context;

	th_trace("%s: event %d: %s", node->config.name, (int)level, text);
}

static void create(struct th_node *node, const struct th_brick_type *type, const char *name,
		   const void *config, struct th_brick **brick)
{
	struct th_error error = { 0 };

	if (th_registry_add_type(&node->registry, type) ||
	    th_brick_create(&node->registry, type, name, &node->actor.executor, config, brick,
			    &error))
		th_fail("brick %s cannot be created: %s", name, error.text);
}

static void build(struct th_node *node)
{
	const struct th_sim_config storage = {
		.disk = &node->disk,
		.directory = &node->directory,
	};
	const struct th_engine_config engine = {
		.memory = &node->budget,
		.event = on_event,
		.context = node,
	};

	th_registry_init(&node->registry);
	th_memory_budget_init(&node->budget, node->config.memory_bytes);
	create(node, &th_sim_type, "sim", &storage, &node->sim);
	create(node, &th_translog_type, "translog", &engine, &node->translog);
	create(node, &th_client_type, "client", node->client, &node->user);
}

static void connect(struct th_brick *from, uint32_t input, struct th_brick *to, uint32_t output)
{
	int error = th_connect(&from->inputs[input], &to->outputs[output]);

	if (error)
		th_fail("brick %s cannot be connected (%d)", from->name, error);
}

static int switch_on(struct th_node *node, struct th_brick *brick)
{
	uint64_t start_ns = node->world->now_ns;
	struct th_heap *before = th_actor_enter(&node->actor);
	int error = th_brick_power(brick, true, NULL, NULL);

	th_actor_leave(before);
	while (!error && node->up && brick->power == TH_SWITCHING_ON)
		th_node_wait(node, start_ns, "switching on");
	if (!node->up)
		return TH_CRASHED;
	if (error || brick->power != TH_ON)
		th_fail("brick %s cannot be switched on (%d): %s", brick->name, error,
			brick->error.text);
	return 0;
}

int th_node_start(struct th_node *node)
{
	struct th_heap *before;
	int error;

	th_actor_init(&node->actor, node->world, true);
	node->up = true;
	before = th_actor_enter(&node->actor);
	build(node);
	connect(node->translog, TH_ENGINE_INPUT_DISK, node->sim, TH_SIM_OUTPUT_DISK);
	connect(node->translog, TH_ENGINE_INPUT_LOG, node->sim, TH_SIM_OUTPUT_FILES);
	connect(node->user, 0, node->translog, 0);
	th_actor_leave(before);
	error = switch_on(node, node->sim);
	error = error ? error : switch_on(node, node->translog);
	error = error ? error : switch_on(node, node->user);
	return error;
}

static int switch_off(struct th_node *node, struct th_brick *brick)
{
	uint64_t start_ns = node->world->now_ns;
	struct th_heap *before = th_actor_enter(&node->actor);
	int error = th_brick_power(brick, false, NULL, NULL);

	th_actor_leave(before);
	while (!error && node->up && brick->power != TH_OFF)
		th_node_wait(node, start_ns, "switching off");
	if (error)
		th_fail("brick %s cannot be switched off (%d)", brick->name, error);
	return node->up ? 0 : TH_CRASHED;
}

static void on_drained(struct th_input *input, void *context)
{
	bool *drained = context;

	(void)input;
	*drained = true;
}

static int disconnect(struct th_node *node, struct th_input *input)
{
	uint64_t start_ns = node->world->now_ns;
	bool drained = false;
	struct th_heap *before = th_actor_enter(&node->actor);
	int error = th_disconnect(input, on_drained, &drained);

	th_actor_leave(before);
	while (!error && node->up && !drained)
		th_node_wait(node, start_ns, "disconnecting");
	if (error)
		th_fail("an input of brick %s cannot be disconnected (%d)", input->brick->name,
			error);
	return node->up ? 0 : TH_CRASHED;
}

static void take_apart(struct th_node *node)
{
	struct th_heap *before = th_actor_enter(&node->actor);

	if (th_brick_destroy(&node->registry, node->user) ||
	    th_brick_destroy(&node->registry, node->translog) ||
	    th_brick_destroy(&node->registry, node->sim))
		th_fail("%s: a brick is still in use", node->config.name);
	th_memory_budget_destroy(&node->budget);
	th_actor_leave(before);
	if (node->actor.heap.count)
		th_fail("%s: %u pieces of memory were never freed", node->config.name,
			node->actor.heap.count);
}

int th_node_stop(struct th_node *node)
{
	if (switch_off(node, node->user) || switch_off(node, node->translog) ||
	    switch_off(node, node->sim) || disconnect(node, &node->user->inputs[0]) ||
	    disconnect(node, &node->translog->inputs[TH_ENGINE_INPUT_DISK]) ||
	    disconnect(node, &node->translog->inputs[TH_ENGINE_INPUT_LOG]))
		return TH_CRASHED;
	take_apart(node);
	th_actor_kill(&node->actor);
	node->up = false;
	node->crash_armed = false;
	return 0;
}

void th_node_kill(struct th_node *node)
{
	th_trace("%s: killed", node->config.name);
	if (node->client)
		th_client_killed(node->client);
	th_actor_kill(&node->actor);
	node->up = false;
	node->crash_armed = false;
	node->crashes++;
}

void th_node_lose(struct th_node *node, struct th_sim_loss *loss)
{
	th_sim_disk_crash(&node->disk, loss);
	th_sim_directory_crash(&node->directory, loss);
}

void th_node_abandon(struct th_node *node)
{
	th_sim_media_abandon(&node->disk.media, th_world_random(node->world));
	th_sim_directory_abandon(&node->directory, th_world_random(node->world));
}

void th_node_crash_after(struct th_node *node, uint64_t events)
{
	node->crash_armed = true;
	node->crash_event = node->world->environment.events + events;
	node->world->stop_event = TH_MIN(node->world->stop_event, node->crash_event);
}

void th_node_wait(struct th_node *node, uint64_t start_ns, const char *what)
{
	struct th_world *world = node->world;

	if (!th_world_step(world))
		th_fail("%s: %s will never end: nothing is under way any more", node->config.name,
			what);
	if (world->now_ns - start_ns > TH_PATIENCE_NS)
		th_fail("%s: %s takes too long", node->config.name, what);
}

static void call_done(struct th_engine_call *call, void *context)
{
	bool *done = context;

	(void)call;
	*done = true;
}

int th_node_call(struct th_node *node, struct th_engine_call *call)
{
	uint64_t start_ns = node->world->now_ns;
	bool done = false;
	struct th_heap *before;
	char what[32];

	if (!node->up)
		return TH_CRASHED;
	snprintf(what, sizeof(what), "call %d", (int)call->operation);
	call->done = call_done;
	call->context = &done;
	before = th_actor_enter(&node->actor);
	th_engine_start(node->translog, call);
	th_actor_leave(before);
	while (!done && node->up)
		th_node_wait(node, start_ns, what);
	if (!node->up)
		return TH_CRASHED;
	th_trace("%s: %s: %d %s", node->config.name, what, call->error.code, call->error.text);
	return call->error.code;
}

void th_node_status(struct th_node *node, struct th_engine_status *status)
{
	struct th_heap *before = th_actor_enter(&node->actor);

	th_engine_status(node->translog, status);
	th_actor_leave(before);
}
