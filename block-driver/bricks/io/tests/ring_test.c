// SPDX-License-Identifier: GPL-2.0
/* What the ring promises that the aio bricks of an executor share. */
#include "aio_ring_user.h"
#include "io_file.h"
#include "io_house.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES 4096u

static void a_ring_of_no_possible_depth_is_refused(void **state)
{
	struct house *house = *state;
	struct th_error error = { 0 };
	struct th_aio_ring *ring;

	assert_int_equal(th_aio_ring_create(&house->loop, 0, &ring, &error), -EINVAL);
	assert_non_null(strstr(error.text, "1 to 4096 requests"));
	assert_int_equal(th_aio_ring_create(&house->loop, TH_AIO_DEPTH_MAX + 1, &ring, NULL),
			 -EINVAL);
}

static void a_brick_without_a_ring_or_with_no_possible_share_is_refused(void **state)
{
	struct house *house = *state;
	struct th_aio_config config = {
		.io = house_config(house, TH_IO_TARGET, house->path),
		.in_flight_max = 1,
	};
	struct th_error error = { 0 };
	struct th_brick *brick;

	assert_int_equal(th_brick_create(&house->registry, &th_aio_type, "aio",
					 &house->loop.executor, &config, &brick, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "needs a ring"));
	error = (struct th_error){ 0 };
	config.ring = house->ring;
	config.in_flight_max = 0;
	assert_int_equal(th_brick_create(&house->registry, &th_aio_type, "aio",
					 &house->loop.executor, &config, &brick, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "in flight"));
}

static void send_writes(struct house *house, struct th_vec *vec, uint32_t count, uint32_t pieces)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t length = (uint64_t)pieces * PIECE_BYTES;
		struct th_request *request =
			house_disk_request(house, TH_WRITE, i % 4 * length, length);

		request->vec = vec;
		request->vec_count = pieces;
		house_send(house, &house->client->inputs[0], request);
	}
}

static void requests_beyond_the_share_of_a_brick_wait_their_turn(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct th_vec vec = { .base = house->memory, .bytes = PIECE_BYTES };

	config.create_bytes = HOUSE_FILE_BYTES;
	house->in_flight_max = 2;
	assert_int_equal(house_open(house, &config), 0);
	send_writes(house, &vec, HOUSE_POOL_CAPACITY, 1);
	house_wait(house);
	assert_int_equal(house_read(house, 0, house->memory, 4096), 0);
}

static void requests_beyond_the_depth_of_the_ring_wait_their_turn(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct th_vec vec = { .base = house->memory, .bytes = PIECE_BYTES };

	config.create_bytes = HOUSE_FILE_BYTES;
	house->in_flight_max = TH_AIO_DEPTH_MAX;
	assert_int_equal(house_open(house, &config), 0);
	send_writes(house, &vec, HOUSE_POOL_CAPACITY, 1);
	house_wait(house);
	assert_int_equal(house_read(house, 0, house->memory, 4096), 0);
}

/* More descriptions of memory in one round than the ring can hold. */
static void many_requests_with_many_pieces_of_memory_go_out_in_portions(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct th_vec vec[256];

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(vec); i++)
		vec[i] =
			(struct th_vec){ .base = (uint8_t *)house->memory + (size_t)i * PIECE_BYTES,
					 .bytes = PIECE_BYTES };
	config.create_bytes = HOUSE_FILE_BYTES;
	assert_int_equal(house_open(house, &config), 0);
	send_writes(house, vec, 64, TH_ARRAY_COUNT(vec));
	house_wait(house);
	assert_int_equal(house_read(house, 0, house->memory, 4096), 0);
}

/* A client of the ring without a brick. */
struct sharer {
	struct house *house;
	struct th_aio_client client;
	struct th_aio_operation operations[10];
};

#define SHARE 2u

static void sharer_done(struct th_aio_operation *operation, int error)
{
	struct sharer *sharer = th_container_of(operation->client, struct sharer, client);

	assert_int_equal(error, 0);
	assert_in_range(sharer->client.in_flight, 0, SHARE);
	if (--sharer->house->pending == 0)
		th_user_loop_stop(&sharer->house->loop);
}

static void no_more_is_under_way_than_the_share(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct th_vec vec = { .base = house->memory, .bytes = PIECE_BYTES };
	struct th_request request = { .operation = TH_READ, .length = PIECE_BYTES };
	struct sharer sharer = { .house = house };
	struct th_io_file *file;

	config.create_bytes = HOUSE_FILE_BYTES;
	assert_int_equal(th_io_open_root(&config, &file, NULL), 0);
	request.vec = &vec;
	request.vec_count = 1;
	th_aio_client_init(&sharer.client, house->ring, SHARE);
	for (uint32_t i = 0; i < TH_ARRAY_COUNT(sharer.operations); i++) {
		sharer.operations[i].request = &request;
		sharer.operations[i].file = file;
		sharer.operations[i].done = sharer_done;
		house->pending++;
		th_aio_start(&sharer.client, &sharer.operations[i]);
		assert_int_equal(sharer.client.in_flight, TH_MIN(i + 1, SHARE));
	}
	house_wait(house);
	assert_int_equal(sharer.client.in_flight, 0);
	th_io_close(file);
}

