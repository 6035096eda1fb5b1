// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when the log has no more room: writers wait and none fails, log goes that nobody needs, and what a peer
 * loses is in its bitmap before.
 */
#include "engine_test.h"

#define WRITE_BYTES  (256 * TH_KIB)
#define REGION_BYTES (64 * TH_KIB) /* of a bitmap for a device of this size */
#define LOG_LIMIT    (8 * TH_MIB)

static const struct th_uuid peer_a = { { 0xa1 } }, peer_b = { { 0xb2 } };

static struct node *new_small_log(void **state, enum th_log_full_policy policy)
{
	struct node *node = new_node(state, &node_shape_default);

	node->options.segment_bytes = TH_MIB;
	node->options.log_limit_bytes = LOG_LIMIT;
	node->options.log_full = policy;
	node_begin(node);
	return node;
}

static uint64_t place(uint64_t i)
{
	return i % 16 * WRITE_BYTES;
}

/* Writes until one has to wait, which is left under way in @io. Returns how many were acknowledged. */
static uint64_t write_until_full(struct node *node, struct io *io)
{
	for (uint64_t i = 0; i < 1000; i++) {
		io_start(node, io, TH_WRITE, 0, place(i), WRITE_BYTES, i + 1);
		world_run_for(node->world, LONG_NS);
		assert_true(status_of(node).log_bytes <= LOG_LIMIT);
		if (!io->done)
			return i;
		assert_int_equal(io_end(io), 0);
	}
	assert_true(!"reached");
	return 0;
}

static void confirm_all(struct node *node, const struct th_uuid *peer)
{
	assert_int_equal(node_peer_durable(node, peer, status_of(node).end_lsn), 0);
}

/* ---- writers wait ---- */

static void when_the_log_is_full_writers_wait_until_the_peer_has_it(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;
	uint64_t count;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	count = write_until_full(node, &io);
	assert_true(count > 10);
	assert_true(status_of(node).log_full);
	assert_true(node_said(node, "no room for another segment"));
	assert_int_equal(status_of(node).oldest_lsn, 0);
	confirm_all(node, &peer_a);
	assert_int_equal(io_end(&io), 0);
	assert_true(node_holds(node, place(count), WRITE_BYTES, count + 1));
	world_run_for(node->world, TH_NS_PER_S);
	assert_false(status_of(node).log_full);
	assert_int_equal(status_of(node).error.code, 0);
}

static void when_the_disk_has_failed_and_the_log_is_full_writers_fail(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	uint64_t count = 0;
	int error;

	refuse(node, FAULT_DISK, TH_FLUSH, NULL, -EIO);
	do {
		error = node_write(node, place(count), WRITE_BYTES, count + 1);
		assert_true(++count < 1000);
	} while (!error);
	assert_int_equal(error, -EIO);
	assert_true(count > 10);
	assert_true(status_of(node).log_full);
	assert_true(node_said(node, "the disk failed to flush"));
	assert_int_equal(node_flush(node), 0);
	for (uint64_t i = count > 16 ? count - 16 : 0; i < count - 1; i++)
		assert_true(node_holds(node, place(i), WRITE_BYTES, i + 1));
	/* It ends, and says that not everything is on the disk. */
	assert_int_equal(node_close(node), -EIO);
}

static void a_full_log_keeps_nobody_from_reading_and_flushing(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;
	uint64_t count;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	count = write_until_full(node, &io);
	assert_int_equal(node_flush(node), 0);
	assert_true(node_holds(node, place(count - 1), WRITE_BYTES, count));
	node_power_cut(node, TH_SIM_LOSE_ALL);
	io_end(&io);
	node_reopen(node);
	assert_true(node_holds(node, place(count - 1), WRITE_BYTES, count));
}

static void without_peers_the_log_never_stays_full(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);

	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(node_write(node, place(i), WRITE_BYTES, i + 1), 0);
		assert_true(status_of(node).log_bytes <= LOG_LIMIT);
	}
	for (uint64_t i = 84; i < 100; i++)
		assert_true(node_holds(node, place(i), WRITE_BYTES, i + 1));
}

static void without_a_disk_writers_wait_until_there_is_one(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;

	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	write_until_full(node, &io);
	assert_int_equal(node_attach(node), 0);
	assert_int_equal(io_end(&io), 0);
}

