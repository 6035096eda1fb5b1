// SPDX-License-Identifier: GPL-2.0
/*
 * Chunks of memory in a ring, and a budget that they come from.
 *
 * Why nobody starves: reserve keeps what a cache has not yet in the log within its share of the budget. So a cache that
 * holds more than its share has a chunk that can fall out; and while another one holds less than its share
 * and nothing is free, such a cache exists. When the host gives no more memory the same holds for shares of what there is.
 */
#include "log_cache.h"

/* ---- budget ---- */

#define TH_CHUNKS_MAX (1u << 31) /* the largest power of two that fits: 512 TiB */

void th_memory_budget_init(struct th_memory_budget *budget, uint64_t bytes)
{
	memset(budget, 0, sizeof(*budget));
	budget->chunk_count_max = (uint32_t)TH_MIN(bytes / TH_CHUNK_BYTES, TH_CHUNKS_MAX);
	th_list_init(&budget->caches);
}

static void budget_put(struct th_memory_budget *budget, void *chunk)
{
	*(void **)chunk = budget->free;
	budget->free = chunk;
	budget->free_count++;
}

/* A free chunk, or a new one; NULL: the budget is used up, or the host has no more memory, or needs it elsewhere. */
static void *budget_take(struct th_memory_budget *budget)
{
	void *chunk = budget->free;

	if (chunk) {
		budget->free = *(void **)chunk;
		budget->free_count--;
		return chunk;
	}
	if (budget->chunk_count == budget->chunk_count_max || th_memory_is_short())
		return NULL;
	chunk = th_alloc_buffer(TH_CHUNK_BYTES);
	if (chunk)
		budget->chunk_count++;
	return chunk;
}

void th_memory_budget_destroy(struct th_memory_budget *budget)
{
	TH_ASSERT(budget->cache_count == 0 && budget->free_count == budget->chunk_count);
	while (budget->free_count > 0)
		th_free_buffer(budget_take(budget), TH_CHUNK_BYTES);
	memset(budget, 0, sizeof(*budget));
}

/* False: the host has no memory for so many. What was allocated stays in the free list. */
static bool budget_provide(struct th_memory_budget *budget, uint32_t chunk_count)
{
	while (budget->chunk_count < chunk_count) {
		void *chunk = th_alloc_buffer(TH_CHUNK_BYTES);

		if (!chunk)
			return false;
		budget->chunk_count++;
		budget_put(budget, chunk);
	}
	return true;
}

/* Chunks that each cache may hold even when all want more. */
static uint32_t budget_share(const struct th_memory_budget *budget)
{
	return budget->chunk_count_max / budget->cache_count;
}

/* The same of what there is, when no more can be had. */
static uint32_t present_share(const struct th_memory_budget *budget)
{
	return budget->chunk_count / budget->cache_count;
}

/* ---- chunks of a cache ---- */

static uint64_t chunk_of(uint64_t lsn)
{
	return lsn / TH_CHUNK_BYTES;
}

/* The first chunk that holds nothing below @lsn. */
static uint64_t chunk_behind(uint64_t lsn)
{
	return chunk_of(lsn + TH_CHUNK_BYTES - 1);
}

static uint64_t chunks_held(const struct th_log_cache *cache)
{
	return cache->chunk_end - chunk_of(cache->floor_lsn);
}

static uint8_t **chunk_slot(const struct th_log_cache *cache, uint64_t chunk)
{
	return &cache->chunks[chunk & (cache->window - 1)];
}

/* Moves the floor up to @lsn; chunks that are wholly below go back to the budget. */
static void raise_floor(struct th_log_cache *cache, uint64_t lsn)
{
	uint64_t chunk;

	for (chunk = chunk_of(cache->floor_lsn); chunk < chunk_of(lsn); chunk++)
		budget_put(cache->budget, *chunk_slot(cache, chunk));
	cache->floor_lsn = lsn;
}

/* Gives back the chunks from @chunk_end on. */
static void lower_end(struct th_log_cache *cache, uint64_t chunk_end)
{
	while (cache->chunk_end > chunk_end) {
		cache->chunk_end--;
		budget_put(cache->budget, *chunk_slot(cache, cache->chunk_end));
	}
}

