/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a simulated disk takes. Two models:
 *
 * - by chance: every request takes its own random time, so that completions come in any order; now and then the
 *   disk hangs, and everything takes longer. For finding bugs.
 * - spinning: one head, which serves one request after the other in the order of arrival and has to move. A
 *   cost per request, a seek that grows with the square root of the distance (as it does for short strokes;
 *   Ruemmler and Wilkes, "An introduction to disk drive modeling", 1994), half a turn where the request does not
 *   follow on the last one, transfer at a constant rate, and a price for each flush. For benchmarks.
 */
#ifndef THARSIS_SIM_TIMING_H
#define THARSIS_SIM_TIMING_H

#include "sim_random.h"

enum th_sim_timing_model { TH_SIM_TIMING_CHANCE, TH_SIM_TIMING_SPINNING };

struct th_sim_timing {
	enum th_sim_timing_model model;

	/* by chance */
	uint64_t delay_min_ns;
	uint64_t delay_max_ns;
	uint32_t hang_permille; /* chance of a request to make the disk hang */
	uint64_t hang_max_ns;

	/* spinning */
	uint64_t size_bytes; /* a seek over all of it takes seek_max_ns */
	uint64_t request_ns;
	uint64_t seek_min_ns;
	uint64_t seek_max_ns;
	uint64_t turn_ns;
	uint64_t flush_ns;
	uint64_t bytes_per_s;

	/* state */
	uint64_t busy_until_ns;
	uint64_t head_position;
};

void th_sim_timing_chance(struct th_sim_timing *timing, uint64_t delay_min_ns,
			  uint64_t delay_max_ns);
/* The figures of a 7200 rpm disk of @size_bytes. */
void th_sim_timing_spinning(struct th_sim_timing *timing, uint64_t size_bytes);

/* When a transfer that arrives now is done. */
uint64_t th_sim_timing_transfer_ns(struct th_sim_timing *timing, struct th_sim_random *random,
				   uint64_t now_ns, uint64_t position, uint64_t length);
/* The same for all that moves no data: flushes, and what concerns names and sizes. */
uint64_t th_sim_timing_flush_ns(struct th_sim_timing *timing, struct th_sim_random *random,
				uint64_t now_ns);

#endif
