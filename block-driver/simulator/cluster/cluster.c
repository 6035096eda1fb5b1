// SPDX-License-Identifier: GPL-2.0
/*
 * Setting a cluster up; who is watched by whom.
 */
#include "cluster.h"

#include "../world/failure.h"

#define LEASE_RENEWALS 3u /* in the time of a lease */

struct th_statistics th_statistics;

int th_cluster_call(struct th_replica *replica, enum th_engine_operation operation)
{
	struct th_engine_call call = { .operation = operation };

	return th_node_call(&replica->node, &call);
}

/* ---- the oracle watches ---- */

static void on_disk_write(void *context, uint64_t position, uint64_t length, const uint8_t *data)
{
	struct th_replica *replica = context;
	struct th_cluster *cluster = replica->cluster;
	uint64_t durable_lsn;

	if (replica->apart)
		return;
	th_oracle_look(&cluster->oracle);
	durable_lsn = cluster->oracle.primary == &replica->node ?
			      cluster->oracle.durable.position.lsn :
			      TH_MAX(replica->shipping.flushed_lsn, replica->remains.end_lsn);
	th_oracle_check_disk_write(&cluster->history, &replica->node, durable_lsn, position, length,
				   data);
}

static void on_removal(void *context, const struct th_sim_name *name)
{
	struct th_replica *replica = context;
	struct th_cluster *cluster = replica->cluster;

	if (!replica->apart)
		th_oracle_check_removal(&cluster->history,
					replica == cluster->source ? &cluster->oracle : NULL,
					&replica->node, name);
}

static void watch_storage(struct th_replica *replica)
{
	struct th_node *node = &replica->node;
	uint64_t delay_max_ns = replica->cluster->plan.delay_max_ns;

	node->disk.writing = on_disk_write;
	node->disk.writing_context = replica;
	node->directory.removing = on_removal;
	node->directory.removing_context = replica;
	th_sim_timing_chance(&node->disk.timing, delay_max_ns / 100, delay_max_ns);
	th_sim_timing_chance(&node->directory.timing, delay_max_ns / 100, delay_max_ns);
	node->disk.timing.hang_permille = replica->cluster->plan.hang_permille;
	node->disk.timing.hang_max_ns = delay_max_ns * 20;
	node->directory.timing.hang_permille = replica->cluster->plan.hang_permille;
	node->directory.timing.hang_max_ns = delay_max_ns * 20;
}

static void client_looks(void *context)
{
	struct th_cluster *cluster = context;

	th_oracle_look(&cluster->oracle);
}

static void client_acknowledged(void *context, uint64_t end_lsn, bool promised)
{
	struct th_cluster *cluster = context;

	th_oracle_acknowledged(&cluster->oracle, end_lsn, promised);
}

static void client_read(void *context, uint64_t issued_ns)
{
	struct th_cluster *cluster = context;

	th_oracle_read(&cluster->oracle, issued_ns);
}

/* ---- leases ---- */

static void on_lease(struct th_engine_call *call, void *context)
{
	struct th_cluster *cluster = context;

	(void)call;
	cluster->lease_busy = false;
}

void th_cluster_renew_lease(struct th_cluster *cluster)
{
	struct th_heap *before;

	cluster->lease_renewed = true;
	if (!cluster->plan.lease_ns || cluster->lease_busy || !cluster->primary ||
	    !cluster->primary->node.up)
		return;
	cluster->lease = (struct th_engine_call){
		.operation = TH_CALL_LEASE,
		.lease_ns = cluster->plan.lease_ns,
		.done = on_lease,
		.context = cluster,
	};
	cluster->lease_busy = true;
	cluster->oracle.lease_end_ns = cluster->world.now_ns + cluster->plan.lease_ns;
	before = th_actor_enter(&cluster->primary->node.actor);
	th_engine_start(cluster->primary->node.translog, &cluster->lease);
	th_actor_leave(before);
}

static void on_lease_timer(struct th_timer *timer)
{
	struct th_cluster *cluster = th_container_of(timer, struct th_cluster, lease_timer);

	th_executor_arm(&cluster->outside.executor, timer,
			cluster->world.now_ns + cluster->plan.lease_ns / LEASE_RENEWALS);
	if (cluster->lease_renewed)
		th_cluster_renew_lease(cluster);
}

/* ---- setting up ---- */

/* Processes that are due to die do so. */
static void on_stop(void *context)
{
	struct th_cluster *cluster = context;
	uint64_t events = cluster->world.environment.events;
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_node *node = &cluster->replicas[i].node;

		if (node->crash_armed && node->crash_event <= events && node->up)
			th_cluster_crash(&cluster->replicas[i]);
		if (node->crash_armed)
			next = TH_MIN(next, node->crash_event);
	}
	cluster->world.stop_event = next;
}

static void init_disk(struct th_replica *replica)
{
	const struct th_plan *plan = &replica->cluster->plan;
	struct th_sim_media *media = &replica->node.disk.media;

	if (!plan->stamped_at_first)
		return;
	th_stamp(media->current, TH_ID_INITIAL, 0, plan->device_bytes_max);
	memcpy(media->durable, media->current, media->bytes);
}