static void a_higher_limit_lets_writers_go_on(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_full(node, &io);
	node->options.log_limit_bytes = 2 * LOG_LIMIT;
	assert_int_equal(node_tune(node), 0);
	assert_int_equal(io_end(&io), 0);
}

static void a_limit_below_the_size_of_the_present_segment_lets_writers_go_on(void **state)
{
	struct node *node = new_node(state, &node_shape_default);

	node->options.segment_bytes = 16 * TH_MIB;
	node->options.log_limit_bytes = 64 * TH_MIB;
	node_begin(node);
	assert_int_equal(node_write(node, place(0), WRITE_BYTES, 1), 0);
	world_run_for(node->world, LONG_NS); /* the spare is as large */
	node->options.segment_bytes = TH_MIB;
	node->options.log_limit_bytes = LOG_LIMIT;
	assert_int_equal(node_tune(node), 0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(node_write(node, place(i), WRITE_BYTES, i + 1), 0);
	assert_true(status_of(node).log_bytes <= LOG_LIMIT);
}

static struct node *demote_with_full_log(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_full(node, &io);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(io_end(&io), -EROFS);
	return node;
}

static void a_full_log_keeps_nobody_from_becoming_the_primary(void **state)
{
	struct node *node = demote_with_full_log(state);
	struct io io;

	assert_int_equal(node_primary(node, 7), 0);
	assert_in_range(status_of(node).log_bytes, LOG_LIMIT, LOG_LIMIT + 2 * TH_MIB);
	io_start(node, &io, TH_WRITE, 0, place(0), 8 * WRITE_BYTES, 1);
	world_run_for(node->world, LONG_NS);
	assert_false(io.done);
	confirm_all(node, &peer_a);
	assert_int_equal(io_end(&io), 0);
}

static void a_demotion_with_a_full_log_refuses_those_who_wait(void **state)
{
	demote_with_full_log(state);
}

static void closing_with_a_full_log_ends(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_full(node, &io);
	assert_int_equal(node_close(node), 0);
	assert_int_equal(io_end(&io), -ESHUTDOWN);
}

static void a_rotation_of_a_full_log_is_refused(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_full(node, &io);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), -ENOSPC);
	confirm_all(node, &peer_a);
	assert_int_equal(io_end(&io), 0);
}

/*
 * Former segments come into stock when a fresh spare file waits for space already, and take all that the file system has, but
 * for a little less than a segment.
 */
static void former_segments_in_stock_do_not_keep_the_log_full(void **state)
{
	struct node *node = new_node(state, &node_shape_default);
	struct io io;

	node->options.segment_bytes = TH_MIB;
	node->options.writeback_delay_ns = 3600 * TH_NS_PER_S;
	node_begin(node);
	for (uint64_t room = 9; room < 12; room++) {
		node->directory->capacity_bytes = room * TH_MIB + TH_MIB - TH_BLOCK_BYTES;
		for (uint64_t round = 0; round < 3; round++) {
			struct fault_rule *rule = hold(node, FAULT_DISK, TH_WRITE, NULL);

			for (uint64_t i = 0;; i++) {
				io_start(node, &io, TH_WRITE, 0, place(i), WRITE_BYTES, i + 1);
				world_run_for(node->world, TH_NS_PER_S / 10);
				if (!io.done)
					break;
				assert_int_equal(io_end(&io), 0);
				assert_true(i < 1000);
			}
			assert_true(status_of(node).log_full);
			fault_remove(rule);
			assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
			assert_int_equal(io_end(&io), 0);
			world_run_for(node->world, LONG_NS);
			assert_false(status_of(node).log_full);
		}
	}
}

static void a_full_file_system_lets_writers_wait_until_it_has_room(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	struct io io;
	uint64_t count;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	node->directory->capacity_bytes = 4 * TH_MIB;
	count = write_until_full(node, &io);
	assert_true(status_of(node).log_full);
	assert_true(count > 0);
	node->directory->capacity_bytes = 64 * TH_MIB;
	assert_int_equal(io_end(&io), 0);
	assert_int_equal(status_of(node).error.code, 0);
}

