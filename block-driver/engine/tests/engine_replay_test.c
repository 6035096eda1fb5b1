// SPDX-License-Identifier: GPL-2.0
/*
 * What a secondary does with the log that it receives: how far it replays, where it stops, and what its readers see.
 */
#include "engine_test.h"

#define WRITES 8u

struct pair {
	struct node *primary;
	struct node *follower;
	uint64_t end_lsn[WRITES + 1]; /* behind write n; all write block 0, with version n */
	uint64_t time_ns[WRITES + 1];
};

/* The primary has written, the follower has nothing yet. */
static struct pair new_pair(void **state)
{
	struct pair pair = { .primary = new_primary(state), .follower = new_follower(state) };

	pair.end_lsn[0] = status_of(pair.primary).end_lsn;
	for (uint64_t i = 1; i <= WRITES; i++) {
		assert_int_equal(node_write(pair.primary, 0, BLOCK, i), 0);
		assert_int_equal(node_write(pair.primary, i * BLOCK, BLOCK, i), 0);
		pair.end_lsn[i] = status_of(pair.primary).end_lsn;
		pair.time_ns[i] = status_of(pair.primary).end_time_ns;
		world_run_for(pair.primary->world, TH_NS_PER_MS);
	}
	return pair;
}

static void ship_all(const struct pair *pair)
{
	assert_int_equal(ship(pair->primary, pair->follower, pair->end_lsn[WRITES]), 0);
	world_run_for(pair->follower->world, TH_NS_PER_S);
}

/* The follower is at write @count, exactly. */
static void assert_is_at(const struct pair *pair, uint64_t count)
{
	struct node *node = pair->follower;

	assert_int_equal(status_of(node).replayed_lsn, pair->end_lsn[count]);
	assert_true(node_holds(node, 0, BLOCK, count));
	for (uint64_t i = 1; i <= WRITES; i++)
		assert_true(node_holds(node, i * BLOCK, BLOCK, i <= count ? i : 0));
}

static void a_secondary_replays_what_it_receives(void **state)
{
	struct pair pair = new_pair(state);

	for (uint64_t i = 1; i <= WRITES; i++) {
		assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[i]), 0);
		node_wait_replayed(pair.follower);
		assert_is_at(&pair, i);
	}
	assert_true(status_of(pair.follower).end_chain == status_of(pair.primary).end_chain);
}

static void what_is_in_the_files_but_was_not_announced_is_not_replayed(void **state)
{
	struct pair pair = new_pair(state);
	struct segment_list list;
	uint64_t bytes;

	segments_list(pair.primary, &list);
	file_write(pair.follower, list.file[0].name, 0,
		   file_data(pair.primary, list.file[0].name, &bytes), pair.end_lsn[WRITES]);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[3]), 0);
	world_run_for(pair.follower->world, LONG_NS);
	assert_is_at(&pair, 3);
}

static void an_incomplete_batch_is_not_replayed(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[4] + BLOCK), 0);
	world_run_for(pair.follower->world, LONG_NS);
	assert_is_at(&pair, 4);
	ship_all(&pair);
	assert_is_at(&pair, WRITES);
}

static void replay_reaches_the_disk_and_goes_on_from_its_checkpoint(void **state)
{
	struct pair pair = new_pair(state);

	ship_all(&pair);
	assert_int_equal(node_do(pair.follower, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(pair.follower, 0, BLOCK, WRITES));
	node_power_cut(pair.follower, TH_SIM_LOSE_ALL);
	node_reopen(pair.follower);
	assert_int_equal(status_of(pair.follower).checkpoint_lsn, pair.end_lsn[WRITES]);
	assert_int_equal(status_of(pair.follower).dirty_extents, 0);
	assert_is_at(&pair, WRITES);
}

/* ---- limits ---- */

static void replay_stops_before_an_lsn_and_goes_on_without_it(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_replay(pair.follower, true, pair.end_lsn[5], 0), 0);
	ship_all(&pair);
	assert_is_at(&pair, 5);
	assert_true(status_of(pair.follower).replay_paused);
	assert_int_equal(node_replay(pair.follower, true, 0, 0), 0);
	node_wait_replayed(pair.follower);
	assert_is_at(&pair, WRITES);
	assert_false(status_of(pair.follower).replay_paused);
}

