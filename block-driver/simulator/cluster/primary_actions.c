// SPDX-License-Identifier: GPL-2.0
/*
 * Actions that concern the primary alone.
 */
#include "actions.h"

#include "../world/failure.h"

static void run_a_while(struct th_cluster *cluster)
{
	th_world_run_for(&cluster->world, 1 + th_sim_random_below(th_cluster_random(cluster),
								  cluster->plan.pause_max_ns * 4));
}

static void expect(int error, int allowed, const char *what)
{
	if (error && error != TH_CRASHED && error != allowed)
		th_fail("%s fails (%d)", what, error);
}

/* The log has to be durable up to where a call says. */
static int act_flush(struct th_cluster *cluster)
{
	struct th_engine_call call = { .operation = TH_CALL_FLUSH };
	int error = th_node_call(&cluster->primary->node, &call);

	if (error == TH_CRASHED)
		return error;
	expect(error, 0, "flush");
	th_oracle_look(&cluster->oracle);
	if (cluster->oracle.durable.position.lsn < call.end_lsn)
		th_fail("flush says that LSN %llu is durable, but it is %llu",
			(unsigned long long)call.end_lsn,
			(unsigned long long)cluster->oracle.durable.position.lsn);
	return 0;
}

static int act_rotate(struct th_cluster *cluster)
{
	int error = th_cluster_call(cluster->primary, TH_CALL_ROTATE);

	expect(error, -ENOSPC, "rotate");
	return error == TH_CRASHED ? error : 0;
}

static int act_checkpoint(struct th_cluster *cluster)
{
	const struct th_log_view view = {
		.directory = &cluster->primary->node.directory,
		.durable = true,
	};
	struct th_engine_call call = { .operation = TH_CALL_CHECKPOINT };
	struct th_meta meta = { 0 };
	int error = th_node_call(&cluster->primary->node, &call);

	if (error == TH_CRASHED)
		return error;
	expect(error, 0, "checkpoint");
	if (!th_log_view_meta(&view, &meta) || meta.checkpoint_lsn < call.end_lsn)
		th_fail("the checkpoint is said to be at LSN %llu, but it is at %llu",
			(unsigned long long)call.end_lsn, (unsigned long long)meta.checkpoint_lsn);
	return 0;
}

static int act_suspend(struct th_cluster *cluster)
{
	int error = th_cluster_call(cluster->primary, TH_CALL_SUSPEND);

	expect(error, 0, "suspend");
	if (error)
		return error;
	th_oracle_look(&cluster->oracle);
	if (cluster->oracle.durable.position.lsn != th_history_end(&cluster->history)->lsn)
		th_fail("I/O is suspended, but the log is not durable");
	cluster->oracle.suspended = true;
	cluster->oracle.suspended_ns = cluster->world.now_ns;
	run_a_while(cluster);
	if (!cluster->primary)
		return TH_CRASHED;
	cluster->oracle.suspended = false;
	error = th_cluster_call(cluster->primary, TH_CALL_RESUME);
	expect(error, 0, "resume");
	return error;
}

/* The lease runs out: nothing is acknowledged (the oracle sees to that), and nothing is lost. */
static int act_lease_lost(struct th_cluster *cluster)
{
	if (!cluster->plan.lease_ns)
		return 0;
	cluster->lease_renewed = false;
	th_world_run_for(&cluster->world, cluster->plan.lease_ns * 2);
	th_cluster_renew_lease(cluster);
	return cluster->primary ? 0 : TH_CRASHED;
}

static int act_tune(struct th_cluster *cluster)
{
	struct th_sim_random *random = th_cluster_random(cluster);
	struct th_engine_options *options = &cluster->plan.options;
	struct th_engine_call call = { .operation = TH_CALL_TUNE };
	int error;

	options->log_sync_ns = th_sim_random_skewed(random, 100 * TH_NS_PER_MS);
	options->writeback_delay_ns = th_sim_random_skewed(random, 100 * TH_NS_PER_MS);
	options->writeback_depth = 1 + (uint32_t)th_sim_random_below(random, 8);
	options->batches_in_flight = 1 + (uint32_t)th_sim_random_below(random, 8);
	call.options = *options;
	error = th_node_call(&cluster->primary->node, &call);
	expect(error, 0, "tune");
	return error;
}

/* Replicas grow before the primary does, so that none ever meets a record behind its end. */
static int act_resize(struct th_cluster *cluster)
{
	uint64_t device_bytes = TH_MIN(cluster->history.device_bytes + 8 * TH_BLOCK_BYTES,
				       cluster->plan.device_bytes_max);
	int error = 0;

	for (uint32_t i = 0; i <= cluster->plan.replica_count; i++) {
		struct th_replica *replica =
			i < cluster->plan.replica_count ? &cluster->replicas[i] : cluster->primary;
		struct th_engine_call call = {
			.operation = TH_CALL_RESIZE,
			.device_bytes = device_bytes,
		};

		if (!replica)
			return TH_CRASHED;
		if (replica == cluster->primary && i < cluster->plan.replica_count)
			continue;
		error = th_node_call(&replica->node, &call);
		expect(error, 0, "resize");
		if (error)
			return error;
	}
	cluster->history.device_bytes = device_bytes;
	return 0;
}

