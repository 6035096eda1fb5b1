// SPDX-License-Identifier: GPL-2.0
/*
 * Memory is bounded: payloads fall out of it and come back from the log, and when the index is full writers wait.
 */
#include "engine_test.h"

#define DEPTH	    16u
#define DEVICE	    (16 * TH_MIB)
#define MEMORY	    (4 * TH_MIB)
#define WRITE_BYTES (64 * TH_KIB)

static struct node *new_small_node(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.device_bytes = DEVICE;
	shape.disk_bytes = DEVICE;
	shape.directory_bytes = 128 * TH_MIB;
	shape.memory_bytes = MEMORY;
	node = new_node(state, &shape);
	node->options.log_limit_bytes = 100 * TH_MIB;
	node->options.writeback_delay_ns = 3600 * TH_NS_PER_S;
	return node;
}

static struct fault_rule *slow_disk;

static void assert_memory_is_bounded(const struct node *node)
{
	assert_true(status_of(node).cache_bytes <= node->shape.memory_bytes);
}

/* Writes all of the device, several requests at a time, while the disk takes nothing. */
static void write_all(struct node *node)
{
	struct io io[DEPTH];

	slow_disk = hold(node, FAULT_DISK, TH_WRITE, NULL);
	for (uint64_t at = 0; at < DEVICE; at += DEPTH * WRITE_BYTES) {
		for (uint64_t i = 0; i < DEPTH; i++)
			io_start(node, &io[i], TH_WRITE, 0, at + i * WRITE_BYTES, WRITE_BYTES, 1);
		for (uint32_t i = 0; i < DEPTH; i++) {
			assert_int_equal(io_end(&io[i]), 0);
			assert_memory_is_bounded(node);
		}
	}
}

static void a_load_larger_than_the_memory_stays_within_it(void **state)
{
	struct node *node = new_small_node(state);

	node_begin(node);
	write_all(node);
	assert_int_equal(status_of(node).dirty_bytes, DEVICE);
}

static void what_fell_out_of_memory_is_read_right(void **state)
{
	struct node *node = new_small_node(state);

	node_begin(node);
	write_all(node);
	for (uint64_t at = 0; at < DEVICE; at += TH_MIB) {
		assert_true(node_holds(node, at, TH_MIB, 1));
		assert_memory_is_bounded(node);
	}
	assert_true(status_of(node).spill_read_bytes >= DEVICE - MEMORY);
}

static void what_fell_out_of_memory_is_written_back_right(void **state)
{
	struct node *node = new_small_node(state);

	node_begin(node);
	write_all(node);
	fault_remove(slow_disk);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(status_of(node).spill_read_bytes >= DEVICE - 2 * MEMORY);
	assert_int_equal(status_of(node).dirty_bytes, 0);
	assert_true(disk_holds(node, 0, DEVICE, 1));
}

static uint64_t files_opened(const struct node *node)
{
	return node->faults->count[FAULT_FILES][TH_FILE_OPEN];
}

/* Far more files than are kept open; at first, those that were written last are open. */
static void what_is_read_from_the_log_is_read_from_a_file_opened_once(void **state)
{
	struct node *node = new_small_node(state);
	uint64_t before, opened;

	node->options.segment_bytes = 256 * TH_KIB;
	node_begin(node);
	write_all(node);
	before = files_opened(node);
	for (uint64_t at = 0; at < DEVICE - MEMORY; at += WRITE_BYTES) {
		opened = files_opened(node);
		assert_true(node_holds(node, at, BLOCK, 1));
		assert_in_range(files_opened(node) - opened, 0, 1);
	}
	assert_in_range(files_opened(node) - before, 32, (DEVICE - MEMORY) / (256 * TH_KIB) + 16);
}

static void a_log_larger_than_the_memory_is_replayed(void **state)
{
	struct node *node = new_small_node(state);

	node_begin(node);
	write_all(node);
	node_kill(node);
	node_reopen(node);
	assert_memory_is_bounded(node);
	for (uint64_t at = 0; at < DEVICE; at += TH_MIB)
		assert_true(node_holds(node, at, TH_MIB, 1));
}

static void memory_that_is_used_again_leaves_no_trace_in_the_log(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.block_bytes = 512;
	shape.memory_bytes = MEMORY;
	node = new_node(state, &shape);
	node_begin(node);
	for (uint64_t i = 0; i < 2 * MEMORY / TH_MIB; i++)
		assert_int_equal(node_write(node, 0, TH_MIB, i + 1), 0);
	/* Behind these the rest of a block has to be zero, or a reader stops there. */
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(node_write(node, i * 512, 512, 100 + i), 0);
	node_kill(node);
	node_reopen(node);
	for (uint64_t i = 0; i < 100; i++)
		assert_true(node_holds(node, i * 512, 512, 100 + i));
}

/* ---- all kinds of requests, against a model ---- */

#define BLOCKS (DEVICE / TH_BLOCK_BYTES)