/* A hook that runs after the ring's. */
struct late_hook {
	struct th_hook hook;
	struct house *house;
	struct th_request *request;
};

static void run_late_hook(struct th_hook *hook)
{
	struct late_hook *late = th_container_of(hook, struct late_hook, hook);

	if (late->request)
		house_send(late->house, &late->house->client->inputs[0], late->request);
	late->request = NULL;
}

static void what_is_sent_after_the_submission_of_a_round_is_submitted_too(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct late_hook late = { .hook.run = run_late_hook, .house = house };

	config.create_bytes = HOUSE_FILE_BYTES;
	assert_int_equal(house_open(house, &config), 0);
	late.request = house_disk_request(house, TH_FLUSH, 0, 0);
	th_executor_add_hook(&house->loop.executor, &late.hook);
	th_user_loop_run(&house->loop);
	assert_int_equal(house->pending, 0);
	th_executor_remove_hook(&house->loop.executor, &late.hook);
}

struct competitor {
	struct house *house;
	struct th_request_pool *pool;
	struct th_brick *client;
	struct th_vec vec;
	uint32_t returned;
	uint32_t other_when_done; /* how many the other had back when this one was through */
	struct competitor *other;
};

#define COMPETING HOUSE_POOL_CAPACITY

static void competitor_done(struct th_request *request, void *context)
{
	struct competitor *competitor = context;
	struct house *house = competitor->house;

	assert_int_equal(request->error, 0);
	th_request_put(request);
	if (++competitor->returned == COMPETING)
		competitor->other_when_done = competitor->other->returned;
	if (--house->pending == 0)
		th_user_loop_stop(&house->loop);
}

static void compete(struct competitor *competitor)
{
	for (uint32_t i = 0; i < COMPETING; i++) {
		struct th_request *request = th_request_get(competitor->pool);

		request->operation = TH_WRITE;
		request->position = (uint64_t)i * PIECE_BYTES;
		request->length = PIECE_BYTES;
		request->vec = &competitor->vec;
		request->vec_count = 1;
		th_request_push(request, competitor_done, competitor);
		competitor->house->pending++;
		th_input_submit(&competitor->client->inputs[0], request);
	}
}

static void drained(struct th_input *input, void *context)
{
	struct house *house = context;

	(void)input;
	if (--house->pending == 0)
		th_user_loop_stop(&house->loop);
}

static void a_brick_that_came_later_is_served_beside_the_first(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_TARGET, house->path);
	struct competitor first = { .house = house }, second = { .house = house };
	struct th_brick *io, *client;
	char path[160];

	config.create_bytes = HOUSE_FILE_BYTES;
	house->in_flight_max = HOUSE_RING_DEPTH;
	assert_int_equal(house_open(house, &config), 0);
	snprintf(path, sizeof(path), "%s/other", house->directory);
	config.path = path;
	assert_int_equal(house_create(house, "other-io", &config, &io, NULL), 0);
	assert_int_equal(house_power(house, io, true), 0);
	assert_int_equal(th_brick_create(&house->registry, house->client->type, "other-client",
					 &house->loop.executor, NULL, &client, NULL),
			 0);
	assert_int_equal(th_connect(&client->inputs[0], &io->outputs[TH_IO_OUTPUT_TARGET]), 0);
	assert_int_equal(th_request_pool_create(&client->inputs[0], COMPETING, &second.pool), 0);

	first.pool = house->disk_pool;
	first.client = house->client;
	first.other = &second;
	second.client = client;
	second.other = &first;
	first.vec = second.vec = (struct th_vec){ .base = house->memory, .bytes = PIECE_BYTES };
	compete(&first);
	compete(&second);
	house_wait(house);
	/* In turn from the moment on when the ring was full with the first one's, so about half of the rest. */
	assert_true(first.other_when_done >= COMPETING / 4);

	th_request_pool_destroy(second.pool);
	assert_int_equal(th_disconnect(&client->inputs[0], drained, house), 0);
	house->pending++;
	house_wait(house);
	assert_int_equal(house_power(house, io, false), 0);
	assert_int_equal(th_brick_destroy(&house->registry, io), 0);
	assert_int_equal(th_brick_destroy(&house->registry, client), 0);
}

int ring_tests(const char *group)
{
#define in_house(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)
	const struct CMUnitTest tests[] = {
		in_house(a_ring_of_no_possible_depth_is_refused),
		in_house(a_brick_without_a_ring_or_with_no_possible_share_is_refused),
		in_house(requests_beyond_the_share_of_a_brick_wait_their_turn),
		in_house(requests_beyond_the_depth_of_the_ring_wait_their_turn),
		in_house(many_requests_with_many_pieces_of_memory_go_out_in_portions),
		in_house(no_more_is_under_way_than_the_share),
		in_house(what_is_sent_after_the_submission_of_a_round_is_submitted_too),
		in_house(a_brick_that_came_later_is_served_beside_the_first),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
