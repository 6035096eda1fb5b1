// SPDX-License-Identifier: GPL-2.0
/*
 * Storage that fails: what is refused and for how long, what goes on, and what repairs it.
 */
#include "engine_test.h"

#define RUNS 400u

/* ---- the log ---- */

/* Closed with an error or without, and opened anew; primary of the next epoch. */
static void reopen_as_primary(struct node *node, uint64_t epoch)
{
	node_close(node);
	node_reopen(node);
	assert_int_equal(status_of(node).error.code, 0);
	assert_int_equal(node_primary(node, epoch), 0);
}

static void after_a_failed_append_writes_are_refused_and_reads_go_on(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	rule = refuse(node, FAULT_FILES, TH_WRITE, ".log", -EIO);
	rule->times = 1;
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), -EIO);
	assert_int_equal(node_write(node, BLOCK, BLOCK, 3), -EIO);
	assert_int_equal(node_zero(node, TH_DISCARD, 0, BLOCK), -EIO);
	assert_int_equal(node_flush(node), -EIO);
	assert_int_equal(rule->hits, 1);
	assert_true(node_holds(node, 0, BLOCK, 1));
	assert_int_equal(node_read(node, 8 * BLOCK, BLOCK), 0);
	assert_int_equal(status_of(node).error.code, -EIO);
	assert_true(node_said(node, "the log cannot be written"));
}

static void after_a_failed_append_opening_anew_brings_all_that_was_acknowledged(void **state)
{
	static const int errors[] = { -EIO, -ENOSPC, -EROFS };
	struct node *node = new_primary(state);

	for (uint64_t i = 0; i < TH_ARRAY_COUNT(errors); i++) {
		struct fault_rule *rule;

		assert_int_equal(node_write(node, i * BLOCK, BLOCK, i + 1), 0);
		rule = refuse(node, FAULT_FILES, TH_WRITE, ".log", errors[i]);
		assert_int_equal(node_write(node, 8 * BLOCK, BLOCK, 99), -EIO);
		fault_remove(rule);
		reopen_as_primary(node, i + 2);
		for (uint64_t k = 0; k <= i; k++)
			assert_true(node_holds(node, k * BLOCK, BLOCK, k + 1));
	}
}

static void what_was_appended_behind_a_failed_append_is_not_acknowledged(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_WRITE, ".log");
	struct io first, second, third;

	rule->times = 1;
	io_start(node, &first, TH_WRITE, 0, 0, BLOCK, 1);
	world_run_for(node->world, TH_NS_PER_MS);
	io_start(node, &second, TH_WRITE, 0, TH_MIB, TH_MIB, 2);
	io_start(node, &third, TH_WRITE, 0, BLOCK, BLOCK, 3);
	world_run_for(node->world, TH_NS_PER_S);
	rule->error = -EIO;
	fault_remove(rule);
	assert_int_equal(io_end(&first), -EIO);
	assert_int_equal(io_end(&second), -EIO);
	assert_int_equal(io_end(&third), -EIO);
}

static void a_failed_sync_is_never_repeated(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_FLUSH, ".log", -EIO);
	uint64_t count;

	rule->times = 1;
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_flush(node), -EIO);
	count = node->faults->count[FAULT_FILES][TH_FLUSH];
	assert_int_equal(node_flush(node), -EIO);
	assert_int_equal(node_do(node, TH_CALL_FLUSH), -EIO);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node->faults->count[FAULT_FILES][TH_FLUSH], count);
	assert_int_equal(node_write(node, 0, BLOCK, 2), -EIO);
}

static void after_a_failed_sync_nothing_unsynced_reaches_the_disk(void **state)
{
	struct node *node = new_primary(state);
	uint64_t count = node->faults->count[FAULT_DISK][TH_WRITE];

	refuse(node, FAULT_FILES, TH_FLUSH, ".log", -EIO);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node->faults->count[FAULT_DISK][TH_WRITE], count);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void calls_that_need_the_log_fail_when_it_has_failed(void **state)
{
	struct node *node = new_primary(state);

	refuse(node, FAULT_FILES, TH_WRITE, ".log", -EIO);
	assert_int_equal(node_write(node, 0, BLOCK, 1), -EIO);
	assert_int_equal(node_do(node, TH_CALL_FLUSH), -EIO);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), -EIO);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), -EIO);
	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
}

