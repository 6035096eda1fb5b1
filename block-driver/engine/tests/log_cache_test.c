// SPDX-License-Identifier: GPL-2.0
/*
 * The log cache: what it holds is right, what may fall out does so oldest first, and the budget is shared fairly.
 */
#include "log_cache.h"
#include "log_format.h"
#include "seed.h"

#define CHUNK  ((uint64_t)TH_CHUNK_BYTES)
#define CACHES 3u
#define MIN    TH_LOG_CACHE_CHUNKS_MIN

static uint64_t seed;

/* ---- a host with so much memory, and no more ---- */

static uint32_t host_chunks = UINT32_MAX; /* that can still be allocated */

void *__real_th_alloc_buffer(size_t bytes);
void *__wrap_th_alloc_buffer(size_t bytes);

void *__wrap_th_alloc_buffer(size_t bytes)
{
	if (host_chunks == 0)
		return NULL;
	host_chunks--;
	return __real_th_alloc_buffer(bytes);
}

/* ---- a budget with caches, and a model of what they hold ---- */

/* What was last written to a block of the log; blocks further apart than this are never in memory together. */
#define MODEL_BLOCKS 65536u

struct model {
	uint64_t version[MODEL_BLOCKS]; /* 0: zeroes */
};

struct world {
	struct th_memory_budget budget;
	struct th_log_cache cache[CACHES];
	struct model model[CACHES];
	uint64_t random;
	uint64_t version;
	uint8_t data[TH_BATCH_BYTES_MAX];
};

static struct world *world_of(uint32_t chunks)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	th_memory_budget_init(&world->budget, chunks * CHUNK + CHUNK / 2);
	assert_int_equal(world->budget.chunk_count_max, chunks);
	world->random = seed;
	return world;
}

static void join(struct world *world, uint32_t number, uint64_t start_lsn)
{
	assert_int_equal(th_log_cache_init(&world->cache[number], &world->budget, start_lsn), 0);
}

static void world_free(struct world *world)
{
	for (uint32_t i = 0; i < CACHES; i++) {
		if (world->cache[i].budget)
			th_log_cache_destroy(&world->cache[i]);
	}
	th_memory_budget_destroy(&world->budget);
	free(world);
}

static uint64_t end_of_chunk(uint64_t lsn)
{
	return th_align_up(lsn, CHUNK);
}

/* Chunks that would be out of reach of others if @bytes more were reserved. */
static uint64_t pinned_chunks(const struct th_log_cache *cache, uint64_t bytes)
{
	return (end_of_chunk(cache->top_lsn + bytes) - th_align_down(cache->evictable_lsn, CHUNK)) /
	       CHUNK;
}

static void assert_sound(const struct world *world)
{
	uint64_t held = 0;

	for (uint32_t i = 0; i < CACHES; i++) {
		const struct th_log_cache *cache = &world->cache[i];

		if (!cache->budget)
			continue;
		assert_true(cache->floor_lsn <= cache->evictable_lsn);
		assert_true(cache->evictable_lsn <= cache->top_lsn);
		assert_true(th_log_cache_bytes(cache) >= cache->top_lsn - cache->floor_lsn);
		held += th_log_cache_bytes(cache);
	}
	held += world->budget.free_count * CHUNK;
	assert_int_equal(held, world->budget.chunk_count * CHUNK);
	assert_true(world->budget.chunk_count <= world->budget.chunk_count_max);
}

static uint64_t *version_at(struct model *model, uint64_t lsn)
{
	return &model->version[lsn / TH_BLOCK_BYTES % MODEL_BLOCKS];
}

static void fill_pattern(uint8_t *data, uint64_t lsn, uint64_t version)
{
	for (uint32_t i = 0; i < TH_BLOCK_BYTES; i += sizeof(uint64_t)) {
		uint64_t word = version ? (lsn + i) ^ version << 40 : 0;

		memcpy(data + i, &word, sizeof(word));
	}
}

