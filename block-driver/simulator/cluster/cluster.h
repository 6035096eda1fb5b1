/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cluster of replicas of one resource: at most one is primary and has a client; the others follow it by way of
 * simulated shipping. The oracle watches the primary; followers are compared with the history.
 *
 * Functions that run the world return 0, the error of a call, or TH_CRASHED when a process they needed died
 * meanwhile; th_cluster_mend() then brings it back.
 */
#ifndef THARSIS_CLUSTER_H
#define THARSIS_CLUSTER_H

#include "../oracle/oracle.h"
#include "../world/client.h"
#include "../world/node.h"

#define TH_REPLICAS_MAX 3u

struct th_cluster;

/* What a run is like; chosen by chance within what its scenario wants. */
struct th_plan {
	uint32_t replica_count;
	uint32_t block_bytes;
	uint64_t device_bytes;
	uint64_t device_bytes_max; /* it may grow so far */
	bool labelled; /* disks have room for a label */
	bool stamped_at_first; /* disks are not zero at first */
	uint64_t memory_bytes;
	uint64_t delay_max_ns; /* of storage */
	uint32_t hang_permille;
	struct th_engine_options options;
	struct th_client_mix mix;
	uint64_t ship_bytes_max; /* at a time */
	uint64_t ship_delay_max_ns;
	uint64_t lease_ns; /* 0: none */
	uint32_t actions; /* of the run, at most */
	uint64_t requests; /* the same */
	uint64_t pause_max_ns; /* between actions */
	uint32_t crash_permille; /* of actions during which a process dies */
	const struct th_action_weight *weights;
};

/* From the primary's log directory to that of a follower. */
struct th_shipping {
	struct th_timer timer;
	bool cut; /* nothing gets through */
	bool starved; /* the source no longer has what comes next */
	uint64_t written_lsn; /* in the follower's files */
	uint64_t flushed_lsn; /* durable there */
	uint64_t announced_lsn; /* the engine was told and has confirmed */
	uint64_t confirmed_lsn; /* the source's engine was told */
	struct th_engine_call received;
	bool received_busy;
	struct th_engine_call confirmed;
	bool confirmed_busy;
};

struct th_replica {
	struct th_cluster *cluster;
	struct th_node node;
	struct th_client client;
	struct th_shipping shipping;
	bool is_open; /* the engine is, as primary or secondary */
	bool registered; /* as a peer of the source */
	uint64_t until_lsn; /* its disk was filled with what the history had up to here */
	bool apart; /* its log is not the history's: nothing is shipped to it, nothing compared */
	struct th_remains remains;
};

struct th_cluster {
	struct th_world world;
	struct th_actor outside; /* shipping and leases: no process of ours */
	struct th_timer lease_timer;
	struct th_engine_call lease;
	bool lease_renewed;
	bool lease_busy;
	struct th_history history;
	struct th_oracle oracle;
	struct th_plan plan;
	struct th_replica replicas[TH_REPLICAS_MAX];
	struct th_replica
		*source; /* whose log is the history: the primary, or the one that was it last */
	struct th_replica *primary; /* NULL: there is none now */
	uint64_t epoch;
	uint64_t budget; /* of requests */
};

/* What all runs of a program have done so far. */
struct th_statistics {
	uint64_t runs, requests, crashes, promotions, simulated_ns;
};
extern struct th_statistics th_statistics;

/* Creates the resource on all replicas and makes the first one primary. */
void th_cluster_init(struct th_cluster *cluster, uint64_t seed, const struct th_plan *plan);
void th_cluster_destroy(struct th_cluster *cluster);
/* A copy of a cluster of one replica, in a world of its own, in which its process has just died. */
void th_cluster_fork(struct th_cluster *twin, const struct th_cluster *cluster);

/* ---- processes ---- */

/* The process dies now, what is volatile is lost by chance, and what remains is examined. */
void th_cluster_crash(struct th_replica *replica);
/* What a process that died has left is examined, after it was said what became of it. */
void th_cluster_examine(struct th_replica *replica);
/* The process dies after so many more events of storage. */
void th_cluster_crash_soon(struct th_replica *replica, uint64_t events_max);
/* Opened, with its disk, as secondary; its contents are compared. The process must not run. */
int th_cluster_open(struct th_replica *replica);
/* As often as it takes. */
void th_cluster_revive(struct th_replica *replica);
/* Drained or not, the engine is closed and the process ends in an orderly way: nothing may be left behind. */
int th_cluster_close(struct th_replica *replica, bool drain);
/*
 * @replica becomes primary in a new epoch; all others are registered as its peers; the client issues requests.
 * -ENOSPC: its log is full.
 */
int th_cluster_promote(struct th_replica *replica);
/*
 * A first process makes the replica, whose log will begin at @start and whose disk has the history's contents there, or of up
 * to @until; what it leaves is opened by a second one, as after any crash.
 */
void th_cluster_create(struct th_replica *replica, const struct th_position *start,
		       const struct th_position *until);
/* A replica that is not the source any more keeps no log for others. */
int th_cluster_forget_peers(struct th_replica *replica);
/* @replica becomes a peer of @primary; who cannot go on from its log is starved. */
int th_cluster_register(struct th_replica *primary, struct th_replica *replica);
/* A new replica takes the place of @replica: its log begins where the source's newest segment does. */
int th_cluster_rebuild(struct th_replica *replica);

/* ---- states ---- */

/* All processes run, links are up, followers are registered, a primary is there and answers requests. */
void th_cluster_mend(struct th_cluster *cluster);
/* Mended, and the client issues no more: all its requests are answered. */
void th_cluster_quiesce(struct th_cluster *cluster);
/* All followers have received and replayed all; who is starved meanwhile is built anew. Only when quiet. */
void th_cluster_wait_all(struct th_cluster *cluster);
/* The client goes on. */
void th_cluster_resume(struct th_cluster *cluster);
/* Runs the world until @replica has replayed all that it has received. */
int th_cluster_wait_replayed(struct th_replica *replica);
/* Runs the world until @replica has received all. The source may not grow meanwhile. */
int th_cluster_wait_received(struct th_replica *replica);
/* Reads all of a secondary, which may not replay meanwhile. */
int th_cluster_compare(struct th_replica *replica);
/* The primary has a lease from now on. */
void th_cluster_renew_lease(struct th_cluster *cluster);

/* A call without operands. */
int th_cluster_call(struct th_replica *replica, enum th_engine_operation operation);

static inline struct th_sim_random *th_cluster_random(struct th_cluster *cluster)
{
	return th_world_random(&cluster->world);
}

static inline bool th_cluster_chance(struct th_cluster *cluster, uint32_t permille)
{
	return th_sim_random_chance(th_cluster_random(cluster), permille);
}

/* ---- shipping ---- */

void th_shipping_init(struct th_replica *replica);
/* The follower's process was started anew, with its log up to @lsn. */
void th_shipping_restart(struct th_replica *replica, uint64_t lsn);
/* Runs the world until the follower's engine knows of all that is in its files. */
int th_shipping_settle(struct th_replica *replica);
/* A process died: its calls will not be answered. */
void th_shipping_killed(struct th_replica *replica);

/* ---- actions ---- */

struct th_action_weight {
	const char *name; /* NULL: the end of the list */
	uint32_t weight;
};

/* Does plan.actions actions by chance, then mends the cluster, compares all replicas and closes them. */
void th_cluster_run(struct th_cluster *cluster);

#endif
