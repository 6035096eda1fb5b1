// SPDX-License-Identifier: GPL-2.0
/* Connections: what is refused, and what happens to requests when wiring changes beneath them. */
#include "test_graph.h"
#include "testing.h"

/* The framework's allocations pass through here (see --wrap in CMakeLists.txt): those after so many fail. */
static uint32_t allocations_left = UINT32_MAX;

void *__real_th_alloc(size_t bytes);
void *__real_th_alloc_buffer(size_t bytes);
void *__wrap_th_alloc(size_t bytes);
void *__wrap_th_alloc_buffer(size_t bytes);

static bool may_allocate(void)
{
	if (allocations_left == UINT32_MAX)
		return true;
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

void *__wrap_th_alloc(size_t bytes)
{
	return may_allocate() ? __real_th_alloc(bytes) : NULL;
}

void *__wrap_th_alloc_buffer(size_t bytes)
{
	return may_allocate() ? __real_th_alloc_buffer(bytes) : NULL;
}

/* client -> filter -> disk, all on; and a spare disk. */
struct fixture {
	struct test_graph graph;
	struct test_client *client;
	struct test_filter *filter;
	struct test_disk *disk;
	struct test_disk *spare;
};

static struct th_input *input_of(struct th_brick *brick)
{
	return &brick->inputs[0];
}

static struct th_output *output_of(struct th_brick *brick)
{
	return &brick->outputs[0];
}

static int set_up(void **state)
{
	static struct fixture f;

	test_graph_init(&f.graph);
	f.client = test_graph_client(&f.graph, "client");
	f.filter = test_graph_filter(&f.graph, "filter");
	f.disk = test_graph_disk(&f.graph, "disk", 1000);
	f.spare = test_graph_disk(&f.graph, "spare", 1000);
	test_graph_switch(&f.graph, &f.client->brick, true);
	test_graph_switch(&f.graph, &f.filter->brick, true);
	test_graph_switch(&f.graph, &f.disk->brick, true);
	test_graph_switch(&f.graph, &f.spare->brick, true);
	assert_int_equal(th_connect(input_of(&f.client->brick), output_of(&f.filter->brick)), 0);
	assert_int_equal(th_connect(input_of(&f.filter->brick), output_of(&f.disk->brick)), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_graph_destroy(&f->graph);
	return 0;
}

static void send_some(struct fixture *f, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		assert_true(test_client_send(f->client, 1000 + i));
}

static void count_call(struct th_input *input, void *context)
{
	(void)input;
	(*(uint32_t *)context)++;
}

/* ---- what is refused ---- */

static void an_input_is_connected_with_one_output_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(th_connect(input_of(&f->filter->brick), output_of(&f->spare->brick)),
			 -EISCONN);
	th_disconnect(input_of(&f->filter->brick), NULL, NULL);
	assert_int_equal(th_connect(input_of(&f->filter->brick), output_of(&f->spare->brick)),
			 -EISCONN);
	test_host_settle(&f->graph.host);
	assert_int_equal(th_connect(input_of(&f->filter->brick), output_of(&f->spare->brick)), 0);
}

static void ports_of_different_types_cannot_be_connected(void **state)
{
	struct fixture *f = *state;
	struct th_brick *files = test_graph_files(&f->graph, "files");

	assert_int_equal(th_connect(input_of(files), output_of(&f->disk->brick)), -EPROTOTYPE);
	assert_null(input_of(files)->output);
}

static void a_loop_is_refused_however_long(void **state)
{
	struct fixture *f = *state;
	struct test_filter *a = test_graph_filter(&f->graph, "a");
	struct test_filter *b = test_graph_filter(&f->graph, "b");
	struct test_filter *c = test_graph_filter(&f->graph, "c");

	assert_int_equal(th_connect(input_of(&a->brick), output_of(&a->brick)), -ELOOP);
	assert_int_equal(th_connect(input_of(&a->brick), output_of(&b->brick)), 0);
	assert_int_equal(th_connect(input_of(&b->brick), output_of(&c->brick)), 0);
	assert_int_equal(th_connect(input_of(&c->brick), output_of(&a->brick)), -ELOOP);
	assert_int_equal(th_connect(input_of(&c->brick), output_of(&b->brick)), -ELOOP);
	assert_int_equal(th_connect(input_of(&c->brick), output_of(&f->disk->brick)), 0);
}

static void bricks_of_different_executors_or_registries_cannot_be_connected(void **state)
{
	struct fixture *f = *state;
	struct test_filter *lonely = test_graph_filter(&f->graph, "lonely");
	struct test_graph elsewhere;
	struct test_disk *far;

	test_graph_init(&elsewhere);
	far = test_graph_disk(&elsewhere, "far", 0);
	assert_int_equal(th_connect(input_of(&lonely->brick), output_of(&far->brick)), -EXDEV);
	far->brick.executor = lonely->brick.executor;
	assert_int_equal(th_connect(input_of(&lonely->brick), output_of(&far->brick)), -EXDEV);
	far->brick.executor = &elsewhere.host.executor;
	test_graph_destroy(&elsewhere);
}

static void disconnecting_what_is_not_connected_or_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	struct test_filter *lonely = test_graph_filter(&f->graph, "lonely");

	assert_int_equal(th_disconnect(input_of(&lonely->brick), NULL, NULL), -ENOTCONN);
	assert_int_equal(th_disconnect(input_of(&f->filter->brick), NULL, NULL), 0);
	assert_int_equal(th_disconnect(input_of(&f->filter->brick), NULL, NULL), -EALREADY);
}

