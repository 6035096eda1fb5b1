/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the harness share. */
#ifndef THARSIS_HARNESS_INTERNAL_H
#define THARSIS_HARNESS_INTERNAL_H

#include "engine_harness.h"

/* The user of the device: a brick that only has requests. */
struct user_brick {
	struct th_brick brick; /* first */
	struct th_request_pool *pool;
	struct node *node;
};

extern const struct th_brick_type user_brick_type;

/* All that goes when a process dies. */
struct process {
	struct th_memory_budget budget;
	struct th_brick *sim;
	struct fault_brick *faults;
	struct th_brick *translog;
	struct user_brick *user;
};

/* Ends the program. */
void harness_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
