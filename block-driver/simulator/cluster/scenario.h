/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios: what a run is about. Within a scenario chance decides about everything that it leaves open.
 */
#ifndef THARSIS_SCENARIO_H
#define THARSIS_SCENARIO_H

#include "cluster.h"

struct th_scenario {
	const char *name;
	const char *about;
	/* NULL: the scenario runs by itself. */
	void (*plan)(struct th_plan *plan, struct th_sim_random *random);
	void (*run)(uint64_t seed);
};

/* Ends with one without a name. */
extern const struct th_scenario th_scenarios[];
const struct th_scenario *th_scenario_find(const char *name);

/* One run of @scenario. Fails the program when something is wrong. */
void th_scenario_run(const struct th_scenario *scenario, uint64_t seed);

/* All crash points of all sequences of up to three operations; see exhaustive.c. */
void th_exhaustive_run(uint64_t seed);

#endif
