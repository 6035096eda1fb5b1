// SPDX-License-Identifier: GPL-2.0
/*
 * How processes of replicas die, come back, and end.
 */
#include "cluster.h"

#include "../world/failure.h"

/*
 * One time in five only the process dies; else the power fails with it. Always when the log could not be flushed: as long as
 * the system runs, nobody can tell what of it is on the media.
 */
static void lose_by_chance(struct th_replica *replica)
{
	struct th_sim_random *random = th_cluster_random(replica->cluster);
	static const enum th_sim_loss_mode modes[] = { TH_SIM_LOSE_ALL, TH_SIM_KEEP_ALL,
						       TH_SIM_LOSE_SOME, TH_SIM_LOSE_SOME,
						       TH_SIM_LOSE_SOME };
	static const uint32_t keep_permille[] = { 100, 500, 900 };
	struct th_sim_loss loss = {
		.mode = modes[th_sim_random_below(random, TH_ARRAY_COUNT(modes))],
		.random = random,
		.keep_permille =
			keep_permille[th_sim_random_below(random, TH_ARRAY_COUNT(keep_permille))],
	};

	if (th_sim_random_chance(random, 200) &&
	    !th_sim_directory_is_doomed(&replica->node.directory)) {
		th_trace("%s: only the process dies", replica->node.config.name);
		th_node_abandon(&replica->node);
		return;
	}
	th_node_lose(&replica->node, &loss);
	th_trace("%s: a crash (mode %d) met %u changes that were not durable",
		 replica->node.config.name, (int)loss.mode, loss.count);
}

/* What is left of the log that is the history. */
static void examine_source(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;

	cluster->primary = NULL;
	cluster->oracle.suspended = false;
	cluster->oracle.lease_end_ns = 0;
	cluster->lease_busy = false;
	th_oracle_examine(&cluster->history, &replica->node, true, &replica->remains);
	th_history_truncate(&cluster->history, replica->remains.end_lsn);
	th_history_abandon(&cluster->history);
	th_oracle_check_bitmaps(&cluster->oracle, &replica->node);
	/* What has survived is durable. */
	th_oracle_follow(&cluster->oracle, &replica->node);
	th_oracle_unfollow(&cluster->oracle);
}

void th_cluster_examine(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	uint64_t announced_lsn;

	if (replica->apart)
		return;
	if (replica == cluster->source) {
		examine_source(replica);
		return;
	}
	th_oracle_examine(&cluster->history, &replica->node, false, &replica->remains);
	/* A batch that was received in part is cut off. */
	announced_lsn =
		th_history_boundary_below(&cluster->history, replica->shipping.announced_lsn)
			->position.lsn;
	if (replica->remains.end_lsn < announced_lsn)
		th_fail("%s: the log was durable up to LSN %llu, but ends at %llu",
			replica->node.config.name, (unsigned long long)announced_lsn,
			(unsigned long long)replica->remains.end_lsn);
}

static void process_is_gone(struct th_replica *replica)
{
	replica->is_open = false;
	th_shipping_killed(replica);
	lose_by_chance(replica);
	th_cluster_examine(replica);
}

void th_cluster_crash(struct th_replica *replica)
{
	if (replica == replica->cluster->source)
		th_oracle_look(&replica->cluster->oracle);
	th_node_kill(&replica->node);
	process_is_gone(replica);
}

void th_cluster_crash_soon(struct th_replica *replica, uint64_t events_max)
{
	if (replica->node.up)
		th_node_crash_after(&replica->node,
				    1 + th_sim_random_below(th_cluster_random(replica->cluster),
							    events_max));
}

/* ---- opening ---- */

static void expect_success(const struct th_replica *replica, const char *what,
			   const struct th_engine_call *call)
{
	if (call->error.code)
		th_fail("%s: %s fails (%d): %s", replica->node.config.name, what, call->error.code,
			call->error.text);
}

