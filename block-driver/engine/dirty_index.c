// SPDX-License-Identifier: GPL-2.0
/*
 * A B+tree of extents. Leaves hold the extents themselves, branches (the nodes above) hold for each child a position
 * that is at or before all of its extents and behind all those of the child before it. Leaves and branches differ only in
 * the size of their items, and items of both begin with their position: so search, insertion, splitting and merging are
 * the same for all levels. Nodes of a level are linked in order.
 */
#include "dirty_index.h"

#define ITEMS_BYTES 480u

struct branch {
	uint64_t position; /* that of a node's first item is the one its parent has for it; 0 at the left edge */
	struct th_dirty_node *child;
};

#define LEAF_MAX   (ITEMS_BYTES / sizeof(struct th_extent))
#define LEAF_MIN   (LEAF_MAX / 2)
#define BRANCH_MAX (ITEMS_BYTES / sizeof(struct branch))
#define BRANCH_MIN (BRANCH_MAX / 2)

/* 2 * BRANCH_MIN ^ (LEVELS_MAX - 2) * LEAF_MIN extents, the fewest that a tree of so many levels has, exceed 2^32. */
#define LEVELS_MAX 10u

struct th_dirty_node {
	struct th_dirty_node *next, *previous;
	uint32_t count;
	uint32_t item_bytes;
	union {
		uint8_t items[ITEMS_BYTES];
		struct th_extent extents[LEAF_MAX];
		struct branch branches[BRANCH_MAX];
	};
};

/* The way from the root to an item: at each level the node, and the number of the item in it. */
struct path {
	struct th_dirty_node *node[LEVELS_MAX];
	uint32_t slot[LEVELS_MAX];
};

static uint64_t end_of(const struct th_extent *extent)
{
	return extent->position + extent->length;
}

/* ---- pool ---- */

/* So many nodes have at least @min items each when they have @items together; one may be the root, with fewer. */
static uint32_t nodes_for(uint32_t items, uint32_t min)
{
	return TH_MAX(items / min, 1u);
}

/* The most nodes that @capacity extents can need. */
static uint32_t nodes_of_tree(uint32_t capacity)
{
	uint32_t level = nodes_for(capacity, LEAF_MIN);
	uint32_t all = level;

	while (level > 1) {
		level = nodes_for(level, BRANCH_MIN);
		all += level;
	}
	return all;
}

int th_dirty_index_init(struct th_dirty_index *index, uint32_t capacity)
{
	TH_ASSERT(capacity >= TH_DIRTY_INDEX_INSERT_MAX);
	memset(index, 0, sizeof(*index));
	index->pool_nodes = nodes_of_tree(capacity);
	index->pool = th_alloc((size_t)index->pool_nodes * sizeof(*index->pool));
	if (!index->pool)
		return -ENOMEM;
	index->capacity = capacity;
	th_dirty_index_clear(index);
	return 0;
}

void th_dirty_index_destroy(struct th_dirty_index *index)
{
	th_free(index->pool);
	memset(index, 0, sizeof(*index));
}

static struct th_dirty_node *pool_take(struct th_dirty_index *index, bool leaf)
{
	struct th_dirty_node *node = index->pool_free;

	if (node) {
		index->pool_free = node->next;
	} else {
		TH_ASSERT(index->pool_used < index->pool_nodes);
		node = &index->pool[index->pool_used++];
	}
	node->next = NULL;
	node->previous = NULL;
	node->count = 0;
	node->item_bytes = leaf ? sizeof(struct th_extent) : sizeof(struct branch);
	return node;
}

static void pool_put(struct th_dirty_index *index, struct th_dirty_node *node)
{
	node->next = index->pool_free;
	index->pool_free = node;
}

void th_dirty_index_clear(struct th_dirty_index *index)
{
	index->pool_free = NULL;
	index->pool_used = 0;
	index->count = 0;
	index->dirty_bytes = 0;
	index->levels = 1;
	index->root = pool_take(index, true);
}

/* ---- items of a node ---- */

static inline uint64_t position_at(const uint8_t *item)
{
	return *(const uint64_t *)(const void *)item;
}

static bool is_leaf(const struct th_dirty_node *node)
{
	return node->item_bytes == sizeof(struct th_extent);
}

