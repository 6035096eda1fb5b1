// SPDX-License-Identifier: GPL-2.0
/* Thousands of random requests, as many under way as come, compared with a model in memory. */
#define _GNU_SOURCE
#include "io_house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REQUESTS      2000u
#define DEPTH	      64u
#define BLOCK_BYTES   512u
#define BLOCKS	      ((uint32_t)(HOUSE_FILE_BYTES / BLOCK_BYTES))
#define BLOCKS_AT_MAX 96u
#define PIECES_MAX    8u

/* A request under way. No two of them touch the same block. */
struct errand {
	struct storm *storm;
	bool busy;
	uint8_t operation;
	uint32_t block, blocks;
	struct th_vec vec[PIECES_MAX];
	uint8_t memory[BLOCKS_AT_MAX * BLOCK_BYTES + 4096];
};

struct storm {
	struct house *house;
	struct th_input *input;
	struct th_request_pool *pool;
	uint32_t file; /* of a directory */
	bool directory;
	uint64_t random;
	uint32_t started, under_way;
	uint8_t *model;
	bool taken[BLOCKS];
	struct errand errands[DEPTH];
};

static uint64_t offset_of(const struct errand *errand)
{
	return (uint64_t)errand->block * BLOCK_BYTES;
}

static size_t bytes_of(const struct errand *errand)
{
	return (size_t)errand->blocks * BLOCK_BYTES;
}

static void mark(struct errand *errand, bool taken)
{
	for (uint32_t i = 0; i < errand->blocks; i++)
		errand->storm->taken[errand->block + i] = taken;
}

static bool find_place(struct errand *errand)
{
	struct storm *storm = errand->storm;

	errand->blocks = 1 + test_random_below(&storm->random, BLOCKS_AT_MAX);
	errand->block = test_random_below(&storm->random, BLOCKS - errand->blocks + 1);
	for (uint32_t i = 0; i < errand->blocks; i++)
		if (storm->taken[errand->block + i])
			return false;
	return true;
}

/* Cuts the errand's memory into pieces; now and then not as direct I/O would like them. */
static uint32_t cut(struct errand *errand)
{
	uint64_t *random = &errand->storm->random;
	uint32_t grain = test_random_below(random, 8) ? BLOCK_BYTES : 1;
	uint8_t *memory = errand->memory;
	size_t left = bytes_of(errand);
	uint32_t count = 0;

	memory += (4096 - (uintptr_t)memory % 4096) % 4096;
	if (grain == 1 && bytes_of(errand) < sizeof(errand->memory) - 4096)
		memory += test_random_below(random, 64);
	while (left > 0) {
		size_t units = left / grain;
		size_t piece = (1 + test_random(random) % units) * grain;

		if (count == PIECES_MAX - 1)
			piece = left;
		errand->vec[count].base = memory;
		errand->vec[count].bytes = (uint32_t)piece;
		memory += piece;
		left -= piece;
		count++;
	}
	return count;
}

static void put_content(struct errand *errand, uint32_t pieces)
{
	struct storm *storm = errand->storm;
	uint8_t *model = storm->model + offset_of(errand);

	for (uint32_t i = 0; i < pieces; i++) {
		for (uint32_t j = 0; j < errand->vec[i].bytes; j++)
			((uint8_t *)errand->vec[i].base)[j] =
				(uint8_t)(test_random(&storm->random) >> 24);
		memcpy(model, errand->vec[i].base, errand->vec[i].bytes);
		model += errand->vec[i].bytes;
	}
}

static void compare_content(const struct errand *errand, uint32_t pieces)
{
	const uint8_t *model = errand->storm->model + offset_of(errand);

	for (uint32_t i = 0; i < pieces; i++) {
		assert_memory_equal(errand->vec[i].base, model, errand->vec[i].bytes);
		model += errand->vec[i].bytes;
	}
}

static void start_more(struct storm *storm);

static void errand_done(struct th_request *request, void *context)
{
	struct errand *errand = context;
	struct storm *storm = errand->storm;

	assert_int_equal(request->error, 0);
	if (errand->operation == TH_READ)
		compare_content(errand, request->vec_count);
	mark(errand, false);
	errand->busy = false;
	th_request_put(request);
	storm->under_way--;
	start_more(storm);
	if (storm->under_way == 0)
		th_user_loop_stop(&storm->house->loop);
}

