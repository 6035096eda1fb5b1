/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host for tests and fuzzers: the control library on an executor with a clock that the test moves, bricks that stand for disks and
 * directories, and fake engines.
 */
#ifndef THARSIS_BENCH_H
#define THARSIS_BENCH_H

#include "control.h"
#include "fake_engine.h"
#include "resource.h"

/* What can fail in the next steps. */
struct bench_script {
	struct th_error make_log;
	struct th_error make_disk;
	bool log_power_fails;
	bool disk_power_fails;
	struct th_error export_device;
	const char *export_place; /* NULL: none */
	bool export_later; /* unexport ends only with bench_end_unexport() */
};

struct bench {
	struct th_control_host host;
	struct th_executor executor;
	struct th_registry registry;
	struct th_memory_budget memory;
	struct th_control control;
	struct bench_script script;
	struct th_ladder *unexporting;
	enum th_export_kind export_kind; /* of the last one */
	uint64_t now_ns;
	uint8_t random;
};

/* One at a time: the place bricks look into it. */
extern struct bench *bench;

void bench_start(struct bench *started);
/* All resources and sessions must be gone. */
void bench_stop(void);
/* Runs until nothing is left to do now. */
void bench_run(void);
void bench_pass(uint64_t duration_ns);
void bench_end_unexport(void);
uint32_t bench_brick_count(void);
struct fake_engine *bench_engine(const char *resource);

#endif