static void a_connection_for_which_there_is_no_memory_is_not_made_at_all(void **state)
{
	struct fixture *f = *state;
	struct th_input *input = input_of(&f->filter->brick);
	uint32_t failures = 0;
	int error;

	th_disconnect(input, NULL, NULL);
	test_host_settle(&f->graph.host);
	send_some(f, 3);
	do {
		allocations_left = failures;
		error = th_connect(input, output_of(&f->spare->brick));
		allocations_left = UINT32_MAX;
		if (error) {
			assert_int_equal(error, -ENOMEM);
			assert_null(input->output);
			assert_true(th_list_empty(&f->spare->brick.outputs[0].inputs));
			assert_int_equal(f->filter->in_flight, 3);
			failures++;
		}
	} while (error);
	assert_true(failures >= 2);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->returned, 3);
	assert_int_equal(f->client->failed, 0);
}

static void a_pool_for_which_there_is_no_memory_is_not_made_at_all(void **state)
{
	struct fixture *f = *state;
	struct th_request_pool *pool;
	uint32_t failures = 0;
	int error;

	do {
		allocations_left = failures;
		error = th_request_pool_create(input_of(&f->client->brick), 4, &pool);
		allocations_left = UINT32_MAX;
		if (error) {
			assert_int_equal(error, -ENOMEM);
			failures++;
		}
	} while (error);
	assert_true(failures >= 5);
	th_request_pool_destroy(pool);
}

static void an_output_serves_several_inputs(void **state)
{
	struct fixture *f = *state;
	struct test_client *other = test_graph_client(&f->graph, "other");

	assert_int_equal(th_connect(input_of(&other->brick), output_of(&f->disk->brick)), 0);
	send_some(f, 5);
	test_client_send(other, 42);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->disk->served, 6);
	assert_int_equal(other->returned, 1);
	assert_int_equal(other->failed, 0);
}

/* ---- requests that cannot go ---- */