static uint32_t items_max(const struct th_dirty_node *node)
{
	return is_leaf(node) ? LEAF_MAX : BRANCH_MAX;
}

static uint8_t *item(struct th_dirty_node *node, uint32_t slot)
{
	return node->items + slot * node->item_bytes;
}

static uint64_t first_position(const struct th_dirty_node *node)
{
	return position_at(node->items);
}

static inline void insert_items(struct th_dirty_node *node, uint32_t slot, const void *items,
				uint32_t count)
{
	size_t bytes = node->item_bytes;
	uint8_t *at = node->items + slot * bytes;

	memmove(at + count * bytes, at, (node->count - slot) * bytes);
	memcpy(at, items, count * bytes);
	node->count += count;
}

static void remove_items(struct th_dirty_node *node, uint32_t slot, uint32_t count)
{
	node->count -= count;
	memmove(item(node, slot), item(node, slot + count),
		(node->count - slot) * node->item_bytes);
}

/* Neighbours: the last @count items of @left become the first of @right. */
static void move_right(struct th_dirty_node *left, struct th_dirty_node *right, uint32_t count)
{
	insert_items(right, 0, item(left, left->count - count), count);
	left->count -= count;
}

static void move_left(struct th_dirty_node *left, struct th_dirty_node *right, uint32_t count)
{
	insert_items(left, left->count, item(right, 0), count);
	remove_items(right, 0, count);
}

/* ---- search ---- */

/*
 * The last of the @count items of @bytes each that begins at or before @position; the first one if there is none.
 * Shar's search (Knuth, "The Art of Computer Programming", volume 3, 6.2.1): the steps are powers of two and
 * depend on @count only, so that nothing has to be predicted but that.
 */
static inline const uint8_t *last_until(const uint8_t *items, size_t bytes, uint32_t count,
					uint64_t position)
{
	size_t step = (0x80000000u >> __builtin_clz(count)) * bytes;
	const uint8_t *middle = items + count * bytes - step;
	const uint8_t *found = items;

	while (step >= bytes) {
		found = position_at(middle) <= position ? middle : found;
		step /= 2;
		middle = found + step;
	}
	return found;
}

/* The leaf where an extent at @position belongs, and how many extents of it begin at or before @position. */
static inline struct th_dirty_node *descend(const struct th_dirty_index *index, uint64_t position,
					    struct path *path)
{
	struct th_dirty_node *node = index->root;
	uint32_t last = index->levels - 1;
	const struct th_extent *extent;

	for (uint32_t level = 0; level < last; level++) {
		const struct branch *branch = (const void *)last_until(node->items, sizeof(*branch),
								       node->count, position);

		path->node[level] = node;
		path->slot[level] = (uint32_t)(branch - node->branches);
		node = branch->child;
	}
	/* The cache misses of the leaf at once, not one after the other. */
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 2]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 3]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 4]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 5]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 6]);
	__builtin_prefetch(&node->items[ITEMS_BYTES / 8 * 7]);
	extent = (const void *)last_until(node->items, sizeof(*extent), TH_MAX(node->count, 1u),
					  position);
	path->node[last] = node;
	path->slot[last] =
		(uint32_t)(extent - node->extents) + (node->count && extent->position <= position);
	return node;
}

static struct th_extent *extent_before(struct th_dirty_node *leaf, uint32_t slot)
{
	if (slot)
		return &leaf->extents[slot - 1];
	leaf = leaf->previous;
	return leaf ? &leaf->extents[leaf->count - 1] : NULL;
}

static struct th_extent *extent_at(struct th_dirty_node *leaf, uint32_t slot)
{
	if (slot < leaf->count)
		return &leaf->extents[slot];
	leaf = leaf->next;
	return leaf ? &leaf->extents[0] : NULL;
}

static struct th_extent *find(const struct th_dirty_index *index, uint64_t position,
			      struct path *path)
{
	struct th_dirty_node *leaf = descend(index, position, path);
	uint32_t slot = path->slot[index->levels - 1];
	struct th_extent *before = extent_before(leaf, slot);

	if (before && end_of(before) > position)
		return before;
	return extent_at(leaf, slot);
}

static struct th_dirty_node *leaf_of(const struct th_dirty_index *index,
				     const struct th_extent *extent)
{
	return &index->pool[((size_t)extent - (size_t)index->pool) / sizeof(*index->pool)];
}

