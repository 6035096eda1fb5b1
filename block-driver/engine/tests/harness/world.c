// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "harness_internal.h"

/* So many rounds without time going on: the code under test runs in circles. */
#define ROUNDS_AT_ONCE_MAX 100000u
#define WALL_START_NS	   (1800000000ULL * TH_NS_PER_S)

void harness_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static struct world *world_of(struct th_executor *executor)
{
	return th_container_of(executor, struct world, executor);
}

static uint64_t now_ns(struct th_executor *executor)
{
	return world_of(executor)->now_ns;
}

static uint64_t wall_ns(struct th_executor *executor)
{
	struct world *world = world_of(executor);

	return WALL_START_NS + world->now_ns + (uint64_t)world->wall_offset_ns;
}

static void wake(struct th_executor *executor)
{
	(void)executor;
	harness_fail("an executor was woken from another thread: there is none");
}

static const struct th_executor_ops ops = { .now_ns = now_ns, .wall_ns = wall_ns, .wake = wake };

void world_init(struct world *world, uint64_t seed)
{
	*world = (struct world){ .now_ns = TH_NS_PER_S };
	th_sim_random_init(&world->environment.random, seed);
	th_executor_init(&world->executor, &ops);
	th_registry_init(&world->registry);
}

static void settle(struct world *world)
{
	uint32_t rounds = 0;

	while (th_executor_round(&world->executor) ||
	       th_executor_next_deadline_ns(&world->executor) <= world->now_ns)
		if (++rounds > ROUNDS_AT_ONCE_MAX)
			harness_fail(
				"more than %u rounds at one moment: the engine runs in circles",
				ROUNDS_AT_ONCE_MAX);
}

bool world_step(struct world *world)
{
	uint64_t next_ns;

	settle(world);
	next_ns = th_executor_next_deadline_ns(&world->executor);
	if (next_ns == UINT64_MAX)
		return false;
	world->now_ns = next_ns;
	return true;
}

void world_run_for(struct world *world, uint64_t duration_ns)
{
	uint64_t until_ns = world->now_ns + duration_ns;

	settle(world);
	while (th_executor_next_deadline_ns(&world->executor) <= until_ns)
		world_step(world);
	world->now_ns = until_ns;
	settle(world);
}

void world_run_until(struct world *world, bool (*done)(void *context), void *context,
		     const char *what)
{
	uint64_t start_ns = world->now_ns;

	settle(world);
	while (!done(context)) {
		if (!world_step(world))
			harness_fail("%s: will never be, nothing is under way any more", what);
		if (world->now_ns - start_ns > PATIENCE_NS)
			harness_fail("%s: takes too long", what);
		settle(world);
	}
}