static void a_batch_that_ends_behind_the_limit_is_not_replayed(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_replay(pair.follower, true, pair.end_lsn[5] + BLOCK, 0), 0);
	ship_all(&pair);
	assert_is_at(&pair, 5);
}

static void replay_stops_before_what_is_younger_than_a_time(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_replay(pair.follower, true, 0, pair.time_ns[6]), 0);
	ship_all(&pair);
	assert_is_at(&pair, 6);
	assert_int_equal(node_replay(pair.follower, true, 0, pair.time_ns[7]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, 7);
}

static void a_limit_that_replay_has_passed_is_refused(void **state)
{
	struct pair pair = new_pair(state);

	ship_all(&pair);
	assert_int_equal(node_replay(pair.follower, true, pair.end_lsn[5], 0), -EINVAL);
	assert_int_equal(node_replay(pair.follower, true, pair.end_lsn[WRITES], 0), 0);
}

static void replay_pauses_and_runs_on(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[2]), 0);
	node_wait_replayed(pair.follower);
	assert_int_equal(node_replay(pair.follower, false, 0, 0), 0);
	assert_int_equal(node_replay(pair.follower, false, 0, 0), 0);
	ship_all(&pair);
	assert_is_at(&pair, 2);
	assert_true(status_of(pair.follower).replay_paused);
	assert_int_equal(node_replay(pair.follower, true, 0, 0), 0);
	node_wait_replayed(pair.follower);
	assert_is_at(&pair, WRITES);
}

static void a_primary_does_not_replay(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_replay(pair.primary, true, 0, 0), -EINVAL);
	assert_int_equal(node_replay(pair.primary, false, 0, 0), -EINVAL);
}

static void what_may_be_on_the_disk_is_replayed_whatever_the_limit(void **state)
{
	struct pair pair = new_pair(state);
	struct th_engine_call open = { .operation = TH_CALL_OPEN, .run = true };

	open.until_lsn = pair.end_lsn[2];
	ship_all(&pair);
	/* The sweep has begun, no checkpoint was made. */
	refuse(pair.follower, FAULT_DISK, TH_FLUSH, NULL, -EIO);
	assert_int_equal(node_do(pair.follower, TH_CALL_CHECKPOINT), -EIO);
	node_kill(pair.follower);
	assert_int_equal(node_tune(pair.follower), 0);
	assert_int_equal(node_call(pair.follower, &open), 0);
	assert_int_equal(node_attach(pair.follower), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, WRITES);
}

static void a_replica_opened_with_a_limit_stops_there(void **state)
{
	struct pair pair = new_pair(state);
	struct th_engine_call open = { .operation = TH_CALL_OPEN, .run = true };

	open.until_lsn = pair.end_lsn[2];
	assert_int_equal(node_do(pair.follower, TH_CALL_DETACH), 0);
	ship_all(&pair);
	node_kill(pair.follower);
	assert_int_equal(node_tune(pair.follower), 0);
	assert_int_equal(node_call(pair.follower, &open), 0);
	assert_int_equal(node_attach(pair.follower), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, 2);
}

/* ---- damage, and what repairs it ---- */

static const char *first_segment(const struct node *node)
{
	static struct segment_list list;

	segments_list(node, &list);
	assert_true(list.count > 0);
	return list.file[0].name;
}

/* All files are there and one byte in write 5 is wrong; nothing was announced. */
static uint64_t damage(const struct pair *pair)
{
	uint64_t offset = pair->end_lsn[4] + BLOCK + 100;
	const char *name = first_segment(pair->primary);
	uint64_t bytes;

	file_write(pair->follower, name, 0, file_data(pair->primary, name, &bytes),
		   pair->end_lsn[WRITES]);
	file_flip(pair->follower, name, offset);
	return offset;
}

static void replay_stops_at_damage_and_says_where(void **state)
{
	struct pair pair = new_pair(state);
	char where[64];

	damage(&pair);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, LONG_NS);
	assert_is_at(&pair, 4);
	assert_true(status_of(pair.follower).replay_paused);
	assert_int_equal(status_of(pair.follower).error.code, -EUCLEAN);
	snprintf(where, sizeof(where), "LSN %llu", (unsigned long long)pair.end_lsn[4]);
	assert_true(node_said(pair.follower, where));
}

