// SPDX-License-Identifier: GPL-2.0
/* Requests by themselves: pools, levels, aspects. */
#include "test_bricks.h"
#include "test_host.h"
#include "testing.h"

#define CAPACITY 5u

struct fixture {
	struct test_host host;
	struct th_registry registry;
	struct th_brick *files;
	struct th_brick *filter;
	struct th_request_pool *pool;
};

static struct th_brick *create(struct fixture *f, const struct th_brick_type *type,
			       const char *name)
{
	struct th_error error = { 0 };
	struct th_brick *brick;

	assert_int_equal(th_brick_create(&f->registry, type, name, &f->host.executor, NULL, &brick,
					 &error),
			 0);
	return brick;
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	test_host_init(&f.host);
	th_registry_init(&f.registry);
	f.files = create(&f, &test_files_type, "files");
	f.filter = create(&f, &test_filter_type, "filter");
	assert_int_equal(th_request_pool_create(&f.filter->inputs[0], CAPACITY, &f.pool), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	th_request_pool_destroy(f->pool);
	assert_int_equal(th_brick_destroy(&f->registry, f->filter), 0);
	assert_int_equal(th_brick_destroy(&f->registry, f->files), 0);
	return 0;
}

static void a_pool_gives_as_many_requests_as_it_has_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct th_request *requests[CAPACITY];
	uint32_t i, j;

	for (i = 0; i < CAPACITY; i++) {
		requests[i] = th_request_get(f->pool);
		assert_non_null(requests[i]);
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(requests[i], requests[j]);
	}
	assert_null(th_request_get(f->pool));
	th_request_put(requests[2]);
	assert_ptr_equal(th_request_get(f->pool), requests[2]);
	assert_null(th_request_get(f->pool));
	for (i = 0; i < CAPACITY; i++)
		th_request_put(requests[i]);
}

static void a_request_is_zero_when_it_is_got_whatever_it_was_before(void **state)
{
	struct fixture *f = *state;
	struct th_request *request = th_request_get(f->pool);
	struct th_vec vec;
	struct th_directory directory;

	request->operation = TH_WRITE;
	request->flags = TH_FUA;
	request->error = -EIO;
	request->position = 4096;
	request->length = 8192;
	request->vec = &vec;
	request->vec_count = 1;
	request->file = 3;
	request->name = "old";
	request->new_name = "new";
	request->directory = &directory;
	th_request_put(request);
	request = th_request_get(f->pool);
	assert_int_equal(request->operation, 0);
	assert_int_equal(request->flags, 0);
	assert_int_equal(request->chain_depth, 0);
	assert_int_equal(request->error, 0);
	assert_int_equal(request->position, 0);
	assert_int_equal(request->length, 0);
	assert_null(request->vec);
	assert_int_equal(request->vec_count, 0);
	assert_int_equal(request->file, 0);
	assert_null(request->name);
	assert_null(request->new_name);
	assert_null(request->directory);
	th_request_put(request);
}

static void a_pool_of_no_or_of_too_many_requests_is_refused(void **state)
{
	struct fixture *f = *state;
	struct th_request_pool *pool;

	assert_int_equal(th_request_pool_create(&f->filter->inputs[0], 0, &pool), -EINVAL);
	assert_int_equal(th_request_pool_create(&f->filter->inputs[0], TH_POOL_CAPACITY_MAX + 1,
						&pool),
			 -EINVAL);
}

static void the_aspects_of_all_requests_are_aligned_and_do_not_overlap(void **state)
{
	struct fixture *f = *state;
	struct th_request *requests[CAPACITY];
	const size_t bytes = f->filter->type->aspect_bytes;
	uint8_t *aspect;
	uint32_t i, j;

	for (i = 0; i < CAPACITY; i++) {
		requests[i] = th_request_get(f->pool);
		aspect = th_request_aspect(requests[i], f->filter);
		assert_true(th_is_aligned((uintptr_t)aspect, 16));
		memset(aspect, (int)i, bytes);
	}
	for (i = 0; i < CAPACITY; i++) {
		aspect = th_request_aspect(requests[i], f->filter);
		for (j = 0; j < bytes; j++)
			assert_int_equal(aspect[j], i);
		th_request_put(requests[i]);
	}
}

struct levels {
	int at[TH_CHAIN_MAX];
	uint32_t count;
	bool pass_on;
};

static void note_level(struct levels *levels, struct th_request *request, int level)
{
	levels->at[levels->count++] = level;
	if (request->chain_depth > 0 && levels->pass_on)
		th_request_complete(request, request->error - 1);
}

static void outer_done(struct th_request *request, void *context)
{
	note_level(context, request, 1);
}

static void middle_done(struct th_request *request, void *context)
{
	note_level(context, request, 2);
}

static void inner_done(struct th_request *request, void *context)
{
	note_level(context, request, 3);
}

