/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log cache: the newest part of the log in memory, byte for byte as in the log, addressed by LSN.
 *
 *        floor                      top
 *   ------+--------------------------+------------> LSN
 *    only | in memory, chunk by      | not yet
 *   in log| chunk of 256 KiB         | reserved
 *
 * Batches are built in it and appended from it; replay reads the log into it; the dirty index points into it by
 * LSN. Memory comes in chunks from a budget that all engines of a host share. When the budget is used up, chunks
 * fall out at the floor, oldest first: their bytes are in the log and are read from there when needed. A
 * chunk can fall out only when all of it has been appended (the caller says how far that is).
 *
 * Owner: the engine. The budget: the engines' common executor.
 */
#ifndef THARSIS_LOG_CACHE_H
#define THARSIS_LOG_CACHE_H

#include <tharsis/list.h>
#include <tharsis/request.h>

#define TH_CHUNK_BYTES (256u * 1024u)

/* What all engines of a host share. Chunks that were once allocated stay in a free list. */
struct th_memory_budget {
	uint32_t chunk_count_max;
	uint32_t chunk_count; /* allocated: in use and free */
	uint32_t free_count;
	uint32_t cache_count; /* caches registered */
	void *free; /* linked through their first word */
	struct th_list caches;
};

void th_memory_budget_init(struct th_memory_budget *budget, uint64_t bytes);
/* Only when no cache is registered. */
void th_memory_budget_destroy(struct th_memory_budget *budget);

struct th_log_cache {
	struct th_memory_budget *budget;
	struct th_list link; /* in budget->caches */
	uint8_t **chunks; /* ring of pointers: chunk number modulo window */
	uint32_t window; /* entries of the ring, a power of two */
	uint64_t chunk_end; /* number of the chunk behind the last one held */
	uint64_t floor_lsn; /* first byte in memory */
	uint64_t top_lsn; /* first byte not reserved */
	uint64_t evictable_lsn; /* bytes below are in the log and may fall out */
};

/*
 * May block. @start_lsn: nothing below it is in memory. -ENOMEM, also when the budget is too small for one more cache.
 */
int th_log_cache_init(struct th_log_cache *cache, struct th_memory_budget *budget,
		      uint64_t start_lsn);
void th_log_cache_destroy(struct th_log_cache *cache);
/* Forgets all and begins at @start_lsn. */
void th_log_cache_reset(struct th_log_cache *cache, uint64_t start_lsn);

/*
 * Moves top up by @bytes. False, and nothing is reserved, when there is no memory that can be had: what this cache has
 * not yet in the log would exceed its share of the budget. A cache within its share takes chunks from those above
 * theirs (oldest evictable first), so one busy resource cannot starve the others: every cache can always hold
 * at least TH_LOG_CACHE_CHUNKS_MIN chunks (the budget must be at least that many times the number of caches; else
 * th_log_cache_init() refuses one more; and it allocates them, so that this holds however little memory the host has
 * later). Right after a cache was added, or when the host has no more memory, it may have to wait until what the
 * others have under way is in the log; nobody tells it then.
 */
#define TH_LOG_CACHE_CHUNKS_MIN 14u /* two of the largest batches under way and one being filled */
bool th_log_cache_reserve(struct th_log_cache *cache, uint64_t bytes);
/* The caller promises that all bytes below are in the log. Never goes back except by reset. */
void th_log_cache_set_evictable(struct th_log_cache *cache, uint64_t lsn);
/* Bytes below are of no use any more: their chunks go back to the budget. Must be at or below evictable. */
void th_log_cache_release_below(struct th_log_cache *cache, uint64_t lsn);
/* Takes back what was reserved at or above @lsn (an aborted read). */
void th_log_cache_truncate(struct th_log_cache *cache, uint64_t lsn);

static inline bool th_log_cache_holds(const struct th_log_cache *cache, uint64_t lsn,
				      uint64_t bytes)
{
	return lsn >= cache->floor_lsn && lsn + bytes <= cache->top_lsn;
}

/* The memory of @lsn, and how many bytes follow it without a gap (@bytes: in: wanted; out: at hand, at least 1). */
uint8_t *th_log_cache_at(const struct th_log_cache *cache, uint64_t lsn, uint64_t *bytes);

void th_log_cache_copy_in(struct th_log_cache *cache, uint64_t lsn, const void *data,
			  uint64_t bytes);
void th_log_cache_copy_out(const struct th_log_cache *cache, uint64_t lsn, void *data,
			   uint64_t bytes);
void th_log_cache_zero(struct th_log_cache *cache, uint64_t lsn, uint64_t bytes);
/* For bytes that must be zero. @lsn and @bytes: multiples of 8. */
bool th_log_cache_is_zero(const struct th_log_cache *cache, uint64_t lsn, uint64_t bytes);
/* As th_crc32c() over a range of the log. */
uint32_t th_log_cache_crc32c(const struct th_log_cache *cache, uint32_t crc, uint64_t lsn,
			     uint64_t bytes);
/* The pieces of memory of a range, for I/O. Returns their number (at most TH_VEC_MAX; asserted). */
uint32_t th_log_cache_vec(const struct th_log_cache *cache, uint64_t lsn, uint64_t bytes,
			  struct th_vec *vec);

/* Bytes of memory this cache may hold when all caches of the host want as much as they can get. */
uint64_t th_log_cache_share_bytes(const struct th_log_cache *cache);

/* Bytes of memory this cache holds. */
uint64_t th_log_cache_bytes(const struct th_log_cache *cache);

#endif
