/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ladder: something that is put together in steps, and taken apart in the opposite order. Going up, a step that
 * fails sends everything down again; going down, a step that fails stops there, so that it can be tried again.
 *
 * Owner: the executor.
 */
#ifndef THARSIS_LADDER_H
#define THARSIS_LADDER_H

#include <tharsis/brick.h>

struct th_ladder;

/* What a rung returns: 0 done, a negative errno (with ladder->error set), or this: th_ladder_stepped() follows. */
#define TH_LADDER_LATER 1

struct th_rung {
	int (*up)(struct th_ladder *ladder); /* on failure nothing is left of it */
	int (*down)(struct th_ladder *ladder); /* NULL: nothing to undo */
};

struct th_ladder {
	const struct th_rung *rungs;
	uint32_t rung_count;
	uint32_t level; /* rungs that stand */
	bool rising;
	bool moving;
	struct th_error error; /* the first one since the last climb or descent began */
	struct th_executor *executor;
	struct th_work work;
	int stepped; /* result of the rung that took its time */
	bool waiting;
	void (*done)(struct th_ladder *ladder, void *context);
	void *context;
};

void th_ladder_init(struct th_ladder *ladder, struct th_executor *executor,
		    const struct th_rung *rungs, uint32_t rung_count);

/*
 * Not while it moves. @done runs once, never inside this call; it may free the ladder. The result is in
 * ladder->error: after a failed climb the level is 0, unless going down failed too.
 */
void th_ladder_climb(struct th_ladder *ladder, void (*done)(struct th_ladder *, void *),
		     void *context);
void th_ladder_descend(struct th_ladder *ladder, void (*done)(struct th_ladder *, void *),
		       void *context);

/* The rung that said TH_LADDER_LATER is done: 0 or a negative errno (with ladder->error set). */
void th_ladder_stepped(struct th_ladder *ladder, int error);

static inline bool th_ladder_is_up(const struct th_ladder *ladder)
{
	return !ladder->moving && ladder->level == ladder->rung_count;
}

#endif
