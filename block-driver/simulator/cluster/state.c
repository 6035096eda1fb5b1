// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing a cluster into a state in which something can be expected of it.
 */
#include "cluster.h"

#include "../world/failure.h"

/* ---- waiting ---- */

int th_cluster_wait_replayed(struct th_replica *replica)
{
	const struct th_history *history = &replica->cluster->history;
	uint64_t start_ns = replica->cluster->world.now_ns;
	struct th_engine_status status;

	while (replica->node.up) {
		th_node_status(&replica->node, &status);
		/* The last batch may be there in part. */
		if (status.replayed_lsn ==
		    th_history_boundary_below(history, status.received_lsn)->position.lsn)
			return 0;
		if (status.replay_paused)
			th_fail("%s: replay stops at LSN %llu of %llu: %s",
				replica->node.config.name, (unsigned long long)status.replayed_lsn,
				(unsigned long long)status.received_lsn, status.error.text);
		th_node_wait(&replica->node, start_ns, "replay");
	}
	return TH_CRASHED;
}

int th_cluster_wait_received(struct th_replica *replica)
{
	uint64_t start_ns = replica->cluster->world.now_ns;
	uint64_t end_lsn = th_history_end(&replica->cluster->history)->lsn;

	while (replica->node.up && !replica->shipping.starved) {
		if (replica->shipping.announced_lsn == end_lsn && !replica->shipping.received_busy)
			return 0;
		th_node_wait(&replica->node, start_ns, "shipping");
	}
	return replica->node.up ? -ENODATA : TH_CRASHED;
}

int th_cluster_compare(struct th_replica *replica)
{
	const struct th_history *history = &replica->cluster->history;
	struct th_engine_status status;
	const struct th_boundary *boundary;

	th_node_status(&replica->node, &status);
	boundary = th_history_boundary(history, status.replayed_lsn);
	if (!boundary)
		th_fail("%s: replay is at LSN %llu, where nothing ends", replica->node.config.name,
			(unsigned long long)status.replayed_lsn);
	if (boundary->position.chain != status.end_chain && status.replayed_lsn)
		th_fail("%s: replay is at LSN %llu with another chain value than the history",
			replica->node.config.name, (unsigned long long)status.replayed_lsn);
	if (status.consistent != (status.replayed_lsn >= replica->until_lsn))
		th_fail("%s: has replayed up to LSN %llu, but says that it is %sconsistent",
			replica->node.config.name, (unsigned long long)status.replayed_lsn,
			status.consistent ? "" : "not ");
	if (!status.consistent)
		return 0;
	return th_client_verify(&replica->client, status.replayed_lsn);
}

/* ---- mending ---- */

static void calm_down(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		replica->node.crash_armed = false;
		replica->node.disk.faults = (struct th_sim_faults){ 0 };
		replica->node.directory.faults = (struct th_sim_faults){ 0 };
		replica->shipping.cut = false;
	}
	cluster->world.stop_event = UINT64_MAX;
}

static void revive_all(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++)
		th_cluster_revive(&cluster->replicas[i]);
}

/* The source becomes primary again. Its log may be full: then the others must get on first, and its checkpoint. */
static void promote_source(struct th_cluster *cluster)
{
	uint64_t start_ns = cluster->world.now_ns;

	while (!cluster->primary) {
		int error;

		th_cluster_revive(cluster->source);
		error = th_cluster_promote(cluster->source);
		if (error != -ENOSPC)
			continue;
		if (cluster->world.now_ns - start_ns > TH_PATIENCE_NS)
			th_fail("%s: the log stays full, so nobody can become primary",
				cluster->source->node.config.name);
		th_world_run_for(&cluster->world, 100 * TH_NS_PER_MS);
	}
}

/* Every follower is registered; who has no way to go on from the log is built anew. */
static void admit_followers(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];
		int error = 0;

		if (replica == cluster->source)
			continue;
		if (!replica->registered && !replica->apart)
			error = th_cluster_register(cluster->source, replica);
		if (!error && (replica->shipping.starved || replica->apart))
			error = th_cluster_rebuild(replica);
		if (error)
			th_fail("%s: cannot follow (%d)", replica->node.config.name, error);
	}
}

static void release_requests(struct th_cluster *cluster)
{
	if (cluster->oracle.suspended) {
		cluster->oracle.suspended = false;
		th_cluster_call(cluster->primary, TH_CALL_RESUME);
	}
	th_cluster_renew_lease(cluster);
}

void th_cluster_mend(struct th_cluster *cluster)
{
	calm_down(cluster);
	revive_all(cluster);
	promote_source(cluster);
	release_requests(cluster);
	admit_followers(cluster);
}

void th_cluster_quiesce(struct th_cluster *cluster)
{
	uint64_t start_ns = cluster->world.now_ns;

	th_cluster_mend(cluster);
	cluster->primary->client.running = false;
	/* Who is starved while requests still wait for log space is of no help to them: again. */
	while (cluster->primary->client.outstanding) {
		th_node_wait(&cluster->primary->node, start_ns, "the answer to a request");
		admit_followers(cluster);
	}
	cluster->primary->client.errors_allowed = false;
	th_oracle_look(&cluster->oracle);
}

void th_cluster_wait_all(struct th_cluster *cluster)
{
	/* Only what is durable is shipped. */
	th_cluster_call(cluster->primary, TH_CALL_FLUSH);
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica == cluster->primary)
			continue;
		while (th_cluster_wait_received(replica))
			admit_followers(cluster);
		if (th_cluster_wait_replayed(replica))
			th_fail("%s: died although nothing lets it", replica->node.config.name);
	}
}

void th_cluster_resume(struct th_cluster *cluster)
{
	if (cluster->primary)
		th_client_run(&cluster->primary->client);
}
