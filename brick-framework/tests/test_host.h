/* SPDX-License-Identifier: GPL-2.0 */
/* An executor whose host is a test: time goes on when the test says so. */
#ifndef THARSIS_TEST_HOST_H
#define THARSIS_TEST_HOST_H

#include <tharsis/executor.h>

struct test_host {
	struct th_executor executor;
	uint64_t now_ns;
	uint32_t wakes;
};

void test_host_init(struct test_host *host);
/* Runs rounds until nothing is due now. */
void test_host_settle(struct test_host *host);
/* Runs rounds, and goes on to the next deadline, until no timer is armed. */
void test_host_finish(struct test_host *host);
/* Lets time pass, with all timers that expire meanwhile. */
void test_host_pass(struct test_host *host, uint64_t ns);

#endif
