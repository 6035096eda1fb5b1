// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty index against the simplest model of it: an array that says for each block which version is the newest.
 */
#include "dirty_index.h"
#include "seed.h"

#define BLOCK_BYTES  512u
#define MODEL_BLOCKS 4096u

static uint64_t seed;

/* What is newest in a block; batch_lsn 0: clean. */
struct model_block {
	uint64_t batch_lsn;
	uint64_t payload_lsn;
};

struct world {
	struct th_dirty_index index;
	struct model_block model[MODEL_BLOCKS];
	uint64_t random;
	uint64_t next_lsn;
	uint32_t large_one_in; /* of the ranges */
};

static uint64_t position_of(uint32_t block)
{
	return (uint64_t)block * BLOCK_BYTES;
}

/* Small ranges mostly, some large ones: the more of those, the fewer extents there are. */
static void random_range(struct world *world, uint32_t *first, uint32_t *count)
{
	uint32_t longest = test_random_below(&world->random, world->large_one_in) ? 16 :
										    MODEL_BLOCKS;

	*first = test_random_below(&world->random, MODEL_BLOCKS);
	*count = 1 + test_random_below(&world->random, TH_MIN(longest, MODEL_BLOCKS - *first));
}

static void insert_random(struct world *world)
{
	uint32_t kind = test_random_below(&world->random, 8);
	struct th_extent extent = { .batch_lsn = world->next_lsn, .payload_lsn = TH_ZEROES };
	uint32_t first, count;

	random_range(world, &first, &count);
	extent.position = position_of(first);
	extent.length = position_of(count);
	if (kind == 1)
		extent.payload_lsn = TH_DEALLOCATED;
	if (kind > 1)
		extent.payload_lsn = world->next_lsn + 4096;
	/* Several records of one batch have the same LSN. */
	if (test_random_below(&world->random, 4) == 0)
		world->next_lsn += 1 << 20;
	th_dirty_index_insert(&world->index, &extent);
	for (uint32_t i = 0; i < count; i++) {
		struct model_block *block = &world->model[first + i];

		block->batch_lsn = extent.batch_lsn;
		block->payload_lsn = extent.payload_lsn;
		if (!th_extent_is_zeroes(&extent))
			block->payload_lsn += position_of(i);
	}
}

static void clean_random(struct world *world)
{
	uint64_t below = world->next_lsn - ((uint64_t)test_random_below(&world->random, 64) << 20);
	uint32_t first, count;

	random_range(world, &first, &count);
	th_dirty_index_clean(&world->index, position_of(first), position_of(count), below);
	for (uint32_t i = first; i < first + count; i++) {
		if (world->model[i].batch_lsn < below)
			world->model[i].batch_lsn = 0;
	}
}

/* All extents, block by block, are what the model says; and what lies between is clean. */
static void assert_equals_model(const struct world *world)
{
	const struct th_extent *extent = th_dirty_index_find(&world->index, 0);
	uint32_t block = 0;

	th_dirty_index_verify(&world->index);
	for (; extent; extent = th_dirty_index_next(&world->index, extent)) {
		for (; position_of(block) < extent->position; block++)
			assert_int_equal(world->model[block].batch_lsn, 0);
		for (uint64_t at = 0; at < extent->length; at += BLOCK_BYTES, block++) {
			const struct model_block *model = &world->model[block];

			assert_int_equal(model->batch_lsn, extent->batch_lsn);
			assert_int_equal(model->payload_lsn, th_extent_is_zeroes(extent) ?
								     extent->payload_lsn :
								     extent->payload_lsn + at);
		}
	}
	for (; block < MODEL_BLOCKS; block++)
		assert_int_equal(world->model[block].batch_lsn, 0);
}

static void assert_find_equals_model(struct world *world)
{
	uint32_t block = test_random_below(&world->random, MODEL_BLOCKS);
	const struct th_extent *found = th_dirty_index_find(&world->index, position_of(block));

	while (block < MODEL_BLOCKS && world->model[block].batch_lsn == 0)
		block++;
	if (block == MODEL_BLOCKS) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_true(found->position <= position_of(block));
	assert_true(found->position + found->length > position_of(block));
}

static void it_knows_the_newest_version_of_every_block(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	(void)state;
	assert_non_null(world);
	for (uint32_t round = 0; round < 8; round++) {
		world->random = seed + round;
		world->next_lsn = 1ull << 40;
		world->large_one_in = round % 2 ? 20 : 1000;
		memset(world->model, 0, sizeof(world->model));
		assert_int_equal(th_dirty_index_init(&world->index, MODEL_BLOCKS + 2), 0);
		for (uint32_t step = 0; step < 20000; step++) {
			if (test_random_below(&world->random, 5) < 3)
				insert_random(world);
			else
				clean_random(world);
			assert_find_equals_model(world);
			if (step % 100 == 0)
				assert_equals_model(world);
		}
		assert_equals_model(world);
		th_dirty_index_destroy(&world->index);
	}
	free(world);
}

