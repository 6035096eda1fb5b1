// SPDX-License-Identifier: GPL-2.0
/*
 * The sim brick as its users see it, and what it does not let them do.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim_brick.h"

#define DISK_BYTES 65536u
#define REQUESTS   16u

/* A brick with one input for each output of the sim brick. */
struct user {
	struct th_brick brick;
	struct th_request_pool *pools[2];
};

struct asked {
	struct th_request *request;
	struct th_vec vec;
	bool done;
	int error;
};

struct house {
	struct th_executor executor;
	uint64_t now_ns;
	struct th_sim_environment environment;
	struct th_sim_disk disk;
	struct th_sim_directory directory;
	struct th_registry registry;
	struct th_brick *sim;
	struct user *user;
	jmp_buf misused;
	char misuse[256];
	uint8_t *memory; /* aligned, a page for each request */
	struct asked asked[REQUESTS];
	uint32_t asked_count;
	uint32_t done_count;
	uint32_t done_order[REQUESTS];
};

/* All of them are kept: where misuse was found, requests stay under way for ever, and so does their memory. */
static struct house *houses[32];
static uint32_t house_count;
static struct house *house;

/* ---- the house ---- */

static uint64_t now_ns(struct th_executor *executor)
{
	(void)executor;
	return house->now_ns;
}

static void wake(struct th_executor *executor)
{
	(void)executor;
}

static const struct th_executor_ops ops = { .now_ns = now_ns, .wall_ns = now_ns, .wake = wake };

static void on_misuse(void *context, const char *text) __attribute__((noreturn));
static void on_misuse(void *context, const char *text)
{
	(void)context;
	snprintf(house->misuse, sizeof(house->misuse), "%s", text);
	longjmp(house->misused, 1);
}

static void user_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static const struct th_brick_type user_type = {
	.name = "user",
	.brick_bytes = sizeof(struct user),
	.input_count = 2,
	.inputs = { { "disk", TH_PORT_BLOCK }, { "files", TH_PORT_FILES } },
	.power = user_power,
};

static void run_round(void)
{
	uint64_t next_ns;

	while (th_executor_round(&house->executor))
		;
	next_ns = th_executor_next_deadline_ns(&house->executor);
	if (next_ns != UINT64_MAX && next_ns > house->now_ns)
		house->now_ns = next_ns;
}

static void run_until_idle(void)
{
	do {
		run_round();
	} while (th_executor_next_deadline_ns(&house->executor) != UINT64_MAX);
	run_round();
}

static int set_up(void **state)
{
	struct th_sim_config config;
	struct th_error error = { 0 };
	struct th_brick *user;

	(void)state;
	house = calloc(1, sizeof(*house));
	houses[house_count++] = house;
	config = (struct th_sim_config){ .disk = &house->disk, .directory = &house->directory };
	house->environment.misuse = on_misuse;
	th_sim_random_init(&house->environment.random, 7);
	th_executor_init(&house->executor, &ops);
	th_sim_disk_init(&house->disk, &house->environment, DISK_BYTES, 512, true);
	th_sim_directory_init(&house->directory, &house->environment, 1 << 20, true);
	th_sim_timing_chance(&house->disk.timing, 1000, 100000);
	th_sim_timing_chance(&house->directory.timing, 1000, 100000);
	th_registry_init(&house->registry);
	assert_int_equal(th_brick_create(&house->registry, &th_sim_type, "sim", &house->executor,
					 &config, &house->sim, &error),
			 0);
	assert_int_equal(th_brick_create(&house->registry, &user_type, "user", &house->executor,
					 NULL, &user, &error),
			 0);
	house->user = th_container_of(user, struct user, brick);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(th_connect(&user->inputs[i], &house->sim->outputs[i]), 0);
	th_brick_power(house->sim, true, NULL, NULL);
	th_brick_power(user, true, NULL, NULL);
	run_until_idle();
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(th_request_pool_create(&user->inputs[i], REQUESTS,
							&house->user->pools[i]),
				 0);
	house->memory = aligned_alloc(4096, REQUESTS * 4096);
	return 0;
}

static void on_drained(struct th_input *input, void *context)
{
	(void)input;
	(void)context;
}

