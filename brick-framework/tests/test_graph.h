/* SPDX-License-Identifier: GPL-2.0 */
/* A host with a registry, for tests that wire test bricks. */
#ifndef THARSIS_TEST_GRAPH_H
#define THARSIS_TEST_GRAPH_H

#include "test_bricks.h"
#include "test_host.h"

#define TEST_CLIENT_REQUESTS 16u

struct test_graph {
	struct test_host host;
	struct th_registry registry;
};

void test_graph_init(struct test_graph *graph);
/* Switches off, disconnects and destroys all bricks. */
void test_graph_destroy(struct test_graph *graph);

struct test_client *test_graph_client(struct test_graph *graph, const char *name);
struct test_filter *test_graph_filter(struct test_graph *graph, const char *name);
/* @delay_max_ns: see struct test_disk_config. */
struct test_disk *test_graph_disk(struct test_graph *graph, const char *name,
				  uint64_t delay_max_ns);
struct th_brick *test_graph_files(struct test_graph *graph, const char *name);
void test_graph_switch(struct test_graph *graph, struct th_brick *brick, bool on);

#endif
