// SPDX-License-Identifier: GPL-2.0
/*
 * A replica whose log begins in the middle of a history: its disk was filled from another one, its log goes on from where one of
 * the other's segments begins.
 */
#include "engine_test.h"

#define WRITES 6u

static const struct th_position nothing;

struct pair {
	struct node *primary;
	struct node *newcomer; /* its process is there, nothing is created */
	struct th_position
		start; /* where the primary's newest segment begins; before it: writes 1 to WRITES */
	struct th_position
		until; /* the newcomer's disk holds all up to here: writes up to 2 * WRITES */
};

/* Write n is version n of block n. */
static void write_some(struct node *node, uint64_t first)
{
	for (uint64_t i = first; i < first + WRITES; i++)
		assert_int_equal(node_write_fua(node, i * BLOCK, BLOCK, i), 0);
}

static void assert_holds(struct node *node, uint64_t count)
{
	for (uint64_t i = 1; i <= count; i++)
		assert_true(node_holds(node, i * BLOCK, BLOCK, i));
}

static struct th_position before_newest_segment(const struct node *node)
{
	struct th_segment_header header;
	struct segment_list list;
	uint64_t bytes;
	const struct segment_file *file;

	segments_list(node, &list);
	file = &list.file[list.count - 1];
	assert_int_equal(th_segment_header_unpack(&header, file_data(node, file->name, &bytes),
						  file->epoch, file->start_lsn,
						  &node->resource_uuid),
			 TH_FORMAT_OK);
	return (struct th_position){ .lsn = file->start_lsn,
				     .epoch = header.previous_epoch,
				     .chain = header.chain_before };
}

/* What a backfill comes to. */
static void copy_device(const struct node *from, struct node *to)
{
	memcpy(to->disk->media.current, from->disk->media.current, from->shape.device_bytes);
	memcpy(to->disk->media.durable, from->disk->media.current, from->shape.device_bytes);
}

/* The primary has written, begun a segment (of epoch @epoch), written more of which all is on its disk, and more. */
static struct pair new_pair(void **state, uint64_t epoch)
{
	struct pair pair = { .primary = new_primary(state),
			     .newcomer = new_node(state, &node_shape_default) };

	/* Somebody else who needs all of the log. */
	assert_int_equal(node_peer_add(pair.primary, &(struct th_uuid){ .bytes = { 7 } }), 0);
	write_some(pair.primary, 1);
	if (epoch == 1) {
		assert_int_equal(node_do(pair.primary, TH_CALL_ROTATE), 0);
	} else {
		assert_int_equal(node_do(pair.primary, TH_CALL_SECONDARY), 0);
		assert_int_equal(node_primary(pair.primary, epoch), 0);
	}
	pair.start = before_newest_segment(pair.primary);
	write_some(pair.primary, 1 + WRITES);
	assert_int_equal(node_do(pair.primary, TH_CALL_CHECKPOINT), 0);
	pair.until = (struct th_position){ .lsn = status_of(pair.primary).end_lsn, .epoch = epoch };
	copy_device(pair.primary, pair.newcomer);
	write_some(pair.primary, 1 + 2 * WRITES);
	return pair;
}

static void open_newcomer(const struct pair *pair)
{
	assert_int_equal(node_open(pair->newcomer), 0);
	assert_int_equal(node_attach(pair->newcomer), 0);
}

static struct pair new_started_pair(void **state)
{
	struct pair pair = new_pair(state, 1);

	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
	open_newcomer(&pair);
	return pair;
}

static void a_replica_takes_up_the_history_where_it_was_made_to_start(void **state)
{
	for (uint64_t epoch = 1; epoch <= 2; epoch++) {
		struct pair pair = new_pair(state, epoch);

		assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
		open_newcomer(&pair);
		follow(pair.primary, pair.newcomer);
		assert_holds(pair.newcomer, 3 * WRITES);
		assert_true(status_of(pair.newcomer).end_chain ==
			    status_of(pair.primary).end_chain);
		assert_int_equal(status_of(pair.newcomer).oldest_lsn, pair.start.lsn);
		node_destroy(pair.primary);
		node_destroy(pair.newcomer);
	}
}

