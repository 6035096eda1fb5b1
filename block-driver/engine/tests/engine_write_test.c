// SPDX-License-Identifier: GPL-2.0
/*
 * What a user of the device is promised: order, durability, newest versions, and refusals.
 */
#include "engine_test.h"

#define WRITERS 64u

/* ---- order and durability ---- */

static struct fault_rule *hold_append(struct node *node)
{
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_WRITE, ".log");

	rule->times = 1;
	return rule;
}

static void writes_are_acknowledged_in_the_order_of_the_log(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = hold_append(node);
	struct io first, second, third;

	io_start(node, &first, TH_WRITE, 0, 0, BLOCK, 1);
	world_run_for(node->world, TH_NS_PER_MS);
	assert_int_equal(rule->hits, 1);
	/* Fills a batch, which is appended beside the first when there is more to come. */
	io_start(node, &second, TH_WRITE, 0, TH_MIB, TH_MIB, 2);
	io_start(node, &third, TH_WRITE, 0, BLOCK, BLOCK, 3);
	world_run_for(node->world, TH_NS_PER_S);
	assert_int_equal(status_of(node).batches, 2);
	assert_false(second.done);
	fault_remove(rule);
	assert_int_equal(io_end(&third), 0);
	assert_int_equal(io_end(&second), 0);
	assert_int_equal(io_end(&first), 0);
	assert_true(first.order < second.order && second.order < third.order);
}

static void what_was_flushed_survives_a_power_cut(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, 16 * BLOCK, 1), 0);
	assert_int_equal(node_write(node, 4 * BLOCK, BLOCK, 2), 0);
	assert_int_equal(node_flush(node), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 0, 4 * BLOCK, 1));
	assert_true(node_holds(node, 4 * BLOCK, BLOCK, 2));
	assert_true(node_holds(node, 5 * BLOCK, 11 * BLOCK, 1));
}

static void a_write_with_fua_survives_a_power_cut(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write_fua(node, 8 * BLOCK, BLOCK, 1), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 8 * BLOCK, BLOCK, 1));
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 8 * BLOCK, BLOCK, 1), 0);
	node_kill(node);
	node_reopen(node);
	assert_true(node_holds(node, 8 * BLOCK, BLOCK, 1));
}

static void what_was_recovered_after_kill_9_survives_a_power_cut(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 8 * BLOCK, BLOCK, 1), 0);
	node_kill(node);
	node_reopen(node);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 8 * BLOCK, BLOCK, 1));
}

#define RING 8u

/* Write n goes to block n mod RING. What the device is after the first @count of them. */
static bool is_prefix(const uint8_t *device, uint64_t count)
{
	uint8_t expected[TH_BLOCK_BYTES];

	for (uint64_t block = 0; block < RING; block++) {
		uint64_t missed = (count + RING - block) % RING;

		stamp(expected, block * BLOCK, BLOCK, missed < count ? count - missed : 0);
		if (memcmp(device + block * BLOCK, expected, BLOCK) != 0)
			return false;
	}
	return true;
}

/* How many of the @written writes the device has. */
static uint64_t prefix_found(struct node *node, uint64_t written)
{
	struct io io;

	io_start(node, &io, TH_READ, 0, 0, RING * BLOCK, 0);
	assert_int_equal(io_wait(&io), 0);
	while (!is_prefix(io.data, written))
		assert_true(written-- > 0);
	io_end(&io);
	return written;
}

static void after_a_power_cut_the_device_holds_a_prefix_with_all_that_was_flushed(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;
	uint64_t found = 0;

	shape.device_bytes = RING * BLOCK;
	shape.disk_bytes = shape.device_bytes;
	node = new_node(state, &shape);
	node->options.segment_bytes = 256 * TH_KIB;
	node_begin(node);
	for (uint64_t round = 2; round < 50; round++) {
		uint64_t first = found + 1, flushed = found;
		struct io io[16];

		for (uint64_t i = 0; i < 16; i++) {
			io_start(node, &io[i], TH_WRITE, 0, (first + i) % RING * BLOCK, BLOCK,
				 first + i);
			if (i % 4 == round % 4)
				world_run_for(node->world, round * 20 * TH_NS_PER_US);
			if (i != round % 16)
				continue;
			while (flushed < first + i && io[flushed + 1 - first].done)
				flushed++;
			assert_int_equal(node_flush(node), 0);
		}
		world_run_for(node->world, round * 10 * TH_NS_PER_US);
		node_power_cut(node, TH_SIM_LOSE_SOME);
		for (uint32_t i = 0; i < 16; i++)
			io_end(&io[i]);
		node_reopen(node);
		found = prefix_found(node, first + 15);
		assert_true(found >= flushed);
		assert_int_equal(node_primary(node, round), 0);
	}
}

