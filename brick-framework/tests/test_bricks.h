/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Three types of bricks to wire together: a client that only makes requests, a filter that passes them on (through its first input), and a disk
 * that completes them, each after a time of its own. Each writes into its aspect of every request and looks, when the
 * request comes back, whether that is still there.
 */
#ifndef THARSIS_TEST_BRICKS_H
#define THARSIS_TEST_BRICKS_H

#include <tharsis/brick.h>

extern const struct th_brick_type test_client_type; /* input 0 "disk" */
extern const struct th_brick_type
	test_filter_type; /* inputs 0 "below" and 1 "beside", output 0 "above" */
extern const struct th_brick_type test_disk_type; /* output 0 "disk" */
extern const struct th_brick_type test_files_type; /* input 0 "files", output 0 "files" */

struct test_client {
	struct th_brick brick;
	struct th_request_pool *pool;
	uint32_t sent;
	uint32_t returned;
	uint32_t failed;
	int last_error;
};

/* Its config: how many requests it may have under way. */
struct test_client_config {
	uint32_t capacity;
};

/* Sends one request; false when all are under way. @position is its errand: a disk gives it back in length. */
bool test_client_send(struct test_client *client, uint64_t position);

struct test_filter {
	struct th_brick brick;
	uint32_t in_flight;
};

struct test_disk_config {
	uint64_t seed;
	uint64_t delay_max_ns; /* 0: completes by a work, at once */
	int power_on_error; /* 0: switching on succeeds */
};

#define TEST_DISK_SILENT_ERROR 1 /* as power_on_error: fails and says nothing */

struct test_disk {
	struct th_brick brick;
	struct test_disk_config config;
	uint64_t random;
	uint32_t in_flight;
	uint32_t served;
	bool going_off;
	char arrivals[32]; /* the last digit of the position of the first requests */
	struct th_work power_step;
};

#endif