/* Can the oldest chunk fall out? */
static bool has_evictable(const struct th_log_cache *cache)
{
	return chunk_of(cache->floor_lsn) < chunk_of(cache->evictable_lsn);
}

static void evict(struct th_log_cache *cache)
{
	raise_floor(cache, (chunk_of(cache->floor_lsn) + 1) * TH_CHUNK_BYTES);
}

/* Of the caches above their share the largest one that can give a chunk; NULL: none. */
static struct th_log_cache *find_rich(const struct th_memory_budget *budget)
{
	struct th_log_cache *rich = NULL;
	uint64_t held_most = present_share(budget);
	struct th_list *link;

	th_list_for_each(link, &budget->caches) {
		struct th_log_cache *cache = th_list_entry(link, struct th_log_cache, link);

		if (chunks_held(cache) > held_most && has_evictable(cache)) {
			held_most = chunks_held(cache);
			rich = cache;
		}
	}
	return rich;
}

/* Who gives a chunk so that @cache can have one; NULL: nobody. */
static struct th_log_cache *find_victim(struct th_log_cache *cache)
{
	struct th_log_cache *rich = NULL;

	if (chunks_held(cache) < present_share(cache->budget))
		rich = find_rich(cache->budget);
	if (rich)
		return rich;
	return has_evictable(cache) ? cache : NULL;
}

/* One more chunk at the end. */
static bool add_chunk(struct th_log_cache *cache)
{
	uint8_t *chunk = budget_take(cache->budget);

	if (!chunk) {
		struct th_log_cache *victim = find_victim(cache);

		if (!victim)
			return false;
		evict(victim);
		chunk = budget_take(cache->budget);
	}
	*chunk_slot(cache, cache->chunk_end) = chunk;
	cache->chunk_end++;
	return true;
}

/* ---- the cache ---- */

static void begin_at(struct th_log_cache *cache, uint64_t lsn)
{
	cache->floor_lsn = lsn;
	cache->top_lsn = lsn;
	cache->evictable_lsn = lsn;
	cache->chunk_end = chunk_of(lsn);
}

int th_log_cache_init(struct th_log_cache *cache, struct th_memory_budget *budget,
		      uint64_t start_lsn)
{
	memset(cache, 0, sizeof(*cache));
	if (budget->chunk_count_max / TH_LOG_CACHE_CHUNKS_MIN <= budget->cache_count)
		return -ENOMEM;
	if (!budget_provide(budget, (budget->cache_count + 1) * TH_LOG_CACHE_CHUNKS_MIN))
		return -ENOMEM;
	cache->window = 1;
	while (cache->window < budget->chunk_count_max)
		cache->window *= 2;
	cache->chunks = th_alloc(cache->window * sizeof(*cache->chunks));
	if (!cache->chunks)
		return -ENOMEM;
	cache->budget = budget;
	begin_at(cache, start_lsn);
	th_list_push_back(&budget->caches, &cache->link);
	budget->cache_count++;
	return 0;
}

void th_log_cache_destroy(struct th_log_cache *cache)
{
	lower_end(cache, chunk_of(cache->floor_lsn));
	th_list_remove(&cache->link);
	cache->budget->cache_count--;
	th_free(cache->chunks);
	memset(cache, 0, sizeof(*cache));
}

void th_log_cache_reset(struct th_log_cache *cache, uint64_t start_lsn)
{
	lower_end(cache, chunk_of(cache->floor_lsn));
	begin_at(cache, start_lsn);
}

bool th_log_cache_reserve(struct th_log_cache *cache, uint64_t bytes)
{
	uint64_t end_before = cache->chunk_end;
	uint64_t end = chunk_behind(cache->top_lsn + bytes);

	if (end > cache->chunk_end) {
		if (end - chunk_of(cache->evictable_lsn) > budget_share(cache->budget))
			return false;
		while (cache->chunk_end < end) {
			if (!add_chunk(cache)) {
				lower_end(cache, end_before);
				return false;
			}
		}
	}
	cache->top_lsn += bytes;
	return true;
}

void th_log_cache_set_evictable(struct th_log_cache *cache, uint64_t lsn)
{
	TH_ASSERT(lsn >= cache->evictable_lsn && lsn <= cache->top_lsn);
	cache->evictable_lsn = lsn;
}

