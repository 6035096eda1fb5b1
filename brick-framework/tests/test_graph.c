// SPDX-License-Identifier: GPL-2.0
#include "test_graph.h"

#include "testing.h"

void test_graph_init(struct test_graph *graph)
{
	memset(graph, 0, sizeof(*graph));
	test_host_init(&graph->host);
	th_registry_init(&graph->registry);
}

static struct th_brick *create(struct test_graph *graph, const struct th_brick_type *type,
			       const char *name, const void *config)
{
	struct th_error error = { 0 };
	struct th_brick *brick;

	assert_int_equal(th_brick_create(&graph->registry, type, name, &graph->host.executor,
					 config, &brick, &error),
			 0);
	return brick;
}

struct test_client *test_graph_client(struct test_graph *graph, const char *name)
{
	const struct test_client_config config = { .capacity = TEST_CLIENT_REQUESTS };

	return th_container_of(create(graph, &test_client_type, name, &config), struct test_client,
			       brick);
}

struct test_filter *test_graph_filter(struct test_graph *graph, const char *name)
{
	return th_container_of(create(graph, &test_filter_type, name, NULL), struct test_filter,
			       brick);
}

struct test_disk *test_graph_disk(struct test_graph *graph, const char *name, uint64_t delay_max_ns)
{
	const struct test_disk_config config = {
		.seed = (uint64_t)name[0],
		.delay_max_ns = delay_max_ns,
	};

	return th_container_of(create(graph, &test_disk_type, name, &config), struct test_disk,
			       brick);
}

struct th_brick *test_graph_files(struct test_graph *graph, const char *name)
{
	return create(graph, &test_files_type, name, NULL);
}

void test_graph_switch(struct test_graph *graph, struct th_brick *brick, bool on)
{
	assert_int_equal(th_brick_power(brick, on, NULL, NULL), 0);
	test_host_finish(&graph->host);
	assert_int_equal(brick->power, on ? TH_ON : TH_OFF);
}

void test_graph_destroy(struct test_graph *graph)
{
	struct th_list *link;
	struct th_brick *brick;
	uint32_t i;

	test_host_finish(&graph->host);
	th_list_for_each(link, &graph->registry.bricks) {
		brick = th_list_entry(link, struct th_brick, link);
		for (i = 0; i < brick->type->input_count; i++) {
			th_disconnect(&brick->inputs[i], NULL, NULL);
			th_input_fail_held(&brick->inputs[i], -ECANCELED);
		}
		assert_int_equal(th_brick_power(brick, false, NULL, NULL), 0);
	}
	test_host_finish(&graph->host);
	while (!th_list_empty(&graph->registry.bricks))
		assert_int_equal(th_brick_destroy(&graph->registry,
						  th_list_first(&graph->registry.bricks,
								struct th_brick, link)),
				 0);
}
