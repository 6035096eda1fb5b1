// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a disk and giving it back: sizes, labels, load meanwhile, and growing.
 */
#include "engine_test.h"

static int attach(struct node *node, bool write_label)
{
	struct th_engine_call call = { .operation = TH_CALL_ATTACH, .write_label = write_label };

	return node_call(node, &call);
}

/* Open and primary, without a disk; created without one too. */
static struct node *new_diskless(void **state, const struct node_shape *shape)
{
	struct node *node = new_node(state, shape);

	node_disconnect_disk(node);
	assert_int_equal(node_create(node), 0);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(node_primary(node, 1), 0);
	node_connect_disk(node);
	return node;
}

static uint64_t disk_writes(const struct node *node)
{
	return node->faults->count[FAULT_DISK][TH_WRITE] +
	       node->faults->count[FAULT_DISK][TH_WRITE_ZEROES] +
	       node->faults->count[FAULT_DISK][TH_DISCARD];
}

static void write_label(struct node *node, const struct th_uuid *resource_uuid,
			const struct th_uuid *node_uuid)
{
	struct th_label label = {
		.resource_uuid = *resource_uuid,
		.node_uuid = *node_uuid,
		.device_bytes = node->shape.device_bytes,
	};
	uint64_t offset = th_label_offset(node->shape.disk_bytes, node->shape.device_bytes);

	assert_true(offset > 0);
	th_label_pack(&label, node->disk->media.current + offset);
}

/* ---- sizes ---- */