void th_log_cache_release_below(struct th_log_cache *cache, uint64_t lsn)
{
	TH_ASSERT(lsn <= cache->evictable_lsn);
	if (lsn > cache->floor_lsn)
		raise_floor(cache, lsn);
}

void th_log_cache_truncate(struct th_log_cache *cache, uint64_t lsn)
{
	TH_ASSERT(lsn >= cache->evictable_lsn && lsn <= cache->top_lsn);
	lower_end(cache, chunk_behind(lsn));
	cache->top_lsn = lsn;
}

uint64_t th_log_cache_share_bytes(const struct th_log_cache *cache)
{
	return (uint64_t)budget_share(cache->budget) * TH_CHUNK_BYTES;
}

uint64_t th_log_cache_bytes(const struct th_log_cache *cache)
{
	return chunks_held(cache) * TH_CHUNK_BYTES;
}

/* ---- access ---- */

/* The memory of @lsn; @piece: how many of @bytes lie in the same chunk. */
static uint8_t *piece_at(const struct th_log_cache *cache, uint64_t lsn, uint64_t bytes,
			 uint64_t *piece)
{
	uint64_t offset = lsn % TH_CHUNK_BYTES;

	*piece = TH_MIN(bytes, TH_CHUNK_BYTES - offset);
	return *chunk_slot(cache, chunk_of(lsn)) + offset;
}

uint8_t *th_log_cache_at(const struct th_log_cache *cache, uint64_t lsn, uint64_t *bytes)
{
	TH_ASSERT(th_log_cache_holds(cache, lsn, 1));
	return piece_at(cache, lsn, TH_MIN(*bytes, cache->top_lsn - lsn), bytes);
}

void th_log_cache_copy_in(struct th_log_cache *cache, uint64_t lsn, const void *data,
			  uint64_t bytes)
{
	const uint8_t *from = data;
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes));
	for (; bytes > 0; lsn += piece, from += piece, bytes -= piece) {
		uint8_t *memory = piece_at(cache, lsn, bytes, &piece);

		memcpy(memory, from, piece);
	}
}

void th_log_cache_copy_out(const struct th_log_cache *cache, uint64_t lsn, void *data,
			   uint64_t bytes)
{
	uint8_t *to = data;
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes));
	for (; bytes > 0; lsn += piece, to += piece, bytes -= piece) {
		const uint8_t *memory = piece_at(cache, lsn, bytes, &piece);

		memcpy(to, memory, piece);
	}
}

void th_log_cache_zero(struct th_log_cache *cache, uint64_t lsn, uint64_t bytes)
{
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes));
	for (; bytes > 0; lsn += piece, bytes -= piece) {
		uint8_t *memory = piece_at(cache, lsn, bytes, &piece);

		memset(memory, 0, piece);
	}
}

bool th_log_cache_is_zero(const struct th_log_cache *cache, uint64_t lsn, uint64_t bytes)
{
	uint64_t seen = 0;
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes) && th_is_aligned(lsn | bytes, 8));
	for (; bytes > 0; lsn += piece, bytes -= piece) {
		const uint64_t *word = (void *)piece_at(cache, lsn, bytes, &piece);
		const uint64_t *end = word + piece / sizeof(*word);

		while (word < end)
			seen |= *word++;
	}
	return seen == 0;
}

uint32_t th_log_cache_crc32c(const struct th_log_cache *cache, uint32_t crc, uint64_t lsn,
			     uint64_t bytes)
{
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes));
	for (; bytes > 0; lsn += piece, bytes -= piece) {
		const uint8_t *memory = piece_at(cache, lsn, bytes, &piece);

		crc = th_crc32c(crc, memory, piece);
	}
	return crc;
}

uint32_t th_log_cache_vec(const struct th_log_cache *cache, uint64_t lsn, uint64_t bytes,
			  struct th_vec *vec)
{
	uint32_t count = 0;
	uint64_t piece;

	TH_ASSERT(th_log_cache_holds(cache, lsn, bytes));
	for (; bytes > 0; lsn += piece, bytes -= piece) {
		TH_ASSERT(count < TH_VEC_MAX);
		vec[count].base = piece_at(cache, lsn, bytes, &piece);
		vec[count].bytes = (uint32_t)piece;
		count++;
	}
	return count;
}