/* ---- group commit ---- */

static void writes_that_come_during_an_append_share_the_next_one(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule = hold_append(node);
	struct io io[WRITERS];

	for (uint32_t i = 0; i < WRITERS; i++) {
		io_start(node, &io[i], TH_WRITE, 0, i * BLOCK, BLOCK, i + 1);
		world_run_for(node->world, TH_NS_PER_MS);
	}
	fault_remove(rule);
	for (uint32_t i = 0; i < WRITERS; i++)
		assert_int_equal(io_end(&io[i]), 0);
	assert_int_equal(status_of(node).batches, 2);
}

static void flushes_that_come_during_a_sync_share_the_next_one(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;
	uint64_t before = status_of(node).log_syncs;
	struct io io[WRITERS];

	rule = hold(node, FAULT_FILES, TH_FLUSH, ".log");
	rule->times = 1;
	for (uint32_t i = 0; i < WRITERS; i++) {
		io_start(node, &io[i], TH_WRITE, TH_FUA, i * BLOCK, BLOCK, i + 1);
		world_run_for(node->world, TH_NS_PER_MS);
	}
	fault_remove(rule);
	for (uint32_t i = 0; i < WRITERS; i++)
		assert_int_equal(io_end(&io[i]), 0);
	assert_int_equal(status_of(node).log_syncs - before, 2);
}

/* A write that waits for a sync, which takes so long; meanwhile another one is acknowledged. Returns how often something was sent out. */
static uint64_t sent_out_during_a_sync(struct node *node, uint64_t sync_ns)
{
	const uint64_t *count = &node->faults->count[FAULT_FILES][TH_FILE_WRITE_OUT];
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_FLUSH, ".log");
	uint64_t before = *count;
	struct io io;

	io_start(node, &io, TH_WRITE, TH_FUA, 0, BLOCK, 1);
	world_run_for(node->world, sync_ns / 2);
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), 0);
	world_run_for(node->world, sync_ns / 2);
	fault_remove(rule);
	assert_int_equal(io_end(&io), 0);
	return *count - before;
}

static void what_is_appended_during_a_long_sync_is_sent_out_meanwhile(void **state)
{
	struct node *node = new_primary(state);

	/* Whether one takes long is known by the one before. */
	assert_int_equal(sent_out_during_a_sync(node, TH_NS_PER_US), 0);
	assert_int_equal(sent_out_during_a_sync(node, 10 * TH_NS_PER_MS), 0);
	assert_int_equal(sent_out_during_a_sync(node, 10 * TH_NS_PER_MS), 1);
	assert_int_equal(sent_out_during_a_sync(node, TH_NS_PER_US), 1);
	assert_int_equal(sent_out_during_a_sync(node, TH_NS_PER_US), 0);
}

/* The sync has the error, too, when there is one. */
static void what_cannot_be_sent_out_is_left_to_the_sync(void **state)
{
	struct node *node = new_primary(state);

	refuse(node, FAULT_FILES, TH_FILE_WRITE_OUT, NULL, -EIO);
	sent_out_during_a_sync(node, 10 * TH_NS_PER_MS);
	assert_int_equal(sent_out_during_a_sync(node, 10 * TH_NS_PER_MS), 1);
	assert_int_equal(node_flush(node), 0);
	assert_int_equal(status_of(node).error.code, 0);
}

static void a_write_alone_waits_for_no_other(void **state)
{
	struct node *node = new_primary(state);
	uint64_t start_ns = node->world->now_ns;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	/* One append takes less than that. */
	assert_true(node->world->now_ns - start_ns < TH_NS_PER_MS);
}

/* ---- the newest version ---- */

