// SPDX-License-Identifier: GPL-2.0
#include "test_graph.h"
#include "testing.h"

struct fixture {
	struct test_graph graph;
	struct test_disk *disk;
	uint32_t done;
};

static int set_up(void **state)
{
	static struct fixture f;

	test_graph_init(&f.graph);
	f.disk = test_graph_disk(&f.graph, "disk", 1000);
	f.done = 0;
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->disk->config.power_on_error = 0;
	test_graph_destroy(&f->graph);
	return 0;
}

static void count_done(struct th_brick *brick, void *context)
{
	struct fixture *f = context;

	assert_ptr_equal(brick, &f->disk->brick);
	assert_true(brick->power == TH_ON || brick->power == TH_OFF);
	f->done++;
}

static int power(struct fixture *f, bool on)
{
	return th_brick_power(&f->disk->brick, on, count_done, f);
}

static void a_brick_tells_how_far_it_has_got_and_then_that_it_is_on(void **state)
{
	struct fixture *f = *state;
	struct th_brick *brick = &f->disk->brick;

	assert_int_equal(brick->power, TH_OFF);
	assert_int_equal(power(f, true), 0);
	assert_int_equal(brick->power, TH_SWITCHING_ON);
	assert_int_equal(brick->power_percent, 0);
	th_brick_power_progress(brick, 50);
	assert_int_equal(brick->power_percent, 50);
	th_brick_power_progress(brick, 1000);
	assert_int_equal(brick->power_percent, 100);
	assert_int_equal(f->done, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(brick->power, TH_ON);
	assert_int_equal(brick->power_percent, 100);
	assert_int_equal(f->done, 1);
}

static void count_call(struct th_brick *brick, void *context)
{
	(void)brick;
	(*(uint32_t *)context)++;
}

static void done_is_never_called_inside_the_call_even_if_the_brick_is_on_at_once(void **state)
{
	struct fixture *f = *state;
	struct th_brick *filter = &test_graph_filter(&f->graph, "filter")->brick;
	uint32_t calls = 0;

	assert_int_equal(th_brick_power(filter, true, count_call, &calls), 0);
	assert_int_equal(filter->power, TH_ON);
	assert_int_equal(calls, 0);
	assert_int_equal(th_brick_power(filter, false, count_call, &calls), -EBUSY);
	test_host_settle(&f->graph.host);
	assert_int_equal(calls, 1);
	assert_int_equal(th_brick_power(filter, false, count_call, &calls), 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(calls, 2);
}

static void asking_for_what_is_already_so_succeeds_and_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(power(f, false), 0);
	assert_int_equal(f->done, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->disk->brick.power, TH_OFF);

	test_graph_switch(&f->graph, &f->disk->brick, true);
	assert_int_equal(power(f, true), 0);
	assert_int_equal(f->disk->brick.power, TH_ON);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->done, 2);
}

static void while_a_brick_is_switching_further_wishes_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(power(f, true), 0);
	assert_int_equal(power(f, true), -EBUSY);
	assert_int_equal(power(f, false), -EBUSY);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->disk->brick.power, TH_ON);
}

static void a_brick_that_cannot_be_switched_on_is_off_and_says_why(void **state)
{
	struct fixture *f = *state;

	f->disk->config.power_on_error = -ENODEV;
	assert_int_equal(power(f, true), 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->disk->brick.power, TH_OFF);
	assert_int_equal(f->disk->brick.error.code, -ENODEV);
	assert_string_equal(f->disk->brick.error.text, "the disk is broken");
}

static void a_failure_without_a_reason_gets_one(void **state)
{
	struct fixture *f = *state;

	f->disk->config.power_on_error = TEST_DISK_SILENT_ERROR;
	assert_int_equal(power(f, true), 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->disk->brick.power, TH_OFF);
	assert_int_equal(f->disk->brick.error.code, -EIO);
	assert_string_equal(f->disk->brick.error.text, "brick disk could not be switched on");
}

static void the_next_try_forgets_the_error_of_the_last(void **state)
{
	struct fixture *f = *state;

	f->disk->config.power_on_error = -ENODEV;
	power(f, true);
	test_host_settle(&f->graph.host);
	f->disk->config.power_on_error = 0;
	power(f, true);
	assert_int_equal(f->disk->brick.error.code, 0);
	test_host_settle(&f->graph.host);
	assert_int_equal(f->disk->brick.power, TH_ON);
}

static void a_brick_that_is_switching_off_completes_what_it_has_and_takes_no_more(void **state)
{
	struct fixture *f = *state;
	struct test_client *client = test_graph_client(&f->graph, "client");
	uint32_t i;

	test_graph_switch(&f->graph, &f->disk->brick, true);
	th_connect(&client->brick.inputs[0], &f->disk->brick.outputs[0]);
	for (i = 0; i < 5; i++)
		test_client_send(client, i);
	assert_int_equal(power(f, false), 0);
	test_client_send(client, 5);
	test_host_settle(&f->graph.host);
	assert_int_equal(client->last_error, -ENOTCONN);
	assert_int_equal(f->disk->brick.power, TH_SWITCHING_OFF);
	assert_int_equal(f->done, 0);
	test_host_finish(&f->graph.host);
	assert_int_equal(f->disk->brick.power, TH_OFF);
	assert_int_equal(f->done, 1);
	assert_int_equal(client->returned, 6);
	assert_int_equal(client->failed, 1);
}

static void reach_without_being_asked(void *context)
{
	struct fixture *f = context;

	th_brick_power_reached(&f->disk->brick, TH_ON);
}

static void a_brick_that_switches_itself_stops_the_host(void **state)
{
	assert_true(test_aborts(reach_without_being_asked, *state));
}

#define power_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		power_test(a_brick_tells_how_far_it_has_got_and_then_that_it_is_on),
		power_test(done_is_never_called_inside_the_call_even_if_the_brick_is_on_at_once),
		power_test(asking_for_what_is_already_so_succeeds_and_changes_nothing),
		power_test(while_a_brick_is_switching_further_wishes_are_refused),
		power_test(a_brick_that_cannot_be_switched_on_is_off_and_says_why),
		power_test(a_failure_without_a_reason_gets_one),
		power_test(the_next_try_forgets_the_error_of_the_last),
		power_test(a_brick_that_is_switching_off_completes_what_it_has_and_takes_no_more),
		power_test(a_brick_that_switches_itself_stops_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