static int must(struct th_replica *replica, const char *what, struct th_engine_call *call)
{
	if (th_node_call(&replica->node, call) == TH_CRASHED)
		return TH_CRASHED;
	expect_success(replica, what, call);
	return 0;
}

static void check_opened(struct th_replica *replica)
{
	struct th_engine_status status;

	th_node_status(&replica->node, &status);
	if (status.role != TH_ROLE_SECONDARY)
		th_fail("%s: opened, but not as secondary", replica->node.config.name);
	if (!replica->apart && status.end_lsn != replica->remains.end_lsn)
		th_fail("%s: recovery ends at LSN %llu, but the log ends at %llu",
			replica->node.config.name, (unsigned long long)status.end_lsn,
			(unsigned long long)replica->remains.end_lsn);
	if (!replica->apart && th_oracle_durable_end(&replica->cluster->history, &replica->node) <
				       replica->remains.end_lsn)
		th_fail("%s: opened with a log up to LSN %llu that is not durable",
			replica->node.config.name, (unsigned long long)status.end_lsn);
	if (status.device_bytes < replica->cluster->history.device_bytes)
		th_fail("%s: the device has %llu bytes, but was %llu before",
			replica->node.config.name, (unsigned long long)status.device_bytes,
			(unsigned long long)replica->cluster->history.device_bytes);
}

int th_cluster_forget_peers(struct th_replica *replica)
{
	struct th_engine_status status;

	if (!replica->node.up)
		return TH_CRASHED;
	th_node_status(&replica->node, &status);
	for (uint32_t i = 0; i < status.peer_count; i++) {
		struct th_engine_call call = {
			.operation = TH_CALL_PEER_REMOVE,
			.peer = status.peers[i].peer_uuid,
		};

		if (must(replica, "removing a peer", &call))
			return TH_CRASHED;
	}
	return 0;
}

int th_cluster_open(struct th_replica *replica)
{
	struct th_engine_call tune = {
		.operation = TH_CALL_TUNE,
		.options = replica->cluster->plan.options,
	};
	struct th_engine_call open = { .operation = TH_CALL_OPEN };
	struct th_engine_call attach = { .operation = TH_CALL_ATTACH };

	if (th_node_start(&replica->node))
		return TH_CRASHED;
	if (th_cluster_chance(replica->cluster, replica->cluster->plan.crash_permille / 2))
		th_cluster_crash_soon(replica, 60);
	if (must(replica, "tune", &tune) || must(replica, "open", &open))
		return TH_CRASHED;
	check_opened(replica);
	th_shipping_restart(replica, open.end_lsn);
	if (must(replica, "attach", &attach) ||
	    (replica != replica->cluster->source && th_cluster_forget_peers(replica)))
		return TH_CRASHED;
	if (!replica->apart && (th_cluster_wait_replayed(replica) || th_cluster_compare(replica)))
		return TH_CRASHED;
	replica->is_open = true;
	replica->node.crash_armed = false;
	return 0;
}

void th_cluster_revive(struct th_replica *replica)
{
	while (!replica->node.up || !replica->is_open) {
		int error = th_cluster_open(replica);

		if (error && error != TH_CRASHED)
			th_fail("%s: reading fails after recovery (%d)", replica->node.config.name,
				error);
	}
}

/* ---- closing ---- */

/* @clean_expected: all was written back, and there was nothing that had not been replayed. */
static void check_closed(const struct th_replica *replica, bool clean_expected)
{
	const struct th_remains *remains = &replica->remains;
	const struct th_cluster *cluster = replica->cluster;
	uint64_t end_lsn = remains->end_lsn;

	/* A follower is not told of all that is in its files. */
	if (replica != cluster->source)
		end_lsn = th_history_boundary_below(&cluster->history,
						    replica->shipping.announced_lsn)
				  ->position.lsn;
	if (remains->meta.clean && remains->meta.checkpoint_lsn < end_lsn)
		th_fail("%s: marked clean at LSN %llu, but the log goes to %llu",
			replica->node.config.name, (unsigned long long)remains->meta.checkpoint_lsn,
			(unsigned long long)end_lsn);
	if (clean_expected && !remains->meta.clean)
		th_fail("%s: closed after everything was written back, but not marked clean",
			replica->node.config.name);
}