static void a_request_to_nowhere_fails_later_and_never_inside_the_submission(void **state)
{
	struct fixture *f = *state;
	struct test_client *lonely = test_graph_client(&f->graph, "lonely");

	assert_true(test_client_send(lonely, 1));
	assert_int_equal(lonely->returned, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(lonely->failed, 1);
	assert_int_equal(lonely->last_error, -ENOTCONN);
}

static void a_request_to_a_brick_that_is_off_fails_later(void **state)
{
	struct fixture *f = *state;

	test_graph_switch(&f->graph, &f->disk->brick, false);
	send_some(f, 1);
	assert_int_equal(f->client->returned, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->client->failed, 1);
	assert_int_equal(f->client->last_error, -ENOTCONN);
}

static void a_connection_tells_what_lies_behind_it_only_while_that_is_on(void **state)
{
	struct fixture *f = *state;
	struct test_client *lonely = test_graph_client(&f->graph, "lonely");
	struct th_brick *files = test_graph_files(&f->graph, "files");
	struct th_brick *directory = test_graph_files(&f->graph, "directory");
	struct th_block_info info;

	assert_true(th_input_info(input_of(&f->filter->brick), &info));
	assert_int_equal(info.size_bytes, TH_GIB);
	assert_int_equal(info.block_bytes, 4096);
	assert_false(info.read_only);
	assert_false(th_input_info(input_of(&lonely->brick), &info));
	test_graph_switch(&f->graph, &f->disk->brick, false);
	assert_false(th_input_info(input_of(&f->filter->brick), &info));

	th_connect(input_of(files), output_of(directory));
	test_graph_switch(&f->graph, directory, true);
	assert_false(th_input_info(input_of(files), &info));
}

/* ---- disconnecting ---- */

static void disconnecting_waits_for_the_requests_under_way(void **state)
{
	struct fixture *f = *state;
	uint32_t drained = 0;

	send_some(f, 8);
	assert_int_equal(th_disconnect(input_of(&f->filter->brick), count_call, &drained), 0);
	test_host_settle(&f->graph.host);
	while (f->disk->in_flight > 0) {
		assert_int_equal(drained, 0);
		assert_non_null(input_of(&f->filter->brick)->output);
		test_host_pass(&f->graph.host, 1);
	}
	test_host_settle(&f->graph.host);
	assert_int_equal(drained, 1);
	assert_null(input_of(&f->filter->brick)->output);
	assert_int_equal(f->client->returned, 8);
	assert_int_equal(f->client->failed, 0);
}

static void an_idle_input_is_disconnected_by_a_work_not_inside_the_call(void **state)
{
	struct fixture *f = *state;
	uint32_t drained = 0;

	th_disconnect(input_of(&f->filter->brick), count_call, &drained);
	assert_int_equal(drained, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(drained, 1);
}

static void requests_are_held_in_their_order_until_the_input_is_connected_again(void **state)
{
	struct fixture *f = *state;
	struct th_input *input = input_of(&f->filter->brick);

	send_some(f, 4);
	th_disconnect(input, NULL, NULL);
	send_some(f, 5);
	test_host_finish(&f->graph.host);
	send_some(f, 1);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->returned, 4);
	assert_int_equal(f->disk->served, 4);
	assert_int_equal(f->filter->in_flight, 6);

	assert_int_equal(th_connect(input, output_of(&f->spare->brick)), 0);
	assert_string_equal(f->spare->arrivals, "012340");
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->returned, 10);
	assert_int_equal(f->client->failed, 0);
	assert_int_equal(f->spare->served, 6);
	assert_int_equal(f->disk->served, 4);
}

static void a_request_that_was_got_before_a_brick_was_connected_can_go_to_it(void **state)
{
	struct fixture *f = *state;
	struct test_filter *between = test_graph_filter(&f->graph, "between");

	test_graph_switch(&f->graph, &between->brick, true);
	th_disconnect(input_of(&f->filter->brick), NULL, NULL);
	test_host_settle(&f->graph.host);
	send_some(f, 3);
	assert_int_equal(th_connect(input_of(&f->filter->brick), output_of(&between->brick)), 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->client->failed, 3);

	th_disconnect(input_of(&f->filter->brick), NULL, NULL);
	test_host_settle(&f->graph.host);
	send_some(f, 3);
	assert_int_equal(th_connect(input_of(&between->brick), output_of(&f->spare->brick)), 0);
	assert_int_equal(th_connect(input_of(&f->filter->brick), output_of(&between->brick)), 0);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->spare->served, 3);
	assert_int_equal(f->client->returned, 6);
	assert_int_equal(f->client->failed, 3);
}