static int tear_down(void **state)
{
	(void)state;
	run_until_idle();
	for (uint32_t i = 0; i < house->asked_count; i++)
		th_request_put(house->asked[i].request);
	for (uint32_t i = 0; i < 2; i++) {
		th_request_pool_destroy(house->user->pools[i]);
		th_disconnect(&house->user->brick.inputs[i], on_drained, NULL);
	}
	th_brick_power(house->sim, false, NULL, NULL);
	th_brick_power(&house->user->brick, false, NULL, NULL);
	run_until_idle();
	assert_int_equal(th_brick_destroy(&house->registry, &house->user->brick), 0);
	assert_int_equal(th_brick_destroy(&house->registry, house->sim), 0);
	th_sim_disk_destroy(&house->disk);
	th_sim_directory_destroy(&house->directory);
	free(house->memory);
	return 0;
}

/* ---- asking ---- */

static void on_done(struct th_request *request, void *context)
{
	struct asked *asked = context;

	asked->done = true;
	asked->error = request->error;
	house->done_order[house->done_count++] = (uint32_t)(asked - house->asked);
}

static struct asked *ask(uint32_t input, enum th_operation operation, uint32_t file,
			 const char *name, uint64_t position, uint64_t length)
{
	struct asked *asked = &house->asked[house->asked_count];
	struct th_request *request = th_request_get(house->user->pools[input]);

	asked->request = request;
	request->operation = (uint8_t)operation;
	request->file = file;
	request->name = name;
	request->position = position;
	request->length = length;
	if (operation == TH_READ || operation == TH_WRITE) {
		asked->vec.base = house->memory + house->asked_count * 4096;
		asked->vec.bytes = (uint32_t)length;
		request->vec = &asked->vec;
		request->vec_count = 1;
	}
	house->asked_count++;
	th_request_push(request, on_done, asked);
	return asked;
}

static struct asked *submit(struct asked *asked)
{
	uint32_t input = asked->request->pool == house->user->pools[0] ? 0 : 1;

	th_input_submit(&house->user->brick.inputs[input], asked->request);
	return asked;
}

static struct asked *disk(enum th_operation operation, uint64_t position, uint64_t length,
			  uint8_t value)
{
	struct asked *asked = ask(TH_SIM_OUTPUT_DISK, operation, 0, NULL, position, length);

	if (asked->vec.base)
		memset(asked->vec.base, value, length);
	return submit(asked);
}

static struct asked *files(enum th_operation operation, uint32_t file, const char *name,
			   uint64_t position, uint64_t length)
{
	return submit(ask(TH_SIM_OUTPUT_FILES, operation, file, name, position, length));
}

static int answer(struct asked *asked)
{
	run_until_idle();
	assert_true(asked->done);
	return asked->error;
}

static uint32_t create_file(const char *name)
{
	struct asked *asked = ask(TH_SIM_OUTPUT_FILES, TH_FILE_OPEN, 0, name, 0, 0);

	asked->request->flags = TH_CREATE;
	assert_int_equal(answer(submit(asked)), 0);
	return asked->request->file;
}

/* ---- what it does ---- */

static void what_is_written_is_read(void **state)
{
	struct asked *read;

	(void)state;
	assert_int_equal(answer(disk(TH_WRITE, 4096, 1024, 0x5a)), 0);
	read = disk(TH_READ, 4096, 1024, 0);
	assert_int_equal(answer(read), 0);
	assert_int_equal(((uint8_t *)read->vec.base)[1023], 0x5a);
	assert_int_equal(answer(disk(TH_WRITE_ZEROES, 4096, 512, 0)), 0);
	assert_int_equal(answer(disk(TH_READ, 4096, 512, 1)), 0);
	assert_int_equal(house->memory[(house->asked_count - 1) * 4096], 0);
}

static void requests_end_in_another_order_than_they_began(void **state)
{
	uint32_t swapped = 0;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		disk(TH_WRITE, i * 4096, 512, 1);
	run_until_idle();
	assert_int_equal(house->done_count, 8);
	for (uint32_t i = 0; i < 8; i++)
		swapped += house->done_order[i] != i;
	assert_true(swapped > 0);
}

static void a_request_never_ends_inside_the_call_that_began_it(void **state)
{
	(void)state;
	assert_false(disk(TH_WRITE, 0, 512, 1)->done);
	assert_false(files(TH_FILE_REMOVE, 0, "a", 0, 0)->done);
}

