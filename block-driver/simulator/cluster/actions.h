/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can happen to a cluster, besides requests and crashes. Each action needs a primary whose client runs, and leaves
 * one, or returns TH_CRASHED.
 */
#ifndef THARSIS_ACTIONS_H
#define THARSIS_ACTIONS_H

#include "cluster.h"

struct th_action {
	const char *name;
	int (*run)(struct th_cluster *cluster);
	bool unbothered; /* no process is made to crash meanwhile */
};

/* The list ends with an action without a name. */
extern const struct th_action th_primary_actions[];
extern const struct th_action th_follower_actions[];
extern const struct th_action th_role_actions[];

#endif