static void init_client(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;

	th_client_init(&replica->client, &replica->node, &cluster->history,
		       cluster->plan.mix.length_max_bytes);
	replica->client.mix = cluster->plan.mix;
	replica->client.budget = &cluster->budget;
	replica->client.watch = (struct th_client_watch){
		.look = client_looks,
		.acknowledged = client_acknowledged,
		.read = client_read,
		.context = cluster,
	};
	replica->node.client = &replica->client;
}

static void init_replica(struct th_cluster *cluster, uint32_t index)
{
	const struct th_plan *plan = &cluster->plan;
	struct th_replica *replica = &cluster->replicas[index];
	const struct th_node_config config = {
		.name = { (char)('a' + index) },
		.disk_bytes = plan->device_bytes_max + (plan->labelled ? 2 * TH_BLOCK_BYTES : 0),
		.disk_block_bytes = plan->block_bytes,
		.directory_bytes = plan->options.log_limit_bytes * 2 + 16 * TH_MIB,
		.memory_bytes = plan->memory_bytes,
		.can_crash = true,
	};

	replica->cluster = cluster;
	th_node_init(&replica->node, &cluster->world, &config);
	init_client(replica);
	watch_storage(replica);
	init_disk(replica);
	th_shipping_init(replica);
}

void th_cluster_fork(struct th_cluster *twin, const struct th_cluster *cluster)
{
	struct th_replica *replica = &twin->replicas[0];

	TH_ASSERT(cluster->plan.replica_count == 1);
	*twin = (struct th_cluster){
		.plan = cluster->plan,
		.epoch = cluster->epoch,
		.oracle = cluster->oracle,
		.source = replica,
	};
	th_world_init(&twin->world, cluster->world.environment.events);
	twin->world.stopped = on_stop;
	twin->world.stopped_context = twin;
	twin->world.wall_offset_ns = (int64_t)cluster->world.now_ns;
	th_history_clone(&twin->history, &cluster->history);
	twin->oracle.history = &twin->history;
	th_actor_init(&twin->outside, &twin->world, false);
	replica->cluster = twin;
	th_node_clone(&replica->node, &twin->world, &cluster->replicas[0].node);
	init_client(replica);
	watch_storage(replica);
	th_timer_init(&replica->shipping.timer, NULL);
}

void th_cluster_create(struct th_replica *replica, const struct th_position *start,
		       const struct th_position *until)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_engine_call call = {
		.operation = TH_CALL_CREATE,
		.resource_uuid = cluster->history.resource_uuid,
		.node_uuid = replica->node.uuid,
		.device_bytes = cluster->history.device_bytes,
		.block_bytes = cluster->plan.block_bytes,
		.start_lsn = start->lsn,
		.epoch = start->epoch,
		.chain = start->chain,
		.inconsistent_until_lsn = until->lsn,
		.inconsistent_until_epoch = until->epoch,
	};

	replica->until_lsn = until->lsn;
	if (th_node_start(&replica->node) || th_node_call(&replica->node, &call))
		th_fail("%s: the replica cannot be created: %s", replica->node.config.name,
			call.error.text);
	th_cluster_crash(replica);
	th_cluster_revive(replica);
}

void th_cluster_init(struct th_cluster *cluster, uint64_t seed, const struct th_plan *plan)
{
	static const struct th_position beginning;
	struct th_uuid uuid;

	*cluster = (struct th_cluster){ .plan = *plan, .budget = plan->requests };
	th_world_init(&cluster->world, seed);
	cluster->world.stopped = on_stop;
	cluster->world.stopped_context = cluster;
	for (uint32_t i = 0; i < TH_UUID_BYTES; i++)
		uuid.bytes[i] = (uint8_t)th_sim_random_next(th_cluster_random(cluster));
	th_history_init(&cluster->history, &uuid, plan->block_bytes, plan->device_bytes,
			plan->device_bytes_max, plan->stamped_at_first);
	th_oracle_init(&cluster->oracle, &cluster->history);
	cluster->oracle.durability_remote = plan->options.durability_remote;
	cluster->oracle.log_limit_bytes = plan->options.log_limit_bytes;
	cluster->oracle.segment_bytes = plan->options.segment_bytes;
	cluster->oracle.lease = plan->lease_ns != 0;
	cluster->oracle.lease_reads = plan->options.lease_reads;
	th_actor_init(&cluster->outside, &cluster->world, false);
	for (uint32_t i = 0; i < plan->replica_count; i++)
		init_replica(cluster, i);
	cluster->source = &cluster->replicas[0];
	for (uint32_t i = 0; i < plan->replica_count; i++)
		th_cluster_create(&cluster->replicas[i], &beginning, &beginning);
	th_timer_init(&cluster->lease_timer, on_lease_timer);
	if (plan->lease_ns)
		th_executor_arm(&cluster->outside.executor, &cluster->lease_timer, 1);
	th_cluster_mend(cluster);
}

void th_cluster_destroy(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		th_statistics.requests += replica->client.answered;
		th_statistics.crashes += replica->node.crashes;
		th_node_destroy(&replica->node);
		th_client_destroy(&replica->client);
	}
	th_statistics.runs++;
	th_statistics.simulated_ns += cluster->world.now_ns;
	th_actor_kill(&cluster->outside);
	th_history_destroy(&cluster->history);
}