static void only_what_was_flushed_survives(void **state)
{
	struct th_sim_loss loss = { .mode = TH_SIM_LOSE_ALL };
	struct asked *asked;

	(void)state;
	answer(disk(TH_WRITE, 0, 512, 1));
	assert_int_equal(answer(disk(TH_FLUSH, 0, 0, 0)), 0);
	answer(disk(TH_WRITE, 512, 512, 2));
	asked = ask(TH_SIM_OUTPUT_DISK, TH_WRITE, 0, NULL, 1024, 512);
	asked->request->flags = TH_FUA;
	memset(asked->vec.base, 3, 512);
	answer(submit(asked));
	th_sim_disk_crash(&house->disk, &loss);
	assert_int_equal(house->disk.media.current[0], 1);
	assert_int_equal(house->disk.media.current[512], 0);
	assert_int_equal(house->disk.media.current[1024], 3);
}

static void a_bad_spot_fails_every_transfer_that_touches_it(void **state)
{
	(void)state;
	house->disk.faults.bad_position = 8192;
	house->disk.faults.bad_length = 512;
	assert_int_equal(answer(disk(TH_READ, 8192, 512, 0)), -EIO);
	assert_int_equal(answer(disk(TH_WRITE, 4096, 4096, 1)), 0);
	assert_int_equal(answer(disk(TH_WRITE, 7680, 1024, 1)), -EIO);
}

static void injected_errors_come_as_often_as_told(void **state)
{
	(void)state;
	house->disk.faults.write_permille = 1000;
	house->disk.faults.flush_permille = 1000;
	assert_int_equal(answer(disk(TH_WRITE, 0, 512, 1)), -EIO);
	assert_int_equal(answer(disk(TH_FLUSH, 0, 0, 0)), -EIO);
	assert_int_equal(answer(disk(TH_READ, 0, 512, 1)), 0);
}

static void opening_says_what_is_there(void **state)
{
	struct asked *asked;
	uint32_t file;

	(void)state;
	assert_int_equal(answer(files(TH_FILE_OPEN, 0, "a", 0, 0)), -ENOENT);
	file = create_file("a");
	asked = ask(TH_SIM_OUTPUT_FILES, TH_FILE_OPEN, 0, "a", 0, 0);
	asked->request->flags = TH_CREATE;
	assert_int_equal(answer(submit(asked)), -EEXIST);
	assert_int_equal(answer(files(TH_FILE_ALLOCATE, file, NULL, 0, 8192)), 0);
	asked = files(TH_FILE_OPEN, 0, "a", 0, 0);
	assert_int_equal(answer(asked), 0);
	assert_int_equal(asked->request->length, 8192);
	assert_int_equal(answer(files(TH_FILE_CLOSE, file, NULL, 0, 0)), 0);
}

static void a_full_directory_refuses_to_allocate(void **state)
{
	uint32_t file;
	struct asked *space;

	(void)state;
	file = create_file("a");
	assert_int_equal(answer(files(TH_FILE_ALLOCATE, file, NULL, 0, 2 << 20)), -ENOSPC);
	assert_int_equal(answer(files(TH_FILE_ALLOCATE, file, NULL, 0, 1 << 19)), 0);
	space = files(TH_FILE_SPACE, 0, NULL, 0, 0);
	assert_int_equal(answer(space), 0);
	assert_int_equal(space->request->length, 1 << 19);
	assert_int_equal(space->request->position, 1 << 20);
}

static void a_read_behind_the_end_of_a_file_fails(void **state)
{
	uint32_t file;

	(void)state;
	file = create_file("a");
	assert_int_equal(answer(files(TH_WRITE, file, NULL, 0, 4096)), 0);
	assert_int_equal(answer(files(TH_READ, file, NULL, 0, 4096)), 0);
	assert_int_equal(answer(files(TH_READ, file, NULL, 4096, 512)), -EIO);
}