static uint8_t random_operation(struct storm *storm)
{
	static const uint8_t operations[] = { TH_WRITE, TH_WRITE, TH_WRITE, TH_READ,
					      TH_READ,	TH_READ,  TH_FLUSH, TH_WRITE_ZEROES };
	/* A directory knows all but the last. */
	uint32_t count = TH_ARRAY_COUNT(operations) - storm->directory;

	return operations[test_random_below(&storm->random, count)];
}

static void start(struct errand *errand)
{
	struct storm *storm = errand->storm;
	struct th_request *request = th_request_get(storm->pool);

	assert_non_null(request);
	errand->busy = true;
	errand->operation = random_operation(storm);
	request->operation = errand->operation;
	request->file = storm->file;
	if (errand->operation == TH_FLUSH) {
		errand->blocks = 0;
	} else {
		request->position = offset_of(errand);
		request->length = bytes_of(errand);
	}
	if (errand->operation == TH_READ || errand->operation == TH_WRITE) {
		request->vec = errand->vec;
		request->vec_count = cut(errand);
	}
	if (errand->operation == TH_WRITE)
		put_content(errand, request->vec_count);
	if (errand->operation == TH_WRITE_ZEROES)
		memset(storm->model + offset_of(errand), 0, bytes_of(errand));
	if (test_random_below(&storm->random, 16) == 0 &&
	    (errand->operation == TH_WRITE || errand->operation == TH_WRITE_ZEROES))
		request->flags |= TH_FUA;
	mark(errand, true);
	storm->started++;
	storm->under_way++;
	th_request_push(request, errand_done, errand);
	th_input_submit(storm->input, request);
}

static void start_more(struct storm *storm)
{
	for (uint32_t i = 0; i < DEPTH && storm->started < REQUESTS; i++) {
		struct errand *errand = &storm->errands[i];

		errand->storm = storm;
		if (!errand->busy && find_place(errand))
			start(errand);
	}
}

static void run_storm(struct storm *storm)
{
	print_message("seed %llu\n", (unsigned long long)house_seed);
	storm->random = house_seed;
	storm->model = calloc(1, HOUSE_FILE_BYTES);
	assert_non_null(storm->model);
	start_more(storm);
	th_user_loop_run(&storm->house->loop);
	assert_int_equal(storm->started, REQUESTS);
}

/* After the brick has let go of it: what really stands there. */
static void compare_with_disk(const struct storm *storm, const char *path)
{
	uint8_t *content = storm->house->memory;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, content, HOUSE_FILE_BYTES), HOUSE_FILE_BYTES);
	close(fd);
	assert_memory_equal(content, storm->model, HOUSE_FILE_BYTES);
}

static void a_target_holds_what_a_storm_of_requests_left(void **state)
{
	struct house *house = *state;
	struct storm *storm = calloc(1, sizeof(*storm));

	assert_non_null(storm);
	storm->house = house;
	storm->input = &house->client->inputs[0];
	storm->pool = house->disk_pool;
	run_storm(storm);
	house_close(house);
	compare_with_disk(storm, house->path);
	free(storm->model);
	free(storm);
}

static void a_file_of_a_directory_holds_what_a_storm_of_requests_left(void **state)
{
	struct house *house = *state;
	struct storm *storm = calloc(1, sizeof(*storm));

	assert_non_null(storm);
	storm->house = house;
	storm->input = &house->client->inputs[1];
	storm->pool = house->log_pool;
	storm->directory = true;
	assert_int_equal(house_file_open(house, "target", TH_CREATE, &storm->file, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, storm->file, HOUSE_FILE_BYTES), 0);
	run_storm(storm);
	house_close(house);
	compare_with_disk(storm, house->path);
	free(storm->model);
	free(storm);
}

int random_tests(const char *group)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_target_holds_what_a_storm_of_requests_left,
						house_setup_target, house_teardown),
		cmocka_unit_test_setup_teardown(
			a_file_of_a_directory_holds_what_a_storm_of_requests_left,
			house_setup_directory, house_teardown),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
