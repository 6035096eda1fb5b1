// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failure.h"

struct th_run_identity th_run;

static double now_s(void)
{
	return th_run.now_ns ? (double)th_run.now_ns() / 1e9 : 0;
}

static void end(const char *text) __attribute__((noreturn));
static void end(const char *text)
{
	if (th_run.failure_expected) {
		printf("caught: %s (scenario %s, seed %llu, %.6f s)\n", text, th_run.scenario,
		       (unsigned long long)th_run.seed, now_s());
	} else {
		printf("FAILED after %.6f s of simulated time: %s\n"
		       "play it again: simulator --scenario %s --seed %llu%s%s --trace\n",
		       now_s(), text, th_run.scenario, (unsigned long long)th_run.seed,
		       th_run.mutation ? " --mutation " : "",
		       th_run.mutation ? th_run.mutation : "");
	}
	fflush(stdout);
	_exit(th_run.failure_expected ? EXIT_SUCCESS : EXIT_FAILURE);
}

void th_fail(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	end(text);
}

void th_trace(const char *format, ...)
{
	va_list args;

	if (!th_run.trace)
		return;
	printf("%14.6f ", now_s() * 1e3);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* These two take the place of the port's functions (the linker's --wrap), so that what they say is part of the run. */
void __wrap_th_assert_failed(const char *condition, const char *file, int line)
	__attribute__((noreturn));
void __wrap_th_assert_failed(const char *condition, const char *file, int line)
{
	th_fail("assertion failed: %s (%s:%d)", condition, file, line);
}

void __wrap_th_log(enum th_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void __wrap_th_log(enum th_log_level level, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	th_trace("log %d: %s", (int)level, text);
}
