/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is in a request pool: the requests, and the aspects in columns: one array for each brick on the path, with one
 * aspect for each request.
 *
 *                  request 0   request 1   request 2  ...
 *   brick nbd      aspect      aspect      aspect           a column
 *   brick translog aspect      aspect      aspect           a column
 *
 * A column is found by the brick's id, in a table that is made large enough for no two of the path to collide.
 */
#ifndef THARSIS_REQUEST_POOL_H
#define THARSIS_REQUEST_POOL_H

#include <tharsis/brick.h>

struct th_column {
	const struct th_brick *brick; /* NULL: none here */
	uint8_t *aspects;
	size_t stride_bytes;
};

struct th_column_table {
	uint32_t mask; /* places - 1; the places are a power of two */
	struct th_column columns[];
};

struct th_request_pool {
	struct th_request *free; /* linked by link.next */
	struct th_column_table *table;
	struct th_column_table *next; /* prepared, not yet in use */
	struct th_input *input;
	struct th_list link; /* in input->pools */
	struct th_list changing; /* while a connection changes */
	struct th_request *requests;
	uint32_t capacity;
};

/* Lists, by their field changing, all pools whose requests may pass through @input. */
void th_request_pools_above(struct th_input *input, struct th_list *pools);

/*
 * The wiring behind the input has grown. Prepare makes a table with a column for every brick that lies on the path now;
 * then either commit puts it to use, or abort drops it. Prepare may block. -ENOMEM.
 */
int th_request_pool_prepare(struct th_request_pool *pool);
void th_request_pool_commit(struct th_request_pool *pool);
void th_request_pool_abort(struct th_request_pool *pool);

/* The wiring behind the input has shrunk: drops the columns of bricks that lie on the path no longer. Cannot fail. */
void th_request_pool_shrink(struct th_request_pool *pool);

#endif
