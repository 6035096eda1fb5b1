// SPDX-License-Identifier: GPL-2.0
/*
 * Who may become primary and when, what a change of role keeps, and how the tail of another history goes.
 */
#include "engine_test.h"

static int primary_with_chain(struct node *node, uint64_t epoch, uint64_t chain)
{
	struct th_engine_call call = {
		.operation = TH_CALL_PRIMARY,
		.epoch = epoch,
		.chain = chain,
		.chain_given = true,
	};

	return node_call(node, &call);
}

/* ---- promotion ---- */

static void an_epoch_that_is_not_above_all_of_the_log_is_stale(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_primary(node, 5), 0);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_primary(node, 5), -ESTALE);
	assert_int_equal(node_primary(node, 4), -ESTALE);
	node_kill(node);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(node_primary(node, 5), -ESTALE);
	assert_int_equal(status_of(node).role, TH_ROLE_SECONDARY);
	assert_int_equal(node_primary(node, 6), 0);
}

static void the_first_epoch_is_at_least_1(void **state)
{
	struct node *node = new_follower(state);

	assert_int_equal(node_primary(node, 0), -ESTALE);
	assert_int_equal(node_primary(node, 1), 0);
}

static void a_promotion_on_another_history_is_refused(void **state)
{
	struct node *node = new_primary(state);
	uint64_t chain;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	chain = status_of(node).end_chain;
	assert_int_equal(primary_with_chain(node, 2, chain + 1), -ESTALE);
	assert_int_equal(status_of(node).role, TH_ROLE_SECONDARY);
	assert_int_equal(primary_with_chain(node, 2, chain), 0);
}

static void a_repeated_promotion_changes_nothing(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = status_of(node).end_lsn;
	uint32_t segments = status_of(node).segment_count;

	assert_int_equal(node_primary(node, 1), 0);
	assert_int_equal(status_of(node).end_lsn, end);
	assert_int_equal(status_of(node).segment_count, segments);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

static void a_primary_has_to_be_made_secondary_before_its_next_epoch(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_primary(node, 2), -EBUSY);
	assert_int_equal(status_of(node).epoch, 1);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

static void a_promotion_while_replay_is_paused_is_refused(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	assert_int_equal(node_replay(follower, false, 0, 0), 0);
	assert_int_equal(ship(primary, follower, status_of(primary).end_lsn), 0);
	assert_int_equal(node_primary(follower, 2), -EBUSY);
	assert_int_equal(node_replay(follower, true, 0, 0), 0);
	assert_int_equal(node_primary(follower, 2), 0);
	assert_true(node_holds(follower, 0, BLOCK, 1));
}

static void a_promotion_waits_for_all_that_was_received(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);
	struct fault_rule *rule;
	struct call promotion = { .call = { .operation = TH_CALL_PRIMARY, .epoch = 2 } };

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	rule = hold(follower, FAULT_FILES, TH_READ, ".log");
	assert_int_equal(ship(primary, follower, status_of(primary).end_lsn), 0);
	call_start(follower, &promotion);
	world_run_for(follower->world, LONG_NS);
	assert_false(promotion.done);
	fault_remove(rule);
	assert_int_equal(call_wait(&promotion), 0);
	assert_true(node_holds(follower, 0, BLOCK, 1));
}

static void a_promotion_cuts_off_an_incomplete_end(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);
	uint64_t end;

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	end = status_of(primary).end_lsn;
	assert_int_equal(node_write(primary, BLOCK, 4 * BLOCK, 2), 0);
	assert_int_equal(ship(primary, follower, end + 2 * BLOCK), 0);
	assert_int_equal(node_primary(follower, 2), 0);
	assert_int_equal(status_of(follower).epochs[1].start_lsn, end);
	assert_int_equal(node_write_fua(follower, 8 * BLOCK, BLOCK, 3), 0);
	node_power_cut(follower, TH_SIM_LOSE_ALL);
	node_reopen(follower);
	assert_true(node_holds(follower, 0, BLOCK, 1));
	assert_true(node_holds(follower, BLOCK, 4 * BLOCK, 0));
	assert_true(node_holds(follower, 8 * BLOCK, BLOCK, 3));
}

static void a_replica_that_is_not_consistent_does_not_become_primary(void **state)
{
	struct node *node = new_primary(state);
	struct th_meta meta;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_close_undrained(node), 0);
	meta_read(node, &meta);
	meta.inconsistent_until_lsn = 1 << 20;
	meta_write(node, &meta);
	node_reopen(node);
	assert_false(status_of(node).consistent);
	assert_int_equal(node_primary(node, 2), -EUCLEAN);
	assert_int_equal(node_read(node, 0, BLOCK), -EUCLEAN);
}