static void before_any_log_has_come_its_end_is_where_it_starts(void **state)
{
	struct pair pair = new_started_pair(state);

	for (uint32_t i = 0; i < 3; i++) {
		struct th_engine_status status = status_of(pair.newcomer);

		assert_int_equal(status.role, TH_ROLE_SECONDARY);
		assert_int_equal(status.end_lsn, pair.start.lsn);
		assert_int_equal(status.received_lsn, pair.start.lsn);
		assert_int_equal(status.checkpoint_lsn, pair.start.lsn);
		assert_int_equal(status.applied_limit_lsn, pair.start.lsn);
		assert_int_equal(status.oldest_lsn, pair.start.lsn);
		assert_int_equal(status.epoch, pair.start.epoch);
		assert_true(status.end_chain == pair.start.chain);
		node_power_cut(pair.newcomer, TH_SIM_LOSE_ALL);
		open_newcomer(&pair);
	}
}

static void it_knows_the_epoch_that_ends_there_and_those_that_come(void **state)
{
	struct pair pair = new_pair(state, 7);
	struct th_engine_status status;

	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
	open_newcomer(&pair);
	status = status_of(pair.newcomer);
	assert_int_equal(status.epoch_count, 1);
	assert_int_equal(status.epochs[0].epoch, 1);
	assert_int_equal(status.epochs[0].start_lsn, pair.start.lsn);
	assert_true(status.epochs[0].chain == pair.start.chain);
	follow(pair.primary, pair.newcomer);
	status = status_of(pair.newcomer);
	assert_int_equal(status.epoch_count, 2);
	assert_int_equal(status.epochs[1].epoch, 7);
	assert_int_equal(status.epochs[1].start_lsn, pair.start.lsn);
	assert_true(status.epochs[1].chain == pair.start.chain);
}

static void until_it_is_consistent_it_serves_nobody(void **state)
{
	struct pair pair = new_started_pair(state);

	assert_false(status_of(pair.newcomer).consistent);
	assert_int_equal(status_of(pair.newcomer).consistent_from_lsn, pair.until.lsn);
	assert_int_equal(node_read(pair.newcomer, BLOCK, BLOCK), -EUCLEAN);
	assert_int_equal(node_primary(pair.newcomer, 5), -EUCLEAN);
	assert_int_equal(ship(pair.primary, pair.newcomer, pair.until.lsn - BLOCK), 0);
	world_run_for(pair.newcomer->world, LONG_NS);
	assert_false(status_of(pair.newcomer).consistent);
	assert_int_equal(node_primary(pair.newcomer, 5), -EUCLEAN);
	assert_int_equal(ship(pair.primary, pair.newcomer, pair.until.lsn), 0);
	node_wait_replayed(pair.newcomer);
	assert_true(status_of(pair.newcomer).consistent);
	assert_holds(pair.newcomer, 2 * WRITES);
	assert_int_equal(node_primary(pair.newcomer, 5), 0);
	assert_int_equal(node_write_fua(pair.newcomer, 0, BLOCK, 99), 0);
	node_power_cut(pair.newcomer, TH_SIM_LOSE_ALL);
	node_reopen(pair.newcomer);
	assert_holds(pair.newcomer, 2 * WRITES);
	assert_true(node_holds(pair.newcomer, 0, BLOCK, 99));
}