static void a_rotation_that_fails_at_any_step_loses_nothing(void **state)
{
	static const struct {
		enum th_operation operation;
		const char *name;
		bool done_first;
	} steps[] = {
		{ TH_WRITE, "spare", false },	     { TH_WRITE, "spare", true },
		{ TH_FILE_RENAME, NULL, false },     { TH_FILE_RENAME, NULL, true },
		{ TH_FILE_SYNC_DIR, NULL, false },   { TH_FILE_SYNC_DIR, NULL, true },
		{ TH_FILE_TRUNCATE, ".log", false },
	};
	struct node *node = new_primary(state);

	for (uint64_t i = 0; i < TH_ARRAY_COUNT(steps); i++) {
		struct fault_rule *rule;

		assert_int_equal(node_write_fua(node, i * BLOCK, BLOCK, i + 1), 0);
		rule = refuse(node, FAULT_FILES, steps[i].operation, steps[i].name, -EIO);
		rule->done_first = steps[i].done_first;
		node_do(node, TH_CALL_ROTATE);
		assert_int_equal(node_write_fua(node, 20 * BLOCK, BLOCK, 99), -EIO);
		assert_true(rule->hits > 0);
		fault_remove(rule);
		if (i % 2)
			node_power_cut(node, TH_SIM_LOSE_SOME);
		else
			node_close(node);
		node_reopen(node);
		for (uint64_t k = 0; k <= i; k++)
			assert_true(node_holds(node, k * BLOCK, BLOCK, k + 1));
		assert_int_equal(node_primary(node, i + 2), 0);
	}
}

static void when_no_segment_can_be_made_writers_wait_until_one_can(void **state)
{
	static const enum th_operation operations[] = { TH_FILE_OPEN, TH_FILE_ALLOCATE };

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(operations); i++) {
		struct node *node = new_node(state, &node_shape_default);
		struct fault_rule *rule;
		struct io io;
		uint64_t version = 1;

		node->options.segment_bytes = TH_MIB;
		node_begin(node);
		world_run_for(node->world, TH_NS_PER_S);
		rule = refuse(node, FAULT_FILES, operations[i], NULL, -EIO);
		for (;; version++) {
			io_start(node, &io, TH_WRITE, 0, 0, 64 * BLOCK, version);
			world_run_for(node->world, LONG_NS);
			if (!io.done)
				break;
			assert_int_equal(io_end(&io), 0);
			assert_true(version < 20);
		}
		assert_int_equal(status_of(node).error.code, -EIO);
		fault_remove(rule);
		assert_int_equal(io_end(&io), 0);
		assert_true(node_holds(node, 0, 64 * BLOCK, version));
		node_destroy(node);
	}
}

static void a_rotation_without_a_spare_file_fails_instead_of_waiting(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;

	world_run_for(node->world, TH_NS_PER_S);
	rule = refuse(node, FAULT_FILES, TH_FILE_OPEN, NULL, -EIO);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0); /* with the spare that was there */
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), -EIO);
	fault_remove(rule);
	world_run_for(node->world, 2 * TH_NS_PER_S);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
}

static void a_promotion_without_a_spare_file_fails_and_can_be_repeated(void **state)
{
	struct node *node = new_follower(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_FILE_ALLOCATE, NULL, -EIO);

	assert_int_equal(node_primary(node, 1), -EIO);
	assert_int_equal(status_of(node).role, TH_ROLE_SECONDARY);
	fault_remove(rule);
	assert_int_equal(node_primary(node, 1), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

static void a_segment_that_cannot_be_removed_is_tried_again(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rename, *rule;

	assert_int_equal(node_write(node, 0, TH_MIB, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 2), 0);
	rule = refuse(node, FAULT_FILES, TH_FILE_REMOVE, ".log", -EIO);
	rename = refuse(node, FAULT_FILES, TH_FILE_RENAME, ".log", -EIO);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(rule->hits + rename->hits > 1);
	assert_int_equal(status_of(node).oldest_lsn, 0);
	assert_int_equal(node_write(node, 0, BLOCK, 3), 0);
	fault_remove(rule);
	fault_remove(rename);
	world_run_for(node->world, 2 * TH_NS_PER_S);
	assert_true(status_of(node).oldest_lsn > 0);
}

/* ---- the disk ---- */

static void a_block_whose_write_back_failed_stays_dirty_until_it_succeeds(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);
	uint64_t checkpoint = status_of(node).checkpoint_lsn;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(rule->hits > 5);
	assert_int_equal(status_of(node).writeback_errors, rule->hits);
	assert_int_equal(status_of(node).dirty_bytes, BLOCK);
	assert_int_equal(status_of(node).checkpoint_lsn, checkpoint);
	assert_true(node_holds(node, 0, BLOCK, 1));
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), 0);
	fault_remove(rule);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).dirty_bytes, 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
	assert_true(disk_holds(node, BLOCK, BLOCK, 2));
	assert_true(status_of(node).checkpoint_lsn > checkpoint);
}

