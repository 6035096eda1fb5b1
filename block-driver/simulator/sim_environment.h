/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all simulated storage of one simulation shares: chance, a count of events, and whom to tell when the
 * storage is used in a way that its contract forbids.
 */
#ifndef THARSIS_SIM_ENVIRONMENT_H
#define THARSIS_SIM_ENVIRONMENT_H

#include "sim_random.h"

struct th_sim_environment {
	struct th_sim_random random;
	uint64_t events; /* requests begun and ended: the points at which a crash makes a difference */
	/* Does not return. NULL: the host is stopped by an assertion. */
	void (*misuse)(void *context, const char *text) __attribute__((noreturn));
	/* Optional: hears of each request that begins or ends. */
	void (*note)(void *context, const char *text);
	void *context;
};

/* Errors to inject; all zero: none. */
struct th_sim_faults {
	uint32_t read_permille;
	uint32_t write_permille;
	uint32_t flush_permille;
	uint64_t bad_position; /* every transfer that touches [bad_position, + bad_length) fails */
	uint64_t bad_length;
};

void th_sim_misuse(struct th_sim_environment *environment, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* The error of a transfer: 0 or -EIO. */
int th_sim_faults_transfer(const struct th_sim_faults *faults, struct th_sim_random *random,
			   bool is_write, uint64_t position, uint64_t length);
int th_sim_faults_flush(const struct th_sim_faults *faults, struct th_sim_random *random);

#endif