/* Requests fail until all of them were answered. */
static void allow_errors(struct th_cluster *cluster)
{
	cluster->primary->client.errors_allowed = true;
}

static void settle(struct th_cluster *cluster)
{
	th_cluster_quiesce(cluster);
	th_cluster_resume(cluster);
}

static int act_detach(struct th_cluster *cluster)
{
	int error;

	allow_errors(cluster);
	error = th_cluster_call(cluster->primary, TH_CALL_DETACH);
	expect(error, 0, "detach");
	if (error)
		return error;
	run_a_while(cluster);
	if (!cluster->primary)
		return TH_CRASHED;
	error = th_cluster_call(cluster->primary, TH_CALL_ATTACH);
	expect(error, 0, "attach");
	if (error)
		return error;
	settle(cluster);
	return 0;
}

/* Reads, writes and flushes of the disk fail for a while. Nothing that was acknowledged is lost. */
static int act_disk_faults(struct th_cluster *cluster)
{
	struct th_replica *primary = cluster->primary;
	struct th_sim_random *random = th_cluster_random(cluster);

	allow_errors(cluster);
	primary->node.disk.faults = (struct th_sim_faults){
		.read_permille = (uint32_t)th_sim_random_below(random, 300),
		.write_permille = (uint32_t)th_sim_random_below(random, 500),
	};
	if (th_cluster_chance(cluster, 500)) {
		primary->node.disk.faults.bad_position = th_align_down(
			th_sim_random_below(random, cluster->history.device_bytes), TH_BLOCK_BYTES);
		primary->node.disk.faults.bad_length = TH_BLOCK_BYTES;
	}
	run_a_while(cluster);
	primary->node.disk.faults = (struct th_sim_faults){ 0 };
	if (!cluster->primary)
		return TH_CRASHED;
	settle(cluster);
	return 0;
}

/* A failed log is believed no more: the process ends, and another one recovers. */
static int act_log_faults(struct th_cluster *cluster)
{
	struct th_replica *primary = cluster->primary;
	struct th_sim_random *random = th_cluster_random(cluster);

	allow_errors(cluster);
	primary->node.directory.faults = (struct th_sim_faults){
		.write_permille = (uint32_t)th_sim_random_below(random, 200),
		.flush_permille = (uint32_t)th_sim_random_below(random, 200),
	};
	run_a_while(cluster);
	primary->node.directory.faults = (struct th_sim_faults){ 0 };
	if (primary->node.up)
		th_cluster_crash(primary);
	primary->client.errors_allowed = false;
	return TH_CRASHED;
}

/*
 * A disk that could not be flushed is believed no more either. Before the process ends there is time enough to try
 * again: what a failed flush covered would still be lost.
 */
static int act_flush_faults(struct th_cluster *cluster)
{
	struct th_replica *primary = cluster->primary;

	allow_errors(cluster);
	primary->node.disk.faults.flush_permille = 500;
	run_a_while(cluster);
	primary->node.disk.faults = (struct th_sim_faults){ 0 };
	if (th_cluster_chance(cluster, 500)) {
		primary->client.running = false;
		th_world_run_for(&cluster->world, 3 * TH_NS_PER_S);
	}
	if (primary->node.up)
		th_cluster_crash(primary);
	primary->client.errors_allowed = false;
	return TH_CRASHED;
}

static int act_verify(struct th_cluster *cluster)
{
	int error;

	th_cluster_quiesce(cluster);
	error = th_client_verify(&cluster->primary->client, th_history_end(&cluster->history)->lsn);
	expect(error, 0, "reading the device");
	th_cluster_resume(cluster);
	return error;
}

static int act_crash(struct th_cluster *cluster)
{
	th_cluster_crash(cluster->primary);
	return TH_CRASHED;
}

/* Closed with requests under way: they fail or succeed. */
static int act_reopen(struct th_cluster *cluster)
{
	struct th_replica *primary = cluster->primary;
	int error;

	allow_errors(cluster);
	error = th_cluster_close(primary, th_cluster_chance(cluster, 500));
	primary->client.errors_allowed = false;
	return error ? error : TH_CRASHED;
}

static int act_jump_wall(struct th_cluster *cluster)
{
	int64_t by_ns =
		(int64_t)th_sim_random_below(th_cluster_random(cluster), 2 * 3600 * TH_NS_PER_S);

	th_world_jump_wall(&cluster->world, by_ns - (int64_t)(3600 * TH_NS_PER_S));
	return 0;
}

const struct th_action th_primary_actions[] = {
	{ "flush", act_flush, false },
	{ "rotate", act_rotate, false },
	{ "checkpoint", act_checkpoint, false },
	{ "suspend", act_suspend, false },
	{ "lease-lost", act_lease_lost, false },
	{ "tune", act_tune, false },
	{ "resize", act_resize, false },
	{ "detach", act_detach, false },
	{ "disk-faults", act_disk_faults, false },
	{ "flush-faults", act_flush_faults, false },
	{ "log-faults", act_log_faults, false },
	{ "verify", act_verify, true },
	{ "crash", act_crash, false },
	{ "reopen", act_reopen, true },
	{ "jump-wall", act_jump_wall, false },
	{ 0 },
};