static void segments_used_again_never_bring_old_records_back(void **state)
{
	struct node *node = new_node(state, &node_shape_default);
	uint64_t version = 0;

	node->options.segment_bytes = 64 * TH_KIB;
	node->options.log_limit_bytes = 256 * TH_KIB;
	node->options.writeback_delay_ns = 5 * TH_NS_PER_MS;
	node_begin(node);
	for (uint64_t epoch = 2; epoch < 30; epoch++) {
		for (uint32_t i = 0; i < 30 + epoch; i++) {
			version++;
			assert_int_equal(node_write(node, version % 8 * BLOCK, BLOCK, version), 0);
		}
		assert_int_equal(node_flush(node), 0);
		node_power_cut(node, TH_SIM_LOSE_SOME);
		node_reopen(node);
		for (uint64_t v = version - 7; v <= version; v++)
			assert_true(node_holds(node, v % 8 * BLOCK, BLOCK, v));
		assert_int_equal(node_primary(node, epoch), 0);
	}
}

/* ---- dropping a peer's log ---- */

struct bitmap {
	struct th_bitmap_header header;
	const uint8_t *bits;
};

static void bitmap_read(const struct node *node, const struct th_uuid *peer, struct bitmap *bitmap)
{
	char name[TH_BITMAP_NAME_BYTES];
	uint64_t bytes;
	const uint8_t *file;

	th_bitmap_name(name, peer);
	file = file_data(node, name, &bytes);
	assert_non_null(file);
	assert_int_equal(th_bitmap_header_unpack(&bitmap->header, file, &node->resource_uuid, peer),
			 TH_FORMAT_OK);
	assert_int_equal(bitmap->header.region_bytes, REGION_BYTES);
	assert_int_equal(bytes, TH_BLOCK_BYTES + th_bitmap_bits_bytes(node->shape.device_bytes,
								      REGION_BYTES));
	bitmap->bits = file + TH_BLOCK_BYTES;
	assert_int_equal(th_crc32c(0, bitmap->bits, bytes - TH_BLOCK_BYTES),
			 bitmap->header.bits_crc32c);
}

static bool bit(const struct bitmap *bitmap, uint64_t position)
{
	uint64_t n = position / REGION_BYTES;

	return bitmap->bits[n / 8] >> (n % 8) & 1;
}

static const struct th_meta_peer *peer_of(const struct node *node, const struct th_uuid *uuid)
{
	static struct th_engine_status status;

	node_status(node, &status);
	for (uint32_t i = 0; i < status.peer_count; i++)
		if (th_uuid_equal(&status.peers[i].peer_uuid, uuid))
			return &status.peers[i];
	fail_msg("the peer is not there");
	return NULL;
}

static bool has_bitmap(void *node)
{
	return peer_of(node, &peer_a)->state == TH_PEER_BITMAP;
}

/* Writes @position and its region's neighbourhood never, until the peer has lost its log. */
static void write_until_dropped(struct node *node, uint64_t position)
{
	uint64_t to = peer_of(node, &peer_a)->bitmap_to_lsn;

	for (uint32_t i = 0; i < 1000 && peer_of(node, &peer_a)->bitmap_to_lsn == to; i++)
		assert_int_equal(node_write(node, position, REGION_BYTES, i + 1), 0);
	assert_true(peer_of(node, &peer_a)->bitmap_to_lsn > to);
}

static void a_peer_that_is_behind_loses_its_log_and_gets_a_bitmap(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct bitmap bitmap;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	assert_int_equal(node_write(node, 9 * REGION_BYTES - BLOCK, 2 * BLOCK, 1), 0);
	assert_int_equal(node_zero(node, TH_DISCARD, 40 * REGION_BYTES, 3 * REGION_BYTES), 0);
	write_until_dropped(node, 20 * REGION_BYTES);
	world_run_for(node->world, LONG_NS);
	assert_true(has_bitmap(node));
	bitmap_read(node, &peer_a, &bitmap);
	assert_int_equal(bitmap.header.from_lsn, 0);
	assert_int_equal(bitmap.header.to_lsn, peer_of(node, &peer_a)->bitmap_to_lsn);
	assert_true(status_of(node).oldest_lsn > 0);
	assert_true(status_of(node).oldest_lsn <= bitmap.header.to_lsn);
	for (uint64_t n = 0; n < node->shape.device_bytes / REGION_BYTES; n++) {
		bool changed = n == 8 || n == 9 || n == 20 || (n >= 40 && n < 43);

		assert_int_equal(bit(&bitmap, n * REGION_BYTES), changed);
	}
}