static struct th_extent *extent_behind(const struct th_dirty_index *index,
				       const struct th_extent *extent)
{
	struct th_dirty_node *leaf = leaf_of(index, extent);

	return extent_at(leaf, (uint32_t)(extent - leaf->extents) + 1);
}

const struct th_extent *th_dirty_index_find(const struct th_dirty_index *index, uint64_t position)
{
	struct path path;

	return find(index, position, &path);
}

const struct th_extent *th_dirty_index_next(const struct th_dirty_index *index,
					    const struct th_extent *extent)
{
	return extent_behind(index, extent);
}

/* ---- growing ---- */

/* @node is full: its second half moves to a new node behind it. */
static struct th_dirty_node *split_node(struct th_dirty_index *index, struct th_dirty_node *node)
{
	struct th_dirty_node *right = pool_take(index, is_leaf(node));

	right->next = node->next;
	right->previous = node;
	if (right->next)
		right->next->previous = right;
	node->next = right;
	move_right(node, right, node->count - node->count / 2);
	return right;
}

static void grow_root(struct th_dirty_index *index, struct th_dirty_node *right)
{
	const struct branch branches[] = { { 0, index->root }, { first_position(right), right } };
	struct th_dirty_node *root = pool_take(index, false);

	TH_ASSERT(index->levels < LEVELS_MAX);
	insert_items(root, 0, branches, 2);
	index->root = root;
	index->levels++;
}

/* The node at @level of @path is full: it is split, and the item goes into one half. Then the same with the level above. */
static void add_to_full(struct th_dirty_index *index, struct path *path, uint32_t level,
			const void *content)
{
	struct branch branch;

	for (;;) {
		struct th_dirty_node *node = path->node[level];
		uint32_t slot = path->slot[level];
		struct th_dirty_node *right;

		if (node->count < items_max(node)) {
			insert_items(node, slot, content, 1);
			return;
		}
		right = split_node(index, node);
		if (slot > node->count)
			insert_items(right, slot - node->count, content, 1);
		else
			insert_items(node, slot, content, 1);
		if (!level) {
			grow_root(index, right);
			return;
		}
		level--;
		path->slot[level]++;
		branch = (struct branch){ first_position(right), right };
		content = &branch;
	}
}

/* Adds an extent that overlaps no other. @path: to where it belongs. */
static void add(struct th_dirty_index *index, struct path *path, const struct th_extent *extent)
{
	uint32_t level = index->levels - 1;
	struct th_dirty_node *leaf = path->node[level];
	struct th_extent *at = &leaf->extents[path->slot[level]];

	TH_ASSERT(index->count < index->capacity);
	index->count++;
	index->dirty_bytes += extent->length;
	if (leaf->count < LEAF_MAX) {
		memmove(at + 1, at, (size_t)((char *)&leaf->extents[leaf->count] - (char *)at));
		*at = *extent;
		leaf->count++;
	} else {
		add_to_full(index, path, level, extent);
	}
}

static void add_at_its_place(struct th_dirty_index *index, const struct th_extent *extent)
{
	struct path path;

	descend(index, extent->position, &path);
	add(index, &path, extent);
}

/* ---- shrinking ---- */

/* All of @right moves to @left, its neighbour; item @slot of the parent, which led to @right, goes. */
static void merge_nodes(struct th_dirty_index *index, struct th_dirty_node *parent, uint32_t slot,
			struct th_dirty_node *left, struct th_dirty_node *right)
{
	move_left(left, right, right->count);
	left->next = right->next;
	if (left->next)
		left->next->previous = left;
	remove_items(parent, slot, 1);
	pool_put(index, right);
}

/* A child of @parent, at @slot or beside it, is less than half full. True: merged, so the parent has one item less. */
static bool fill_up(struct th_dirty_index *index, struct th_dirty_node *parent, uint32_t slot)
{
	uint32_t right_slot = TH_MAX(slot, 1u);
	struct th_dirty_node *left = parent->branches[right_slot - 1].child;
	struct th_dirty_node *right = parent->branches[right_slot].child;
	uint32_t half = (left->count + right->count) / 2;

	if (left->count + right->count <= items_max(left)) {
		merge_nodes(index, parent, right_slot, left, right);
		return true;
	}
	if (left->count < half)
		move_left(left, right, half - left->count);
	else
		move_right(left, right, left->count - half);
	parent->branches[right_slot].position = first_position(right);
	return false;
}