/* [0, 16) v1, [4, 12) v2, [8, 16) v3, in blocks. */
static bool overlaps_hold(struct node *node)
{
	return node_holds(node, 0, 4 * BLOCK, 1) && node_holds(node, 4 * BLOCK, 4 * BLOCK, 2) &&
	       node_holds(node, 8 * BLOCK, 8 * BLOCK, 3);
}

static void of_writes_that_overlap_the_newest_wins(void **state)
{
	struct node *node = new_primary(state);
	struct io io[3];

	io_start(node, &io[0], TH_WRITE, 0, 0, 16 * BLOCK, 1);
	io_start(node, &io[1], TH_WRITE, 0, 4 * BLOCK, 8 * BLOCK, 2);
	io_start(node, &io[2], TH_WRITE, 0, 8 * BLOCK, 8 * BLOCK, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(io_end(&io[i]), 0);
	assert_true(overlaps_hold(node));
}

static void the_newest_version_wins_on_the_disk_too(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, 16 * BLOCK, 1), 0);
	assert_int_equal(node_write(node, 4 * BLOCK, 8 * BLOCK, 2), 0);
	assert_int_equal(node_write(node, 8 * BLOCK, 8 * BLOCK, 3), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(status_of(node).dirty_extents, 0);
	assert_true(overlaps_hold(node));
	assert_true(disk_holds(node, 0, 4 * BLOCK, 1));
	assert_true(disk_holds(node, 4 * BLOCK, 4 * BLOCK, 2));
	assert_true(disk_holds(node, 8 * BLOCK, 8 * BLOCK, 3));
}

static void the_newest_version_wins_after_replay_too(void **state)
{
	struct node *node = new_primary(state);
	struct io io[3];

	io_start(node, &io[0], TH_WRITE, 0, 0, 16 * BLOCK, 1);
	io_start(node, &io[1], TH_WRITE, 0, 4 * BLOCK, 8 * BLOCK, 2);
	io_start(node, &io[2], TH_WRITE, 0, 8 * BLOCK, 8 * BLOCK, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(io_end(&io[i]), 0);
	node_kill(node);
	node_reopen(node);
	assert_true(overlaps_hold(node));
}

static void a_write_during_write_back_of_its_block_wins(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;
	struct call checkpoint = { .call = { .operation = TH_CALL_CHECKPOINT } };

	assert_int_equal(node_write(node, 0, 4 * BLOCK, 1), 0);
	rule = hold(node, FAULT_DISK, TH_WRITE, NULL);
	rule->times = 1;
	call_start(node, &checkpoint);
	world_run_for(node->world, TH_NS_PER_S);
	assert_int_equal(rule->hits, 1);
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), 0);
	fault_remove(rule);
	assert_int_equal(call_wait(&checkpoint), 0);
	assert_true(node_holds(node, BLOCK, BLOCK, 2));
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, BLOCK, BLOCK, 2));
	assert_true(disk_holds(node, 2 * BLOCK, 2 * BLOCK, 1));
}

static void a_read_over_clean_dirty_and_empty_parts_is_whole(void **state)
{
	struct node *node = new_primary(state);
	struct io io;

	assert_int_equal(node_write(node, 0, 16 * BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_write(node, 4 * BLOCK, BLOCK, 2), 0);
	assert_int_equal(node_zero(node, TH_DISCARD, 8 * BLOCK, 2 * BLOCK), 0);
	io_start(node, &io, TH_READ, 0, BLOCK, 31 * BLOCK, 0);
	assert_int_equal(io_wait(&io), 0);
	assert_true(io_holds(&io, BLOCK, 3 * BLOCK, 1));
	assert_true(io_holds(&io, 4 * BLOCK, BLOCK, 2));
	assert_true(io_holds(&io, 5 * BLOCK, 3 * BLOCK, 1));
	assert_true(io_holds(&io, 8 * BLOCK, 2 * BLOCK, 0));
	assert_true(io_holds(&io, 10 * BLOCK, 6 * BLOCK, 1));
	assert_true(io_holds(&io, 16 * BLOCK, 16 * BLOCK, 0));
	io_end(&io);
}

/* ---- zeroes, and lengths ---- */

static void check_zeroes(void **state, enum th_operation operation)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, 16 * BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_zero(node, operation, 4 * BLOCK, 8 * BLOCK), 0);
	assert_int_equal(node_write(node, 6 * BLOCK, BLOCK, 2), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(node_holds(node, 3 * BLOCK, BLOCK, 1));
		assert_true(node_holds(node, 4 * BLOCK, 2 * BLOCK, 0));
		assert_true(node_holds(node, 6 * BLOCK, BLOCK, 2));
		assert_true(node_holds(node, 7 * BLOCK, 5 * BLOCK, 0));
		assert_true(node_holds(node, 12 * BLOCK, 4 * BLOCK, 1));
		if (i == 0) {
			assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
		} else if (i == 1) {
			assert_int_equal(node_zero(node, operation, 7 * BLOCK, BLOCK), 0);
			node_kill(node);
			node_reopen(node);
		}
	}
}

