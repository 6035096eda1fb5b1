/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A node of a cluster: a disk and a log directory, which last, and a process with an engine, which comes and goes.
 *
 * Functions that run the world return 0, or the error of what they asked for, or TH_CRASHED: the process died
 * meanwhile, because it was told to (th_node_crash_after()). Nothing that takes longer than TH_PATIENCE_NS of
 * simulated time is believed to end at all: that fails the run.
 */
#ifndef THARSIS_NODE_H
#define THARSIS_NODE_H

#include "../sim_brick.h"
#include "engine.h"
#include "world.h"

#define TH_CRASHED     (-ESHUTDOWN - 10000)
#define TH_PATIENCE_NS (600 * TH_NS_PER_S)

struct th_client;

struct th_node_config {
	char name[TH_NAME_MAX + 1];
	uint64_t disk_bytes;
	uint32_t disk_block_bytes;
	uint64_t directory_bytes;
	uint64_t memory_bytes; /* of the log cache's budget */
	bool can_crash; /* false: nothing is volatile */
};

struct th_node {
	struct th_world *world;
	struct th_node_config config;
	struct th_uuid uuid;
	struct th_sim_disk disk;
	struct th_sim_directory directory;
	struct th_client *client;

	/* the process; all below only while it runs */
	bool up;
	struct th_actor actor;
	struct th_registry registry;
	struct th_memory_budget budget;
	struct th_brick *sim;
	struct th_brick *translog;
	struct th_brick *user; /* the client's brick */

	bool crash_armed;
	uint64_t crash_event;
	uint32_t crashes;
};

void th_node_init(struct th_node *node, struct th_world *world,
		  const struct th_node_config *config);
void th_node_destroy(struct th_node *node);
/* A node of another world, on copies of the storage; its process does not run. */
void th_node_clone(struct th_node *copy, struct th_world *world, const struct th_node *node);

/* Starts a process: bricks are wired and switched on, nothing is opened. */
int th_node_start(struct th_node *node);
/* Takes a process apart whose engine is closed; fails the run when it does not give all its memory back. */
int th_node_stop(struct th_node *node);
/* The process dies now. What becomes of its storage is for one of the next two to say. */
void th_node_kill(struct th_node *node);
/* The power was cut. */
void th_node_lose(struct th_node *node, struct th_sim_loss *loss);
/* Only the process died. */
void th_node_abandon(struct th_node *node);
/* The process will die after so many more events of storage, of this node or another. */
void th_node_crash_after(struct th_node *node, uint64_t events);

/* Makes the call and runs the world until it is done. */
int th_node_call(struct th_node *node, struct th_engine_call *call);
/* Steps the world once; fails when it stands still, or the patience since @start_ns is at its end. */
void th_node_wait(struct th_node *node, uint64_t start_ns, const char *what);

void th_node_status(struct th_node *node, struct th_engine_status *status);

#endif