static void wiring_deep_in_the_graph_changes_without_waiting_for_requests_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct test_filter *beside = test_graph_filter(&f->graph, "beside");
	uint32_t drained = 0;

	test_graph_switch(&f->graph, &beside->brick, true);
	send_some(f, 6);
	assert_int_equal(th_connect(&f->filter->brick.inputs[1], output_of(&beside->brick)), 0);
	assert_int_equal(th_connect(input_of(&beside->brick), output_of(&f->spare->brick)), 0);
	assert_int_equal(th_disconnect(input_of(&beside->brick), count_call, &drained), 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(drained, 1);
	assert_true(f->disk->in_flight > 0);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->returned, 6);
	assert_int_equal(f->client->failed, 0);
}

static void ask_for_the_aspect_of_the_disk(void *context)
{
	struct fixture *f = context;

	th_request_aspect(th_request_get(f->client->pool), &f->disk->brick);
}

static void the_aspects_of_a_brick_come_and_go_with_the_ways_to_it(void **state)
{
	struct fixture *f = *state;

	assert_false(test_aborts(ask_for_the_aspect_of_the_disk, f));
	assert_int_equal(th_connect(&f->filter->brick.inputs[1], output_of(&f->disk->brick)), 0);
	th_disconnect(input_of(&f->filter->brick), NULL, NULL);
	test_host_settle(&f->graph.host);
	assert_false(test_aborts(ask_for_the_aspect_of_the_disk, f));
	th_disconnect(&f->filter->brick.inputs[1], NULL, NULL);
	test_host_settle(&f->graph.host);
	assert_true(test_aborts(ask_for_the_aspect_of_the_disk, f));
}

static void what_is_held_can_be_given_up_and_then_nothing_is_held_any_more(void **state)
{
	struct fixture *f = *state;
	struct th_input *input = input_of(&f->filter->brick);

	send_some(f, 2);
	th_disconnect(input, NULL, NULL);
	send_some(f, 3);
	th_input_fail_held(input, -EIO);
	assert_int_equal(f->client->returned, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->client->failed, 3);
	assert_int_equal(f->client->last_error, -EIO);

	send_some(f, 1);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->last_error, -ENOTCONN);
	assert_int_equal(f->client->returned, 6);
	assert_int_equal(f->client->failed, 4);
	assert_null(input->output);
}

static void an_input_that_was_given_up_holds_again_after_the_next_disconnection(void **state)
{
	struct fixture *f = *state;
	struct th_input *input = input_of(&f->filter->brick);

	th_disconnect(input, NULL, NULL);
	th_input_fail_held(input, -EIO);
	test_host_settle(&f->graph.host);
	th_connect(input, output_of(&f->disk->brick));
	th_disconnect(input, NULL, NULL);
	test_host_settle(&f->graph.host);
	send_some(f, 2);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->client->returned, 0);
	th_connect(input, output_of(&f->disk->brick));
	test_host_finish(&f->graph.host);
	assert_int_equal(f->client->returned, 2);
	assert_int_equal(f->client->failed, 0);
}

static void reconnect_to(struct th_input *input, void *context)
{
	assert_int_equal(th_connect(input, context), 0);
}

static void an_input_can_be_connected_anew_from_its_drained_callback(void **state)
{
	struct fixture *f = *state;

	send_some(f, 4);
	th_disconnect(input_of(&f->filter->brick), reconnect_to, output_of(&f->spare->brick));
	send_some(f, 4);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->disk->served, 4);
	assert_int_equal(f->spare->served, 4);
	assert_int_equal(f->client->returned, 8);
	assert_int_equal(f->client->failed, 0);
}

/* ---- under load ---- */

struct load {
	struct fixture *f;
	uint64_t random;
	struct th_output *ways[3]; /* two disks, and a second filter in front of either */
	struct test_filter *second;
	uint32_t changes;
};