static void a_checkpoint_behind_it_makes_it_consistent_for_good(void **state)
{
	struct pair pair = new_started_pair(state);
	struct th_meta meta;

	assert_int_equal(ship(pair.primary, pair.newcomer, pair.until.lsn - BLOCK), 0);
	assert_int_equal(node_do(pair.newcomer, TH_CALL_CHECKPOINT), 0);
	meta_read(pair.newcomer, &meta);
	assert_int_equal(meta.inconsistent_until_lsn, pair.until.lsn);
	follow(pair.primary, pair.newcomer);
	assert_int_equal(node_do(pair.newcomer, TH_CALL_CHECKPOINT), 0);
	meta_read(pair.newcomer, &meta);
	assert_int_equal(meta.inconsistent_until_lsn, 0);
	node_power_cut(pair.newcomer, TH_SIM_LOSE_ALL);
	open_newcomer(&pair);
	assert_true(status_of(pair.newcomer).consistent);
	assert_holds(pair.newcomer, 3 * WRITES);
}

static void interrupted_at_any_time_it_goes_on_and_is_not_consistent_too_early(void **state)
{
	struct pair pair = new_started_pair(state);
	uint64_t end = status_of(pair.primary).end_lsn;

	for (uint64_t lsn = pair.start.lsn; lsn <= end; lsn += BLOCK) {
		bool consistent;

		assert_int_equal(ship(pair.primary, pair.newcomer, lsn), 0);
		world_run_for(pair.newcomer->world, TH_NS_PER_MS * (lsn % 5000));
		consistent = status_of(pair.newcomer).consistent;
		assert_int_equal(consistent,
				 status_of(pair.newcomer).replayed_lsn >= pair.until.lsn);
		node_power_cut(pair.newcomer, TH_SIM_LOSE_SOME);
		open_newcomer(&pair);
	}
	follow(pair.primary, pair.newcomer);
	assert_holds(pair.newcomer, 3 * WRITES);
}

static void log_that_does_not_continue_its_start_is_not_replayed(void **state)
{
	struct pair pair = new_pair(state, 2);
	struct th_position wrong = pair.start;

	wrong.chain++;
	assert_int_equal(node_create_at(pair.newcomer, &wrong, &nothing), 0);
	open_newcomer(&pair);
	assert_int_equal(node_received(pair.newcomer, 2, pair.start.lsn + BLOCK,
				       pair.start.lsn + 2 * BLOCK),
			 -EINVAL);
	assert_int_equal(ship(pair.primary, pair.newcomer, pair.until.lsn), 0);
	world_run_for(pair.newcomer->world, LONG_NS);
	assert_int_equal(status_of(pair.newcomer).replayed_lsn, pair.start.lsn);
	assert_int_equal(status_of(pair.newcomer).error.code, -EUCLEAN);
	assert_true(node_said(pair.newcomer, "segment header: chain"));
}

static void a_segment_older_than_its_start_is_refused(void **state)
{
	struct pair pair = new_pair(state, 1);
	struct th_position start = pair.start;

	start.epoch = 3;
	assert_int_equal(node_create_at(pair.newcomer, &start, &nothing), 0);
	open_newcomer(&pair);
	assert_int_equal(node_received(pair.newcomer, 2, start.lsn, start.lsn + BLOCK), -EINVAL);
	assert_int_equal(node_primary(pair.newcomer, 3), -ESTALE);
}

static void a_consistent_one_may_go_on_by_itself(void **state)
{
	struct pair pair = new_pair(state, 1);
	struct th_engine_status status;

	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &nothing), 0);
	open_newcomer(&pair);
	assert_true(status_of(pair.newcomer).consistent);
	assert_int_equal(node_primary(pair.newcomer, 2), 0);
	assert_int_equal(node_write_fua(pair.newcomer, 0, BLOCK, 50), 0);
	node_power_cut(pair.newcomer, TH_SIM_LOSE_ALL);
	node_reopen(pair.newcomer);
	assert_true(node_holds(pair.newcomer, 0, BLOCK, 50));
	status = status_of(pair.newcomer);
	assert_int_equal(status.epochs[1].epoch, 2);
	assert_int_equal(status.epochs[1].start_lsn, pair.start.lsn);
}

