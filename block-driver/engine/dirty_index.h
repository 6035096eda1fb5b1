/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dirty index: for every part of the device whose newest version is not known to be on the disk, where in the
 * log that version stands. A set of extents that never overlap, ordered by position.
 *
 * Extents point into the log by LSN, not into memory: whether the bytes are at hand is the log cache's
 * business. So the index costs one extent per dirty piece, and dropping payloads from memory does not touch it.
 *
 * A tree ordered by position (a treap: a search tree by position, a heap by random priority; Aragon and Seidel,
 * "Randomized search trees", 1996), extents from a pool of fixed size. Expected O(log n), no recursion. Owner: the engine.
 */
#ifndef THARSIS_DIRTY_INDEX_H
#define THARSIS_DIRTY_INDEX_H

#include <tharsis/port.h>

struct th_extent {
	uint64_t position;
	uint64_t length;
	uint64_t batch_lsn; /* of the record's batch: what write-ahead and checkpoint compare with */
	uint64_t payload_lsn; /* LSN of the byte for @position; TH_ZEROES: reads as zeroes */
	bool deallocate; /* zeroes that may be given back to the disk (discard) */

	uint32_t priority; /* from here on the index's own */
	struct th_extent *parent, *left, *right;
};

#define TH_ZEROES UINT64_MAX

struct th_dirty_index {
	struct th_extent *root;
	struct th_extent *pool; /* all extents */
	struct th_extent *pool_free; /* given back; linked by ->right */
	uint32_t pool_used; /* extents of the pool behind these were never taken */
	uint32_t capacity;
	uint32_t count;
	uint64_t dirty_bytes; /* sum of lengths */
	uint64_t random;
};

/* May block. -ENOMEM. @seed makes the shape of the tree reproducible; hosts give a random one. */
int th_dirty_index_init(struct th_dirty_index *index, uint32_t capacity, uint64_t seed);
void th_dirty_index_destroy(struct th_dirty_index *index);

/* One insertion needs at most this many free extents (itself, and the rest of one that it splits). */
#define TH_DIRTY_INDEX_INSERT_MAX 2u
static inline uint32_t th_dirty_index_room(const struct th_dirty_index *index)
{
	return index->capacity - index->count;
}

/*
 * @extent's public fields (copied) become the newest version of its range: what lay there before is removed, trimmed
 * or split. Needs room for TH_DIRTY_INDEX_INSERT_MAX.
 */
void th_dirty_index_insert(struct th_dirty_index *index, const struct th_extent *extent);

/* The first extent that ends behind @position; NULL: none. */
struct th_extent *th_dirty_index_find(const struct th_dirty_index *index, uint64_t position);
struct th_extent *th_dirty_index_next(const struct th_extent *extent);

/*
 * The blocks of [position, position + length) whose batch_lsn is below @below_lsn have reached the disk: their
 * extents go; those that reach out of the range are trimmed. Needs room for 1.
 */
void th_dirty_index_clean(struct th_dirty_index *index, uint64_t position, uint64_t length,
			  uint64_t below_lsn);

/* Forgets everything. */
void th_dirty_index_clear(struct th_dirty_index *index);

/* Asserts order, disjointness, heap property, parents, count and dirty_bytes. For tests; O(n). */
void th_dirty_index_verify(const struct th_dirty_index *index);

#endif