static void a_promotion_interrupted_at_any_step_loses_nothing_and_can_be_repeated(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write_fua(node, 0, BLOCK, 1), 0);
	node_kill(node);
	node_reopen(node);
	for (uint64_t epoch = 2; epoch < 60; epoch++) {
		struct call promotion = {
			.call = { .operation = TH_CALL_PRIMARY, .epoch = epoch },
		};

		call_start(node, &promotion);
		for (uint64_t i = 0; i < epoch; i++)
			world_step(node->world);
		node_power_cut(node, TH_SIM_LOSE_SOME);
		node_reopen(node);
		assert_true(node_holds(node, 0, BLOCK, 1));
	}
	assert_int_equal(node_primary(node, 60), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
}

static void an_epoch_that_was_acknowledged_is_never_given_again(void **state)
{
	struct node *node = new_primary(state);

	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_int_equal(node_primary(node, 1), -ESTALE);
}

static void the_newest_32_epochs_are_remembered(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_status status;

	for (uint64_t epoch = 2; epoch <= 40; epoch++) {
		assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
		assert_int_equal(node_primary(node, epoch), 0);
	}
	node_kill(node);
	node_reopen(node);
	status = status_of(node);
	assert_int_equal(status.epoch_count, TH_EPOCHS_MAX);
	for (uint32_t i = 0; i < TH_EPOCHS_MAX; i++)
		assert_int_equal(status.epochs[i].epoch, 9 + i);
}

/* ---- demotion and handover ---- */

static void a_demotion_makes_the_log_durable_and_tells_its_end(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_call call = { .operation = TH_CALL_SECONDARY };

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_call(node, &call), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_int_equal(status_of(node).end_lsn, call.end_lsn);
	assert_true(status_of(node).end_chain == call.end_chain);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void a_repeated_demotion_tells_the_same_end(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_call first = { .operation = TH_CALL_SECONDARY }, second = first;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_call(node, &first), 0);
	assert_int_equal(node_call(node, &second), 0);
	assert_int_equal(first.end_lsn, second.end_lsn);
	assert_true(first.end_chain == second.end_chain);
}

static void a_demotion_finishes_what_is_under_way_and_refuses_the_rest(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *rule;
	struct call demotion = { .call = { .operation = TH_CALL_SECONDARY } };
	struct io before;

	rule = hold(node, FAULT_FILES, TH_WRITE, ".log");
	io_start(node, &before, TH_WRITE, TH_FUA, 0, BLOCK, 1);
	world_run_for(node->world, TH_NS_PER_MS);
	call_start(node, &demotion);
	world_run_for(node->world, TH_NS_PER_MS);
	assert_int_equal(node_write(node, 0, BLOCK, 2), -EROFS);
	assert_false(demotion.done || before.done);
	fault_remove(rule);
	assert_int_equal(call_wait(&demotion), 0);
	assert_int_equal(io_end(&before), 0);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void a_handover_there_and_back_keeps_all(void **state)
{
	struct node *node[2] = { new_primary(state), new_follower(state) };

	for (uint64_t epoch = 2; epoch < 8; epoch++) {
		struct node *old = node[epoch % 2], *new = node[(epoch + 1) % 2];
		struct th_engine_call demotion = { .operation = TH_CALL_SECONDARY };

		assert_int_equal(node_write(old, epoch * BLOCK, BLOCK, epoch), 0);
		assert_int_equal(node_write(old, 0, BLOCK, epoch), 0);
		assert_int_equal(node_call(old, &demotion), 0);
		assert_int_equal(ship(old, new, demotion.end_lsn), 0);
		assert_int_equal(primary_with_chain(new, epoch, demotion.end_chain), 0);
		if (epoch == 4) {
			assert_int_equal(node_do(new, TH_CALL_CHECKPOINT), 0);
			node_kill(old);
			node_reopen(old);
		}
		assert_true(node_holds(new, 0, BLOCK, epoch));
		for (uint64_t i = 2; i <= epoch; i++)
			assert_true(node_holds(new, i * BLOCK, BLOCK, i));
	}
	follow(node[0], node[1]);
	assert_int_equal(status_of(node[0]).end_lsn, status_of(node[1]).end_lsn);
	assert_true(status_of(node[0]).end_chain == status_of(node[1]).end_chain);
}

/* ---- what is received ---- */

static void a_primary_receives_nothing(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_received(node, 1, 0, status_of(node).end_lsn), -EINVAL);
}