/* Writes whole blocks of a new version; some are only zeroed. */
static void write_blocks(struct world *world, uint32_t number, uint64_t lsn, uint64_t bytes)
{
	struct model *model = &world->model[number];
	bool zero = test_random_below(&world->random, 8) == 0;
	uint64_t at;

	world->version++;
	for (at = 0; at < bytes; at += TH_BLOCK_BYTES) {
		*version_at(model, lsn + at) = zero ? 0 : world->version;
		fill_pattern(world->data + at, lsn + at, world->version);
	}
	if (zero)
		th_log_cache_zero(&world->cache[number], lsn, bytes);
	else
		th_log_cache_copy_in(&world->cache[number], lsn, world->data, bytes);
}

static void assert_same(struct world *world, uint32_t number, uint64_t lsn, const uint8_t *data,
			uint64_t bytes)
{
	uint8_t expected[TH_BLOCK_BYTES];

	while (bytes > 0) {
		uint64_t start = th_align_down(lsn, TH_BLOCK_BYTES);
		uint64_t offset = lsn - start;
		uint64_t piece = TH_MIN(bytes, TH_BLOCK_BYTES - offset);

		fill_pattern(expected, start, *version_at(&world->model[number], start));
		assert_memory_equal(data, expected + offset, piece);
		lsn += piece;
		data += piece;
		bytes -= piece;
	}
}

/* All ways to read [lsn, lsn + bytes) agree with the model. */
static void assert_reads(struct world *world, uint32_t number, uint64_t lsn, uint64_t bytes)
{
	const struct th_log_cache *cache = &world->cache[number];
	struct th_vec vec[TH_VEC_MAX];
	uint32_t count = th_log_cache_vec(cache, lsn, bytes, vec);
	uint64_t at = 0;

	th_log_cache_copy_out(cache, lsn, world->data, bytes);
	assert_same(world, number, lsn, world->data, bytes);
	assert_int_equal(th_log_cache_crc32c(cache, 17, lsn, bytes),
			 th_crc32c(17, world->data, bytes));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t wanted = bytes - at;

		assert_ptr_equal(th_log_cache_at(cache, lsn + at, &wanted), vec[i].base);
		assert_int_equal(wanted, vec[i].bytes);
		assert_memory_equal(vec[i].base, world->data + at, wanted);
		at += wanted;
	}
	assert_int_equal(at, bytes);
}

static void assert_all_reads(struct world *world, uint32_t number)
{
	const struct th_log_cache *cache = &world->cache[number];
	uint64_t lsn = cache->floor_lsn;

	while (lsn < cache->top_lsn) {
		uint64_t bytes = TH_MIN(cache->top_lsn - lsn, TH_BATCH_BYTES_MAX);

		assert_reads(world, number, lsn, bytes);
		lsn += bytes;
	}
}

/* ---- anything in any order ---- */

static uint64_t random_blocks(struct world *world, uint64_t bytes)
{
	return test_random_below(&world->random, (uint32_t)(bytes / TH_BLOCK_BYTES) + 1) *
	       (uint64_t)TH_BLOCK_BYTES;
}

static void step_reserve(struct world *world, uint32_t number)
{
	struct th_log_cache *cache = &world->cache[number];
	bool large = test_random_below(&world->random, 4) == 0;
	uint64_t bytes = TH_BLOCK_BYTES +
			 random_blocks(world, large ? TH_BATCH_PAYLOAD_MAX : 15 * TH_BLOCK_BYTES);
	uint64_t top_lsn = cache->top_lsn;
	uint64_t share = world->budget.chunk_count_max / world->budget.cache_count;
	bool within_share = pinned_chunks(cache, bytes) <= share;

	/* Whoever keeps within its share is never refused, whatever the others do. */
	assert_int_equal(th_log_cache_reserve(cache, bytes), within_share);
	assert_int_equal(cache->top_lsn, top_lsn + (within_share ? bytes : 0));
	if (within_share)
		write_blocks(world, number, top_lsn, bytes);
}

