/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a simulation ends when something is wrong: with one message, the seed, and the command that plays the run
 * again. There is no way back from a failure, so nothing has to be cleaned up.
 */
#ifndef THARSIS_FAILURE_H
#define THARSIS_FAILURE_H

#include <tharsis/port.h>

/* What is being run, for the message. */
struct th_run_identity {
	const char *scenario;
	uint64_t seed;
	const char *mutation; /* NULL: none */
	bool failure_expected; /* a failure is the success of this program */
	bool trace; /* events go to standard output */
	uint64_t (*now_ns)(void); /* NULL: no clock yet */
};

extern struct th_run_identity th_run;

/* Ends the program. */
void th_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

void th_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