static void what_lies_behind_damage_makes_no_primary(void **state)
{
	struct pair pair = new_pair(state);

	damage(&pair);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_int_equal(node_primary(pair.follower, 2), -EUCLEAN);
}

static void replay_goes_on_when_the_segment_was_repaired_and_announced_again(void **state)
{
	struct pair pair = new_pair(state);
	uint64_t offset = damage(&pair);

	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, 4);
	file_flip(pair.follower, first_segment(pair.follower), offset);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	node_wait_replayed(pair.follower);
	assert_is_at(&pair, WRITES);
}

static void damage_in_another_history_is_found_by_its_chain(void **state)
{
	struct pair pair = new_pair(state);
	struct node *stranger = new_primary(state);
	const char *name = first_segment(pair.primary);
	uint64_t bytes;

	/* The same writes at the same places, from another node: every block is valid by itself. */
	for (uint64_t i = 1; i <= WRITES; i++) {
		assert_int_equal(node_write(stranger, 0, BLOCK, i), 0);
		assert_int_equal(node_write(stranger, i * BLOCK, BLOCK, i), 0);
	}
	assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[4]), 0);
	node_wait_replayed(pair.follower);
	file_write(pair.follower, name, pair.end_lsn[4],
		   file_data(stranger, name, &bytes) + pair.end_lsn[4],
		   pair.end_lsn[WRITES] - pair.end_lsn[4]);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, 4);
	assert_true(node_said(pair.follower, "chain"));
}

static void a_segment_that_is_not_there_is_waited_for(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_int_equal(status_of(pair.follower).error.code, -ENOENT);
	ship_all(&pair);
	assert_is_at(&pair, WRITES);
}

static void a_file_shorter_than_announced_stops_replay_until_it_is_whole(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[3]), 0);
	node_wait_replayed(pair.follower);
	assert_int_equal(node_received(pair.follower, 1, 0, pair.end_lsn[WRITES]), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, 3);
	ship_all(&pair);
	assert_is_at(&pair, WRITES);
}

static void after_an_error_of_the_log_replay_goes_on_when_told(void **state)
{
	struct pair pair = new_pair(state);
	struct fault_rule *rule = refuse(pair.follower, FAULT_FILES, TH_READ, ".log", -EIO);

	ship_all(&pair);
	assert_int_equal(status_of(pair.follower).replayed_lsn, 0);
	assert_int_equal(status_of(pair.follower).error.code, -EIO);
	fault_remove(rule);
	assert_int_equal(node_replay(pair.follower, true, 0, 0), 0);
	node_wait_replayed(pair.follower);
	assert_is_at(&pair, WRITES);
}

static void a_record_beyond_the_device_waits_until_it_is_resized(void **state)
{
	struct pair pair = new_pair(state);
	uint64_t end = pair.primary->shape.device_bytes;
	struct th_engine_call resize = {
		.operation = TH_CALL_RESIZE,
		.device_bytes = end + TH_MIB,
	};

	th_sim_media_resize(&pair.primary->disk->media, end + 2 * TH_MIB);
	th_sim_media_resize(&pair.follower->disk->media, end + 2 * TH_MIB);
	assert_int_equal(node_call(pair.primary, &resize), 0);
	assert_int_equal(node_write(pair.primary, end, BLOCK, 99), 0);
	assert_int_equal(ship(pair.primary, pair.follower, status_of(pair.primary).end_lsn), 0);
	world_run_for(pair.follower->world, TH_NS_PER_S);
	assert_is_at(&pair, WRITES);
	assert_int_equal(node_call(pair.follower, &resize), 0);
	assert_int_equal(node_replay(pair.follower, true, 0, 0), 0);
	node_wait_replayed(pair.follower);
	assert_true(node_holds(pair.follower, end, BLOCK, 99));
}

