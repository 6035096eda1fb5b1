// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a replica whatever has become of its files: what is torn is cut off, what is damaged is refused and left as it
 * is, what is left over does no harm.
 */
#include "engine_test.h"
#include "log_format_disk.h"

#define WRITES	    40u
#define WRITE_BYTES (2 * BLOCK)
#define BATCH_BYTES (BLOCK + WRITE_BYTES)

/* A primary without a disk whose log has several segments; write n is version n + 1 of its place, each was flushed. */
static struct node *new_logger(void **state)
{
	struct node *node = new_node(state, &node_shape_default);

	node->options.segment_bytes = 64 * TH_KIB;
	node->options.log_limit_bytes = 8 * TH_MIB;
	assert_int_equal(node_create(node), 0);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(node_primary(node, 1), 0);
	for (uint64_t i = 0; i < WRITES; i++)
		assert_int_equal(node_write_fua(node, i * WRITE_BYTES, WRITE_BYTES, i + 1), 0);
	return node;
}

/* The same, closed. */
static struct node *new_log(void **state)
{
	struct node *node = new_logger(state);

	assert_int_equal(node_close_undrained(node), 0);
	return node;
}

/* Opens; the device has the first @count writes, and no others. */
static void assert_opens_with(struct node *node, uint64_t count)
{
	assert_int_equal(node_open(node), 0);
	node_wait_replayed(node);
	for (uint64_t i = 0; i < count; i++)
		assert_true(node_holds(node, i * WRITE_BYTES, WRITE_BYTES, i + 1));
	if (count < WRITES)
		assert_int_equal(node_read(node, count * WRITE_BYTES, WRITE_BYTES), -ENXIO);
	assert_int_equal(status_of(node).dirty_bytes, count * WRITE_BYTES);
}

/* Is refused with @error, and not one byte in the directory is other than before. */
static void assert_refused(struct node *node, int error)
{
	struct th_sim_directory before;

	th_sim_directory_clone(&before, node->directory);
	assert_int_equal(node_open(node), error);
	assert_true(directory_equals(&before, node->directory));
	th_sim_directory_destroy(&before);
}

static struct segment_file segment_at(const struct node *node, uint32_t index)
{
	struct segment_list list;

	segments_list(node, &list);
	assert_true(index < list.count);
	return list.file[index];
}

static struct segment_file last_segment(const struct node *node)
{
	struct segment_list list;

	segments_list(node, &list);
	assert_true(list.count >= 3);
	return list.file[list.count - 1];
}

/* ---- the meta file ---- */

static void without_a_meta_file_there_is_no_replica(void **state)
{
	struct node *node = new_log(state);

	file_remove(node, "meta");
	assert_refused(node, -ENOENT);
}

static void one_valid_slot_of_the_meta_file_is_enough(void **state)
{
	struct node *node = new_log(state);

	for (uint64_t slot = 0; slot < 2; slot++) {
		file_flip(node, "meta", slot * BLOCK + 72);
		assert_opens_with(node, WRITES);
		assert_int_equal(node_close_undrained(node), 0);
	}
}

static void a_meta_file_without_a_valid_slot_is_refused(void **state)
{
	struct node *node = new_log(state);
	uint64_t random = seed;

	for (uint32_t i = 0; i < 100; i++) {
		uint64_t offset = test_random_below(&random, TH_BLOCK_BYTES);
		bool in_uuid = offset >= 24 && offset < 40;

		file_flip(node, "meta", offset);
		file_flip(node, "meta", BLOCK + offset);
		assert_refused(node, in_uuid ? -EXDEV : -EUCLEAN);
		file_flip(node, "meta", offset);
		file_flip(node, "meta", BLOCK + offset);
	}
	assert_opens_with(node, WRITES);
}

static void a_meta_file_that_is_too_short_is_refused(void **state)
{
	struct node *node = new_log(state);

	file_resize(node, "meta", BLOCK);
	assert_refused(node, -EUCLEAN);
	file_resize(node, "meta", 0);
	assert_refused(node, -EUCLEAN);
}

static void a_meta_file_of_another_version_is_refused(void **state)
{
	struct node *node = new_log(state);
	uint64_t bytes;
	uint8_t *file = file_data(node, "meta", &bytes);

	for (uint32_t slot = 0; slot < 2; slot++) {
		static uint8_t block[TH_BLOCK_BYTES];
		uint32_t crc32c;

		memcpy(block, file + slot * TH_BLOCK_BYTES, TH_BLOCK_BYTES);
		block[8] = 2;
		crc32c = th_crc32c(0, block, TH_BLOCK_BYTES - 4);
		memcpy(block + TH_BLOCK_BYTES - 4, &crc32c, 4);
		file_write(node, "meta", slot * BLOCK, block, BLOCK);
	}
	assert_refused(node, -EUCLEAN);
}