/* Another replica has the log up to @lsn only, and goes on from there in epoch 2. */
static struct node *new_survivor(void **state, const struct pair *pair, uint64_t lsn)
{
	struct node *survivor = new_follower(state);

	assert_int_equal(ship(pair->primary, survivor, lsn), 0);
	node_wait_replayed(survivor);
	assert_int_equal(node_primary(survivor, 2), 0);
	write_some(survivor, 1 + 3 * WRITES);
	write_some(survivor, 1 + 4 * WRITES);
	assert_true(status_of(survivor).end_lsn > pair->until.lsn);
	return survivor;
}

static void assert_stops(struct node *newcomer, uint64_t lsn)
{
	world_run_for(newcomer->world, LONG_NS);
	assert_int_equal(status_of(newcomer).replayed_lsn, lsn);
	assert_int_equal(status_of(newcomer).error.code, -EUCLEAN);
	assert_non_null(strstr(status_of(newcomer).error.text, "a new epoch begins"));
	assert_false(status_of(newcomer).consistent);
	assert_int_equal(node_read(newcomer, 0, BLOCK), -EUCLEAN);
	assert_int_equal(node_primary(newcomer, 9), -EUCLEAN);
}

static void what_a_new_epoch_has_lost_but_the_disk_holds_is_never_taken_for_consistent(void **state)
{
	struct pair pair = new_pair(state, 1);
	struct node *survivor = new_survivor(state, &pair, pair.start.lsn + 3 * BLOCK);
	uint64_t lost_lsn = status_of(survivor).epochs[1].start_lsn;

	assert_true(lost_lsn > pair.start.lsn && lost_lsn < pair.until.lsn);
	pair.until.epoch = 0; /* that of the first segment */
	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
	open_newcomer(&pair);
	assert_int_equal(ship(survivor, pair.newcomer, status_of(survivor).end_lsn), 0);
	assert_stops(pair.newcomer, lost_lsn);
	for (uint32_t i = 0; i < 3; i++) {
		if (i == 1)
			assert_int_equal(node_do(pair.newcomer, TH_CALL_CHECKPOINT), 0);
		node_power_cut(pair.newcomer, TH_SIM_LOSE_ALL);
		open_newcomer(&pair);
		assert_stops(pair.newcomer, lost_lsn);
	}
}

static void nor_when_the_new_epoch_begins_where_the_replica_starts(void **state)
{
	struct pair pair = new_pair(state, 1);
	struct node *survivor = new_survivor(state, &pair, pair.start.lsn);

	assert_int_equal(status_of(survivor).epochs[1].start_lsn, pair.start.lsn);
	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
	open_newcomer(&pair);
	assert_int_equal(ship(survivor, pair.newcomer, status_of(survivor).end_lsn), 0);
	assert_stops(pair.newcomer, pair.start.lsn);
}

static void a_backfill_during_which_a_new_epoch_began_is_good(void **state)
{
	struct pair pair = new_pair(state, 1);

	assert_int_equal(node_do(pair.primary, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_primary(pair.primary, 2), 0);
	write_some(pair.primary, 1 + 3 * WRITES);
	pair.until.lsn = status_of(pair.primary).end_lsn;
	pair.until.epoch = 2;
	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &pair.until), 0);
	open_newcomer(&pair);
	follow(pair.primary, pair.newcomer);
	assert_true(status_of(pair.newcomer).consistent);
	assert_holds(pair.newcomer, 4 * WRITES);
}

static void what_its_disk_may_hold_is_not_cut(void **state)
{
	struct pair pair = new_started_pair(state);

	assert_int_equal(ship(pair.primary, pair.newcomer, pair.until.lsn - BLOCK), 0);
	world_run_for(pair.newcomer->world, TH_NS_PER_MS);
	assert_int_equal(node_cut(pair.newcomer, 1, pair.start.lsn + BLOCK), -EUCLEAN);
	follow(pair.primary, pair.newcomer);
	assert_int_equal(node_cut(pair.newcomer, 1, pair.start.lsn + BLOCK), -EUCLEAN);
	assert_int_equal(node_cut(pair.newcomer, 1, pair.until.lsn), 0);
	node_wait_replayed(pair.newcomer);
	assert_holds(pair.newcomer, 2 * WRITES);
}