static void step_read(struct world *world, uint32_t number)
{
	struct th_log_cache *cache = &world->cache[number];
	uint64_t held = cache->top_lsn - cache->floor_lsn;
	uint64_t lsn, bytes;

	if (held == 0)
		return;
	lsn = cache->floor_lsn + test_random(&world->random) % held;
	bytes = 1 + test_random_below(&world->random, 300000);
	bytes = TH_MIN(bytes, cache->top_lsn - lsn);
	assert_true(th_log_cache_holds(cache, lsn, bytes));
	assert_reads(world, number, lsn, bytes);
}

static void step_reset(struct world *world, uint32_t number)
{
	struct th_log_cache *cache = &world->cache[number];
	uint64_t lsn = cache->top_lsn + random_blocks(world, 1 << 30);

	th_log_cache_reset(cache, lsn);
	assert_int_equal(th_log_cache_bytes(cache), 0);
	assert_false(th_log_cache_holds(cache, lsn, 1));
}

static void step(struct world *world)
{
	uint32_t number = test_random_below(&world->random, CACHES);
	uint32_t action = test_random_below(&world->random, 100);
	struct th_log_cache *cache = &world->cache[number];
	uint64_t lsn;

	if (action < 50) {
		step_reserve(world, number);
	} else if (action < 70) {
		lsn = cache->evictable_lsn +
		      random_blocks(world, cache->top_lsn - cache->evictable_lsn);
		th_log_cache_set_evictable(cache, lsn);
	} else if (action < 80) {
		lsn = cache->floor_lsn +
		      random_blocks(world, cache->evictable_lsn - cache->floor_lsn);
		th_log_cache_release_below(cache, lsn);
		assert_int_equal(cache->floor_lsn, lsn);
	} else if (action < 83) {
		lsn = cache->evictable_lsn +
		      random_blocks(world, cache->top_lsn - cache->evictable_lsn);
		th_log_cache_truncate(cache, lsn);
		assert_int_equal(cache->top_lsn, lsn);
	} else if (action < 99) {
		step_read(world, number);
	} else {
		step_reset(world, number);
	}
}

static void what_is_in_memory_reads_as_written_whatever_happens_to_the_caches(void **state)
{
	struct world *world = world_of(CACHES * TH_LOG_CACHE_CHUNKS_MIN + 7);

	(void)state;
	for (uint32_t i = 0; i < CACHES; i++)
		join(world, i, i * 1000 * TH_BLOCK_BYTES);
	for (uint32_t i = 0; i < 3000; i++) {
		uint64_t floors[CACHES];

		for (uint32_t j = 0; j < CACHES; j++)
			floors[j] = world->cache[j].floor_lsn;
		step(world);
		assert_sound(world);
		for (uint32_t j = 0; j < CACHES; j++)
			assert_true(world->cache[j].floor_lsn >= floors[j]);
	}
	for (uint32_t i = 0; i < CACHES; i++)
		assert_all_reads(world, i);
	world_free(world);
}

/* ---- one thing at a time ---- */

static void assert_reserves(struct th_log_cache *cache, uint64_t bytes)
{
	if (!th_log_cache_reserve(cache, bytes))
		fail_msg("%llu bytes at LSN %llu are refused", (unsigned long long)bytes,
			 (unsigned long long)cache->top_lsn);
}

/* Fills a cache with chunks that may all fall out. */
static void fill_with_evictable(struct th_log_cache *cache, uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks; i++) {
		assert_reserves(cache, CHUNK);
		th_log_cache_set_evictable(cache, cache->top_lsn);
	}
}