static void a_request_comes_back_level_by_level_the_last_pushed_first(void **state)
{
	struct fixture *f = *state;
	struct th_request *request = th_request_get(f->pool);
	struct levels levels = { .pass_on = true };

	th_request_push(request, outer_done, &levels);
	th_request_push(request, middle_done, &levels);
	th_request_push(request, inner_done, &levels);
	th_request_complete(request, -10);
	assert_int_equal(levels.count, 3);
	assert_int_equal(levels.at[0], 3);
	assert_int_equal(levels.at[1], 2);
	assert_int_equal(levels.at[2], 1);
	assert_int_equal(request->error, -12);
	assert_int_equal(request->chain_depth, 0);
	th_request_put(request);
}

static void a_request_passes_through_as_many_levels_as_promised(void **state)
{
	struct fixture *f = *state;
	struct th_request *request = th_request_get(f->pool);
	struct levels levels = { .pass_on = true };
	uint32_t i;

	for (i = 0; i < TH_CHAIN_MAX; i++)
		th_request_push(request, outer_done, &levels);
	th_request_complete(request, 0);
	assert_int_equal(levels.count, TH_CHAIN_MAX);
	th_request_put(request);
}

static void completing_later_returns_before_the_completion_runs(void **state)
{
	struct fixture *f = *state;
	struct th_request *request = th_request_get(f->pool);
	struct levels levels = { 0 };

	th_request_push(request, outer_done, &levels);
	th_request_complete_later(&f->host.executor, request, -EIO);
	assert_int_equal(levels.count, 0);
	test_host_settle(&f->host);
	assert_int_equal(levels.count, 1);
	assert_int_equal(request->error, -EIO);

	th_request_push(request, outer_done, &levels);
	th_request_complete_remote(&f->host.executor, request, -ENOSPC);
	assert_int_equal(levels.count, 1);
	test_host_settle(&f->host);
	assert_int_equal(levels.count, 2);
	assert_int_equal(request->error, -ENOSPC);
	th_request_put(request);
}

static void push_too_often(void *context)
{
	struct fixture *f = context;
	struct th_request *request = th_request_get(f->pool);
	uint32_t i;

	for (i = 0; i <= TH_CHAIN_MAX; i++)
		th_request_push(request, outer_done, NULL);
}

static void complete_at_no_level(void *context)
{
	struct fixture *f = context;

	th_request_complete(th_request_get(f->pool), 0);
}

static void complete_what_is_free(void *context)
{
	struct fixture *f = context;
	struct th_request *request = th_request_get(f->pool);

	th_request_put(request);
	th_request_complete(request, 0);
}

static void put_twice(void *context)
{
	struct fixture *f = context;
	struct th_request *request = th_request_get(f->pool);

	th_request_put(request);
	th_request_put(request);
}

static void put_while_under_way(void *context)
{
	struct fixture *f = context;
	struct th_request *request = th_request_get(f->pool);

	th_request_push(request, outer_done, NULL);
	th_request_put(request);
}

static void submit_without_a_level(void *context)
{
	struct fixture *f = context;

	th_input_submit(&f->filter->inputs[0], th_request_get(f->pool));
}

static void submit_twice_at_one_level(void *context)
{
	struct fixture *f = context;
	struct th_brick *disk = create(f, &test_filter_type, "disk");
	struct th_request *request = th_request_get(f->pool);

	th_connect(&f->filter->inputs[0], &disk->outputs[0]);
	th_brick_power(disk, true, NULL, NULL);
	th_request_push(request, outer_done, NULL);
	th_input_submit(&f->filter->inputs[0], request);
	request->chain_depth = 1;
	th_input_submit(&f->filter->inputs[0], request);
}

static void ask_for_the_aspect_of_a_stranger(void *context)
{
	struct fixture *f = context;

	th_request_aspect(th_request_get(f->pool), f->files);
}

static void destroy_a_pool_in_use(void *context)
{
	struct fixture *f = context;

	th_request_get(f->pool);
	th_request_pool_destroy(f->pool);
}

static void the_use_of_a_request_against_the_rules_stops_the_host(void **state)
{
	assert_true(test_aborts(push_too_often, *state));
	assert_true(test_aborts(complete_at_no_level, *state));
	assert_true(test_aborts(complete_what_is_free, *state));
	assert_true(test_aborts(put_twice, *state));
	assert_true(test_aborts(put_while_under_way, *state));
	assert_true(test_aborts(submit_without_a_level, *state));
	assert_true(test_aborts(submit_twice_at_one_level, *state));
	assert_true(test_aborts(ask_for_the_aspect_of_a_stranger, *state));
	assert_true(test_aborts(destroy_a_pool_in_use, *state));
}

#define framework_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		framework_test(a_pool_gives_as_many_requests_as_it_has_and_no_more),
		framework_test(a_request_is_zero_when_it_is_got_whatever_it_was_before),
		framework_test(a_pool_of_no_or_of_too_many_requests_is_refused),
		framework_test(the_aspects_of_all_requests_are_aligned_and_do_not_overlap),
		framework_test(a_request_comes_back_level_by_level_the_last_pushed_first),
		framework_test(a_request_passes_through_as_many_levels_as_promised),
		framework_test(completing_later_returns_before_the_completion_runs),
		framework_test(the_use_of_a_request_against_the_rules_stops_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