static void a_meta_file_of_another_resource_is_refused(void **state)
{
	struct node *node = new_log(state);

	node->resource_uuid.bytes[0]++;
	assert_refused(node, -EXDEV);
	node->resource_uuid.bytes[0]--;
	assert_opens_with(node, WRITES);
}

static void a_checkpoint_where_none_can_be_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct th_meta meta, bad;

	meta_read(node, &meta);
	bad = meta;
	bad.checkpoint_lsn = 4 * BLOCK + 512;
	meta_write(node, &bad);
	assert_refused(node, -EUCLEAN);
	bad.checkpoint_lsn = 0 - BLOCK;
	meta_write(node, &bad);
	assert_refused(node, -EUCLEAN);
	bad = meta;
	bad.checkpoint_chain = 1;
	meta_write(node, &bad);
	assert_refused(node, -EUCLEAN);
	meta_write(node, &meta);
	assert_opens_with(node, WRITES);
}

static void an_older_meta_file_with_its_log_opens_with_all(void **state)
{
	struct node *node = new_logger(state);
	struct th_meta old;

	meta_read(node, &old);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_peer_add(node, &node->uuid), 0); /* so that all log is kept */
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_close(node), 0);
	meta_write(node, &old);
	assert_opens_with(node, WRITES);
}

static void an_older_meta_file_whose_log_is_gone_is_refused(void **state)
{
	struct node *node = new_logger(state);
	struct th_meta old;

	meta_read(node, &old);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_close(node), 0);
	assert_true(segment_at(node, 0).start_lsn > 0);
	meta_write(node, &old);
	assert_refused(node, -EUCLEAN);
}

/* ---- a torn end ---- */

static void an_end_that_is_cut_short_is_cut_off(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);

	file_resize(node, last.name, last.bytes - BLOCK);
	assert_opens_with(node, WRITES - 1);
	assert_int_equal(last_segment(node).bytes, last.bytes - BATCH_BYTES);
}

static void a_last_batch_with_any_wrong_byte_is_cut_off(void **state)
{
	uint64_t random = seed;

	for (uint32_t i = 0; i < 3; i++) {
		struct node *node = new_log(state);
		struct segment_file last = last_segment(node);
		/* In its header, in what is zero there, and in its payload. */
		uint64_t offset = i * BLOCK / 2 + test_random_below(&random, TH_BLOCK_BYTES / 2);

		file_flip(node, last.name, last.bytes - BATCH_BYTES + offset);
		assert_opens_with(node, WRITES - 1);
	}
}

static void what_stands_behind_the_end_is_cut_off(void **state)
{
	static const uint8_t garbage[16 * TH_BLOCK_BYTES] = { 0x5a, 1, 2, 3 };
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);

	file_write(node, last.name, last.bytes, garbage, sizeof(garbage));
	assert_opens_with(node, WRITES);
	assert_int_equal(last_segment(node).bytes, last.bytes);
}

static void after_a_cut_new_records_go_to_a_new_segment(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);

	file_resize(node, last.name, last.bytes - BLOCK);
	assert_opens_with(node, WRITES - 1);
	assert_int_equal(node_primary(node, 2), 0);
	assert_int_equal(last_segment(node).epoch, 2);
	assert_int_equal(last_segment(node).start_lsn, last.start_lsn + last.bytes - BATCH_BYTES);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 99), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	assert_int_equal(node_open(node), 0);
	node_wait_replayed(node);
	assert_true(node_holds(node, 0, BLOCK, 99));
	assert_true(node_holds(node, WRITE_BYTES, WRITE_BYTES, 2));
}

static void the_rest_of_an_interrupted_rotation_is_removed(void **state)
{
	struct node *node = new_logger(state);
	struct segment_file last;

	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	assert_int_equal(node_close_undrained(node), 0);
	last = last_segment(node);
	assert_int_equal(last.bytes, BLOCK);
	file_flip(node, last.name, 100);
	assert_opens_with(node, WRITES);
	assert_true(last_segment(node).start_lsn < last.start_lsn);
}