static void what_is_not_yet_in_the_log_never_falls_out(void **state)
{
	struct world *world = world_of(20);
	struct th_log_cache *cache = &world->cache[0];
	uint64_t start = 5 * TH_BLOCK_BYTES;

	(void)state;
	join(world, 0, start);
	while (th_log_cache_reserve(cache, TH_BLOCK_BYTES))
		write_blocks(world, 0, cache->top_lsn - TH_BLOCK_BYTES, TH_BLOCK_BYTES);
	assert_int_equal(cache->floor_lsn, start);
	assert_int_equal(cache->top_lsn, 20 * CHUNK);
	assert_all_reads(world, 0);
	th_log_cache_set_evictable(cache, CHUNK - 1);
	assert_false(th_log_cache_reserve(cache, TH_BLOCK_BYTES));
	assert_int_equal(cache->floor_lsn, start);
	world_free(world);
}

static void the_oldest_chunk_falls_out_first(void **state)
{
	struct world *world = world_of(20);
	struct th_log_cache *cache = &world->cache[0];

	(void)state;
	join(world, 0, 0);
	assert_reserves(cache, 20 * CHUNK);
	th_log_cache_set_evictable(cache, 2 * CHUNK + 1);
	assert_int_equal(cache->floor_lsn, 0);
	assert_reserves(cache, TH_BLOCK_BYTES);
	assert_int_equal(cache->floor_lsn, CHUNK);
	assert_reserves(cache, CHUNK);
	assert_int_equal(cache->floor_lsn, 2 * CHUNK);
	/* Of the third chunk one byte is in the log: that is not enough. */
	assert_false(th_log_cache_reserve(cache, CHUNK));
	assert_int_equal(cache->floor_lsn, 2 * CHUNK);
	world_free(world);
}

static void a_refused_reservation_changes_nothing(void **state)
{
	struct world *world = world_of(2 * TH_LOG_CACHE_CHUNKS_MIN);
	struct th_log_cache *cache = &world->cache[0];
	struct th_log_cache before;

	(void)state;
	join(world, 0, 0);
	join(world, 1, 0);
	assert_reserves(cache, 3 * CHUNK);
	before = *cache;
	assert_false(th_log_cache_reserve(cache, TH_LOG_CACHE_CHUNKS_MIN * CHUNK));
	assert_memory_equal(cache, &before, sizeof(before));
	assert_sound(world);
	world_free(world);
}

static void an_idle_cache_gets_its_share_from_a_busy_one(void **state)
{
	struct world *world = world_of(60);
	uint64_t share = 60 / CACHES;

	(void)state;
	for (uint32_t i = 0; i < CACHES; i++)
		join(world, i, 0);
	fill_with_evictable(&world->cache[0], 100);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), 60 * CHUNK);
	assert_reserves(&world->cache[1], share * CHUNK);
	assert_reserves(&world->cache[2], share * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), share * CHUNK);
	assert_int_equal(world->cache[0].floor_lsn, (100 - share) * CHUNK);
	/* Beyond their shares they get nothing more from one that is within its own. */
	assert_false(th_log_cache_reserve(&world->cache[1], 1));
	fill_with_evictable(&world->cache[0], 10);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), share * CHUNK);
	assert_sound(world);
	world_free(world);
}

static void the_largest_cache_gives_first(void **state)
{
	struct world *world = world_of(60);

	(void)state;
	for (uint32_t i = 0; i < CACHES; i++)
		join(world, i, 0);
	fill_with_evictable(&world->cache[0], 35);
	fill_with_evictable(&world->cache[1], 25);
	assert_reserves(&world->cache[2], 10 * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), 25 * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[1]), 25 * CHUNK);
	assert_reserves(&world->cache[2], 10 * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), 20 * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[1]), 20 * CHUNK);
	world_free(world);
}

