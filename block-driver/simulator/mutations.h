/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mutations: deliberate bugs in the engine, each a rule broken, and the scenario that notices it soonest.
 */
#ifndef THARSIS_MUTATIONS_H
#define THARSIS_MUTATIONS_H

#include <tharsis/port.h>

struct th_mutation_case {
	const char *name;
	const char *about;
	const char *scenario;
	int mutation; /* enum th_mutation */
};

/* Ends with one without a name; empty when the engine was built without mutations. */
extern const struct th_mutation_case th_mutation_cases[];
const struct th_mutation_case *th_mutation_find(const char *name);
void th_mutation_switch_on(const struct th_mutation_case *mutation);

#endif
