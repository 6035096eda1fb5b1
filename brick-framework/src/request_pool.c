// SPDX-License-Identifier: GPL-2.0
#include "request_pool.h"

#include "graph.h"

static struct th_column *column_of(struct th_column_table *table, const struct th_brick *brick)
{
	return &table->columns[brick->id & table->mask];
}

static size_t column_bytes(const struct th_request_pool *pool, const struct th_column *column)
{
	return th_align_up((uint64_t)pool->capacity * column->stride_bytes, 4096);
}

static void free_column(const struct th_request_pool *pool, struct th_column *column)
{
	th_free_buffer(column->aspects, column_bytes(pool, column));
	*column = (struct th_column){ 0 };
}

/* Gathers the bricks on the path of the pool's requests. */
static void gather_path(const struct th_request_pool *pool, struct th_list *path)
{
	th_list_init(path);
	if (pool->input->output) {
		th_graph_gather(path, pool->input->output->brick);
		th_graph_gather_below(path);
	}
	th_graph_gather(path, pool->input->brick);
}

/* The bricks' ids differ, so there is a mask under which they do not collide; as ids are small, it is small too. */
static bool collides(const struct th_list *path, uint32_t mask)
{
	const struct th_list *a, *b;

	th_list_for_each(a, path) {
		for (b = a->next; b != path; b = b->next) {
			if (((th_list_entry(a, struct th_brick, gathered)->id ^
			      th_list_entry(b, struct th_brick, gathered)->id) &
			     mask) == 0)
				return true;
		}
	}
	return false;
}

static struct th_column_table *alloc_table(const struct th_list *path)
{
	struct th_column_table *table;
	uint32_t mask = 0;

	while (collides(path, mask))
		mask = 2 * mask + 1;
	table = th_alloc(sizeof(*table) + (mask + 1ULL) * sizeof(table->columns[0]));
	if (table)
		table->mask = mask;
	return table;
}

/* Takes over the column that the pool has for @brick, or makes one. */
static int fill_column(struct th_request_pool *pool, const struct th_brick *brick)
{
	struct th_column *column = column_of(pool->next, brick);
	const struct th_column *old;

	if (brick->type->aspect_bytes == 0)
		return 0;
	old = pool->table ? column_of(pool->table, brick) : NULL;
	if (old && old->brick == brick) {
		*column = *old;
		return 0;
	}
	column->stride_bytes = th_align_up(brick->type->aspect_bytes, 16);
	column->aspects = th_alloc_buffer(column_bytes(pool, column));
	if (!column->aspects)
		return -ENOMEM;
	column->brick = brick;
	return 0;
}

int th_request_pool_prepare(struct th_request_pool *pool)
{
	struct th_list path, *link;
	int error = 0;

	gather_path(pool, &path);
	pool->next = alloc_table(&path);
	if (!pool->next)
		error = -ENOMEM;
	th_list_for_each(link, &path) {
		if (!error)
			error = fill_column(pool, th_list_entry(link, struct th_brick, gathered));
	}
	th_graph_release(&path);
	if (error)
		th_request_pool_abort(pool);
	return error;
}

void th_request_pool_commit(struct th_request_pool *pool)
{
	th_free(pool->table);
	pool->table = pool->next;
	pool->next = NULL;
}

void th_request_pool_abort(struct th_request_pool *pool)
{
	struct th_column *column;
	uint32_t i;

	if (!pool->next)
		return;
	for (i = 0; i <= pool->next->mask; i++) {
		column = &pool->next->columns[i];
		if (column->brick &&
		    !(pool->table && column_of(pool->table, column->brick)->brick == column->brick))
			free_column(pool, column);
	}
	th_free(pool->next);
	pool->next = NULL;
}

void th_request_pool_shrink(struct th_request_pool *pool)
{
	struct th_column *column;
	struct th_list path;
	uint32_t i;

	gather_path(pool, &path);
	for (i = 0; i <= pool->table->mask; i++) {
		column = &pool->table->columns[i];
		if (column->brick && !th_graph_is_gathered(column->brick))
			free_column(pool, column);
	}
	th_graph_release(&path);
}

void th_request_pools_above(struct th_input *input, struct th_list *pools)
{
	struct th_list above, *link, *pool;
	struct th_brick *brick;
	uint32_t i;

	th_list_init(pools);
	th_list_init(&above);
	th_graph_gather(&above, input->brick);
	th_graph_gather_above(&above);
	th_list_for_each(link, &above) {
		brick = th_list_entry(link, struct th_brick, gathered);
		for (i = 0; i < brick->type->input_count; i++) {
			th_list_for_each(pool, &brick->inputs[i].pools)
				th_list_push_back(pools,
						  &th_list_entry(pool, struct th_request_pool, link)
							   ->changing);
		}
	}
	th_graph_release(&above);
}

static void free_pool(struct th_request_pool *pool)
{
	uint32_t i;

	if (pool->table) {
		for (i = 0; i <= pool->table->mask; i++) {
			if (pool->table->columns[i].brick)
				free_column(pool, &pool->table->columns[i]);
		}
	}
	th_free(pool->table);
	th_free(pool->requests);
	th_free(pool);
}

static void init_requests(struct th_request_pool *pool)
{
	uint32_t i;

	for (i = pool->capacity; i-- > 0;) {
		pool->requests[i].pool = pool;
		pool->requests[i].index = i;
		th_work_init(&pool->requests[i].work, NULL);
		th_request_put(&pool->requests[i]);
	}
}

int th_request_pool_create(struct th_input *input, uint32_t capacity,
			   struct th_request_pool **result)
{
	struct th_request_pool *pool;

	if (capacity == 0 || capacity > TH_POOL_CAPACITY_MAX)
		return -EINVAL;
	pool = th_alloc(sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pool->input = input;
	pool->capacity = capacity;
	th_list_init(&pool->changing);
	pool->requests = th_alloc((size_t)capacity * sizeof(*pool->requests));
	if (!pool->requests || th_request_pool_prepare(pool)) {
		free_pool(pool);
		return -ENOMEM;
	}
	th_request_pool_commit(pool);
	init_requests(pool);
	th_list_push_back(&input->pools, &pool->link);
	*result = pool;
	return 0;
}

void th_request_pool_destroy(struct th_request_pool *pool)
{
	const struct th_request *request;
	uint32_t free_count = 0;

	for (request = pool->free; request; request = (const struct th_request *)request->link.next)
		free_count++;
	TH_ASSERT(free_count == pool->capacity);
	th_list_remove(&pool->link);
	free_pool(pool);
}