static void a_cache_above_its_share_takes_nothing_from_others(void **state)
{
	struct world *world = world_of(60);

	(void)state;
	for (uint32_t i = 0; i < CACHES; i++)
		join(world, i, 0);
	fill_with_evictable(&world->cache[0], 35);
	fill_with_evictable(&world->cache[1], 35);
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), 35 * CHUNK);
	assert_int_equal(th_log_cache_bytes(&world->cache[1]), 25 * CHUNK);
	assert_int_equal(world->cache[1].floor_lsn, 10 * CHUNK);
	world_free(world);
}

static void a_newcomer_waits_only_until_the_others_logs_have_caught_up(void **state)
{
	struct world *world = world_of(2 * TH_LOG_CACHE_CHUNKS_MIN);
	uint64_t all = 2 * TH_LOG_CACHE_CHUNKS_MIN * CHUNK;

	(void)state;
	join(world, 0, 0);
	assert_reserves(&world->cache[0], all);
	join(world, 1, 0);
	assert_false(th_log_cache_reserve(&world->cache[1], CHUNK));
	/* The other one may not grow meanwhile. */
	assert_false(th_log_cache_reserve(&world->cache[0], 1));
	th_log_cache_set_evictable(&world->cache[0], all);
	assert_reserves(&world->cache[1], TH_LOG_CACHE_CHUNKS_MIN * CHUNK);
	world_free(world);
}

static void the_smallest_share_holds_two_of_the_largest_batches_and_one_more(void **state)
{
	struct world *world = world_of(TH_LOG_CACHE_CHUNKS_MIN);
	struct th_log_cache *cache = &world->cache[0];

	(void)state;
	join(world, 0, 0);
	for (uint32_t offset = 0; offset < TH_CHUNK_BYTES; offset += TH_BLOCK_BYTES) {
		th_log_cache_reset(cache, offset);
		for (uint32_t i = 0; i < 3; i++)
			assert_reserves(cache, TH_BATCH_BYTES_MAX);
	}
	world_free(world);
}

static void a_cache_more_than_the_budget_can_bear_is_refused(void **state)
{
	struct world *world = world_of(2 * TH_LOG_CACHE_CHUNKS_MIN + 1);

	(void)state;
	join(world, 0, 0);
	join(world, 1, 0);
	assert_int_equal(th_log_cache_init(&world->cache[2], &world->budget, 0), -ENOMEM);
	assert_int_equal(world->budget.cache_count, 2);
	th_log_cache_destroy(&world->cache[0]);
	join(world, 2, 0);
	world_free(world);
}

static void a_host_with_less_memory_than_the_budget_makes_do_with_what_it_has(void **state)
{
	struct world *world = world_of(30);
	struct th_log_cache *cache = &world->cache[0];

	(void)state;
	join(world, 0, 0);
	host_chunks = 4;
	assert_false(th_log_cache_reserve(cache, (MIN + 5) * CHUNK));
	assert_int_equal(cache->top_lsn, 0);
	assert_int_equal(th_log_cache_bytes(cache), 0);
	assert_reserves(cache, (MIN + 4) * CHUNK);
	assert_false(th_log_cache_reserve(cache, CHUNK));
	th_log_cache_set_evictable(cache, CHUNK);
	assert_reserves(cache, CHUNK);
	assert_int_equal(cache->floor_lsn, CHUNK);
	assert_sound(world);
	host_chunks = UINT32_MAX;
	assert_reserves(cache, 10 * CHUNK);
	assert_int_equal(cache->floor_lsn, CHUNK);
	world_free(world);
}

static void a_cache_for_which_the_host_has_no_memory_is_refused(void **state)
{
	struct world *world = world_of(3 * MIN);

	(void)state;
	host_chunks = MIN - 1;
	assert_int_equal(th_log_cache_init(&world->cache[0], &world->budget, 0), -ENOMEM);
	assert_int_equal(world->budget.cache_count, 0);
	memset(&world->cache[0], 0, sizeof(world->cache[0]));
	host_chunks = 1;
	join(world, 0, 0);
	assert_int_equal(th_log_cache_init(&world->cache[1], &world->budget, 0), -ENOMEM);
	memset(&world->cache[1], 0, sizeof(world->cache[1]));
	host_chunks = UINT32_MAX;
	assert_reserves(&world->cache[0], MIN * CHUNK);
	world_free(world);
}