static void a_checkpoint_that_cannot_be_written_back_fails(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	fault_remove(rule);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
}

static void other_blocks_are_written_back_beside_one_that_fails(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);

	rule->position = 100 * BLOCK;
	rule->length = BLOCK;
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(node_write(node, 2 * i * BLOCK, BLOCK, i + 1), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).dirty_bytes, BLOCK);
	for (uint64_t i = 0; i < 100; i++)
		assert_true(i == 50 || disk_holds(node, 2 * i * BLOCK, BLOCK, i + 1));
}

static void closing_drains_although_a_write_back_failed_long_ago(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	fault_remove(rule);
	assert_int_equal(node_close(node), 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
}

static void closing_ends_although_the_disk_fails(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);
	assert_int_equal(node_close(node), -EIO);
	fault_remove_all(node->faults);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void after_a_failed_flush_of_the_disk_write_back_stops_until_opened_anew(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_FLUSH, NULL, -EIO);
	uint64_t checkpoint = status_of(node).checkpoint_lsn;
	uint64_t count;

	rule->times = 1;
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	count = node->faults->count[FAULT_DISK][TH_WRITE];
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	assert_int_equal(node->faults->count[FAULT_DISK][TH_WRITE], count);
	assert_int_equal(status_of(node).checkpoint_lsn, checkpoint);
	/* The disk lost what it could not flush. */
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
}

static void a_failed_read_of_the_disk_fails_only_that_read(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_READ, NULL, -EIO);

	rule->times = 2;
	assert_int_equal(node_write(node, BLOCK, BLOCK, 1), 0);
	/* One goes to the disk as it is, the other in pieces. */
	assert_int_equal(node_read(node, 8 * BLOCK, BLOCK), -EIO);
	assert_int_equal(node_read(node, 0, 4 * BLOCK), -EIO);
	assert_int_equal(rule->hits, 2);
	assert_int_equal(node_read(node, 8 * BLOCK, BLOCK), 0);
	assert_int_equal(node_read(node, 0, 4 * BLOCK), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
	assert_int_equal(status_of(node).error.code, -EIO);
}

static void without_a_disk_reads_of_what_is_not_in_the_log_fail(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(node_write(node, BLOCK, BLOCK, 1), 0);
	assert_true(node_holds(node, BLOCK, BLOCK, 1));
	assert_int_equal(node_read(node, 0, 4 * BLOCK), -ENXIO);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_read(node, 0, 4 * BLOCK), 0);
}

/* ---- payloads that fell out of memory ---- */

#define SPILLED (6 * TH_MIB) /* of which less than 4 MiB fit into memory */

static struct node *new_spilled(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.memory_bytes = 4 * TH_MIB;
	shape.device_bytes = 8 * TH_MIB;
	shape.disk_bytes = 8 * TH_MIB;
	node = new_node(state, &shape);
	node_begin(node);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	for (uint64_t at = 0; at < SPILLED; at += TH_MIB)
		assert_int_equal(node_write(node, at, TH_MIB, 1), 0);
	return node;
}

static void a_failed_read_of_the_log_fails_only_that_read(void **state)
{
	struct node *node = new_spilled(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_READ, ".log", -EIO);

	rule->times = 1;
	assert_int_equal(node_read(node, 0, BLOCK), -EIO);
	assert_int_equal(rule->hits, 1);
	assert_true(node_holds(node, 0, TH_MIB, 1));
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
}