/* Each time that a file is to be opened, all else ends before it is. */
static void run_with_slow_opening(struct node *node, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		struct fault_rule *slow = hold(node, FAULT_FILES, TH_FILE_OPEN, NULL);

		world_run_for(node->world, TH_NS_PER_S);
		fault_remove(slow);
	}
}

/* It is read from its begin on, when the files that are open are all younger. */
static void log_of_many_segments_is_dropped_with_few_files_open(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_STOP);
	uint32_t segments = 32;
	struct io io;

	node->options.segment_bytes = LOG_LIMIT / segments;
	assert_int_equal(node_tune(node), 0);
	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_full(node, &io);
	node->options.log_full = TH_LOG_FULL_DROP;
	assert_int_equal(node_tune(node), 0);
	run_with_slow_opening(node, segments + 2);
	assert_true(has_bitmap(node));
	assert_int_equal(io_end(&io), 0);
}

static void a_second_drop_is_merged_into_the_bitmap(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct bitmap bitmap;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_dropped(node, 3 * REGION_BYTES);
	write_until_dropped(node, 5 * REGION_BYTES);
	write_until_dropped(node, 7 * REGION_BYTES);
	bitmap_read(node, &peer_a, &bitmap);
	assert_int_equal(bitmap.header.from_lsn, 0);
	assert_int_equal(bitmap.header.to_lsn, peer_of(node, &peer_a)->bitmap_to_lsn);
	assert_true(bit(&bitmap, 3 * REGION_BYTES));
	assert_true(bit(&bitmap, 5 * REGION_BYTES));
	assert_false(bit(&bitmap, 4 * REGION_BYTES));
}

static void only_the_peer_that_is_furthest_behind_loses_its_log(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	assert_int_equal(node_peer_add(node, &peer_b), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(node_write(node, place(i), WRITE_BYTES, i + 1), 0);
		confirm_all(node, &peer_b);
	}
	assert_int_equal(peer_of(node, &peer_a)->state, TH_PEER_BITMAP);
	assert_int_equal(peer_of(node, &peer_b)->state, TH_PEER_FOLLOWING);
}

/* Seen from outside at the moment of each removal: what survives if the power fails now. */
struct watch {
	struct node *node;
	uint32_t removals;
};

static const uint8_t *durable_file(const struct node *node, const char *name, uint64_t *bytes)
{
	const struct th_list *link;

	th_list_for_each(link, &node->directory->durable_names) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);

		if (strcmp(entry->name, name) != 0)
			continue;
		*bytes = entry->inode->media.durable_bytes;
		return entry->inode->media.durable;
	}
	return NULL;
}

static void on_removal(void *context, const struct th_sim_name *name)
{
	struct watch *watch = context;
	const struct node *node = watch->node;
	struct th_bitmap_header header;
	char bitmap_name[TH_BITMAP_NAME_BYTES];
	uint64_t epoch, start_lsn, bytes = 0;
	const uint8_t *file;

	if (!th_segment_name_parse(name->name, &epoch, &start_lsn))
		return;
	watch->removals++;
	th_bitmap_name(bitmap_name, &peer_a);
	file = durable_file(node, bitmap_name, &bytes);
	assert_non_null(file);
	assert_int_equal(th_bitmap_header_unpack(&header, file, NULL, &peer_a), TH_FORMAT_OK);
	assert_int_equal(th_crc32c(0, file + TH_BLOCK_BYTES, bytes - TH_BLOCK_BYTES),
			 header.bits_crc32c);
	assert_true(header.to_lsn > start_lsn);
}

static void the_bitmap_is_durable_before_the_first_segment_goes(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct watch watch = { .node = node };

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	node->directory->removing = on_removal;
	node->directory->removing_context = &watch;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(node_write(node, place(i), WRITE_BYTES, i + 1), 0);
	assert_true(watch.removals > 10);
	node->directory->removing = NULL;
}