static void a_cache_gets_its_share_when_the_host_has_no_more_memory(void **state)
{
	struct world *world = world_of(100 * MIN);
	struct th_log_cache *idle = &world->cache[1];

	(void)state;
	join(world, 0, 0);
	join(world, 1, 0);
	host_chunks = 0;
	assert_reserves(&world->cache[0], 2 * MIN * CHUNK);
	/* It has all there is, and must first have it in the log. */
	assert_false(th_log_cache_reserve(idle, CHUNK));
	th_log_cache_set_evictable(&world->cache[0], 2 * MIN * CHUNK);
	assert_reserves(idle, MIN * CHUNK);
	assert_false(th_log_cache_reserve(idle, CHUNK));
	assert_int_equal(th_log_cache_bytes(&world->cache[0]), MIN * CHUNK);
	assert_sound(world);
	host_chunks = UINT32_MAX;
	world_free(world);
}

static void memory_that_a_cache_gives_back_is_used_again(void **state)
{
	struct world *world = world_of(2 * MIN);

	(void)state;
	join(world, 0, 0);
	join(world, 1, 0);
	host_chunks = 0;
	assert_reserves(&world->cache[0], MIN * CHUNK);
	assert_int_equal(world->budget.free_count, MIN);
	th_log_cache_set_evictable(&world->cache[0], 4 * CHUNK);
	th_log_cache_release_below(&world->cache[0], 4 * CHUNK);
	assert_int_equal(world->budget.free_count, MIN + 4);
	th_log_cache_truncate(&world->cache[0], 8 * CHUNK - 1);
	assert_int_equal(world->budget.free_count, 2 * MIN - 4);
	assert_reserves(&world->cache[1], MIN * CHUNK);
	th_log_cache_destroy(&world->cache[0]);
	assert_reserves(&world->cache[1], MIN * CHUNK);
	host_chunks = UINT32_MAX;
	assert_sound(world);
	world_free(world);
}

static void a_long_log_passes_through_a_small_ring(void **state)
{
	struct world *world = world_of(TH_LOG_CACHE_CHUNKS_MIN);
	struct th_log_cache *cache = &world->cache[0];

	(void)state;
	join(world, 0, 7 * TH_BLOCK_BYTES);
	assert_int_equal(cache->window, 16);
	for (uint32_t i = 0; i < 64; i++) {
		uint64_t lsn = cache->top_lsn;

		assert_reserves(cache, TH_BATCH_BYTES_MAX);
		write_blocks(world, 0, lsn, TH_BATCH_BYTES_MAX);
		th_log_cache_set_evictable(cache, cache->top_lsn);
		assert_all_reads(world, 0);
	}
	assert_true(cache->floor_lsn > 60 * TH_BATCH_PAYLOAD_MAX);
	world_free(world);
}

static void a_piece_ends_with_its_chunk_and_at_the_top(void **state)
{
	struct world *world = world_of(20);
	struct th_log_cache *cache = &world->cache[0];
	uint64_t bytes = 10 * CHUNK;

	(void)state;
	join(world, 0, 0);
	assert_reserves(cache, CHUNK + 8192);
	th_log_cache_at(cache, 4096, &bytes);
	assert_int_equal(bytes, CHUNK - 4096);
	bytes = 512;
	th_log_cache_at(cache, 4096, &bytes);
	assert_int_equal(bytes, 512);
	bytes = CHUNK;
	th_log_cache_at(cache, CHUNK + 4096, &bytes);
	assert_int_equal(bytes, 4096);
	world_free(world);
}