static void on_a_copy_what_does_not_verify_is_cut_off_and_fetched_again(void **state)
{
	struct pair pair = new_pair(state);

	assert_int_equal(node_do(pair.follower, TH_CALL_DETACH), 0);
	ship_all(&pair);
	assert_int_equal(node_close_undrained(pair.follower), 0);
	/* The batches behind it prove that the *writer* had it durable. */
	file_flip(pair.follower, first_segment(pair.follower), pair.end_lsn[4] + 100);
	assert_int_equal(node_open(pair.follower), 0);
	node_wait_replayed(pair.follower);
	assert_int_equal(node_attach(pair.follower), 0);
	assert_is_at(&pair, 4);
	ship_all(&pair);
	assert_is_at(&pair, WRITES);
}

/* ---- readers ---- */

static void reads_are_refused_until_the_replica_is_consistent(void **state)
{
	struct pair pair = new_pair(state);
	struct th_engine_call paused = { .operation = TH_CALL_OPEN, .until_lsn = BLOCK };

	ship_all(&pair);
	/* Some of it reached the disk. */
	refuse(pair.follower, FAULT_DISK, TH_FLUSH, NULL, -EIO);
	assert_int_equal(node_do(pair.follower, TH_CALL_CHECKPOINT), -EIO);
	node_kill(pair.follower);
	assert_int_equal(node_tune(pair.follower), 0);
	assert_int_equal(node_call(pair.follower, &paused), 0);
	assert_int_equal(node_attach(pair.follower), 0);
	assert_false(status_of(pair.follower).consistent);
	assert_int_equal(node_read(pair.follower, 0, BLOCK), -EUCLEAN);
	assert_int_equal(node_replay(pair.follower, true, 0, 0), 0);
	node_wait_replayed(pair.follower);
	assert_true(status_of(pair.follower).consistent);
	assert_is_at(&pair, WRITES);
}

static void a_read_that_waits_for_the_disk_is_not_overtaken_by_replay(void **state)
{
	struct pair pair = new_pair(state);
	struct fault_rule *rule = hold(pair.follower, FAULT_DISK, TH_READ, NULL);
	struct io read;

	assert_int_equal(ship(pair.primary, pair.follower, pair.end_lsn[3]), 0);
	node_wait_replayed(pair.follower);
	/* Block 0 is dirty, block 8 is not yet. */
	io_start(pair.follower, &read, TH_READ, 0, 0, (WRITES + 1) * BLOCK, 0);
	world_run_for(pair.follower->world, TH_NS_PER_MS);
	ship_all(&pair);
	assert_int_equal(node_do(pair.follower, TH_CALL_CHECKPOINT), 0);
	fault_remove(rule);
	assert_int_equal(io_wait(&read), 0);
	assert_true(io_holds(&read, 0, BLOCK, 3));
	io_end(&read);
	assert_is_at(&pair, WRITES);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(a_secondary_replays_what_it_receives),
		engine_test(what_is_in_the_files_but_was_not_announced_is_not_replayed),
		engine_test(an_incomplete_batch_is_not_replayed),
		engine_test(replay_reaches_the_disk_and_goes_on_from_its_checkpoint),
		engine_test(replay_stops_before_an_lsn_and_goes_on_without_it),
		engine_test(a_batch_that_ends_behind_the_limit_is_not_replayed),
		engine_test(replay_stops_before_what_is_younger_than_a_time),
		engine_test(a_limit_that_replay_has_passed_is_refused),
		engine_test(replay_pauses_and_runs_on),
		engine_test(a_primary_does_not_replay),
		engine_test(what_may_be_on_the_disk_is_replayed_whatever_the_limit),
		engine_test(a_replica_opened_with_a_limit_stops_there),
		engine_test(replay_stops_at_damage_and_says_where),
		engine_test(what_lies_behind_damage_makes_no_primary),
		engine_test(replay_goes_on_when_the_segment_was_repaired_and_announced_again),
		engine_test(damage_in_another_history_is_found_by_its_chain),
		engine_test(a_segment_that_is_not_there_is_waited_for),
		engine_test(a_file_shorter_than_announced_stops_replay_until_it_is_whole),
		engine_test(after_an_error_of_the_log_replay_goes_on_when_told),
		engine_test(a_record_beyond_the_device_waits_until_it_is_resized),
		engine_test(on_a_copy_what_does_not_verify_is_cut_off_and_fetched_again),
		engine_test(reads_are_refused_until_the_replica_is_consistent),
		engine_test(a_read_that_waits_for_the_disk_is_not_overtaken_by_replay),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: replay", tests, NULL, NULL);
}