static void an_empty_last_segment_is_the_rest_of_a_rotation_too(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);
	char name[TH_SEGMENT_NAME_BYTES];

	th_segment_name(name, 1, last.start_lsn + last.bytes);
	file_resize(node, name, 64 * TH_KIB);
	assert_opens_with(node, WRITES);
	assert_int_equal(last_segment(node).start_lsn, last.start_lsn);
}

/* ---- damage ---- */

static void a_wrong_byte_anywhere_before_the_last_batch_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);
	uint64_t end = last.start_lsn + last.bytes - BATCH_BYTES;
	uint64_t random = seed;

	for (uint32_t i = 0; i < 200; i++) {
		uint64_t lsn = test_random(&random) % end;
		struct segment_file file;
		uint32_t n = 0;
		int error;

		do
			file = segment_at(node, n++);
		while (lsn >= file.start_lsn + file.bytes);
		/* A resource's UUID is looked at before the checksum. */
		error = lsn - file.start_lsn >= 16 && lsn - file.start_lsn < 32 ? -EXDEV : -EUCLEAN;
		file_flip(node, file.name, lsn - file.start_lsn);
		assert_refused(node, error);
		file_flip(node, file.name, lsn - file.start_lsn);
	}
	assert_opens_with(node, WRITES);
}

static void a_middle_segment_that_is_cut_short_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file file = segment_at(node, 3);

	file_resize(node, file.name, file.bytes - BLOCK);
	assert_refused(node, -EUCLEAN);
	file_resize(node, file.name, BLOCK);
	assert_refused(node, -EUCLEAN);
	file_resize(node, file.name, 0);
	assert_refused(node, -EUCLEAN);
}

static void a_missing_segment_is_refused(void **state)
{
	struct node *node = new_log(state);

	file_remove(node, segment_at(node, 3).name);
	assert_refused(node, -EUCLEAN);
	file_remove(node, segment_at(node, 0).name);
	assert_refused(node, -EUCLEAN);
}

static void segments_with_exchanged_contents_are_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file a = segment_at(node, 2), b = segment_at(node, 3);
	static uint8_t first[64 * TH_KIB], second[64 * TH_KIB];
	uint64_t bytes;

	assert_int_equal(a.bytes, b.bytes);
	memcpy(first, file_data(node, a.name, &bytes), a.bytes);
	memcpy(second, file_data(node, b.name, &bytes), b.bytes);
	file_write(node, a.name, 0, second, a.bytes);
	file_write(node, b.name, 0, first, b.bytes);
	assert_refused(node, -EUCLEAN);
}

static void a_segment_of_another_resource_is_refused(void **state)
{
	struct node *node = new_log(state), *stranger;
	struct segment_file file = segment_at(node, 2);
	uint64_t bytes;

	stranger = new_node(state, &node_shape_default);
	stranger->resource_uuid.bytes[5]++;
	stranger->options = node->options;
	assert_int_equal(node_create(stranger), 0);
	assert_int_equal(node_open(stranger), 0);
	assert_int_equal(node_primary(stranger, 1), 0);
	for (uint64_t i = 0; i < WRITES; i++)
		assert_int_equal(node_write_fua(stranger, i * WRITE_BYTES, WRITE_BYTES, 1), 0);
	file_write(node, file.name, 0, file_data(stranger, file.name, &bytes), file.bytes);
	assert_refused(node, -EXDEV);
}

static void a_segment_of_another_history_is_refused(void **state)
{
	struct node *node = new_log(state), *other = new_log(state);
	struct segment_file file = segment_at(node, 2);
	uint64_t bytes;

	/* The same resource, epoch and LSN, but another node made it. */
	file_write(node, file.name, 0, file_data(other, file.name, &bytes), file.bytes);
	assert_refused(node, -EUCLEAN);
}

static void two_segments_for_one_place_are_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file file = segment_at(node, 2);
	char name[TH_SEGMENT_NAME_BYTES];
	uint64_t bytes;

	th_segment_name(name, 2, file.start_lsn);
	file_write(node, name, 0, file_data(node, file.name, &bytes), file.bytes);
	assert_refused(node, -EUCLEAN);
}

static void a_segment_where_none_can_be_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);
	const uint64_t places[] = { last.start_lsn + 512, 1ULL << 63, 0 - BLOCK };

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(places); i++) {
		char name[TH_SEGMENT_NAME_BYTES];

		th_segment_name(name, 2, places[i]);
		file_resize(node, name, 2 * BLOCK);
		assert_refused(node, -EUCLEAN);
		file_remove(node, name);
	}
	assert_opens_with(node, WRITES);
}