/* ---- one thing at a time ---- */

static struct th_dirty_index index_of(uint32_t capacity)
{
	struct th_dirty_index index;

	assert_int_equal(th_dirty_index_init(&index, capacity), 0);
	return index;
}

static void put(struct th_dirty_index *index, uint64_t position, uint64_t length,
		uint64_t batch_lsn, uint64_t payload_lsn)
{
	const struct th_extent extent = { .position = position,
					  .length = length,
					  .batch_lsn = batch_lsn,
					  .payload_lsn = payload_lsn };

	th_dirty_index_insert(index, &extent);
	th_dirty_index_verify(index);
}

static void assert_extent(const struct th_extent *extent, uint64_t position, uint64_t length,
			  uint64_t payload_lsn)
{
	assert_non_null(extent);
	assert_int_equal(extent->position, position);
	assert_int_equal(extent->length, length);
	assert_int_equal(extent->payload_lsn, payload_lsn);
}

static void a_write_into_the_middle_splits_what_lay_there(void **state)
{
	struct th_dirty_index index = index_of(8);
	const struct th_extent *extent;

	(void)state;
	put(&index, 0, 16384, 1, 100000);
	put(&index, 4096, 4096, 2, 200000);
	assert_int_equal(index.count, 3);
	assert_int_equal(index.dirty_bytes, 16384);
	extent = th_dirty_index_find(&index, 0);
	assert_extent(extent, 0, 4096, 100000);
	extent = th_dirty_index_next(&index, extent);
	assert_extent(extent, 4096, 4096, 200000);
	extent = th_dirty_index_next(&index, extent);
	assert_extent(extent, 8192, 8192, 108192);
	assert_null(th_dirty_index_next(&index, extent));
	th_dirty_index_destroy(&index);
}

static void a_write_over_several_replaces_and_trims_them(void **state)
{
	struct th_dirty_index index = index_of(8);
	const struct th_extent *extent;

	(void)state;
	put(&index, 0, 8192, 1, 100000);
	put(&index, 8192, 4096, 1, 200000);
	put(&index, 12288, 8192, 1, TH_ZEROES);
	put(&index, 4096, 12288, 2, 300000);
	extent = th_dirty_index_find(&index, 0);
	assert_extent(extent, 0, 4096, 100000);
	extent = th_dirty_index_next(&index, extent);
	assert_extent(extent, 4096, 12288, 300000);
	extent = th_dirty_index_next(&index, extent);
	assert_extent(extent, 16384, 4096, TH_ZEROES);
	assert_null(th_dirty_index_next(&index, extent));
	th_dirty_index_destroy(&index);
}

static void a_block_written_again_takes_no_more_room(void **state)
{
	struct th_dirty_index index = index_of(4);

	(void)state;
	put(&index, 0, 4096, 1, 100000);
	put(&index, 4096, 4096, 1, 200000);
	for (uint64_t lsn = 2; lsn < 100; lsn++)
		put(&index, 4096, 4096, lsn, lsn << 20);
	assert_int_equal(th_dirty_index_room(&index), 2);
	assert_extent(th_dirty_index_find(&index, 4096), 4096, 4096, 99 << 20);
	assert_int_equal(th_dirty_index_find(&index, 4096)->batch_lsn, 99);
	th_dirty_index_destroy(&index);
}

static void what_was_written_again_meanwhile_stays_dirty(void **state)
{
	struct th_dirty_index index = index_of(8);
	const struct th_extent *extent;

	(void)state;
	put(&index, 0, 16384, 10, 100000);
	put(&index, 4096, 4096, 20, 200000);
	th_dirty_index_clean(&index, 0, 12288, 20);
	th_dirty_index_verify(&index);
	extent = th_dirty_index_find(&index, 0);
	assert_extent(extent, 4096, 4096, 200000);
	extent = th_dirty_index_next(&index, extent);
	assert_extent(extent, 12288, 4096, 112288);
	assert_null(th_dirty_index_next(&index, extent));
	assert_int_equal(index.dirty_bytes, 8192);
	th_dirty_index_destroy(&index);
}

static void an_extent_found_is_the_first_that_ends_behind_the_position(void **state)
{
	struct th_dirty_index index = index_of(8);

	(void)state;
	assert_null(th_dirty_index_find(&index, 0));
	put(&index, 4096, 4096, 1, 100000);
	put(&index, 16384, 4096, 1, 200000);
	assert_extent(th_dirty_index_find(&index, 0), 4096, 4096, 100000);
	assert_extent(th_dirty_index_find(&index, 8191), 4096, 4096, 100000);
	assert_extent(th_dirty_index_find(&index, 8192), 16384, 4096, 200000);
	assert_null(th_dirty_index_find(&index, 20480));
	th_dirty_index_destroy(&index);
}

