/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dirty index: for every part of the device whose newest version is not known to be on the disk, where in the
 * log that version stands. A set of extents that never overlap, ordered by position.
 *
 * Extents point into the log by LSN, not into memory: whether the bytes are at hand is the log cache's
 * business. So the index costs one extent per dirty piece, and dropping payloads from memory does not touch it.
 *
 * A B+tree (Bayer and McCreight, "Organization and Maintenance of Large Ordered Indexes", 1972; with linked leaves as in
 * Comer, "The Ubiquitous B-Tree", 1979): what such an index costs is cache misses, and a tree of wide nodes has one where
 * a binary tree has many. All nodes come from a pool that is sized for the worst case: every node but the root is at
 * least half full (a full one is split before it takes another item, one that falls below half takes items from a
 * neighbour or is merged with it), 7 extents of 15 in a leaf and 15 children of 30 in the nodes above. So the number of
 * nodes is bounded by @capacity in whatever order extents come and go: on a 64-bit host at most 78 bytes for each extent of
 * the capacity, 32 of them the extent itself. Memory that was never needed is never touched.
 *
 * All operations are O(log n) for each extent that they touch, without recursion, and allocate nothing. Owner: the engine.
 */
#ifndef THARSIS_DIRTY_INDEX_H
#define THARSIS_DIRTY_INDEX_H

#include <tharsis/port.h>

struct th_extent {
	uint64_t position;
	uint64_t length;
	uint64_t batch_lsn; /* of the record's batch: what write-ahead and checkpoint compare with */
	uint64_t payload_lsn; /* LSN of the byte for @position; or TH_ZEROES, TH_DEALLOCATED */
};

#define TH_ZEROES      UINT64_MAX /* reads as zeroes */
#define TH_DEALLOCATED (UINT64_MAX - 1) /* the same, and may be given back to the disk (discard) */

static inline bool th_extent_is_zeroes(const struct th_extent *extent)
{
	return extent->payload_lsn >= TH_DEALLOCATED;
}

struct th_dirty_node;

struct th_dirty_index {
	struct th_dirty_node *root;
	struct th_dirty_node *pool; /* all nodes */
	struct th_dirty_node *pool_free; /* given back; linked by ->next */
	uint32_t pool_used; /* nodes of the pool behind these were never taken */
	uint32_t pool_nodes;
	uint32_t levels; /* of the tree; 1: the root is a leaf */
	uint32_t capacity;
	uint32_t count; /* of extents */
	uint64_t dirty_bytes; /* sum of lengths */
};

/* May block. -ENOMEM. */
int th_dirty_index_init(struct th_dirty_index *index, uint32_t capacity);
void th_dirty_index_destroy(struct th_dirty_index *index);

/* One insertion needs at most this many free extents (itself, and the rest of one that it splits). */
#define TH_DIRTY_INDEX_INSERT_MAX 2u
static inline uint32_t th_dirty_index_room(const struct th_dirty_index *index)
{
	return index->capacity - index->count;
}

/*
 * @extent (copied) becomes the newest version of its range: what lay there before is removed, trimmed or split. Needs
 * room for TH_DIRTY_INDEX_INSERT_MAX.
 */
void th_dirty_index_insert(struct th_dirty_index *index, const struct th_extent *extent);

/* The first extent that ends behind @position; NULL: none. Valid until the index is changed the next time. */
const struct th_extent *th_dirty_index_find(const struct th_dirty_index *index, uint64_t position);
const struct th_extent *th_dirty_index_next(const struct th_dirty_index *index,
					    const struct th_extent *extent);

/*
 * The blocks of [position, position + length) whose batch_lsn is below @below_lsn have reached the disk: their
 * extents go; those that reach out of the range are trimmed. Needs room for 1.
 */
void th_dirty_index_clean(struct th_dirty_index *index, uint64_t position, uint64_t length,
			  uint64_t below_lsn);

/* Forgets everything. */
void th_dirty_index_clear(struct th_dirty_index *index);

/* Asserts order, disjointness, the shape of the tree, its bounds, count and dirty_bytes. For tests; O(n). */
void th_dirty_index_verify(const struct th_dirty_index *index);

#endif