static void what_does_not_join_the_log_is_refused(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);
	uint64_t end;

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	follow(primary, follower);
	end = status_of(follower).received_lsn;
	/* Behind a gap; before the end; of an older epoch; a segment's end before its start. */
	assert_int_equal(node_received(follower, 1, end + BLOCK, end + 2 * BLOCK), -EINVAL);
	assert_int_equal(node_received(follower, 1, end - BLOCK, end + 2 * BLOCK), -EINVAL);
	assert_int_equal(node_received(follower, 0, end, end + BLOCK), -EINVAL);
	assert_int_equal(node_received(follower, 1, end, end - BLOCK), -EINVAL);
	/* Where none can be. */
	assert_int_equal(node_received(follower, 1, end + 512, end + BLOCK), -EINVAL);
	assert_int_equal(node_received(follower, 1, end, UINT64_MAX), -EINVAL);
	/* The segment that is there, under another epoch. */
	assert_int_equal(node_received(follower, 2, 0, end + BLOCK), -ESTALE);
	assert_int_equal(status_of(follower).received_lsn, end);
	assert_int_equal(status_of(follower).segment_count, 1);
	assert_int_equal(node_write(primary, 0, BLOCK, 2), 0);
	follow(primary, follower);
	assert_true(node_holds(follower, 0, BLOCK, 2));
}

static void what_was_received_before_can_be_told_again(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);
	uint64_t first_end, end;

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(primary, TH_CALL_ROTATE), 0);
	first_end = status_of(primary).end_lsn - BLOCK;
	assert_int_equal(node_write(primary, 0, BLOCK, 2), 0);
	follow(primary, follower);
	end = status_of(follower).received_lsn;
	assert_int_equal(node_received(follower, 1, 0, first_end), 0);
	assert_int_equal(node_received(follower, 1, 0, BLOCK), 0);
	assert_int_equal(node_received(follower, 1, first_end, first_end + BLOCK), 0);
	assert_int_equal(node_received(follower, 1, first_end, end), 0);
	assert_int_equal(status_of(follower).received_lsn, end);
}

static void a_finished_segment_does_not_grow(void **state)
{
	struct node *primary = new_primary(state), *follower = new_follower(state);
	uint64_t first_end;

	assert_int_equal(node_write(primary, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(primary, TH_CALL_ROTATE), 0);
	first_end = status_of(primary).end_lsn - BLOCK;
	follow(primary, follower);
	assert_int_equal(node_received(follower, 1, 0, first_end + BLOCK), -EINVAL);
}

/* ---- cutting ---- */

struct diverged {
	struct node *winner;
	struct node *loser;
	uint64_t branch_lsn; /* of epoch 1 */
};

/* Both have block 0 at version 1; then the winner began epoch 2, and the loser wrote versions of its own. */
static struct diverged diverge(void **state)
{
	struct diverged pair = { .loser = new_primary(state), .winner = new_follower(state) };

	pair.loser->options.writeback_delay_ns = 3600 * TH_NS_PER_S;
	assert_int_equal(node_tune(pair.loser), 0);
	assert_int_equal(node_write(pair.loser, 0, BLOCK, 1), 0);
	assert_int_equal(node_write(pair.loser, BLOCK, BLOCK, 1), 0);
	follow(pair.loser, pair.winner);
	pair.branch_lsn = status_of(pair.loser).end_lsn;
	assert_int_equal(node_write(pair.loser, 0, BLOCK, 100), 0);
	assert_int_equal(node_do(pair.loser, TH_CALL_ROTATE), 0);
	assert_int_equal(node_write(pair.loser, 4 * BLOCK, BLOCK, 101), 0);
	assert_int_equal(node_do(pair.loser, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_primary(pair.winner, 2), 0);
	assert_int_equal(node_write(pair.winner, 2 * BLOCK, BLOCK, 2), 0);
	return pair;
}

static void assert_loser_is_as_winner(const struct diverged *pair)
{
	follow(pair->winner, pair->loser);
	assert_true(status_of(pair->loser).end_chain == status_of(pair->winner).end_chain);
	assert_true(node_holds(pair->loser, 0, 2 * BLOCK, 1));
	assert_true(node_holds(pair->loser, 2 * BLOCK, BLOCK, 2));
	assert_true(node_holds(pair->loser, 4 * BLOCK, BLOCK, 0));
}

static void a_tail_that_is_only_in_memory_is_cut_and_forgotten(void **state)
{
	struct diverged pair = diverge(state);

	assert_true(node_holds(pair.loser, 0, BLOCK, 100));
	assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), 0);
	assert_int_equal(status_of(pair.loser).end_lsn, pair.branch_lsn);
	assert_int_equal(status_of(pair.loser).segment_count, 1);
	assert_loser_is_as_winner(&pair);
}