static void the_end_of_the_address_space_can_be_dirty(void **state)
{
	const uint64_t last =
		UINT64_MAX - 4095; /* ends one byte before the last that 64 bits can name */
	struct th_dirty_index index = index_of(4);

	(void)state;
	put(&index, last - 4096, 8191, 1, TH_ZEROES);
	assert_extent(th_dirty_index_find(&index, last), last - 4096, 8191, TH_ZEROES);
	th_dirty_index_clean(&index, last - 4096, 8191, 2);
	assert_int_equal(index.count, 0);
	th_dirty_index_destroy(&index);
}

static void a_cleared_index_is_empty_and_has_all_its_room(void **state)
{
	struct th_dirty_index index = index_of(64);

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 62; i++)
			put(&index, i * 8192, 4096, i, i);
		th_dirty_index_clear(&index);
		th_dirty_index_verify(&index);
		assert_null(th_dirty_index_find(&index, 0));
		assert_int_equal(th_dirty_index_room(&index), 64);
		assert_int_equal(index.dirty_bytes, 0);
	}
	th_dirty_index_destroy(&index);
}

static void insert_quietly(struct th_dirty_index *index, uint64_t position)
{
	const struct th_extent extent = { .position = position, .length = 4096 };

	th_dirty_index_insert(index, &extent);
}

/* As leaves are split in the middle, all that lies behind the last one stays half full: no shape takes more nodes. */
static void the_pool_has_room_for_the_worst_shape_and_not_for_much_more(void **state)
{
	const uint32_t capacity = 1 << 16;
	struct th_dirty_index index = index_of(capacity);

	(void)state;
	for (uint64_t i = 0; i < capacity - 1; i++)
		insert_quietly(&index, i * 8192);
	th_dirty_index_verify(&index);
	assert_int_equal(th_dirty_index_room(&index), 1);
	assert_in_range(index.pool_used, index.pool_nodes - 2 * index.levels, index.pool_nodes);
	th_dirty_index_destroy(&index);
}

static void a_full_index_bears_any_order_of_writes_and_cleaning(void **state)
{
	const uint32_t capacity = 1500;
	struct th_dirty_index index = index_of(capacity);
	uint64_t random = seed;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		uint64_t first = test_random_below(&random, 1 << 20);

		while (th_dirty_index_room(&index) >= TH_DIRTY_INDEX_INSERT_MAX)
			insert_quietly(&index,
				       (uint64_t)test_random_below(&random, 1 << 20) * 4096);
		th_dirty_index_verify(&index);
		th_dirty_index_clean(&index, first * 4096,
				     (1 + test_random_below(&random, 1 << 17)) * 4096ull, 1);
		th_dirty_index_verify(&index);
	}
	th_dirty_index_clean(&index, 0, 1ull << 40, 1);
	th_dirty_index_verify(&index);
	assert_int_equal(index.count, 0);
	assert_int_equal(index.dirty_bytes, 0);
	th_dirty_index_destroy(&index);
}

/* 15 children at least for each branch but the root: 2^16 extents, 7 at least in each leaf, lie below four levels of them. */
static void ascending_writes_do_not_make_the_tree_deep(void **state)
{
	const uint32_t count = 1 << 16;
	struct th_dirty_index index = index_of(count + 2);

	(void)state;
	for (uint64_t i = 0; i < count; i++)
		insert_quietly(&index, i * 8192);
	th_dirty_index_verify(&index);
	assert_in_range(index.levels, 4, 5);
	for (uint64_t i = 0; i < count; i++)
		th_dirty_index_clean(&index, i * 8192, 4096, 1);
	th_dirty_index_verify(&index);
	assert_int_equal(index.levels, 1);
	th_dirty_index_destroy(&index);
}

static void insert_one(void *index)
{
	put(index, 1 << 20, 4096, 1, 1);
}

static void an_insertion_without_room_stops_the_host(void **state)
{
	struct th_dirty_index index = index_of(3);

	(void)state;
	put(&index, 0, 4096, 1, 1);
	assert_false(test_aborts(insert_one, &index));
	put(&index, 8192, 4096, 1, 1);
	assert_true(test_aborts(insert_one, &index));
	th_dirty_index_destroy(&index);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_the_newest_version_of_every_block),
		cmocka_unit_test(a_write_into_the_middle_splits_what_lay_there),
		cmocka_unit_test(a_write_over_several_replaces_and_trims_them),
		cmocka_unit_test(a_block_written_again_takes_no_more_room),
		cmocka_unit_test(what_was_written_again_meanwhile_stays_dirty),
		cmocka_unit_test(an_extent_found_is_the_first_that_ends_behind_the_position),
		cmocka_unit_test(the_end_of_the_address_space_can_be_dirty),
		cmocka_unit_test(a_cleared_index_is_empty_and_has_all_its_room),
		cmocka_unit_test(the_pool_has_room_for_the_worst_shape_and_not_for_much_more),
		cmocka_unit_test(a_full_index_bears_any_order_of_writes_and_cleaning),
		cmocka_unit_test(ascending_writes_do_not_make_the_tree_deep),
		cmocka_unit_test(an_insertion_without_room_stops_the_host),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("dirty index", tests, NULL, NULL);
}