struct model {
	uint64_t random;
	uint64_t version[BLOCKS];
};

static void request_by_chance(struct node *node, struct model *model, struct io *io,
			      uint64_t version)
{
	uint64_t count = 1 + test_random_below(&model->random, 48);
	uint64_t first = test_random_below(&model->random, (uint32_t)(BLOCKS - count));
	enum th_operation operation = TH_WRITE;

	if (test_random_below(&model->random, 8) == 0)
		operation = test_random_below(&model->random, 2) ? TH_DISCARD : TH_WRITE_ZEROES;
	io_start(node, io, operation, 0, first * BLOCK, count * BLOCK, version);
	for (uint64_t i = first; i < first + count; i++)
		model->version[i] = operation == TH_WRITE ? version : 0;
}

static void assert_device_is(struct node *node, const struct model *model)
{
	for (uint64_t first = 0, end; first < BLOCKS; first = end) {
		end = first + 1;
		while (end < BLOCKS && end - first < 256 &&
		       model->version[end] == model->version[first])
			end++;
		assert_true(node_holds(node, first * BLOCK, (end - first) * BLOCK,
				       model->version[first]));
	}
}

static void any_load_reads_as_written_with_little_memory(void **state)
{
	struct node *node = new_small_node(state);
	struct model *model = calloc(1, sizeof(*model));
	struct io io[DEPTH];

	assert_non_null(model);
	model->random = seed;
	node->options.writeback_delay_ns = 50 * TH_NS_PER_MS;
	node->options.dirty_extents_max = 1024;
	node_begin(node);
	for (uint64_t version = 1; version < 2048; version += DEPTH) {
		for (uint32_t i = 0; i < DEPTH; i++)
			request_by_chance(node, model, &io[i], version + i);
		for (uint32_t i = 0; i < DEPTH; i++)
			assert_int_equal(io_end(&io[i]), 0);
		assert_memory_is_bounded(node);
	}
	assert_device_is(node, model);
	node_kill(node);
	node_reopen(node);
	assert_device_is(node, model);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(status_of(node).dirty_extents, 0);
	assert_device_is(node, model);
	free(model);
}

/* ---- the index ---- */

#define PIECES 1500u

/* Blocks with gaps between them: each is an extent of its own. */
static uint64_t piece(uint32_t i)
{
	return 2 * i * BLOCK;
}

static void when_the_index_is_full_writers_wait_and_none_fails(void **state)
{
	struct node *node = new_small_node(state);
	struct fault_rule *rule;
	static struct io io[PIECES];
	uint32_t done;

	node->options.dirty_extents_max = 1024;
	node_begin(node);
	rule = hold(node, FAULT_DISK, TH_WRITE, NULL);
	for (uint32_t i = 0; i < PIECES; i++) {
		if (i == 1024)
			assert_true(rule->hits > 0);
		if (i >= 512 && !io[i - 512].done)
			break;
		io_start(node, &io[i], TH_WRITE, 0, piece(i), BLOCK, i + 1);
		world_run_for(node->world, TH_NS_PER_MS);
	}
	world_run_for(node->world, LONG_NS);
	assert_true(status_of(node).dirty_extents <= 1024);
	for (done = 0; io[done].done; done++)
		assert_int_equal(io_end(&io[done]), 0);
	assert_in_range(done, 512, 1024);
	assert_true(io[done].data != NULL); /* begun, and waits */
	fault_remove(rule);
	while (io[done].data) {
		assert_int_equal(io_end(&io[done]), 0);
		done++;
	}
	for (uint32_t i = 0; i < done; i++)
		assert_true(node_holds(node, piece(i), BLOCK, i + 1));
}

static void replay_waits_for_the_disk_when_the_index_is_full(void **state)
{
	struct node *node = new_small_node(state);

	node_begin(node);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_int_equal(node_write(node, piece(i), BLOCK, i + 1), 0);
	node_kill(node);
	node->options.dirty_extents_max = 1024;
	assert_int_equal(node_open(node), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(status_of(node).replayed_lsn < status_of(node).received_lsn);
	assert_int_equal(node_attach(node), 0);
	node_wait_replayed(node);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_true(node_holds(node, piece(i), BLOCK, i + 1));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(a_load_larger_than_the_memory_stays_within_it),
		engine_test(what_fell_out_of_memory_is_read_right),
		engine_test(what_fell_out_of_memory_is_written_back_right),
		engine_test(what_is_read_from_the_log_is_read_from_a_file_opened_once),
		engine_test(a_log_larger_than_the_memory_is_replayed),
		engine_test(memory_that_is_used_again_leaves_no_trace_in_the_log),
		engine_test(any_load_reads_as_written_with_little_memory),
		engine_test(when_the_index_is_full_writers_wait_and_none_fails),
		engine_test(replay_waits_for_the_disk_when_the_index_is_full),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: memory", tests, NULL, NULL);
}