static void a_last_segment_without_its_header_but_with_durable_batches_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);

	assert_true(last.bytes >= BLOCK + 2 * BATCH_BYTES);
	file_flip(node, last.name, 100);
	assert_refused(node, -EUCLEAN);
}

static void a_log_that_ends_before_what_the_disk_holds_is_refused(void **state)
{
	struct node *node = new_logger(state);
	struct segment_file last;

	assert_int_equal(node_attach(node), 0);
	/* A sweep that touched the disk, but made no checkpoint. */
	refuse(node, FAULT_DISK, TH_FLUSH, NULL, -EIO);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), -EIO);
	assert_int_equal(node_close_undrained(node), 0);
	last = last_segment(node);
	/* Nothing is left behind the damage that could prove it: the meta file does. */
	file_resize(node, last.name, last.bytes - BATCH_BYTES);
	assert_refused(node, -EUCLEAN);
}

static void a_log_that_ends_before_its_checkpoint_is_refused(void **state)
{
	struct node *node = new_logger(state);
	struct segment_file last;

	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_close(node), 0);
	last = last_segment(node);
	file_resize(node, last.name, last.bytes - BATCH_BYTES);
	assert_refused(node, -EUCLEAN);
}

static void a_log_whose_blocks_have_another_size_is_refused(void **state)
{
	struct node *node = new_log(state);
	struct th_meta meta;

	meta_read(node, &meta);
	meta.block_bytes = 512;
	meta_write(node, &meta);
	assert_refused(node, -EUCLEAN);
}

/* ---- leftovers ---- */

static void leftovers_are_removed_and_what_is_not_ours_is_left_alone(void **state)
{
	static const uint8_t garbage[TH_BLOCK_BYTES] = { 1, 2, 3 };
	struct node *node = new_log(state);
	uint64_t bytes;

	file_write(node, "spare", 0, garbage, sizeof(garbage));
	file_write(node, "bitmap.new", 0, garbage, sizeof(garbage));
	file_write(node, "notes", 0, garbage, sizeof(garbage));
	file_write(node, "0000000000000001-0000000000000000.LOG", 0, garbage, sizeof(garbage));
	assert_opens_with(node, WRITES);
	assert_null(file_data(node, "spare", &bytes));
	assert_null(file_data(node, "bitmap.new", &bytes));
	assert_non_null(file_data(node, "notes", &bytes));
	assert_non_null(file_data(node, "0000000000000001-0000000000000000.LOG", &bytes));
}

static void a_segment_whose_removal_was_lost_does_no_harm(void **state)
{
	struct node *node = new_logger(state);
	struct segment_file old = segment_at(node, 1);
	static uint8_t kept[64 * TH_KIB];
	uint64_t bytes;

	memcpy(kept, file_data(node, old.name, &bytes), old.bytes);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 99), 0);
	assert_int_equal(node_close_undrained(node), 0);
	assert_null(file_data(node, old.name, &bytes));
	file_write(node, old.name, 0, kept, old.bytes);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 99));
	assert_true(node_holds(node, WRITE_BYTES, WRITE_BYTES, 2));
	assert_int_equal(node_primary(node, 2), 0);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 100), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 100));
}

/* ---- storage that fails meanwhile ---- */

static void a_directory_that_is_full_can_be_opened_and_read(void **state)
{
	struct node *node = new_log(state);

	node->directory->capacity_bytes = th_sim_directory_used_bytes(node->directory);
	file_write(node, "spare", 0, "", 0);
	assert_opens_with(node, WRITES);
}

static void in_a_directory_that_is_full_none_becomes_primary(void **state)
{
	struct node *node = new_log(state);

	assert_int_equal(node_open(node), 0);
	node->directory->capacity_bytes = th_sim_directory_used_bytes(node->directory);
	assert_int_equal(node_primary(node, 2), -ENOSPC);
	node->directory->capacity_bytes += TH_MIB;
	assert_int_equal(node_primary(node, 2), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 99), 0);
}

static void a_directory_that_cannot_be_written_is_not_opened(void **state)
{
	struct node *node = new_log(state);
	struct fault_rule *rule;

	rule = refuse(node, FAULT_FILES, TH_FILE_REMOVE, NULL, -EROFS);
	assert_refused(node, -EROFS);
	fault_remove(rule);
	assert_opens_with(node, WRITES);
}