static void the_list_has_all_names_or_fails(void **state)
{
	struct th_directory_entry entries[1];
	struct th_directory list = { .capacity = 1, .entries = entries };
	struct asked *asked;

	(void)state;
	create_file("a");
	asked = ask(TH_SIM_OUTPUT_FILES, TH_FILE_LIST, 0, NULL, 0, 0);
	asked->request->directory = &list;
	assert_int_equal(answer(submit(asked)), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(entries[0].name, "a");
	create_file("b");
	asked = ask(TH_SIM_OUTPUT_FILES, TH_FILE_LIST, 0, NULL, 0, 0);
	asked->request->directory = &list;
	assert_int_equal(answer(submit(asked)), -E2BIG);
}

static void switching_off_waits_for_what_is_under_way(void **state)
{
	struct asked *asked;

	(void)state;
	asked = disk(TH_WRITE, 0, 512, 1);
	th_brick_power(house->sim, false, NULL, NULL);
	assert_int_equal(house->sim->power, TH_SWITCHING_OFF);
	assert_int_equal(answer(asked), 0);
	assert_int_equal(house->sim->power, TH_OFF);
	th_brick_power(house->sim, true, NULL, NULL);
	run_until_idle();
}

/* ---- what it does not let its users do ---- */

/* A request that was refused as misuse never returns: the house is left as it is. */
static int leave(void **state)
{
	(void)state;
	return 0;
}

#define ASSERT_MISUSE(part, code)                             \
	do {                                                  \
		if (setjmp(house->misused) == 0) {            \
			code;                                 \
			run_until_idle();                     \
			fail_msg("nobody noticed: " part);    \
		}                                             \
		assert_non_null(strstr(house->misuse, part)); \
	} while (0)

static void two_writes_to_a_sector_at_once_are_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("two writes under way",
		      (disk(TH_WRITE, 0, 1024, 1), disk(TH_WRITE, 512, 512, 2)));
}

static void memory_that_changes_while_it_is_written_is_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("memory changed", *(uint8_t *)disk(TH_WRITE, 0, 1024, 1)->vec.base = 99);
}

static void a_transfer_out_of_bounds_is_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("on a disk of", disk(TH_READ, DISK_BYTES, 512, 0));
}

static void a_transfer_that_is_not_in_blocks_is_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("blocks of 512", disk(TH_WRITE_ZEROES, 100, 512, 0));
}

static void a_file_that_is_not_open_is_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("is not open", files(TH_FLUSH, 3, NULL, 0, 0));
}

static void a_file_is_not_used_after_it_was_closed(void **state)
{
	uint32_t file = create_file("a");

	(void)state;
	assert_int_equal(answer(files(TH_FILE_CLOSE, file, NULL, 0, 0)), 0);
	ASSERT_MISUSE("is not open", files(TH_READ, file, NULL, 0, 512));
}

static void reading_a_file_where_it_is_written_is_misuse(void **state)
{
	uint32_t file = create_file("a");

	(void)state;
	assert_int_equal(answer(files(TH_FILE_ALLOCATE, file, NULL, 0, 8192)), 0);
	ASSERT_MISUSE("meets a write",
		      (files(TH_WRITE, file, NULL, 0, 4096), files(TH_READ, file, NULL, 512, 512)));
}

static void writing_half_a_block_of_a_file_is_misuse(void **state)
{
	uint32_t file = create_file("a");

	(void)state;
	ASSERT_MISUSE("transfer of 512 bytes", files(TH_WRITE, file, NULL, 0, 512));
}

static void an_operation_for_another_port_is_misuse(void **state)
{
	(void)state;
	ASSERT_MISUSE("is not one for this port", disk(TH_FILE_LIST, 0, 0, 0));
}

#define TEST(function)	 cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define MISUSE(function) cmocka_unit_test_setup_teardown(function, set_up, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(requests_end_in_another_order_than_they_began),
		TEST(a_request_never_ends_inside_the_call_that_began_it),
		TEST(only_what_was_flushed_survives),
		TEST(a_bad_spot_fails_every_transfer_that_touches_it),
		TEST(injected_errors_come_as_often_as_told),
		TEST(opening_says_what_is_there),
		TEST(a_full_directory_refuses_to_allocate),
		TEST(a_read_behind_the_end_of_a_file_fails),
		TEST(the_list_has_all_names_or_fails),
		TEST(switching_off_waits_for_what_is_under_way),
		MISUSE(two_writes_to_a_sector_at_once_are_misuse),
		MISUSE(memory_that_changes_while_it_is_written_is_misuse),
		MISUSE(a_transfer_out_of_bounds_is_misuse),
		MISUSE(a_transfer_that_is_not_in_blocks_is_misuse),
		MISUSE(a_file_that_is_not_open_is_misuse),
		MISUSE(a_file_is_not_used_after_it_was_closed),
		MISUSE(reading_a_file_where_it_is_written_is_misuse),
		MISUSE(writing_half_a_block_of_a_file_is_misuse),
		MISUSE(an_operation_for_another_port_is_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