static void a_discarded_range_reads_as_zeroes_now_and_later(void **state)
{
	check_zeroes(state, TH_DISCARD);
}

static void a_range_of_zeroes_reads_as_zeroes_now_and_later(void **state)
{
	check_zeroes(state, TH_WRITE_ZEROES);
}

static void zeroes_cost_one_block_of_log_whatever_their_length(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = status_of(node).end_lsn;

	assert_int_equal(node_zero(node, TH_DISCARD, 0, node->shape.device_bytes), 0);
	assert_int_equal(status_of(node).end_lsn - end, BLOCK);
}

static void a_write_larger_than_a_batch_is_split_and_reads_back(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write_fua(node, BLOCK, 3 * TH_MIB, 1), 0);
	assert_true(status_of(node).batches >= 3);
	assert_true(node_holds(node, BLOCK, 3 * TH_MIB, 1));
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, BLOCK, 3 * TH_MIB, 1));
}

static void a_device_of_small_blocks_takes_single_ones(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.block_bytes = 512;
	node = new_node(state, &shape);
	node_begin(node);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_write(node, 512, 512, 2), 0);
	assert_int_equal(node_write(node, 1536, 1024, 3), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(node_holds(node, 0, 512, 1));
		assert_true(node_holds(node, 512, 512, 2));
		assert_true(node_holds(node, 1024, 512, 1));
		assert_true(node_holds(node, 1536, 1024, 3));
		assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	}
}

/* ---- refusals ---- */

static void requests_that_are_not_in_blocks_are_refused(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 512, BLOCK, 1), -EINVAL);
	assert_int_equal(node_write(node, 0, 512, 1), -EINVAL);
	assert_int_equal(node_read(node, 512, BLOCK), -EINVAL);
	assert_int_equal(node_read(node, 0, 512), -EINVAL);
	assert_int_equal(node_zero(node, TH_DISCARD, 1, BLOCK), -EINVAL);
	assert_int_equal(node_zero(node, TH_WRITE_ZEROES, 0, 1), -EINVAL);
}

static void requests_beyond_the_end_are_refused(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	assert_int_equal(node_write(node, end, BLOCK, 1), -ENOSPC);
	assert_int_equal(node_write(node, end - BLOCK, 2 * BLOCK, 1), -ENOSPC);
	assert_int_equal(node_write(node, 0 - BLOCK, BLOCK, 1), -ENOSPC);
	assert_int_equal(node_zero(node, TH_DISCARD, BLOCK, 0 - BLOCK), -ENOSPC);
	assert_int_equal(node_read(node, end, BLOCK), -EINVAL);
	assert_int_equal(node_read(node, end - BLOCK, 2 * BLOCK), -EINVAL);
	assert_int_equal(node_read(node, 0 - BLOCK, BLOCK), -EINVAL);
	assert_int_equal(node_write(node, end - BLOCK, BLOCK, 1), 0);
	assert_true(node_holds(node, end - BLOCK, BLOCK, 1));
}

static void a_refused_request_leaves_no_record(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = status_of(node).end_lsn;

	assert_int_equal(node_write(node, 512, BLOCK, 1), -EINVAL);
	assert_int_equal(node_write(node, node->shape.device_bytes, BLOCK, 1), -ENOSPC);
	assert_int_equal(status_of(node).end_lsn, end);
}