/* Fails operation after operation until an open gets through. Returns how many failed. */
static uint32_t fail_each(struct node *node, enum th_operation operation)
{
	struct segment_file last = last_segment(node);
	uint32_t failed = 0;

	for (;;) {
		struct fault_rule *rule;

		/* Something to cut off, as after a crash. */
		file_resize(node, last.name, last.bytes + 4 * BLOCK);
		file_write(node, "bitmap.new", 0, "", 0);
		rule = refuse(node, FAULT_FILES, operation, NULL, -EIO);
		rule->times = 1;
		rule->skip = failed;
		if (node_open(node) == 0)
			assert_int_equal(node_close_undrained(node), 0);
		fault_remove(rule);
		assert_opens_with(node, WRITES);
		assert_int_equal(node_close_undrained(node), 0);
		if (!rule->hits)
			return failed;
		failed++;
		assert_true(failed < 100);
	}
}

static void an_opening_that_failed_at_any_step_can_be_repeated(void **state)
{
	struct node *node = new_log(state);

	assert_true(fail_each(node, TH_FILE_OPEN) >= 2);
	assert_true(fail_each(node, TH_READ) >= 2);
	assert_true(fail_each(node, TH_FILE_LIST) == 1);
	assert_true(fail_each(node, TH_FILE_REMOVE) >= 1);
	assert_true(fail_each(node, TH_FILE_TRUNCATE) >= 1);
	assert_true(fail_each(node, TH_FLUSH) >= 1);
	assert_true(fail_each(node, TH_FILE_SYNC_DIR) >= 1);
	assert_true(fail_each(node, TH_WRITE) >= 1);
	fail_each(node, TH_FILE_CLOSE);
}

static void a_recovery_that_was_interrupted_by_power_cuts_can_be_repeated(void **state)
{
	struct node *node = new_log(state);
	struct segment_file last = last_segment(node);

	for (uint32_t steps = 1; steps < 60; steps++) {
		struct call open = {
			.call = { .operation = TH_CALL_OPEN, .resource_uuid = node->resource_uuid },
		};

		file_resize(node, last.name, last.bytes + 4 * BLOCK);
		assert_int_equal(node_tune(node), 0);
		call_start(node, &open);
		for (uint32_t i = 0; i < steps; i++)
			world_step(node->world);
		node_power_cut(node, TH_SIM_LOSE_SOME);
	}
	assert_opens_with(node, WRITES);
}

static void times_in_the_log_never_go_back_whatever_the_clock_does(void **state)
{
	struct node *node = new_log(state);

	node->world->wall_offset_ns = -3600 * (int64_t)TH_NS_PER_S;
	for (uint64_t epoch = 2; epoch < 5; epoch++) {
		uint64_t before;

		assert_int_equal(node_open(node), 0);
		node_wait_replayed(node);
		before = status_of(node).end_time_ns;
		assert_int_equal(node_primary(node, epoch), 0);
		assert_int_equal(node_write_fua(node, 0, BLOCK, epoch), 0);
		assert_true(status_of(node).end_time_ns >= before);
		node_power_cut(node, TH_SIM_LOSE_ALL);
	}
	assert_int_equal(node_open(node), 0);
	node_wait_replayed(node);
	assert_true(node_holds(node, 0, BLOCK, 4));
}

/* ---- making a replica ---- */

static void a_directory_in_use_gets_no_second_replica(void **state)
{
	struct node *node = new_log(state);
	struct th_sim_directory before;

	th_sim_directory_clone(&before, node->directory);
	assert_int_equal(node_create(node), -EEXIST);
	assert_true(directory_equals(&before, node->directory));
	th_sim_directory_destroy(&before);
	file_remove(node, "meta");
	assert_int_equal(node_create(node), -EEXIST);
}

static void an_open_resource_is_neither_opened_nor_created_again(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_do(node, TH_CALL_OPEN), -EEXIST);
	assert_int_equal(node_create(node), -EBUSY);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

static void a_replica_of_an_impossible_size_is_not_made(void **state)
{
	static const struct {
		uint64_t device_bytes;
		uint32_t block_bytes;
	} bad[] = {
		{ 0, 4096 }, { 4096 + 512, 4096 }, { 4096, 1024 }, { 4096, 0 }, { 4096, 8192 },
	};

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(bad); i++) {
		struct node_shape shape = node_shape_default;
		struct scene *scene = *state;
		struct node *node = &scene->nodes[0];

		shape.device_bytes = bad[i].device_bytes;
		shape.block_bytes = bad[i].block_bytes;
		node_init(node, &scene->world, &shape);
		assert_int_equal(node_create(node), -EINVAL);
		assert_int_equal(th_sim_directory_used_bytes(node->directory), 0);
		node_destroy(node);
	}
}

