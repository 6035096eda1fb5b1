// SPDX-License-Identifier: GPL-2.0
/*
 * A run: actions by chance, and at the end everything compared.
 */
#include "actions.h"

#include "../world/failure.h"

static const struct th_action *const tables[] = {
	th_primary_actions,
	th_follower_actions,
	th_role_actions,
};

static const struct th_action *find_action(const char *name)
{
	for (uint32_t i = 0; i < TH_ARRAY_COUNT(tables); i++) {
		for (const struct th_action *action = tables[i]; action->name; action++) {
			if (strcmp(action->name, name) == 0)
				return action;
		}
	}
	th_fail("there is no action \"%s\"", name);
}

static const struct th_action *choose_action(struct th_cluster *cluster)
{
	const struct th_action_weight *weight;
	uint64_t sum = 0, at;

	for (weight = cluster->plan.weights; weight->name; weight++)
		sum += weight->weight;
	at = th_sim_random_below(th_cluster_random(cluster), sum);
	for (weight = cluster->plan.weights; at >= weight->weight; weight++)
		at -= weight->weight;
	return find_action(weight->name);
}

static void act(struct th_cluster *cluster)
{
	const struct th_action *action = choose_action(cluster);
	uint32_t victim = (uint32_t)th_sim_random_below(th_cluster_random(cluster),
							cluster->plan.replica_count);
	int error;

	th_trace("action %s", action->name);
	if (!action->unbothered && th_cluster_chance(cluster, cluster->plan.crash_permille))
		th_cluster_crash_soon(&cluster->replicas[victim], 100);
	error = action->run(cluster);
	if (error && error != TH_CRASHED)
		th_fail("action %s fails (%d)", action->name, error);
}

/* Followers that died come back sooner or later. */
static void revive_some(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica != cluster->source && !replica->node.up &&
		    th_cluster_chance(cluster, 500))
			th_cluster_revive(replica);
	}
}

static void compare_all(struct th_cluster *cluster)
{
	uint64_t end_lsn = th_history_end(&cluster->history)->lsn;

	if (th_client_verify(&cluster->primary->client, end_lsn))
		th_fail("the device cannot be read at the end");
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica != cluster->primary && th_cluster_compare(replica))
			th_fail("%s: cannot be compared at the end", replica->node.config.name);
	}
}

static void close_all(struct th_cluster *cluster)
{
	uint64_t end_lsn = th_history_end(&cluster->history)->lsn;

	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		replica->shipping.cut = true;
		if (th_cluster_close(replica, true))
			th_fail("%s: cannot be closed", replica->node.config.name);
		if (replica->remains.end_lsn != end_lsn || !replica->remains.meta.clean)
			th_fail("%s: closed with a log up to LSN %llu, not %llu, or not clean",
				replica->node.config.name,
				(unsigned long long)replica->remains.end_lsn,
				(unsigned long long)end_lsn);
	}
}

void th_cluster_run(struct th_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->plan.actions && cluster->budget; i++) {
		th_world_run_for(&cluster->world,
				 1 + th_sim_random_below(th_cluster_random(cluster),
							 cluster->plan.pause_max_ns));
		if (!cluster->primary)
			th_cluster_mend(cluster);
		act(cluster);
		revive_some(cluster);
	}
	th_cluster_quiesce(cluster);
	th_cluster_wait_all(cluster);
	compare_all(cluster);
	close_all(cluster);
}