static void a_request_for_nothing_does_nothing(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = status_of(node).end_lsn;

	assert_int_equal(node_write(node, 0, 0, 1), 0);
	assert_int_equal(node_zero(node, TH_DISCARD, BLOCK, 0), 0);
	assert_int_equal(node_read(node, 0, 0), 0);
	assert_int_equal(status_of(node).end_lsn, end);
}

static void a_secondary_refuses_writers_and_serves_readers(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 2), -EROFS);
	assert_int_equal(node_zero(node, TH_DISCARD, 0, BLOCK), -EROFS);
	assert_int_equal(node_flush(node), 0);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void a_closed_resource_refuses_everything(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_close(node), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 1), -ESHUTDOWN);
	assert_int_equal(node_zero(node, TH_DISCARD, 0, BLOCK), -ESHUTDOWN);
	assert_int_equal(node_read(node, 0, BLOCK), -ESHUTDOWN);
	assert_int_equal(node_flush(node), -ESHUTDOWN);
}

static void closing_answers_those_who_wait(void **state)
{
	struct node *node = new_primary(state);
	struct io write, read, flush;

	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	io_start(node, &write, TH_WRITE, 0, 0, BLOCK, 1);
	io_start(node, &read, TH_READ, 0, 0, BLOCK, 0);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, TH_NS_PER_S);
	assert_false(write.done || read.done || flush.done);
	assert_int_equal(node_close(node), 0);
	assert_int_equal(io_end(&write), -ESHUTDOWN);
	assert_int_equal(io_end(&read), -ESHUTDOWN);
	assert_int_equal(io_end(&flush), -ESHUTDOWN);
}

static void what_was_acknowledged_before_closing_is_there_after_opening(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_close_undrained(node), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void after_a_drained_close_nothing_is_replayed(void **state)
{
	struct node *node = new_primary(state);
	struct th_meta meta;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_close(node), 0);
	meta_read(node, &meta);
	assert_true(meta.clean);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	assert_true(disk_holds(node, 0, BLOCK, 1));
	assert_int_equal(node_open(node), 0);
	assert_int_equal(status_of(node).checkpoint_lsn, status_of(node).end_lsn);
	assert_int_equal(status_of(node).dirty_extents, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(writes_are_acknowledged_in_the_order_of_the_log),
		engine_test(what_was_flushed_survives_a_power_cut),
		engine_test(a_write_with_fua_survives_a_power_cut),
		engine_test(what_was_acknowledged_survives_kill_9),
		engine_test(what_was_recovered_after_kill_9_survives_a_power_cut),
		engine_test(after_a_power_cut_the_device_holds_a_prefix_with_all_that_was_flushed),
		engine_test(writes_that_come_during_an_append_share_the_next_one),
		engine_test(flushes_that_come_during_a_sync_share_the_next_one),
		engine_test(what_is_appended_during_a_long_sync_is_sent_out_meanwhile),
		engine_test(what_cannot_be_sent_out_is_left_to_the_sync),
		engine_test(a_write_alone_waits_for_no_other),
		engine_test(of_writes_that_overlap_the_newest_wins),
		engine_test(the_newest_version_wins_on_the_disk_too),
		engine_test(the_newest_version_wins_after_replay_too),
		engine_test(a_write_during_write_back_of_its_block_wins),
		engine_test(a_read_over_clean_dirty_and_empty_parts_is_whole),
		engine_test(a_discarded_range_reads_as_zeroes_now_and_later),
		engine_test(a_range_of_zeroes_reads_as_zeroes_now_and_later),
		engine_test(zeroes_cost_one_block_of_log_whatever_their_length),
		engine_test(a_write_larger_than_a_batch_is_split_and_reads_back),
		engine_test(a_device_of_small_blocks_takes_single_ones),
		engine_test(requests_that_are_not_in_blocks_are_refused),
		engine_test(requests_beyond_the_end_are_refused),
		engine_test(a_refused_request_leaves_no_record),
		engine_test(a_request_for_nothing_does_nothing),
		engine_test(a_secondary_refuses_writers_and_serves_readers),
		engine_test(a_closed_resource_refuses_everything),
		engine_test(closing_answers_those_who_wait),
		engine_test(what_was_acknowledged_before_closing_is_there_after_opening),
		engine_test(after_a_drained_close_nothing_is_replayed),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: writes", tests, NULL, NULL);
}