static void a_disk_that_is_too_small_is_refused(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.disk_bytes = shape.device_bytes - 512;
	node = new_diskless(state, &shape);
	assert_int_equal(attach(node, true), -ENOSPC);
	assert_false(status_of(node).disk_attached);
	assert_int_equal(disk_writes(node), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

static void a_disk_whose_blocks_are_larger_than_the_devices_is_refused(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.block_bytes = 512;
	shape.disk_block_bytes = 4096;
	node = new_diskless(state, &shape);
	assert_int_equal(attach(node, true), -EINVAL);
	assert_int_equal(disk_writes(node), 0);
}

static void a_disk_whose_blocks_are_as_large_as_the_devices_is_taken(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.disk_block_bytes = 4096;
	node = new_diskless(state, &shape);
	assert_int_equal(attach(node, true), 0);
	assert_int_equal(node_write(node, 0, 3 * BLOCK, 1), 0);
	assert_int_equal(node_zero(node, TH_DISCARD, BLOCK, BLOCK), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_true(disk_holds(node, 0, BLOCK, 1));
	assert_true(disk_holds(node, BLOCK, BLOCK, 0));
}

static void without_a_disk_connected_there_is_nothing_to_attach(void **state)
{
	struct node *node = new_diskless(state, &node_shape_default);

	node_disconnect_disk(node);
	assert_int_equal(attach(node, true), -ENXIO);
	node_connect_disk(node);
	assert_int_equal(attach(node, true), 0);
}

static void a_second_disk_is_refused_and_a_second_detach_is_harmless(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(attach(node, false), -EEXIST);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(attach(node, false), 0);
}

/* ---- labels ---- */

static void a_disk_without_a_label_is_taken_only_when_told_to(void **state)
{
	struct node *node = new_diskless(state, &node_shape_default);

	assert_int_equal(attach(node, false), -ENODATA);
	assert_int_equal(disk_writes(node), 0);
	assert_int_equal(attach(node, true), 0);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(attach(node, false), 0);
}

static void a_disk_of_another_resource_or_node_is_refused_whatever_is_told(void **state)
{
	struct node *node = new_diskless(state, &node_shape_default);
	struct th_uuid other = { { 0x77 } };

	write_label(node, &other, &node->uuid);
	assert_int_equal(attach(node, false), -EXDEV);
	assert_int_equal(attach(node, true), -EXDEV);
	write_label(node, &node->resource_uuid, &other);
	assert_int_equal(attach(node, false), -EXDEV);
	assert_int_equal(attach(node, true), -EXDEV);
	assert_int_equal(disk_writes(node), 0);
	write_label(node, &node->resource_uuid, &node->uuid);
	assert_int_equal(attach(node, false), 0);
}

static void a_disk_with_a_damaged_label_is_taken_only_when_told_to(void **state)
{
	struct node *node = new_diskless(state, &node_shape_default);

	write_label(node, &node->resource_uuid, &node->uuid);
	node->disk->media.current[node->shape.device_bytes + 60] ^= 1;
	assert_int_equal(attach(node, false), -EUCLEAN);
	assert_int_equal(disk_writes(node), 0);
	assert_int_equal(attach(node, true), 0);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(attach(node, false), 0);
}

static void a_disk_as_large_as_the_device_has_no_label(void **state)
{
	struct node_shape shape = node_shape_default;
	struct node *node;

	shape.disk_bytes = shape.device_bytes;
	node = new_diskless(state, &shape);
	assert_int_equal(attach(node, false), 0);
	assert_int_equal(disk_writes(node), 0);
}

static void the_label_stands_in_the_last_whole_block(void **state)
{
	struct node_shape shape = node_shape_default;
	struct th_label label;
	struct node *node;

	shape.disk_bytes = shape.device_bytes + 10 * BLOCK + 7 * 512;
	node = new_diskless(state, &shape);
	assert_int_equal(attach(node, true), 0);
	assert_int_equal(
		th_label_unpack(&label, node->disk->media.current + shape.device_bytes + 9 * BLOCK),
		TH_FORMAT_OK);
	assert_true(th_uuid_equal(&label.resource_uuid, &node->resource_uuid));
	assert_true(th_uuid_equal(&label.node_uuid, &node->uuid));
	assert_int_equal(label.device_bytes, shape.device_bytes);
}

static void a_device_written_to_its_end_leaves_the_label_alone(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	assert_int_equal(node_write(node, end - TH_MIB, TH_MIB, 1), 0);
	assert_int_equal(node_zero(node, TH_DISCARD, end - BLOCK, BLOCK), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(attach(node, false), 0);
}

static void a_label_that_cannot_be_read_or_written_is_an_error(void **state)
{
	struct node *node = new_diskless(state, &node_shape_default);
	struct fault_rule *rule = refuse(node, FAULT_DISK, TH_READ, NULL, -EIO);

	assert_int_equal(attach(node, true), -EIO);
	fault_remove(rule);
	rule = refuse(node, FAULT_DISK, TH_WRITE, NULL, -EIO);
	assert_int_equal(attach(node, true), -EIO);
	fault_remove(rule);
	assert_false(status_of(node).disk_attached);
	assert_int_equal(attach(node, true), 0);
}

static void a_replica_is_not_made_on_a_disk_that_does_not_fit(void **state)
{
	struct node_shape shape = node_shape_default;
	struct th_uuid other = { { 0x77 } };
	struct node *node;

	shape.disk_bytes = shape.device_bytes - BLOCK;
	assert_int_equal(node_create(new_node(state, &shape)), -ENOSPC);
	node = new_node(state, &node_shape_default);
	write_label(node, &other, &other);
	assert_int_equal(node_create(node), -EXDEV);
	assert_int_equal(disk_writes(node), 0);
	assert_int_equal(th_sim_directory_used_bytes(node->directory), 0);
}

/* ---- detaching ---- */

static void a_detach_waits_for_what_is_under_way_and_then_leaves_the_disk_alone(void **state)
{
	struct node *node = new_primary(state);
	struct fault_rule *write_held = hold(node, FAULT_DISK, TH_WRITE, NULL);
	struct fault_rule *read_held = hold(node, FAULT_DISK, TH_READ, NULL);
	struct call detach = { .call = { .operation = TH_CALL_DETACH } };
	uint64_t count;
	struct io read;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	io_start(node, &read, TH_READ, 0, 8 * BLOCK, BLOCK, 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(write_held->hits, 1);
	call_start(node, &detach);
	world_run_for(node->world, LONG_NS);
	assert_false(detach.done);
	fault_remove(write_held);
	world_run_for(node->world, LONG_NS);
	assert_false(detach.done);
	fault_remove(read_held);
	assert_int_equal(call_wait(&detach), 0);
	assert_int_equal(io_end(&read), 0);
	count = disk_writes(node) + node->faults->count[FAULT_DISK][TH_READ] +
		node->faults->count[FAULT_DISK][TH_FLUSH];
	assert_int_equal(node_write(node, BLOCK, BLOCK, 2), 0);
	assert_int_equal(node_read(node, 9 * BLOCK, BLOCK), -ENXIO);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(disk_writes(node) + node->faults->count[FAULT_DISK][TH_READ] +
				 node->faults->count[FAULT_DISK][TH_FLUSH],
			 count);
}

static void a_disk_comes_and_goes_under_load_and_nothing_is_lost(void **state)
{
	struct node *node = new_primary(state);
	uint64_t version[32] = { 0 };
	uint64_t random = seed;

	node->options.writeback_delay_ns = TH_NS_PER_MS;
	assert_int_equal(node_tune(node), 0);
	for (uint64_t round = 1; round < 60; round++) {
		struct call change = {
			.call = { .operation = round % 2 ? TH_CALL_DETACH : TH_CALL_ATTACH },
		};
		struct io io[32], read;

		for (uint64_t i = 0; i < 32; i++) {
			version[i] = 32 * round + i;
			io_start(node, &io[i], TH_WRITE, 0, i * BLOCK, BLOCK, version[i]);
			if (i == round % 32)
				call_start(node, &change);
			world_run_for(node->world, test_random_below(&random, 200) * TH_NS_PER_US);
		}
		io_start(node, &read, TH_READ, 0, 0, 64 * BLOCK, 0);
		for (uint64_t i = 0; i < 32; i++)
			assert_int_equal(io_end(&io[i]), 0);
		assert_int_equal(call_wait(&change), 0);
		if (io_end(&read))
			assert_int_equal(read.error, -ENXIO);
		if (round % 2) {
			node_disconnect_disk(node);
			node_connect_disk(node);
		}
	}
	if (!status_of(node).disk_attached)
		assert_int_equal(attach(node, false), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	for (uint64_t i = 0; i < 32; i++)
		assert_true(disk_holds(node, i * BLOCK, BLOCK, version[i]));
}

static void closing_gives_the_disk_back(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_close(node), 0);
	node_disconnect_disk(node);
	node_connect_disk(node);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

/* ---- growing ---- */

static void grow_disk(struct node *node, uint64_t bytes)
{
	struct th_sim_media *media = &node->disk->media;

	th_sim_media_resize(media, bytes);
	th_sim_media_flush_end(media, th_sim_media_flush_begin(media));
}

static int resize(struct node *node, uint64_t device_bytes)
{
	struct th_engine_call call = {
		.operation = TH_CALL_RESIZE,
		.device_bytes = device_bytes,
	};

	return node_call(node, &call);
}

static void a_device_grows_and_stays_grown(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	grow_disk(node, end + 2 * TH_MIB);
	assert_int_equal(resize(node, end + TH_MIB), 0);
	assert_int_equal(resize(node, end + TH_MIB), 0);
	assert_int_equal(node_write_fua(node, end, TH_MIB, 1), 0);
	assert_int_equal(node_write(node, end + TH_MIB, BLOCK, 1), -ENOSPC);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	assert_int_equal(node_open(node), 0);
	node_wait_replayed(node);
	assert_int_equal(status_of(node).device_bytes, end + TH_MIB);
	assert_true(node_holds(node, end, TH_MIB, 1));
}

static void a_disk_that_grew_with_its_device_is_known_by_its_label_again(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	grow_disk(node, end + 2 * TH_MIB);
	assert_int_equal(resize(node, end + TH_MIB), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(attach(node, false), 0);
}

static void a_device_never_shrinks(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	assert_int_equal(resize(node, end - BLOCK), -EINVAL);
	assert_int_equal(resize(node, 0), -EINVAL);
	assert_int_equal(resize(node, end + 512), -EINVAL);
	assert_int_equal(status_of(node).device_bytes, end);
}

static void a_device_does_not_outgrow_its_disk(void **state)
{
	struct node *node = new_primary(state);
	uint64_t end = node->shape.device_bytes;

	assert_int_equal(resize(node, node->shape.disk_bytes + BLOCK), -ENOSPC);
	assert_int_equal(status_of(node).device_bytes, end);
	/* Without a disk it may, and the disk must have become larger by the next attach. */
	assert_int_equal(node_do(node, TH_CALL_DETACH), 0);
	assert_int_equal(resize(node, end + TH_MIB), 0);
	assert_int_equal(attach(node, true), -ENOSPC);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(a_disk_that_is_too_small_is_refused),
		engine_test(a_disk_whose_blocks_are_larger_than_the_devices_is_refused),
		engine_test(a_disk_whose_blocks_are_as_large_as_the_devices_is_taken),
		engine_test(without_a_disk_connected_there_is_nothing_to_attach),
		engine_test(a_second_disk_is_refused_and_a_second_detach_is_harmless),
		engine_test(a_disk_without_a_label_is_taken_only_when_told_to),
		engine_test(a_disk_of_another_resource_or_node_is_refused_whatever_is_told),
		engine_test(a_disk_with_a_damaged_label_is_taken_only_when_told_to),
		engine_test(a_disk_as_large_as_the_device_has_no_label),
		engine_test(the_label_stands_in_the_last_whole_block),
		engine_test(a_device_written_to_its_end_leaves_the_label_alone),
		engine_test(a_label_that_cannot_be_read_or_written_is_an_error),
		engine_test(a_replica_is_not_made_on_a_disk_that_does_not_fit),
		engine_test(a_detach_waits_for_what_is_under_way_and_then_leaves_the_disk_alone),
		engine_test(a_disk_comes_and_goes_under_load_and_nothing_is_lost),
		engine_test(closing_gives_the_disk_back),
		engine_test(a_device_grows_and_stays_grown),
		engine_test(a_disk_that_grew_with_its_device_is_known_by_its_label_again),
		engine_test(a_device_never_shrinks),
		engine_test(a_device_does_not_outgrow_its_disk),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: the disk", tests, NULL, NULL);
}