static void a_cut_holds_after_a_power_cut(void **state)
{
	struct diverged pair = diverge(state);

	assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), 0);
	node_power_cut(pair.loser, TH_SIM_LOSE_ALL);
	node_reopen(pair.loser);
	assert_int_equal(status_of(pair.loser).end_lsn, pair.branch_lsn);
	assert_loser_is_as_winner(&pair);
}

static void a_cut_interrupted_at_any_step_can_be_repeated(void **state)
{
	struct diverged pair = diverge(state);
	struct th_sim_directory *before = calloc(1, sizeof(*before));

	assert_non_null(before);
	assert_int_equal(node_primary(pair.loser, 7), 0);
	node_power_cut(pair.loser, TH_SIM_KEEP_ALL);
	th_sim_directory_clone(before, pair.loser->directory);
	for (uint32_t steps = 1; steps < 40; steps++) {
		struct call cut = {
			.call = { .operation = TH_CALL_CUT, .epoch = 1, .lsn = pair.branch_lsn },
		};

		node_reopen(pair.loser);
		call_start(pair.loser, &cut);
		for (uint32_t i = 0; i < steps; i++)
			world_step(pair.loser->world);
		node_power_cut(pair.loser, TH_SIM_LOSE_SOME);
		node_reopen(pair.loser);
		assert_true(status_of(pair.loser).end_lsn >= pair.branch_lsn);
		assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), 0);
		assert_int_equal(status_of(pair.loser).epoch_count, 1);
		node_power_cut(pair.loser, TH_SIM_LOSE_ALL);
		/* And from the beginning. */
		directory_copy(pair.loser, before);
	}
	th_sim_directory_destroy(before);
	free(before);
	node_reopen(pair.loser);
	assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), 0);
	assert_loser_is_as_winner(&pair);
}

/* The cut fails with @error, and neither files nor device are other than before. */
static void assert_not_cut(struct node *node, uint64_t epoch, uint64_t lsn, int error)
{
	uint64_t end = status_of(node).end_lsn;
	struct th_sim_directory before;

	world_run_for(node->world, LONG_NS);
	th_sim_directory_clone(&before, node->directory);
	assert_int_equal(node_cut(node, epoch, lsn), error);
	world_run_for(node->world, TH_NS_PER_S);
	assert_true(directory_equals(&before, node->directory));
	th_sim_directory_destroy(&before);
	assert_int_equal(status_of(node).end_lsn, end);
	node_wait_replayed(node);
}

static void a_cut_that_is_not_between_two_batches_changes_nothing(void **state)
{
	struct diverged pair = diverge(state);

	assert_not_cut(pair.loser, 1, pair.branch_lsn + BLOCK, -EINVAL);
	assert_not_cut(pair.loser, 1, pair.branch_lsn - BLOCK, -EINVAL);
	assert_not_cut(pair.loser, 1, pair.branch_lsn + 1, -EINVAL);
	assert_true(node_holds(pair.loser, 0, BLOCK, 100));
	assert_true(node_holds(pair.loser, 4 * BLOCK, BLOCK, 101));
}

static void a_cut_in_another_epoch_changes_nothing(void **state)
{
	struct diverged pair = diverge(state);

	assert_not_cut(pair.loser, 2, pair.branch_lsn, -EINVAL);
	assert_true(node_holds(pair.loser, 0, BLOCK, 100));
}

static void a_cut_above_the_end_changes_nothing(void **state)
{
	struct diverged pair = diverge(state);

	assert_not_cut(pair.loser, 1, status_of(pair.loser).end_lsn + BLOCK, -EINVAL);
}

static void a_cut_at_the_end_is_done_already(void **state)
{
	struct diverged pair = diverge(state);

	assert_not_cut(pair.loser, 1, status_of(pair.loser).end_lsn, 0);
}

static void what_may_be_on_the_disk_is_not_cut(void **state)
{
	struct diverged pair = diverge(state);

	assert_int_equal(node_do(pair.loser, TH_CALL_CHECKPOINT), 0);
	assert_not_cut(pair.loser, 1, pair.branch_lsn, -EUCLEAN);
	assert_true(node_holds(pair.loser, 0, BLOCK, 100));
}

