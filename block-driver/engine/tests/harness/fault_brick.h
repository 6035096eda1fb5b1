/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A brick between the engine and its storage that a test steers: by rules it holds requests back until they are
 * released, or fails them. It counts what passes, so a test can also say what must not happen.
 */
#ifndef THARSIS_FAULT_BRICK_H
#define THARSIS_FAULT_BRICK_H

#include <tharsis/brick.h>

#define FAULT_FILES_MAX 64u
#define FAULT_RULES_MAX 32u

/* Inputs and outputs have the same numbers. */
enum fault_port { FAULT_DISK, FAULT_FILES };

struct fault_brick;

/* Which requests, and what becomes of them. */
struct fault_rule {
	enum fault_port port;
	enum th_operation operation; /* 0: all */
	const char *name; /* FILES: how the file's name ends; NULL: all */
	uint64_t position; /* only requests that touch this range; length 0: all */
	uint64_t length;
	uint32_t skip; /* so many pass before */
	uint32_t times; /* 0: always */
	int error; /* 0: they are held */
	bool done_first; /* the error is told although the request was carried out */
	uint32_t hits; /* out: so many were held or failed */

	/* the brick's own */
	struct fault_brick *faults; /* NULL: removed */
	struct th_list link;
	struct th_list held;
};

struct fault_brick {
	struct th_brick brick; /* first */
	struct th_list rules;
	char names[FAULT_FILES_MAX][TH_NAME_MAX + 1]; /* of open files, by number */
	uint64_t count[2][TH_OPERATION_COUNT]; /* arrived, by port */
};

extern const struct th_brick_type fault_brick_type;

/* @rule is copied; the result is the one that acts, until the end of the test. The first rule that fits counts. */
struct fault_rule *fault_add(struct fault_brick *faults, const struct fault_rule *rule);
/* What it held goes on; or fails, when the rule's error was set meanwhile. Harmless when the process is gone. */
void fault_remove(struct fault_rule *rule);
void fault_remove_all(struct fault_brick *faults);

#endif