static void no_log_goes_while_its_bitmap_is_being_made(void **state)
{
	static const enum th_operation operations[] = { TH_FILE_OPEN, TH_WRITE, TH_FLUSH,
							TH_FILE_CLOSE, TH_FILE_RENAME };

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(operations); i++) {
		struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
		struct fault_rule *rule = hold(node, FAULT_FILES, operations[i], "bitmap.new");
		struct io io;

		assert_int_equal(node_peer_add(node, &peer_a), 0);
		write_until_full(node, &io);
		assert_int_equal(rule->hits, 1);
		assert_int_equal(status_of(node).oldest_lsn, 0);
		fault_remove(rule);
		assert_int_equal(io_end(&io), 0);
		node_destroy(node);
	}
}

static void no_log_goes_before_the_meta_file_knows_of_the_bitmap(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct fault_rule *rename, *meta;
	struct io io;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	rename = hold(node, FAULT_FILES, TH_FILE_RENAME, "bitmap.new");
	write_until_full(node, &io);
	meta = hold(node, FAULT_FILES, TH_WRITE, "meta");
	fault_remove(rename);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).oldest_lsn, 0);
	fault_remove(meta);
	assert_int_equal(io_end(&io), 0);
}

static void a_bitmap_that_cannot_be_made_is_tried_again(void **state)
{
	static const enum th_operation operations[] = { TH_FILE_OPEN, TH_WRITE, TH_FLUSH,
							TH_FILE_CLOSE, TH_FILE_RENAME };

	for (uint32_t i = 0; i < TH_ARRAY_COUNT(operations); i++) {
		struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
		struct fault_rule *rule =
			refuse(node, FAULT_FILES, operations[i], "bitmap.new", -EIO);
		struct io io;

		/* A file is closed whatever close says. */
		rule->done_first = operations[i] == TH_FILE_CLOSE;
		assert_int_equal(node_peer_add(node, &peer_a), 0);
		write_until_full(node, &io);
		world_run_for(node->world, 80 * TH_NS_PER_S);
		assert_true(rule->hits > 70); /* more often than files can be open */
		assert_int_equal(status_of(node).oldest_lsn, 0);
		fault_remove(rule);
		assert_int_equal(io_end(&io), 0);
		assert_true(has_bitmap(node));
		node_destroy(node);
	}
}

static void with_a_damaged_bitmap_the_log_is_kept(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct th_engine_call remove = { .operation = TH_CALL_PEER_REMOVE, .peer = peer_a };
	char name[TH_BITMAP_NAME_BYTES];
	struct io io;
	uint64_t to;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_dropped(node, 3 * REGION_BYTES);
	to = peer_of(node, &peer_a)->bitmap_to_lsn;
	th_bitmap_name(name, &peer_a);
	file_flip(node, name, TH_BLOCK_BYTES + 1);
	write_until_full(node, &io);
	assert_int_equal(status_of(node).error.code, -EUCLEAN);
	assert_int_equal(peer_of(node, &peer_a)->bitmap_to_lsn, to);
	assert_true(status_of(node).oldest_lsn <= to);
	/* Who gives the peer up gets writers going. */
	assert_int_equal(node_call(node, &remove), 0);
	assert_int_equal(io_end(&io), 0);
	assert_null(th_sim_directory_find(node->directory, name));
}

static void a_peer_that_was_repaired_follows_again(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	struct th_engine_call add = { .operation = TH_CALL_PEER_ADD, .peer = peer_a };

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_dropped(node, 3 * REGION_BYTES);
	add.lsn_given = true;
	add.lsn = status_of(node).end_lsn;
	assert_int_equal(node_call(node, &add), 0);
	assert_int_equal(peer_of(node, &peer_a)->state, TH_PEER_FOLLOWING);
	assert_int_equal(peer_of(node, &peer_a)->durable_lsn, add.lsn);
	write_until_dropped(node, 5 * REGION_BYTES);
	assert_int_equal(peer_of(node, &peer_a)->bitmap_from_lsn, add.lsn);
}

static void a_peer_that_has_confirmed_nothing_loses_the_log_that_there_was(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	uint64_t oldest;

	for (uint64_t i = 0; !status_of(node).oldest_lsn; i++) {
		assert_int_equal(node_write(node, 0, WRITE_BYTES, i + 1), 0);
		assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
		world_run_for(node->world, TH_NS_PER_S);
	}
	oldest = status_of(node).oldest_lsn;
	assert_int_equal(node_peer_add(node, &peer_a), 0);
	write_until_dropped(node, 5 * REGION_BYTES);
	assert_int_equal(peer_of(node, &peer_a)->durable_lsn, 0);
	assert_int_equal(peer_of(node, &peer_a)->bitmap_from_lsn, oldest);
	assert_true(peer_of(node, &peer_a)->bitmap_to_lsn > oldest);
}