static void a_sweep_that_began_is_enough_not_to_cut(void **state)
{
	struct diverged pair = diverge(state);

	refuse(pair.loser, FAULT_DISK, TH_WRITE, NULL, -EIO);
	assert_int_equal(node_do(pair.loser, TH_CALL_CHECKPOINT), -EIO);
	assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), -EUCLEAN);
}

static void a_primary_is_not_cut(void **state)
{
	struct diverged pair = diverge(state);

	assert_not_cut(pair.winner, 1, pair.branch_lsn, -EBUSY);
}

static void a_cut_takes_the_epochs_of_the_tail_with_it(void **state)
{
	struct diverged pair = diverge(state);

	assert_int_equal(node_primary(pair.loser, 7), 0);
	assert_int_equal(node_do(pair.loser, TH_CALL_SECONDARY), 0);
	assert_int_equal(status_of(pair.loser).epoch_count, 2);
	assert_int_equal(node_cut(pair.loser, 1, pair.branch_lsn), 0);
	assert_int_equal(status_of(pair.loser).epoch_count, 1);
	assert_loser_is_as_winner(&pair);
	assert_int_equal(status_of(pair.loser).epochs[1].epoch, 2);
}

static void reads_during_a_cut_see_one_history(void **state)
{
	struct diverged pair = diverge(state);
	struct fault_rule *rule;
	struct call cut = {
		.call = { .operation = TH_CALL_CUT, .epoch = 1, .lsn = pair.branch_lsn },
	};
	struct io read;

	rule = hold(pair.loser, FAULT_FILES, TH_FILE_TRUNCATE, NULL);
	call_start(pair.loser, &cut);
	world_run_for(pair.loser->world, TH_NS_PER_S);
	io_start(pair.loser, &read, TH_READ, 0, 0, BLOCK, 0);
	world_run_for(pair.loser->world, TH_NS_PER_S);
	assert_false(cut.done || read.done);
	fault_remove(rule);
	assert_int_equal(call_wait(&cut), 0);
	/* As before the branch: at its end, or where replay begins anew. */
	assert_int_equal(io_wait(&read), 0);
	assert_true(io_holds(&read, 0, BLOCK, 0) || io_holds(&read, 0, BLOCK, 1));
	io_end(&read);
	assert_loser_is_as_winner(&pair);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(an_epoch_that_is_not_above_all_of_the_log_is_stale),
		engine_test(the_first_epoch_is_at_least_1),
		engine_test(a_promotion_on_another_history_is_refused),
		engine_test(a_repeated_promotion_changes_nothing),
		engine_test(a_primary_has_to_be_made_secondary_before_its_next_epoch),
		engine_test(a_promotion_while_replay_is_paused_is_refused),
		engine_test(a_promotion_waits_for_all_that_was_received),
		engine_test(a_promotion_cuts_off_an_incomplete_end),
		engine_test(a_replica_that_is_not_consistent_does_not_become_primary),
		engine_test(a_promotion_interrupted_at_any_step_loses_nothing_and_can_be_repeated),
		engine_test(an_epoch_that_was_acknowledged_is_never_given_again),
		engine_test(the_newest_32_epochs_are_remembered),
		engine_test(a_demotion_makes_the_log_durable_and_tells_its_end),
		engine_test(a_repeated_demotion_tells_the_same_end),
		engine_test(a_demotion_finishes_what_is_under_way_and_refuses_the_rest),
		engine_test(a_handover_there_and_back_keeps_all),
		engine_test(a_primary_receives_nothing),
		engine_test(what_does_not_join_the_log_is_refused),
		engine_test(what_was_received_before_can_be_told_again),
		engine_test(a_finished_segment_does_not_grow),
		engine_test(a_tail_that_is_only_in_memory_is_cut_and_forgotten),
		engine_test(a_cut_holds_after_a_power_cut),
		engine_test(a_cut_interrupted_at_any_step_can_be_repeated),
		engine_test(a_cut_that_is_not_between_two_batches_changes_nothing),
		engine_test(a_cut_in_another_epoch_changes_nothing),
		engine_test(a_cut_above_the_end_changes_nothing),
		engine_test(a_cut_at_the_end_is_done_already),
		engine_test(what_may_be_on_the_disk_is_not_cut),
		engine_test(a_sweep_that_began_is_enough_not_to_cut),
		engine_test(a_primary_is_not_cut),
		engine_test(a_cut_takes_the_epochs_of_the_tail_with_it),
		engine_test(reads_during_a_cut_see_one_history),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: roles", tests, NULL, NULL);
}
