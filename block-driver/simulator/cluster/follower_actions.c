// SPDX-License-Identifier: GPL-2.0
/*
 * Actions that concern a follower.
 */
#include "actions.h"

#include "../world/failure.h"

/* One that runs; NULL: there is none. */
static struct th_replica *choose_follower(struct th_cluster *cluster)
{
	uint32_t first = (uint32_t)th_sim_random_below(th_cluster_random(cluster),
						       cluster->plan.replica_count);

	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica =
			&cluster->replicas[(first + i) % cluster->plan.replica_count];

		if (replica != cluster->source && replica->node.up && replica->is_open &&
		    !replica->apart)
			return replica;
	}
	return NULL;
}

static int replay(struct th_replica *replica, const struct th_engine_call *how)
{
	struct th_engine_call call = *how;
	int error;

	call.operation = TH_CALL_REPLAY;
	error = th_node_call(&replica->node, &call);
	if (error && error != TH_CRASHED && error != -EINVAL)
		th_fail("%s: replay cannot be told (%d): %s", replica->node.config.name, error,
			call.error.text);
	return error;
}

static int run_freely(struct th_replica *replica)
{
	return replay(replica, &(struct th_engine_call){ .run = true });
}

/* Until replay does not move any more. */
static int wait_paused(struct th_replica *replica)
{
	uint64_t start_ns = replica->cluster->world.now_ns;
	struct th_engine_status status;

	do {
		if (!replica->node.up)
			return TH_CRASHED;
		th_node_status(&replica->node, &status);
		if (status.replay_paused)
			return 0;
		th_node_wait(&replica->node, start_ns, "the pause of replay");
	} while (true);
}

static int pause_and_compare(struct th_replica *replica)
{
	if (replay(replica, &(struct th_engine_call){ .run = false }) || wait_paused(replica) ||
	    th_cluster_compare(replica))
		return TH_CRASHED;
	return run_freely(replica);
}

static int act_pause(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);

	return replica ? pause_and_compare(replica) : 0;
}

/* Replay as @how says, for a while. Returns the status then, and how far it may have got anyway. */
static int replay_until(struct th_replica *replica, const struct th_engine_call *how,
			struct th_engine_status *status, uint64_t *mandatory_lsn)
{
	int error;

	/* What the disk may hold already is replayed in any case. */
	th_node_status(&replica->node, status);
	*mandatory_lsn = TH_MAX(status->applied_limit_lsn, status->replayed_lsn);
	error = replay(replica, how);
	if (error)
		return error;
	th_world_run_for(&replica->cluster->world, replica->cluster->plan.pause_max_ns);
	if (!replica->node.up)
		return TH_CRASHED;
	th_node_status(&replica->node, status);
	return 0;
}

/* Replay until an LSN that is received or will be: it stops at the last batch that ends there or before. */
static int act_until_lsn(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);
	struct th_engine_call call = { .run = true };
	struct th_engine_status status;
	uint64_t mandatory_lsn;
	int error;

	if (!replica)
		return 0;
	th_node_status(&replica->node, &status);
	call.until_lsn = status.replayed_lsn + 1 +
			 th_sim_random_below(th_cluster_random(cluster), 64 * TH_KIB);
	error = replay_until(replica, &call, &status, &mandatory_lsn);
	if (error)
		return error == TH_CRASHED ? error : run_freely(replica);
	if (status.replayed_lsn > TH_MAX(call.until_lsn, mandatory_lsn))
		th_fail("%s: replay was to stop at LSN %llu, but is at %llu",
			replica->node.config.name, (unsigned long long)call.until_lsn,
			(unsigned long long)status.replayed_lsn);
	return pause_and_compare(replica);
}

/* Replay until a time: batches of that time and before, none behind. */
static int act_until_time(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);
	struct th_engine_call call = { .run = true };
	struct th_engine_status status;
	uint64_t mandatory_lsn;
	int error;

	if (!replica)
		return 0;
	th_node_status(&replica->node, &status);
	call.until_ns = status.end_time_ns + 1 +
			th_sim_random_below(th_cluster_random(cluster), cluster->plan.pause_max_ns);
	error = replay_until(replica, &call, &status, &mandatory_lsn);
	if (error)
		return error;
	if (status.end_time_ns > call.until_ns && status.replayed_lsn > mandatory_lsn)
		th_fail("%s: replay was to stop at %llu, but is at %llu", replica->node.config.name,
			(unsigned long long)call.until_ns, (unsigned long long)status.end_time_ns);
	return pause_and_compare(replica);
}

static int act_cut_link(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);

	if (replica)
		replica->shipping.cut = !replica->shipping.cut;
	return 0;
}

static int act_crash_follower(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);

	if (!replica)
		return 0;
	th_cluster_crash(replica);
	th_cluster_revive(replica);
	return 0;
}

static int act_reopen_follower(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);
	bool cut;
	int error;

	if (!replica)
		return 0;
	/* What arrives between the last announcement and the end of the process is only received twice. */
	cut = replica->shipping.cut;
	replica->shipping.cut = true;
	error = th_cluster_close(replica, th_cluster_chance(cluster, 500));
	replica->shipping.cut = cut;
	if (!error)
		th_cluster_revive(replica);
	return error;
}

static int act_checkpoint_follower(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);
	int error = replica ? th_cluster_call(replica, TH_CALL_CHECKPOINT) : 0;

	if (error && error != TH_CRASHED)
		th_fail("checkpoint of a follower fails (%d)", error);
	return error;
}

static int act_rebuild(struct th_cluster *cluster)
{
	struct th_replica *replica = choose_follower(cluster);

	return replica ? th_cluster_rebuild(replica) : 0;
}

const struct th_action th_follower_actions[] = {
	{ "pause", act_pause, false },
	{ "until-lsn", act_until_lsn, false },
	{ "until-time", act_until_time, false },
	{ "cut-link", act_cut_link, false },
	{ "crash-follower", act_crash_follower, false },
	{ "reopen-follower", act_reopen_follower, true },
	{ "checkpoint-follower", act_checkpoint_follower, false },
	{ "rebuild", act_rebuild, true },
	{ 0 },
};