/* The log and the bitmap together reach back to where the peer is. */
static void assert_peer_can_be_served(struct node *node)
{
	const struct th_meta_peer *peer = peer_of(node, &peer_a);
	uint64_t oldest = status_of(node).oldest_lsn;
	struct bitmap bitmap;

	if (peer->state == TH_PEER_FOLLOWING) {
		assert_true(oldest <= peer->durable_lsn);
		return;
	}
	assert_true(oldest <= peer->bitmap_to_lsn);
	bitmap_read(node, &peer_a, &bitmap);
	assert_int_equal(bitmap.header.from_lsn, peer->bitmap_from_lsn);
	assert_true(bitmap.header.to_lsn >= peer->bitmap_to_lsn);
	for (uint64_t i = 0; i < 16; i++)
		assert_true(bit(&bitmap, place(i)));
}

static void a_drop_interrupted_by_power_cuts_loses_no_change(void **state)
{
	struct node *node = new_small_log(state, TH_LOG_FULL_DROP);
	uint64_t random = seed;

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	for (uint64_t i = 0; i < 16; i++)
		assert_int_equal(node_write_fua(node, place(i), BLOCK, 1), 0);
	for (uint64_t epoch = 2; epoch < 30; epoch++) {
		struct io io;

		for (uint64_t i = 0; i < 12; i++)
			assert_int_equal(node_write(node, place(0), WRITE_BYTES, i + 1), 0);
		io_start(node, &io, TH_WRITE, 0, place(1), BLOCK, 2);
		world_run_for(node->world, test_random_below(&random, 20) * TH_NS_PER_MS / 4);
		node_power_cut(node, TH_SIM_LOSE_SOME);
		io_end(&io);
		node_reopen(node);
		assert_peer_can_be_served(node);
		assert_int_equal(node_primary(node, epoch), 0);
	}
	assert_true(has_bitmap(node));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(when_the_log_is_full_writers_wait_until_the_peer_has_it),
		engine_test(when_the_disk_has_failed_and_the_log_is_full_writers_fail),
		engine_test(a_full_log_keeps_nobody_from_reading_and_flushing),
		engine_test(without_peers_the_log_never_stays_full),
		engine_test(without_a_disk_writers_wait_until_there_is_one),
		engine_test(a_higher_limit_lets_writers_go_on),
		engine_test(a_limit_below_the_size_of_the_present_segment_lets_writers_go_on),
		engine_test(a_full_log_keeps_nobody_from_becoming_the_primary),
		engine_test(a_demotion_with_a_full_log_refuses_those_who_wait),
		engine_test(closing_with_a_full_log_ends),
		engine_test(a_rotation_of_a_full_log_is_refused),
		engine_test(former_segments_in_stock_do_not_keep_the_log_full),
		engine_test(a_full_file_system_lets_writers_wait_until_it_has_room),
		engine_test(segments_used_again_never_bring_old_records_back),
		engine_test(a_peer_that_is_behind_loses_its_log_and_gets_a_bitmap),
		engine_test(log_of_many_segments_is_dropped_with_few_files_open),
		engine_test(a_second_drop_is_merged_into_the_bitmap),
		engine_test(only_the_peer_that_is_furthest_behind_loses_its_log),
		engine_test(the_bitmap_is_durable_before_the_first_segment_goes),
		engine_test(no_log_goes_while_its_bitmap_is_being_made),
		engine_test(no_log_goes_before_the_meta_file_knows_of_the_bitmap),
		engine_test(a_bitmap_that_cannot_be_made_is_tried_again),
		engine_test(with_a_damaged_bitmap_the_log_is_kept),
		engine_test(a_peer_that_was_repaired_follows_again),
		engine_test(a_peer_that_has_confirmed_nothing_loses_the_log_that_there_was),
		engine_test(a_drop_interrupted_by_power_cuts_loses_no_change),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: a full log", tests, NULL, NULL);
}
