/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for the engine at link time: keeps calls, and ends them when and how the test says.
 */
#ifndef THARSIS_FAKE_ENGINE_H
#define THARSIS_FAKE_ENGINE_H

#include "engine.h"

struct fake_engine {
	struct th_brick brick; /* first */
	struct th_engine_config config;
	struct th_engine_status status;
	struct th_list calls;
	struct th_work work;
};

/* What all fake engines do. Zero: every call ends well, as soon as its executor runs. */
struct fake_engine_script {
	bool hold; /* calls wait for fake_engine_release() */
	bool fails[TH_CALL_TUNE + 1]; /* calls of this kind end with @error */
	bool power_fails; /* switching on */
	bool close_stays_open; /* a CLOSE that fails leaves it open */
	struct th_error error;
	uint32_t call_count[TH_CALL_TUNE + 1];
	struct th_engine_call last; /* copy of the last call that was started */
};
extern struct fake_engine_script fake_engine_script;

void fake_engine_reset(void);
struct fake_engine *fake_engine_of(struct th_brick *brick);
/* Ends the calls that are held, in order. */
void fake_engine_release(struct fake_engine *engine);
void fake_engine_change(struct fake_engine *engine);

#endif
