// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "harness_internal.h"

static void on_done(struct th_engine_call *call, void *context)
{
	(void)call;
	*(bool *)context = true;
}

void call_start(struct node *node, struct call *call)
{
	call->node = node;
	call->done = false;
	call->call.done = on_done;
	call->call.context = &call->done;
	th_engine_start(node->translog, &call->call);
}

static bool is_done(void *call)
{
	return ((struct call *)call)->done;
}

int call_wait(struct call *call)
{
	char what[32];

	snprintf(what, sizeof(what), "call %d", (int)call->call.operation);
	world_run_until(call->node->world, is_done, call, what);
	if (call->call.error.code)
		call->node->error = call->call.error;
	return call->call.error.code;
}

int node_call(struct node *node, struct th_engine_call *call)
{
	struct call waiting = { .call = *call };

	call_start(node, &waiting);
	call_wait(&waiting);
	*call = waiting.call;
	return call->error.code;
}

int node_do(struct node *node, enum th_engine_operation operation)
{
	struct th_engine_call call = { .operation = operation };

	return node_call(node, &call);
}

int node_create_at(struct node *node, const struct th_position *start,
		   const struct th_position *until)
{
	struct th_engine_call call = {
		.operation = TH_CALL_CREATE,
		.resource_uuid = node->resource_uuid,
		.node_uuid = node->uuid,
		.device_bytes = node->shape.device_bytes,
		.block_bytes = node->shape.block_bytes,
		.start_lsn = start->lsn,
		.epoch = start->epoch,
		.chain = start->chain,
		.inconsistent_until_lsn = until->lsn,
		.inconsistent_until_epoch = until->epoch,
	};

	return node_call(node, &call);
}

int node_create(struct node *node)
{
	static const struct th_position beginning;

	return node_create_at(node, &beginning, &beginning);
}

int node_tune(struct node *node)
{
	struct th_engine_call call = { .operation = TH_CALL_TUNE, .options = node->options };

	return node_call(node, &call);
}

int node_open(struct node *node)
{
	struct th_engine_call call = {
		.operation = TH_CALL_OPEN,
		.resource_uuid = node->resource_uuid,
	};
	int error = node_tune(node);

	return error ? error : node_call(node, &call);
}

static int close(struct node *node, bool drain)
{
	struct th_engine_call call = { .operation = TH_CALL_CLOSE, .drain = drain };

	return node_call(node, &call);
}

int node_close(struct node *node)
{
	return close(node, true);
}

int node_close_undrained(struct node *node)
{
	return close(node, false);
}

int node_attach(struct node *node)
{
	struct th_engine_call call = { .operation = TH_CALL_ATTACH, .write_label = true };

	return node_call(node, &call);
}

int node_primary(struct node *node, uint64_t epoch)
{
	struct th_engine_call call = { .operation = TH_CALL_PRIMARY, .epoch = epoch };

	return node_call(node, &call);
}

static void must(const struct node *node, int error, const char *what)
{
	if (error)
		harness_fail("%s failed (%d): %s", what, error, node->error.text);
}

void node_begin(struct node *node)
{
	must(node, node_create(node), "create");
	must(node, node_open(node), "open");
	must(node, node_attach(node), "attach");
	must(node, node_primary(node, 1), "primary");
}

void node_reopen(struct node *node)
{
	must(node, node_open(node), "open");
	must(node, node_attach(node), "attach");
	node_wait_replayed(node);
}

static bool is_replayed(void *node)
{
	struct th_engine_status status;

	node_status(node, &status);
	return status.replayed_lsn == status.received_lsn;
}

void node_wait_replayed(struct node *node)
{
	world_run_until(node->world, is_replayed, node, "replay");
}

int node_peer_add(struct node *node, const struct th_uuid *peer)
{
	struct th_engine_call call = { .operation = TH_CALL_PEER_ADD, .peer = *peer };

	return node_call(node, &call);
}

int node_peer_durable(struct node *node, const struct th_uuid *peer, uint64_t lsn)
{
	struct th_engine_call call = {
		.operation = TH_CALL_PEER_DURABLE,
		.peer = *peer,
		.lsn = lsn,
	};

	return node_call(node, &call);
}

int node_received(struct node *node, uint64_t epoch, uint64_t start_lsn, uint64_t lsn)
{
	struct th_engine_call call = {
		.operation = TH_CALL_RECEIVED,
		.epoch = epoch,
		.start_lsn = start_lsn,
		.lsn = lsn,
	};

	return node_call(node, &call);
}

int node_cut(struct node *node, uint64_t epoch, uint64_t lsn)
{
	struct th_engine_call call = { .operation = TH_CALL_CUT, .epoch = epoch, .lsn = lsn };

	return node_call(node, &call);
}

int node_replay(struct node *node, bool run, uint64_t until_lsn, uint64_t until_ns)
{
	struct th_engine_call call = {
		.operation = TH_CALL_REPLAY,
		.run = run,
		.until_lsn = until_lsn,
		.until_ns = until_ns,
	};

	return node_call(node, &call);
}

int node_lease(struct node *node, uint64_t lease_ns)
{
	struct th_engine_call call = { .operation = TH_CALL_LEASE, .lease_ns = lease_ns };

	return node_call(node, &call);
}