/* The leaf at the end of @path has lost extents. */
static void shrink(struct th_dirty_index *index, const struct path *path)
{
	uint32_t level = index->levels - 1;

	while (level && path->node[level]->count < items_max(path->node[level]) / 2) {
		level--;
		if (!fill_up(index, path->node[level], path->slot[level]))
			break;
	}
	if (index->levels > 1 && index->root->count == 1) {
		struct th_dirty_node *root = index->root;

		index->root = root->branches[0].child;
		index->levels--;
		pool_put(index, root);
	}
}

/* ---- extents ---- */

/* @extent begins only at @position. */
static void trim_front(struct th_extent *extent, uint64_t position)
{
	uint64_t bytes = position - extent->position;

	extent->position += bytes;
	extent->length -= bytes;
	if (!th_extent_is_zeroes(extent))
		extent->payload_lsn += bytes;
}

static void cut_back(struct th_dirty_index *index, struct th_extent *extent, uint64_t end)
{
	index->dirty_bytes -= end_of(extent) - end;
	extent->length = end - extent->position;
}

/*
 * Removes @first and those behind it in the same leaf, as long as they end at or before @to and are below @below_lsn.
 * Returns what comes behind them.
 */
static struct th_extent *drop(struct th_dirty_index *index, struct th_extent *first, uint64_t to,
			      uint64_t below_lsn)
{
	struct th_dirty_node *leaf = leaf_of(index, first);
	uint32_t slot = (uint32_t)(first - leaf->extents);
	uint64_t position = first->position;
	uint64_t end = position;
	struct path path;
	uint32_t behind;

	for (behind = slot; behind < leaf->count; behind++) {
		const struct th_extent *extent = &leaf->extents[behind];

		if (end_of(extent) > to || extent->batch_lsn >= below_lsn)
			break;
		end = end_of(extent);
		index->dirty_bytes -= extent->length;
		index->count--;
	}
	remove_items(leaf, slot, behind - slot);
	if (leaf->count >= LEAF_MIN || leaf == index->root)
		return extent_at(leaf, slot);
	descend(index, position, &path);
	shrink(index, &path);
	return end < to ? find(index, end, &path) : NULL;
}

/*
 * [from, to) goes from @extent, which ends behind it. The rest is added anew, as it may belong into the next leaf: that one's
 * positions can begin before @to.
 */
static void cut_front(struct th_dirty_index *index, struct th_extent *extent, uint64_t from,
		      uint64_t to)
{
	struct th_extent rest = *extent;

	trim_front(&rest, to);
	if (extent->position < from)
		cut_back(index, extent, from);
	else
		drop(index, extent, end_of(extent), UINT64_MAX);
	add_at_its_place(index, &rest);
}

/* Removes [from, to) from @extent, which overlaps it, and perhaps from those behind it. Returns what is to be looked at next. */
static struct th_extent *cut(struct th_dirty_index *index, struct th_extent *extent, uint64_t from,
			     uint64_t to, uint64_t below_lsn)
{
	if (end_of(extent) > to) {
		cut_front(index, extent, from, to);
		return NULL;
	}
	if (extent->position >= from)
		return drop(index, extent, to, below_lsn);
	cut_back(index, extent, from);
	return extent_behind(index, extent);
}

/* @extent: the first that ends behind @from. */
static void cut_all(struct th_dirty_index *index, struct th_extent *extent, uint64_t from,
		    uint64_t to, uint64_t below_lsn)
{
	while (extent && extent->position < to) {
		if (extent->batch_lsn < below_lsn)
			extent = cut(index, extent, from, to, below_lsn);
		else
			extent = extent_behind(index, extent);
	}
}

void th_dirty_index_insert(struct th_dirty_index *index, const struct th_extent *extent)
{
	uint64_t end = end_of(extent);
	struct th_extent *old;
	struct path path;

	TH_ASSERT(extent->length > 0 && end > extent->position && extent->batch_lsn < UINT64_MAX);
	TH_ASSERT(th_dirty_index_room(index) >= TH_DIRTY_INDEX_INSERT_MAX);
	old = find(index, extent->position, &path);
	if (!old || old->position >= end) {
		add(index, &path, extent);
	} else if (old->position == extent->position && old->length == extent->length) {
		/* A block written again: the common case, and the tree need not change. */
		*old = *extent;
	} else {
		cut_all(index, old, extent->position, end, UINT64_MAX);
		add_at_its_place(index, extent);
	}
}