static void one_bit_is_enough_not_to_be_zero(void **state)
{
	struct world *world = world_of(20);
	struct th_log_cache *cache = &world->cache[0];
	const uint64_t lsn = CHUNK - 512;
	uint8_t byte;

	(void)state;
	join(world, 0, 0);
	assert_reserves(cache, 2 * CHUNK);
	memset(world->data, 0xff, sizeof(world->data));
	th_log_cache_copy_in(cache, lsn - 8, world->data, 1040);
	th_log_cache_zero(cache, lsn, 1024);
	assert_true(th_log_cache_is_zero(cache, lsn, 1024));
	assert_false(th_log_cache_is_zero(cache, lsn - 8, 1024));
	assert_false(th_log_cache_is_zero(cache, lsn, 1032));
	for (uint32_t bit = 0; bit < 1024 * 8; bit++) {
		byte = (uint8_t)(1u << bit % 8);
		th_log_cache_copy_in(cache, lsn + bit / 8, &byte, 1);
		assert_false(th_log_cache_is_zero(cache, lsn, 1024));
		th_log_cache_zero(cache, lsn + bit / 8, 1);
	}
	assert_true(th_log_cache_is_zero(cache, lsn, 1024));
	world_free(world);
}

/* ---- misuse ---- */

static void promise_too_much(void *cache)
{
	th_log_cache_set_evictable(cache, 8193);
}

static void release_what_is_not_in_the_log(void *cache)
{
	th_log_cache_release_below(cache, 4097);
}

static void truncate_what_is_in_the_log(void *cache)
{
	th_log_cache_truncate(cache, 4095);
}

static void read_above_the_top(void *cache)
{
	th_log_cache_crc32c(cache, 0, 4096, 4097);
}

static void what_would_lose_data_stops_the_host(void **state)
{
	struct world *world = world_of(20);
	struct th_log_cache *cache = &world->cache[0];

	(void)state;
	join(world, 0, 0);
	assert_reserves(cache, 8192);
	th_log_cache_set_evictable(cache, 4096);
	assert_true(test_aborts(promise_too_much, cache));
	assert_true(test_aborts(release_what_is_not_in_the_log, cache));
	assert_true(test_aborts(truncate_what_is_in_the_log, cache));
	assert_true(test_aborts(read_above_the_top, cache));
	world_free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_memory_reads_as_written_whatever_happens_to_the_caches),
		cmocka_unit_test(what_is_not_yet_in_the_log_never_falls_out),
		cmocka_unit_test(the_oldest_chunk_falls_out_first),
		cmocka_unit_test(a_refused_reservation_changes_nothing),
		cmocka_unit_test(an_idle_cache_gets_its_share_from_a_busy_one),
		cmocka_unit_test(the_largest_cache_gives_first),
		cmocka_unit_test(a_cache_above_its_share_takes_nothing_from_others),
		cmocka_unit_test(a_newcomer_waits_only_until_the_others_logs_have_caught_up),
		cmocka_unit_test(the_smallest_share_holds_two_of_the_largest_batches_and_one_more),
		cmocka_unit_test(a_cache_more_than_the_budget_can_bear_is_refused),
		cmocka_unit_test(a_host_with_less_memory_than_the_budget_makes_do_with_what_it_has),
		cmocka_unit_test(a_cache_for_which_the_host_has_no_memory_is_refused),
		cmocka_unit_test(a_cache_gets_its_share_when_the_host_has_no_more_memory),
		cmocka_unit_test(memory_that_a_cache_gives_back_is_used_again),
		cmocka_unit_test(a_long_log_passes_through_a_small_ring),
		cmocka_unit_test(a_piece_ends_with_its_chunk_and_at_the_top),
		cmocka_unit_test(one_bit_is_enough_not_to_be_zero),
		cmocka_unit_test(what_would_lose_data_stops_the_host),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("log cache", tests, NULL, NULL);
}
