// SPDX-License-Identifier: GPL-2.0
#include "scenario.h"

#include "../world/failure.h"

static uint64_t pick(struct th_sim_random *random, const uint64_t *choices, uint32_t count)
{
	return choices[th_sim_random_below(random, count)];
}

#define PICK(random, ...)                               \
	pick(random, (const uint64_t[]){ __VA_ARGS__ }, \
	     (uint32_t)(sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)))

static void plan_options(struct th_plan *plan, struct th_sim_random *random)
{
	struct th_engine_options *options = &plan->options;

	th_engine_options_default(options);
	options->segment_bytes = PICK(random, 64 * TH_KIB, 128 * TH_KIB, 512 * TH_KIB);
	options->log_limit_bytes = options->segment_bytes * th_sim_random_between(random, 4, 40);
	options->writeback_delay_ns =
		PICK(random, 0, TH_NS_PER_MS, 20 * TH_NS_PER_MS, 200 * TH_NS_PER_MS);
	options->writeback_depth = (uint32_t)th_sim_random_between(random, 1, 8);
	options->batches_in_flight = (uint32_t)th_sim_random_between(random, 1, 8);
	options->dirty_extents_max = (uint32_t)PICK(random, 1024, 4096);
}

static void plan_client(struct th_plan *plan, struct th_sim_random *random)
{
	plan->mix = (struct th_client_mix){
		.write = 50,
		.read = (uint32_t)PICK(random, 5, 30, 60),
		.write_zeroes = (uint32_t)PICK(random, 0, 5, 20),
		.discard = (uint32_t)PICK(random, 0, 5, 20),
		.flush = (uint32_t)PICK(random, 0, 2, 15),
		.invalid = 1,
		.fua_permille = (uint32_t)PICK(random, 0, 50, 300),
		.length_max_bytes = PICK(random, 8 * TH_KIB, 32 * TH_KIB, 128 * TH_KIB, TH_MIB),
		.hot_bytes = PICK(random, 0, 8 * TH_KIB, 64 * TH_KIB),
		.depth = (uint32_t)th_sim_random_between(random, 1, TH_CLIENT_DEPTH_MAX),
		.think_ns = PICK(random, 10, 200, 1000) * TH_NS_PER_US,
	};
}

/* What all scenarios begin with: one replica on a small device. */
static void plan_basis(struct th_plan *plan, struct th_sim_random *random)
{
	*plan = (struct th_plan){
		.replica_count = 1,
		.block_bytes = (uint32_t)PICK(random, 512, 512, 4096),
		.device_bytes = PICK(random, 64, 128, 256, 1024) * TH_KIB,
		.labelled = th_sim_random_chance(random, 500),
		.stamped_at_first = th_sim_random_chance(random, 500),
		.memory_bytes = PICK(random, TH_LOG_CACHE_CHUNKS_MIN, 20, 32) * TH_CHUNK_BYTES,
		.delay_max_ns = PICK(random, 20, 200, 2000) * TH_NS_PER_US,
		.hang_permille = (uint32_t)PICK(random, 0, 0, 5),
		.ship_bytes_max = PICK(random, 4 * TH_KIB, 64 * TH_KIB, 512 * TH_KIB),
		.ship_delay_max_ns = PICK(random, 500, 5000) * TH_NS_PER_US,
		.actions = 25,
		.requests = 2000,
		.crash_permille = 150,
	};
	plan->device_bytes_max = plan->device_bytes;
	plan_options(plan, random);
	plan_client(plan, random);
	/* Some 50 or 100 requests between two actions. */
	plan->pause_max_ns = plan->mix.think_ns * PICK(random, 100, 200);
	plan->pause_max_ns = TH_MAX(plan->pause_max_ns, 2 * TH_NS_PER_MS);
}

static void plan_crash(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "flush", 10 }, { "rotate", 10 }, { "checkpoint", 15 }, { "suspend", 5 },
		{ "tune", 5 },	 { "resize", 3 },  { "detach", 3 },	 { "verify", 10 },
		{ "crash", 25 }, { "reopen", 8 },  { "jump-wall", 3 },	 { 0 },
	};

	plan_basis(plan, random);
	plan->weights = weights;
	plan->crash_permille = 300;
	if (th_sim_random_chance(random, 300)) {
		plan->device_bytes_max = plan->device_bytes * 2;
		plan->labelled = true;
	}
}

static void plan_errors(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "disk-faults", 20 }, { "flush-faults", 8 }, { "log-faults", 10 }, { "crash", 5 },
		{ "verify", 10 },      { "rotate", 5 },	      { "tune", 5 },	    { 0 },
	};

	plan_basis(plan, random);
	plan->weights = weights;
}

