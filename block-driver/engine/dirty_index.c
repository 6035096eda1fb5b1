// SPDX-License-Identifier: GPL-2.0
/*
 * A treap of extents. Adding is a descent to the leaf and rotations upwards (fewer than two on average); removing
 * merges the two subtrees of what goes. Both keep the heap order of the random priorities, which is what keeps the
 * tree shallow in whatever order positions come.
 */
#include "dirty_index.h"

static uint64_t end_of(const struct th_extent *extent)
{
	return extent->position + extent->length;
}

/* xorshift64; never 0. Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t next_priority(struct th_dirty_index *index)
{
	uint64_t x = index->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	index->random = x;
	return (uint32_t)(x >> 32);
}

/* ---- pool ---- */

int th_dirty_index_init(struct th_dirty_index *index, uint32_t capacity, uint64_t seed)
{
	TH_ASSERT(capacity >= TH_DIRTY_INDEX_INSERT_MAX);
	memset(index, 0, sizeof(*index));
	index->pool = th_alloc((size_t)capacity * sizeof(*index->pool));
	if (!index->pool)
		return -ENOMEM;
	index->capacity = capacity;
	index->random = (seed | 1) * 0x9e3779b97f4a7c15; /* never 0; spreads small seeds */
	return 0;
}

void th_dirty_index_destroy(struct th_dirty_index *index)
{
	th_free(index->pool);
	memset(index, 0, sizeof(*index));
}

void th_dirty_index_clear(struct th_dirty_index *index)
{
	index->root = NULL;
	index->pool_free = NULL;
	index->pool_used = 0;
	index->count = 0;
	index->dirty_bytes = 0;
}

static struct th_extent *pool_take(struct th_dirty_index *index)
{
	struct th_extent *extent = index->pool_free;

	if (extent) {
		index->pool_free = extent->right;
	} else {
		TH_ASSERT(index->pool_used < index->capacity);
		extent = &index->pool[index->pool_used++];
	}
	index->count++;
	return extent;
}

static void pool_put(struct th_dirty_index *index, struct th_extent *extent)
{
	extent->right = index->pool_free;
	index->pool_free = extent;
	index->count--;
}

/* ---- tree ---- */

/* Where a new extent is attached: below @parent, at @link. */
struct place {
	struct th_extent *parent;
	struct th_extent **link;
};

/* The first extent that ends behind @position; @place: where one that ends before it, and begins at @position, goes. */
static struct th_extent *descend(struct th_dirty_index *index, uint64_t position,
				 struct place *place)
{
	struct th_extent *extent = index->root;
	struct th_extent *found = NULL;

	place->parent = NULL;
	place->link = &index->root;
	while (extent) {
		place->parent = extent;
		if (end_of(extent) > position) {
			found = extent;
			place->link = &extent->left;
		} else {
			place->link = &extent->right;
		}
		extent = *place->link;
	}
	return found;
}

/* The link that points to @extent. */
static struct th_extent **link_to(struct th_dirty_index *index, struct th_extent *extent)
{
	struct th_extent *parent = extent->parent;

	if (!parent)
		return &index->root;
	return parent->left == extent ? &parent->left : &parent->right;
}

/* @extent takes the place of its parent, which becomes its child on the other side. */
static void rotate_up(struct th_dirty_index *index, struct th_extent *extent)
{
	struct th_extent *parent = extent->parent;
	struct th_extent **link = link_to(index, parent);
	struct th_extent *moved;

	if (parent->left == extent) {
		moved = extent->right;
		extent->right = parent;
		parent->left = moved;
	} else {
		moved = extent->left;
		extent->left = parent;
		parent->right = moved;
	}
	if (moved)
		moved->parent = parent;
	extent->parent = parent->parent;
	parent->parent = extent;
	*link = extent;
}

static void attach(struct th_dirty_index *index, struct th_extent *extent,
		   const struct place *place)
{
	extent->left = NULL;
	extent->right = NULL;
	extent->parent = place->parent;
	extent->priority = next_priority(index);
	*place->link = extent;
	while (extent->parent && extent->parent->priority < extent->priority)
		rotate_up(index, extent);
}

/* The subtrees below @extent are merged in its place. */
static void detach(struct th_dirty_index *index, struct th_extent *extent)
{
	struct th_extent **link = link_to(index, extent);
	struct th_extent *parent = extent->parent;
	struct th_extent *left = extent->left;
	struct th_extent *right = extent->right;
	struct th_extent *rest;

	while (left && right) {
		if (left->priority > right->priority) {
			*link = left;
			left->parent = parent;
			parent = left;
			link = &left->right;
			left = left->right;
		} else {
			*link = right;
			right->parent = parent;
			parent = right;
			link = &right->left;
			right = right->left;
		}
	}
	rest = left ? left : right;
	*link = rest;
	if (rest)
		rest->parent = parent;
}