static void a_failed_read_of_the_log_for_write_back_is_tried_again(void **state)
{
	struct node *node = new_spilled(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_READ, ".log", -EIO);

	rule->times = 3;
	assert_int_equal(node_attach(node), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(rule->hits, 3);
	assert_int_equal(status_of(node).dirty_bytes, 0);
	assert_true(disk_holds(node, 0, SPILLED, 1));
}

static void a_checkpoint_fails_when_the_log_cannot_be_read_for_it(void **state)
{
	struct node *node = new_spilled(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_READ, ".log", -EIO);

	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	fault_remove(rule);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
}

/* ---- the meta file ---- */

static void a_failed_write_of_the_meta_file_is_tried_again(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_WRITE, "meta", -EIO);
	uint64_t checkpoint = status_of(node).checkpoint_lsn;
	uint64_t count = node->faults->count[FAULT_DISK][TH_WRITE];

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(rule->hits > 5);
	assert_int_equal(status_of(node).checkpoint_lsn, checkpoint);
	/* Before the meta file says so, the disk is not touched. */
	assert_int_equal(node->faults->count[FAULT_DISK][TH_WRITE], count);
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
	assert_int_equal(node_flush(node), 0);
	fault_remove(rule);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, 0, BLOCK, 2));
}

static void closing_ends_although_the_meta_file_cannot_be_written(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	rule = refuse(node, FAULT_FILES, TH_WRITE, "meta", -EIO);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node_close(node), -EIO);
	assert_true(rule->hits > 0);
	fault_remove(rule);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void detaching_ends_although_the_meta_file_cannot_be_written(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	refuse(node, FAULT_FILES, TH_WRITE, "meta", -EIO);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	fault_remove_all(node->faults);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
}

static void what_cannot_be_recorded_in_the_meta_file_is_an_error_now_and_done_later(void **state)
{
	static const struct th_uuid peer = { { 0xa1 } };
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_FILES, TH_WRITE, "meta", -EIO);

	assert_int_equal(node_peer_add(node, &peer), -EIO);
	assert_int_equal(node_peer_add(node, &peer), -EIO);
	fault_remove(rule);
	world_run_for(node->world, LONG_NS);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_int_equal(status_of(node).peer_count, 1);
}

/* ---- anything ---- */

#define CALLS_AT_ONCE 4u
#define IOS_AT_ONCE   8u

static void fault_by_chance(struct node *node, uint64_t *random)
{
	static const char *const names[] = { NULL, ".log", "meta", "spare" };
	struct fault_rule *rule = refuse(node,
					 test_random_below(random, 4) ? FAULT_FILES : FAULT_DISK,
					 test_random_below(random, TH_OPERATION_COUNT),
					 names[test_random_below(random, 4)], -EIO);

	rule->skip = test_random_below(random, 8);
	rule->times = test_random_below(random, 4);
	if (rule->operation == TH_FILE_CLOSE)
		rule->done_first = true;
}

static void call_by_chance(struct node *node, struct call *call, uint64_t *random, uint64_t *epoch)
{
	static const enum th_engine_operation operations[] = {
		TH_CALL_ROTATE,	     TH_CALL_FLUSH,   TH_CALL_CHECKPOINT, TH_CALL_PEER_ADD,
		TH_CALL_PEER_REMOVE, TH_CALL_SUSPEND, TH_CALL_RESUME,	  TH_CALL_RESIZE,
		TH_CALL_DETACH,	     TH_CALL_ATTACH,  TH_CALL_SECONDARY,  TH_CALL_PRIMARY,
	};

	*call = (struct call){
		.call = { .operation = operations[test_random_below(random, 12)],
			  .peer = { { 0xa1 } },
			  .device_bytes = node->shape.device_bytes,
			  .write_label = true },
	};
	if (call->call.operation == TH_CALL_PRIMARY)
		call->call.epoch = ++*epoch;
	call_start(node, call);
}

static void whatever_fails_closing_ends_and_nothing_that_was_flushed_is_lost(void **state)
{
	uint64_t random = seed;

	for (uint32_t run = 0; run < RUNS; run++) {
		struct scene *scene = *state;
		struct node *node = &scene->nodes[0];
		struct call calls[CALLS_AT_ONCE];
		struct io io[IOS_AT_ONCE];
		uint64_t epoch = 1;

		node_init(node, &scene->world, &node_shape_default);
		node->options.segment_bytes = 64 * TH_KIB;
		node->options.log_limit_bytes = TH_MIB;
		node->options.writeback_delay_ns = TH_NS_PER_MS;
		node_begin(node);
		assert_int_equal(node_write_fua(node, 0, BLOCK, 1), 0);
		for (uint32_t i = test_random_below(&random, 4); i > 0; i--)
			fault_by_chance(node, &random);
		for (uint32_t i = 0; i < IOS_AT_ONCE; i++) {
			io_start(node, &io[i], i % 4 ? TH_WRITE : TH_FLUSH, 0, (1 + i) * BLOCK,
				 i % 4 ? BLOCK : 0, 2);
			if (i < CALLS_AT_ONCE)
				call_by_chance(node, &calls[i], &random, &epoch);
			world_run_for(node->world, test_random_below(&random, 2000) * TH_NS_PER_US);
		}
		node_close_undrained(node);
		for (uint32_t i = 0; i < IOS_AT_ONCE; i++)
			io_end(&io[i]);
		for (uint32_t i = 0; i < CALLS_AT_ONCE; i++)
			assert_true(calls[i].done);
		node_power_cut(node, TH_SIM_LOSE_ALL);
		node_reopen(node);
		assert_true(node_holds(node, 0, BLOCK, 1));
		assert_int_equal(node_primary(node, epoch + 1), 0);
		node_destroy(node);
	}
}