static void a_start_where_none_can_be_is_refused_and_nothing_is_made(void **state)
{
	static const struct {
		struct th_position start;
		struct th_position until;
	} wrong[] = {
		{ { .lsn = 512, .epoch = 1 }, { 0 } },
		{ { .lsn = TH_LSN_MAX, .epoch = 1 }, { 0 } },
		{ { .lsn = UINT64_MAX, .epoch = 1 }, { 0 } },
		{ { .lsn = 8192, .chain = 7 }, { 0 } },
		{ { .epoch = 1 }, { 0 } },
		{ { .chain = 1 }, { 0 } },
		{ { .lsn = 8192, .epoch = 1, .chain = 7 }, { .lsn = 4096 } },
		{ { .lsn = 8192, .epoch = 1, .chain = 7 }, { .lsn = 8193 } },
		{ { .lsn = 8192, .epoch = 1, .chain = 7 }, { .lsn = UINT64_MAX - 4095 } },
		{ { .lsn = 8192, .epoch = 2, .chain = 7 }, { .lsn = 8192, .epoch = 1 } },
		{ { .lsn = 8192, .epoch = 2, .chain = 7 }, { .epoch = 2 } },
	};
	struct node *node = new_node(state, &node_shape_default);

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(wrong); i++) {
		assert_int_equal(node_create_at(node, &wrong[i].start, &wrong[i].until), -EINVAL);
		assert_int_equal(node_open(node), -ENOENT);
	}
	assert_int_equal(node_create_at(node,
					&(struct th_position){ .lsn = TH_LSN_MAX / 2, .epoch = 1 },
					&nothing),
			 0);
	node_reopen(node);
	assert_int_equal(node_primary(node, 2), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	node_kill(node);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void log_without_a_meta_file_is_left_alone(void **state)
{
	struct pair pair = new_pair(state, 1);
	static const uint8_t bytes[BLOCK];
	struct th_sim_directory before;

	file_write(pair.newcomer, "0000000000000001-0000000000000000.log", 0, bytes, sizeof(bytes));
	th_sim_directory_clone(&before, pair.newcomer->directory);
	assert_int_equal(node_create_at(pair.newcomer, &pair.start, &nothing), -EEXIST);
	assert_non_null(strstr(pair.newcomer->error.text, "0000000000000001-0000000000000000.log"));
	assert_true(directory_equals(&before, pair.newcomer->directory));
	th_sim_directory_destroy(&before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(a_replica_takes_up_the_history_where_it_was_made_to_start),
		engine_test(before_any_log_has_come_its_end_is_where_it_starts),
		engine_test(it_knows_the_epoch_that_ends_there_and_those_that_come),
		engine_test(until_it_is_consistent_it_serves_nobody),
		engine_test(a_checkpoint_behind_it_makes_it_consistent_for_good),
		engine_test(interrupted_at_any_time_it_goes_on_and_is_not_consistent_too_early),
		engine_test(log_that_does_not_continue_its_start_is_not_replayed),
		engine_test(a_segment_older_than_its_start_is_refused),
		engine_test(a_consistent_one_may_go_on_by_itself),
		engine_test(
			what_a_new_epoch_has_lost_but_the_disk_holds_is_never_taken_for_consistent),
		engine_test(nor_when_the_new_epoch_begins_where_the_replica_starts),
		engine_test(a_backfill_during_which_a_new_epoch_began_is_good),
		engine_test(what_its_disk_may_hold_is_not_cut),
		engine_test(a_start_where_none_can_be_is_refused_and_nothing_is_made),
		engine_test(log_without_a_meta_file_is_left_alone),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: start", tests, NULL, NULL);
}