void th_dirty_index_clean(struct th_dirty_index *index, uint64_t position, uint64_t length,
			  uint64_t below_lsn)
{
	uint64_t end = position + length;
	struct path path;

	TH_ASSERT(end >= position);
	TH_ASSERT(th_dirty_index_room(index) >= 1);
	cut_all(index, find(index, position, &path), position, end, below_lsn);
}

/* ---- verify ---- */

static uint64_t last_position(const struct th_dirty_node *node)
{
	return position_at(node->items + (node->count - 1) * node->item_bytes);
}

static void verify_node(const struct th_dirty_index *index, const struct th_dirty_node *node)
{
	uint32_t min = is_leaf(node) ? 0 : 2;

	if (node != index->root)
		min = items_max(node) / 2;
	TH_ASSERT(node->count >= min && node->count <= items_max(node));
	TH_ASSERT(!node->next || node->next->previous == node);
	for (uint32_t slot = 1; slot < node->count; slot++) {
		const uint8_t *item = node->items + slot * node->item_bytes;

		TH_ASSERT(position_at(item - node->item_bytes) < position_at(item));
	}
}

/* @branch leads to the next node of the level below, and its position parts that from the one before. */
static void verify_branch(const struct branch *branch, const struct th_dirty_node *child,
			  bool child_is_leaf)
{
	const struct th_dirty_node *previous = child->previous;

	TH_ASSERT(branch->child == child && is_leaf(child) == child_is_leaf);
	TH_ASSERT(previous ? last_position(previous) < branch->position : !branch->position);
	TH_ASSERT(child_is_leaf ? first_position(child) >= branch->position :
				  first_position(child) == branch->position);
}

/* The branches of a level, from the first on, lead to all nodes of the level below in their order. */
static uint32_t verify_branches(const struct th_dirty_index *index,
				const struct th_dirty_node *first, bool child_is_leaf)
{
	const struct th_dirty_node *child = first->branches[0].child;
	uint32_t nodes = 0;

	for (const struct th_dirty_node *node = first; node; node = node->next) {
		verify_node(index, node);
		TH_ASSERT(!is_leaf(node));
		for (uint32_t slot = 0; slot < node->count; slot++) {
			TH_ASSERT(child);
			verify_branch(&node->branches[slot], child, child_is_leaf);
			child = child->next;
		}
		nodes++;
	}
	TH_ASSERT(!child);
	return nodes;
}

static uint32_t verify_leaves(const struct th_dirty_index *index, const struct th_dirty_node *first)
{
	uint64_t bytes = 0;
	uint64_t end = 0;
	uint32_t count = 0;
	uint32_t nodes = 0;

	for (const struct th_dirty_node *leaf = first; leaf; leaf = leaf->next) {
		verify_node(index, leaf);
		for (uint32_t slot = 0; slot < leaf->count; slot++) {
			const struct th_extent *extent = &leaf->extents[slot];

			TH_ASSERT(extent->length > 0 && extent->position >= end);
			end = end_of(extent);
			bytes += extent->length;
		}
		count += leaf->count;
		nodes++;
	}
	TH_ASSERT(count == index->count && count <= index->capacity && bytes == index->dirty_bytes);
	return nodes;
}

void th_dirty_index_verify(const struct th_dirty_index *index)
{
	const struct th_dirty_node *first = index->root;
	uint32_t nodes = 0;

	TH_ASSERT(!first->next);
	for (uint32_t level = 1; level < index->levels; level++) {
		TH_ASSERT(!first->previous);
		nodes += verify_branches(index, first, level + 1 == index->levels);
		first = first->branches[0].child;
	}
	TH_ASSERT(is_leaf(first) && !first->previous);
	nodes += verify_leaves(index, first);
	for (const struct th_dirty_node *free = index->pool_free; free; free = free->next)
		nodes++;
	TH_ASSERT(nodes == index->pool_used && nodes <= index->pool_nodes);
}
