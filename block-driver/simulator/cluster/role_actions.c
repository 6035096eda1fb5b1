// SPDX-License-Identifier: GPL-2.0
/*
 * Actions that change who is primary.
 */
#include "actions.h"

#include "../world/failure.h"

/* It runs, and is consistent at the end of its log. */
static bool can_lead(const struct th_replica *replica)
{
	return replica->is_open && !replica->apart &&
	       replica->shipping.announced_lsn >= replica->until_lsn;
}

/* A follower that can take over: of all that can the one with the most log, the first of these. */
static struct th_replica *best_follower(struct th_cluster *cluster)
{
	struct th_replica *best = NULL;

	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica == cluster->source || !can_lead(replica))
			continue;
		if (!best || replica->shipping.announced_lsn > best->shipping.announced_lsn)
			best = replica;
	}
	return best;
}

/* If not, the one that has most may be among the others. */
static bool all_can_lead(const struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		const struct th_replica *replica = &cluster->replicas[i];

		if (replica != cluster->source && !can_lead(replica))
			return false;
	}
	return true;
}

/* The old primary takes no more writes, the new one gets all of its log, nothing is lost. */
static int act_handover(struct th_cluster *cluster)
{
	struct th_engine_call call = { .operation = TH_CALL_SECONDARY };
	struct th_replica *old = cluster->primary;
	struct th_replica *target;
	int error;

	th_cluster_mend(cluster);
	target = best_follower(cluster);
	if (!target)
		return 0;
	old->client.errors_allowed = true;
	error = th_node_call(&old->node, &call);
	if (error == TH_CRASHED)
		return error;
	if (error)
		th_fail("%s: handover fails (%d): %s", old->node.config.name, error,
			call.error.text);
	th_oracle_look(&cluster->oracle);
	if (call.end_lsn != th_history_end(&cluster->history)->lsn ||
	    call.end_chain != th_history_end(&cluster->history)->chain)
		th_fail("%s: the log is said to end at LSN %llu, but ends at %llu",
			old->node.config.name, (unsigned long long)call.end_lsn,
			(unsigned long long)th_history_end(&cluster->history)->lsn);
	if (th_client_stop(&old->client))
		return TH_CRASHED;
	old->client.errors_allowed = false;
	cluster->primary = NULL;
	error = th_cluster_wait_received(target);
	if (error)
		return TH_CRASHED;
	th_history_abandon(&cluster->history);
	th_shipping_restart(old, call.end_lsn);
	old->remains.end_lsn = call.end_lsn;
	/* A log that is full gets its turn when the cluster is mended. */
	if (th_cluster_promote(target) || th_cluster_forget_peers(old))
		return TH_CRASHED;
	return 0;
}

/* The diverged tail of an old primary is cut off, where that is still possible; otherwise it is built anew later. */
static int cut_tail(struct th_replica *replica, const struct th_position *branch)
{
	struct th_engine_call open = { .operation = TH_CALL_OPEN };
	struct th_engine_call tune = {
		.operation = TH_CALL_TUNE,
		.options = replica->cluster->plan.options,
	};
	struct th_engine_call cut = {
		.operation = TH_CALL_CUT,
		.epoch = branch->epoch,
		.lsn = branch->lsn,
	};

	if (th_node_start(&replica->node) || th_node_call(&replica->node, &tune) ||
	    th_node_call(&replica->node, &open))
		th_fail("%s: the old primary cannot be opened: %s", replica->node.config.name,
			open.error.text);
	if (open.end_lsn > branch->lsn && th_node_call(&replica->node, &cut)) {
		if (cut.error.code != -EUCLEAN)
			th_fail("%s: the log cannot be cut at LSN %llu: %s",
				replica->node.config.name, (unsigned long long)branch->lsn,
				cut.error.text);
		th_cluster_crash(replica);
		return -EUCLEAN;
	}
	th_cluster_crash(replica);
	return 0;
}

/* Whose files or disk may hold more of the lost history than @lsn. */
static void set_apart(struct th_cluster *cluster, const struct th_replica *target, uint64_t lsn)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica == target)
			continue;
		replica->apart = replica == cluster->source || replica->until_lsn > lsn ||
				 replica->shipping.written_lsn > lsn;
		if (replica->apart && replica->node.up)
			th_cluster_crash(replica);
	}
}

static void rejoin_all(struct th_cluster *cluster, const struct th_position *branch)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		/* What its disk was filled with cannot be cut. */
		if (!replica->apart || replica->until_lsn > branch->lsn ||
		    cut_tail(replica, branch))
			continue;
		replica->apart = false;
		replica->shipping.announced_lsn = 0;
		th_oracle_examine(&cluster->history, &replica->node, false, &replica->remains);
	}
}

/* The primary is lost, another one goes on at what it has; the old one comes back with a tail that nobody else has. */
static int act_takeover(struct th_cluster *cluster)
{
	struct th_replica *old = cluster->primary;
	struct th_replica *target = best_follower(cluster);
	struct th_history *history = &cluster->history;
	bool is_best_of_all = all_can_lead(cluster);
	struct th_position branch;

	if (!target)
		return 0;
	old->node.crash_armed = false;
	th_cluster_crash(old);
	branch = *th_history_end(history);
	if (th_shipping_settle(target))
		return TH_CRASHED;
	if (target->shipping.announced_lsn < branch.lsn) {
		const struct th_boundary *boundary;
		struct th_engine_status status;

		/* The last whole batch that it has. */
		if (th_cluster_wait_replayed(target))
			return TH_CRASHED;
		th_node_status(&target->node, &status);
		boundary = th_history_boundary(history, status.replayed_lsn);
		if (!boundary)
			th_fail("%s: replay is at LSN %llu, where nothing ends",
				target->node.config.name, (unsigned long long)status.replayed_lsn);
		branch = boundary->position;
		if (history->promised_remote_lsn > branch.lsn && is_best_of_all)
			th_fail("the best follower has the log up to LSN %llu, but %llu was "
				"acknowledged as durable elsewhere",
				(unsigned long long)branch.lsn,
				(unsigned long long)history->promised_remote_lsn);
		set_apart(cluster, target, branch.lsn);
		history->promised_lsn = TH_MIN(history->promised_lsn, branch.lsn);
		history->promised_remote_lsn = TH_MIN(history->promised_remote_lsn, branch.lsn);
		th_history_truncate(history, branch.lsn);
	}
	th_trace("takeover by %s at LSN %llu", target->node.config.name,
		 (unsigned long long)branch.lsn);
	if (th_cluster_promote(target))
		return TH_CRASHED;
	rejoin_all(cluster, &branch);
	th_cluster_mend(cluster);
	return 0;
}

const struct th_action th_role_actions[] = {
	{ "handover", act_handover, true },
	{ "takeover", act_takeover, true },
	{ 0 },
};