static void a_creation_that_failed_at_any_step_can_be_repeated(void **state)
{
	static const enum th_operation operations[] = { TH_FILE_LIST, TH_FILE_OPEN, TH_WRITE,
							TH_FLUSH, TH_FILE_SYNC_DIR };

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(operations); i++) {
		struct scene *scene = *state;
		struct node *node = &scene->nodes[0];
		struct fault_rule *rule;

		node_init(node, &scene->world, &node_shape_default);
		rule = refuse(node, FAULT_FILES, operations[i], NULL, -EIO);
		assert_int_equal(node_create(node), -EIO);
		fault_remove(rule);
		node_begin(node);
		node_destroy(node);
	}
}

static void a_closed_resource_answers_calls_with_an_error(void **state)
{
	struct node *node = new_node(state, &node_shape_default);

	assert_int_equal(node_open(node), -ENOENT);
	assert_int_equal(node_primary(node, 1), -ENODEV);
	assert_int_equal(node_do(node, TH_CALL_FLUSH), -ENODEV);
	assert_int_equal(node_received(node, 1, 0, BLOCK), -ENODEV);
	assert_int_equal(node_close(node), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(without_a_meta_file_there_is_no_replica),
		engine_test(one_valid_slot_of_the_meta_file_is_enough),
		engine_test(a_meta_file_without_a_valid_slot_is_refused),
		engine_test(a_meta_file_that_is_too_short_is_refused),
		engine_test(a_meta_file_of_another_version_is_refused),
		engine_test(a_meta_file_of_another_resource_is_refused),
		engine_test(a_checkpoint_where_none_can_be_is_refused),
		engine_test(an_older_meta_file_with_its_log_opens_with_all),
		engine_test(an_older_meta_file_whose_log_is_gone_is_refused),
		engine_test(an_end_that_is_cut_short_is_cut_off),
		engine_test(a_last_batch_with_any_wrong_byte_is_cut_off),
		engine_test(what_stands_behind_the_end_is_cut_off),
		engine_test(after_a_cut_new_records_go_to_a_new_segment),
		engine_test(the_rest_of_an_interrupted_rotation_is_removed),
		engine_test(an_empty_last_segment_is_the_rest_of_a_rotation_too),
		engine_test(a_wrong_byte_anywhere_before_the_last_batch_is_refused),
		engine_test(a_middle_segment_that_is_cut_short_is_refused),
		engine_test(a_missing_segment_is_refused),
		engine_test(segments_with_exchanged_contents_are_refused),
		engine_test(a_segment_of_another_resource_is_refused),
		engine_test(a_segment_of_another_history_is_refused),
		engine_test(two_segments_for_one_place_are_refused),
		engine_test(a_segment_where_none_can_be_is_refused),
		engine_test(a_last_segment_without_its_header_but_with_durable_batches_is_refused),
		engine_test(a_log_that_ends_before_what_the_disk_holds_is_refused),
		engine_test(a_log_that_ends_before_its_checkpoint_is_refused),
		engine_test(a_log_whose_blocks_have_another_size_is_refused),
		engine_test(leftovers_are_removed_and_what_is_not_ours_is_left_alone),
		engine_test(a_segment_whose_removal_was_lost_does_no_harm),
		engine_test(a_directory_that_is_full_can_be_opened_and_read),
		engine_test(in_a_directory_that_is_full_none_becomes_primary),
		engine_test(a_directory_that_cannot_be_written_is_not_opened),
		engine_test(an_opening_that_failed_at_any_step_can_be_repeated),
		engine_test(a_recovery_that_was_interrupted_by_power_cuts_can_be_repeated),
		engine_test(times_in_the_log_never_go_back_whatever_the_clock_does),
		engine_test(a_directory_in_use_gets_no_second_replica),
		engine_test(an_open_resource_is_neither_opened_nor_created_again),
		engine_test(a_replica_of_an_impossible_size_is_not_made),
		engine_test(a_creation_that_failed_at_any_step_can_be_repeated),
		engine_test(a_closed_resource_answers_calls_with_an_error),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: recovery", tests, NULL, NULL);
}