/* ---- what is told ---- */

static void the_first_error_is_kept_and_each_one_is_an_event(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_READ, NULL, -EIO);
	struct th_error first;

	assert_int_equal(node_read(node, 0, BLOCK), -EIO);
	first = status_of(node).error;
	assert_non_null(strstr(first.text, "read of 4096 bytes at 0"));
	fault_remove(rule);
	refuse(node, FAULT_FILES, TH_WRITE, ".log", -ENOSPC);
	assert_int_equal(node_write(node, 0, BLOCK, 1), -EIO);
	assert_string_equal(status_of(node).error.text, first.text);
	assert_true(node_said(node, "read of 4096 bytes at 0"));
	assert_true(node_said(node, "the log cannot be written"));
}

static void counters_and_errors_begin_anew_with_open(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_status status;
	struct fault_rule *rule;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	fault_remove(rule);
	assert_int_equal(node_close(node), 0);
	assert_int_equal(node_open(node), 0);
	status = status_of(node);
	assert_int_equal(status.writes, 0);
	assert_int_equal(status.writeback_errors, 0);
	assert_int_equal(status.latency[TH_LATENCY_WRITE].count, 0);
	assert_int_equal(status.error.code, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(after_a_failed_append_writes_are_refused_and_reads_go_on),
		engine_test(after_a_failed_append_opening_anew_brings_all_that_was_acknowledged),
		engine_test(what_was_appended_behind_a_failed_append_is_not_acknowledged),
		engine_test(a_failed_sync_is_never_repeated),
		engine_test(after_a_failed_sync_nothing_unsynced_reaches_the_disk),
		engine_test(calls_that_need_the_log_fail_when_it_has_failed),
		engine_test(a_rotation_that_fails_at_any_step_loses_nothing),
		engine_test(when_no_segment_can_be_made_writers_wait_until_one_can),
		engine_test(a_rotation_without_a_spare_file_fails_instead_of_waiting),
		engine_test(a_promotion_without_a_spare_file_fails_and_can_be_repeated),
		engine_test(a_segment_that_cannot_be_removed_is_tried_again),
		engine_test(a_block_whose_write_back_failed_stays_dirty_until_it_succeeds),
		engine_test(a_checkpoint_that_cannot_be_written_back_fails),
		engine_test(other_blocks_are_written_back_beside_one_that_fails),
		engine_test(closing_drains_although_a_write_back_failed_long_ago),
		engine_test(closing_ends_although_the_disk_fails),
		engine_test(after_a_failed_flush_of_the_disk_write_back_stops_until_opened_anew),
		engine_test(a_failed_read_of_the_disk_fails_only_that_read),
		engine_test(without_a_disk_reads_of_what_is_not_in_the_log_fail),
		engine_test(a_failed_read_of_the_log_fails_only_that_read),
		engine_test(a_failed_read_of_the_log_for_write_back_is_tried_again),
		engine_test(a_checkpoint_fails_when_the_log_cannot_be_read_for_it),
		engine_test(a_failed_write_of_the_meta_file_is_tried_again),
		engine_test(closing_ends_although_the_meta_file_cannot_be_written),
		engine_test(detaching_ends_although_the_meta_file_cannot_be_written),
		engine_test(
			what_cannot_be_recorded_in_the_meta_file_is_an_error_now_and_done_later),
		engine_test(whatever_fails_closing_ends_and_nothing_that_was_flushed_is_lost),
		engine_test(the_first_error_is_kept_and_each_one_is_an_event),
		engine_test(counters_and_errors_begin_anew_with_open),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: errors", tests, NULL, NULL);
}