struct th_extent *th_dirty_index_find(const struct th_dirty_index *index, uint64_t position)
{
	struct th_extent *extent = index->root;
	struct th_extent *found = NULL;

	while (extent) {
		if (end_of(extent) > position) {
			found = extent;
			extent = extent->left;
		} else {
			extent = extent->right;
		}
	}
	return found;
}

struct th_extent *th_dirty_index_next(const struct th_extent *extent)
{
	struct th_extent *next = extent->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	while (extent->parent && extent->parent->right == extent)
		extent = extent->parent;
	return extent->parent;
}

/* ---- extents ---- */

/* The public fields only: @to keeps its place in the tree. */
static void copy_public(struct th_extent *to, const struct th_extent *from)
{
	to->position = from->position;
	to->length = from->length;
	to->batch_lsn = from->batch_lsn;
	to->payload_lsn = from->payload_lsn;
	to->deallocate = from->deallocate;
}

/* @extent begins only at @position. */
static void trim_front(struct th_extent *extent, uint64_t position)
{
	uint64_t bytes = position - extent->position;

	extent->position += bytes;
	extent->length -= bytes;
	if (extent->payload_lsn != TH_ZEROES)
		extent->payload_lsn += bytes;
}

static void add(struct th_dirty_index *index, const struct th_extent *content,
		const struct place *place)
{
	struct th_extent *extent = pool_take(index);

	copy_public(extent, content);
	attach(index, extent, place);
}

/* [from, to) lies inside @extent, which goes on at both sides. */
static void split(struct th_dirty_index *index, struct th_extent *extent, uint64_t from,
		  uint64_t to)
{
	struct th_extent rest = *extent;
	struct place place;

	extent->length = from - extent->position;
	trim_front(&rest, to);
	descend(index, to, &place);
	add(index, &rest, &place);
}

/* Removes [from, to) from @extent, which overlaps it. Returns what came behind @extent. */
static struct th_extent *cut(struct th_dirty_index *index, struct th_extent *extent, uint64_t from,
			     uint64_t to)
{
	struct th_extent *next = th_dirty_index_next(extent);
	uint64_t begin = TH_MAX(from, extent->position);
	uint64_t end = TH_MIN(to, end_of(extent));

	index->dirty_bytes -= end - begin;
	if (begin > extent->position && end < end_of(extent)) {
		split(index, extent, begin, end);
	} else if (begin > extent->position) {
		extent->length = begin - extent->position;
	} else if (end < end_of(extent)) {
		trim_front(extent, end);
	} else {
		detach(index, extent);
		pool_put(index, extent);
	}
	return next;
}

void th_dirty_index_insert(struct th_dirty_index *index, const struct th_extent *extent)
{
	uint64_t end = end_of(extent);
	struct th_extent *old;
	struct place place;

	TH_ASSERT(extent->length > 0 && end > extent->position);
	TH_ASSERT(th_dirty_index_room(index) >= TH_DIRTY_INDEX_INSERT_MAX);
	old = descend(index, extent->position, &place);
	if (old && old->position < end) {
		/* A block written again: the common case, and the tree need not change. */
		if (old->position == extent->position && old->length == extent->length) {
			copy_public(old, extent);
			return;
		}
		while (old && old->position < end)
			old = cut(index, old, extent->position, end);
		descend(index, extent->position, &place);
	}
	index->dirty_bytes += extent->length;
	add(index, extent, &place);
}

void th_dirty_index_clean(struct th_dirty_index *index, uint64_t position, uint64_t length,
			  uint64_t below_lsn)
{
	uint64_t end = position + length;
	struct th_extent *extent;

	TH_ASSERT(end >= position);
	TH_ASSERT(th_dirty_index_room(index) >= 1);
	extent = th_dirty_index_find(index, position);
	while (extent && extent->position < end) {
		if (extent->batch_lsn < below_lsn)
			extent = cut(index, extent, position, end);
		else
			extent = th_dirty_index_next(extent);
	}
}

/* ---- verify ---- */

static void verify_child(const struct th_extent *parent, const struct th_extent *child)
{
	if (!child)
		return;
	TH_ASSERT(child->parent == parent);
	TH_ASSERT(child->priority <= parent->priority);
}

void th_dirty_index_verify(const struct th_dirty_index *index)
{
	const struct th_extent *extent = index->root;
	uint64_t bytes = 0;
	uint64_t end = 0;
	uint32_t count = 0;

	TH_ASSERT(!extent || !extent->parent);
	while (extent && extent->left)
		extent = extent->left;
	for (; extent; extent = th_dirty_index_next(extent)) {
		TH_ASSERT(extent->length > 0 && extent->position >= end);
		verify_child(extent, extent->left);
		verify_child(extent, extent->right);
		end = end_of(extent);
		bytes += extent->length;
		count++;
		TH_ASSERT(count <= index->count);
	}
	TH_ASSERT(count == index->count && bytes == index->dirty_bytes);
}