static void connect_to_any(struct th_input *input, void *context)
{
	struct load *load = context;

	assert_int_equal(input->in_flight, 0);
	assert_int_equal(th_connect(input, load->ways[test_random_below(&load->random, 3)]), 0);
	load->changes++;
}

static void connect_second_to_any(struct th_input *input, void *context)
{
	struct load *load = context;

	assert_int_equal(input->in_flight, 0);
	assert_int_equal(th_connect(input, load->ways[test_random_below(&load->random, 2)]), 0);
	load->changes++;
}

static void step(struct load *load)
{
	struct fixture *f = load->f;

	switch (test_random_below(&load->random, 8)) {
	case 0:
		th_disconnect(input_of(&f->filter->brick), connect_to_any, load);
		break;
	case 1:
		th_disconnect(input_of(&load->second->brick), connect_second_to_any, load);
		break;
	case 2:
	case 3:
		test_host_pass(&f->graph.host, test_random_below(&load->random, 400));
		break;
	default:
		test_client_send(f->client, test_random(&load->random));
		break;
	}
}

static void no_request_is_lost_or_hurt_when_wiring_changes_under_load(void **state)
{
	struct fixture *f = *state;
	struct load load = { .f = f, .random = 20240611 };
	uint32_t i;

	print_message("seed %llu\n", (unsigned long long)load.random);
	load.second = test_graph_filter(&f->graph, "second");
	test_graph_switch(&f->graph, &load.second->brick, true);
	th_connect(input_of(&load.second->brick), output_of(&f->spare->brick));
	load.ways[0] = output_of(&f->disk->brick);
	load.ways[1] = output_of(&f->spare->brick);
	load.ways[2] = output_of(&load.second->brick);
	for (i = 0; i < 50000; i++)
		step(&load);
	test_host_finish(&f->graph.host);

	assert_true(load.changes > 1000);
	assert_true(f->client->sent > 10000);
	assert_int_equal(f->client->returned, f->client->sent);
	assert_int_equal(f->client->failed, 0);
	assert_int_equal(f->disk->served + f->spare->served, f->client->sent);
	assert_true(f->disk->served > 1000 && f->spare->served > 1000);
	assert_int_equal(f->filter->in_flight, 0);
	assert_int_equal(load.second->in_flight, 0);
}

#define wiring_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		wiring_test(an_input_is_connected_with_one_output_only),
		wiring_test(ports_of_different_types_cannot_be_connected),
		wiring_test(a_loop_is_refused_however_long),
		wiring_test(bricks_of_different_executors_or_registries_cannot_be_connected),
		wiring_test(disconnecting_what_is_not_connected_or_twice_is_refused),
		wiring_test(a_connection_for_which_there_is_no_memory_is_not_made_at_all),
		wiring_test(a_pool_for_which_there_is_no_memory_is_not_made_at_all),
		wiring_test(an_output_serves_several_inputs),
		wiring_test(a_request_to_nowhere_fails_later_and_never_inside_the_submission),
		wiring_test(a_request_to_a_brick_that_is_off_fails_later),
		wiring_test(a_connection_tells_what_lies_behind_it_only_while_that_is_on),
		wiring_test(disconnecting_waits_for_the_requests_under_way),
		wiring_test(an_idle_input_is_disconnected_by_a_work_not_inside_the_call),
		wiring_test(requests_are_held_in_their_order_until_the_input_is_connected_again),
		wiring_test(a_request_that_was_got_before_a_brick_was_connected_can_go_to_it),
		wiring_test(
			wiring_deep_in_the_graph_changes_without_waiting_for_requests_elsewhere),
		wiring_test(the_aspects_of_a_brick_come_and_go_with_the_ways_to_it),
		wiring_test(what_is_held_can_be_given_up_and_then_nothing_is_held_any_more),
		wiring_test(an_input_that_was_given_up_holds_again_after_the_next_disconnection),
		wiring_test(an_input_can_be_connected_anew_from_its_drained_callback),
		wiring_test(no_request_is_lost_or_hurt_when_wiring_changes_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
