/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated world: virtual time, chance, and the processes that live in it. One thread, no real time, no real I/O:
 * the same seed gives the same run, event by event.
 */
#ifndef THARSIS_WORLD_H
#define THARSIS_WORLD_H

#include <tharsis/executor.h>

#include "../sim_environment.h"
#include "heap.h"

struct th_world {
	struct th_sim_environment environment;
	uint64_t now_ns;
	int64_t wall_offset_ns;
	struct th_list actors;
	/*
	 * Somebody wants to look at the world (to let a process die) when so many events have happened, before
	 * anything else goes on. Runs between two rounds; sets stop_event anew.
	 */
	uint64_t stop_event;
	void (*stopped)(void *context);
	void *stopped_context;
};

/* An executor in a world: a process with memory of its own, or something outside of all processes. */
struct th_actor {
	struct th_list link;
	struct th_world *world;
	struct th_executor executor;
	struct th_heap heap;
	bool owns_heap;
};

void th_world_init(struct th_world *world, uint64_t seed);

/* There can be several worlds, one at a time: this one goes on. */
void th_world_enter(struct th_world *world);

static inline struct th_sim_random *th_world_random(struct th_world *world)
{
	return &world->environment.random;
}

/* The wall clock jumps, forwards or backwards. */
void th_world_jump_wall(struct th_world *world, int64_t by_ns);

/* @owns_heap: what its code allocates dies with it. */
void th_actor_init(struct th_actor *actor, struct th_world *world, bool owns_heap);
/* Its works, timers and memory are forgotten, as they are. */
void th_actor_kill(struct th_actor *actor);

/* Around every call into code that belongs to the actor. */
static inline struct th_heap *th_actor_enter(struct th_actor *actor)
{
	return th_heap_enter(actor->owns_heap ? &actor->heap : NULL);
}

static inline void th_actor_leave(struct th_heap *before)
{
	th_heap_enter(before);
}

/* Runs all that is due, then moves on to the next deadline. False: there was nothing, and nothing will ever be. */
bool th_world_step(struct th_world *world);
/* Steps until then. */
void th_world_run_for(struct th_world *world, uint64_t duration_ns);

#endif