int th_cluster_close(struct th_replica *replica, bool drain)
{
	struct th_engine_call call = { .operation = TH_CALL_CLOSE, .drain = drain };

	replica->client.running = false;
	replica->is_open = false;
	if (must(replica, "close", &call))
		return TH_CRASHED;
	if (replica == replica->cluster->source)
		th_oracle_look(&replica->cluster->oracle);
	if (th_node_stop(&replica->node))
		return TH_CRASHED;
	process_is_gone(replica);
	check_closed(replica, drain && replica == replica->cluster->source);
	return 0;
}

/* ---- promotion ---- */

int th_cluster_register(struct th_replica *primary, struct th_replica *replica)
{
	struct th_oracle *oracle = &replica->cluster->oracle;
	struct th_oracle_peer *peer = th_oracle_peer(oracle, &replica->node.uuid);
	struct th_engine_call call = {
		.operation = TH_CALL_PEER_ADD,
		.peer = replica->node.uuid,
		.lsn_given = true,
		.lsn = replica->shipping.announced_lsn,
	};

	if (!primary->node.up)
		return TH_CRASHED;
	if (!peer) {
		peer = &oracle->peers[oracle->peer_count++];
		*peer = (struct th_oracle_peer){ .uuid = replica->node.uuid };
	}
	peer->durable_lsn = TH_MAX(peer->durable_lsn, replica->shipping.announced_lsn);
	switch (th_node_call(&primary->node, &call)) {
	case 0:
		replica->registered = true;
		peer->is_kept = true;
		return 0;
	case -ENODATA:
		replica->shipping.starved = true;
		return 0;
	case TH_CRASHED:
		return TH_CRASHED;
	default:
		expect_success(primary, "adding a peer", &call);
		return 0;
	}
}

static int register_peers(struct th_replica *primary)
{
	struct th_cluster *cluster = primary->cluster;

	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		struct th_replica *replica = &cluster->replicas[i];

		if (replica != primary && !replica->apart && replica->is_open &&
		    th_cluster_register(primary, replica))
			return TH_CRASHED;
	}
	return 0;
}

/* What was true of another source is not of this one. */
static void change_source(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;

	if (cluster->source == replica)
		return;
	cluster->source = replica;
	cluster->oracle.peer_count = 0;
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		cluster->replicas[i].registered = false;
		cluster->replicas[i].shipping.confirmed_busy = false;
		cluster->replicas[i].shipping.confirmed_lsn = 0;
	}
}

/* The device may have grown by a call that was never answered. */
static void note_size(struct th_replica *replica)
{
	struct th_engine_status status;

	th_node_status(&replica->node, &status);
	replica->cluster->history.device_bytes = status.device_bytes;
}

int th_cluster_promote(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_engine_call call = {
		.operation = TH_CALL_PRIMARY,
		.epoch = ++cluster->epoch,
		.chain = th_history_end(&cluster->history)->chain,
		.chain_given = th_cluster_chance(cluster, 500),
	};

	change_source(replica);
	th_oracle_follow(&cluster->oracle, &replica->node);
	switch (th_node_call(&replica->node, &call)) {
	case TH_CRASHED:
		return TH_CRASHED;
	case -ENOSPC:
		return -ENOSPC;
	default:
		expect_success(replica, "promotion", &call);
	}
	th_statistics.promotions++;
	th_oracle_look(&cluster->oracle);
	cluster->primary = replica;
	th_oracle_check_sealed(&cluster->history, &replica->node);
	note_size(replica);
	th_cluster_renew_lease(cluster);
	if (register_peers(replica))
		return TH_CRASHED;
	th_client_run(&replica->client);
	return 0;
}
