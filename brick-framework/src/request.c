// SPDX-License-Identifier: GPL-2.0
#include "request_pool.h"

/* The depth of a request that is free: no level, so whoever still uses it is found out. */
#define DEPTH_FREE UINT8_MAX

struct th_request *th_request_get(struct th_request_pool *pool)
{
	struct th_request *request = pool->free;

	if (!request)
		return NULL;
	pool->free = (struct th_request *)request->link.next;
	memset((char *)request + offsetof(struct th_request, operation), 0,
	       offsetof(struct th_request, pool) - offsetof(struct th_request, operation));
	return request;
}

void th_request_put(struct th_request *request)
{
	struct th_request_pool *pool = request->pool;

	TH_ASSERT(request->chain_depth == 0);
	request->chain_depth = DEPTH_FREE;
	request->link.next = (struct th_list *)pool->free;
	pool->free = request;
}

void *th_request_aspect(struct th_request *request, const struct th_brick *brick)
{
	const struct th_column_table *table = request->pool->table;
	const struct th_column *column = &table->columns[brick->id & table->mask];

	TH_ASSERT(column->brick == brick);
	return column->aspects + request->index * column->stride_bytes;
}

/*
 * The last one to return through an input that is being disconnected ends that. Kept out of the way of the others, which
 * need no registers saved then.
 */
__attribute__((__noinline__, __cold__)) static void
complete_through_closed(struct th_request *request, const struct th_request_level *level)
{
	struct th_input *input = level->input;

	if (input->in_flight == 0)
		th_executor_post(input->brick->executor, &input->drain);
	level->done(request, level->context);
}

void th_request_complete(struct th_request *request, int error)
{
	const struct th_request_level *level;

	TH_ASSERT(request->chain_depth - 1u < TH_CHAIN_MAX);
	level = &request->chain[--request->chain_depth];
	request->error = error;
	if (level->input) {
		level->input->in_flight--;
		if (__builtin_expect(!level->input->open, 0)) {
			complete_through_closed(request, level);
			return;
		}
	}
	level->done(request, level->context);
}

static void complete_now(struct th_work *work)
{
	struct th_request *request = th_container_of(work, struct th_request, work);

	th_request_complete(request, request->error);
}

void th_request_complete_later(struct th_executor *executor, struct th_request *request, int error)
{
	request->error = error;
	request->work.run = complete_now;
	th_executor_post(executor, &request->work);
}

void th_request_complete_remote(struct th_executor *executor, struct th_request *request, int error)
{
	request->error = error;
	request->work.run = complete_now;
	th_executor_post_remote(executor, &request->work);
}
