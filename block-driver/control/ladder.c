// SPDX-License-Identifier: GPL-2.0
#include "ladder.h"

static bool has_arrived(const struct th_ladder *ladder)
{
	return ladder->level == (ladder->rising ? ladder->rung_count : 0);
}

static int take_step(struct th_ladder *ladder)
{
	const struct th_rung *rung;

	if (ladder->rising)
		return ladder->rungs[ladder->level].up(ladder);
	rung = &ladder->rungs[ladder->level - 1];
	return rung->down ? rung->down(ladder) : 0;
}

static void finish(struct th_ladder *ladder)
{
	ladder->moving = false;
	ladder->done(ladder, ladder->context);
}

/* True when the way ends here. */
static bool settle_step(struct th_ladder *ladder, int result)
{
	if (!result) {
		ladder->level = ladder->rising ? ladder->level + 1 : ladder->level - 1;
		return false;
	}
	th_error_set(&ladder->error, result, "step %u failed (errno %d)", ladder->level, -result);
	if (!ladder->rising)
		return true;
	ladder->rising = false;
	return false;
}

static void run(struct th_work *work)
{
	struct th_ladder *ladder = th_container_of(work, struct th_ladder, work);
	int result;

	if (ladder->waiting) {
		ladder->waiting = false;
		if (settle_step(ladder, ladder->stepped)) {
			finish(ladder);
			return;
		}
	}
	while (!has_arrived(ladder)) {
		result = take_step(ladder);
		if (result == TH_LADDER_LATER) {
			ladder->waiting = true;
			return;
		}
		if (settle_step(ladder, result))
			break;
	}
	finish(ladder);
}

void th_ladder_init(struct th_ladder *ladder, struct th_executor *executor,
		    const struct th_rung *rungs, uint32_t rung_count)
{
	memset(ladder, 0, sizeof(*ladder));
	ladder->rungs = rungs;
	ladder->rung_count = rung_count;
	ladder->executor = executor;
	th_work_init(&ladder->work, run);
}

static void begin(struct th_ladder *ladder, bool rising, void (*done)(struct th_ladder *, void *),
		  void *context)
{
	TH_ASSERT(!ladder->moving);
	ladder->moving = true;
	ladder->rising = rising;
	ladder->error = (struct th_error){ 0 };
	ladder->done = done;
	ladder->context = context;
	th_executor_post(ladder->executor, &ladder->work);
}

void th_ladder_climb(struct th_ladder *ladder, void (*done)(struct th_ladder *, void *),
		     void *context)
{
	begin(ladder, true, done, context);
}

void th_ladder_descend(struct th_ladder *ladder, void (*done)(struct th_ladder *, void *),
		       void *context)
{
	begin(ladder, false, done, context);
}

void th_ladder_stepped(struct th_ladder *ladder, int error)
{
	TH_ASSERT(ladder->moving);
	ladder->stepped = error;
	th_executor_post(ladder->executor, &ladder->work);
}