static void plan_full(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "cut-link", 20 },  { "crash", 5 },
		{ "verify", 5 },     { "flush", 5 },
		{ "rotate", 5 },     { "crash-follower", 5 },
		{ "tune", 3 },	     { "reopen", 3 },
		{ "checkpoint", 5 }, { 0 },
	};

	plan_basis(plan, random);
	plan->weights = weights;
	plan->replica_count = 2;
	plan->options.log_full = th_sim_random_chance(random, 700) ? TH_LOG_FULL_DROP :
								     TH_LOG_FULL_STOP;
	plan->options.segment_bytes = 64 * TH_KIB;
	plan->options.log_limit_bytes =
		plan->options.segment_bytes * th_sim_random_between(random, 3, 8);
	plan->mix.length_max_bytes = PICK(random, 8, 32, 128) * TH_KIB;
	plan->mix.read = 5;
}

static void plan_followers(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "pause", 15 },
		{ "until-lsn", 8 },
		{ "until-time", 8 },
		{ "cut-link", 10 },
		{ "crash-follower", 10 },
		{ "reopen-follower", 5 },
		{ "rotate", 5 },
		{ "crash", 5 },
		{ "checkpoint-follower", 5 },
		{ "rebuild", 2 },
		{ "verify", 3 },
		{ "resize", 2 },
		{ "jump-wall", 2 },
		{ 0 },
	};

	plan_basis(plan, random);
	plan->weights = weights;
	plan->replica_count = (uint32_t)th_sim_random_between(random, 2, 3);
	plan->options.durability_remote = (uint32_t)PICK(random, 0, 0, 1);
	plan->options.log_limit_bytes = 40 * plan->options.segment_bytes;
}

static void plan_roles(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "handover", 20 },
		{ "takeover", 15 },
		{ "crash", 5 },
		{ "crash-follower", 5 },
		{ "cut-link", 8 },
		{ "pause", 5 },
		{ "flush", 5 },
		{ "rotate", 3 },
		{ "tune", 2 },
		{ "verify", 5 },
		{ "lease-lost", 5 },
		{ "suspend", 3 },
		{ 0 },
	};

	plan_followers(plan, random);
	plan->weights = weights;
	plan->lease_ns = PICK(random, 0, 20, 200) * TH_NS_PER_MS;
	plan->options.fencing_lease = plan->lease_ns != 0;
	plan->options.lease_reads = th_sim_random_chance(random, 500);
}

static void plan_lease(struct th_plan *plan, struct th_sim_random *random)
{
	static const struct th_action_weight weights[] = {
		{ "lease-lost", 20 }, { "suspend", 20 }, { "crash", 5 },     { "flush", 5 },
		{ "reopen", 5 },      { "verify", 5 },	 { "jump-wall", 5 }, { 0 },
	};

	plan_basis(plan, random);
	plan->weights = weights;
	plan->lease_ns = PICK(random, 5, 50) * TH_NS_PER_MS;
	plan->options.fencing_lease = true;
	plan->options.lease_reads = th_sim_random_chance(random, 500);
}

const struct th_scenario th_scenarios[] = {
	{ "crash", "one replica, crashes at any moment", plan_crash, NULL },
	{ "errors", "one replica, disk and log fail", plan_errors, NULL },
	{ "full", "a log that is too small for a follower that is cut off", plan_full, NULL },
	{ "followers", "followers that are cut off, crash, pause", plan_followers, NULL },
	{ "roles", "handover, takeover, rejoining", plan_roles, NULL },
	{ "lease", "leases run out, I/O is suspended", plan_lease, NULL },
	{ "exhaustive", "all crash points of all short sequences of operations", NULL,
	  th_exhaustive_run },
	{ 0 },
};

const struct th_scenario *th_scenario_find(const char *name)
{
	for (const struct th_scenario *scenario = th_scenarios; scenario->name; scenario++) {
		if (strcmp(scenario->name, name) == 0)
			return scenario;
	}
	return NULL;
}

void th_scenario_run(const struct th_scenario *scenario, uint64_t seed)
{
	static struct th_cluster cluster;
	struct th_sim_random random;
	struct th_plan plan;

	th_run.scenario = scenario->name;
	th_run.seed = seed;
	if (scenario->run) {
		scenario->run(seed);
		return;
	}
	th_sim_random_init(&random, seed);
	scenario->plan(&plan, &random);
	th_cluster_init(&cluster, th_sim_random_next(&random), &plan);
	th_cluster_run(&cluster);
	th_cluster_destroy(&cluster);
}
