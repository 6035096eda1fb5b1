// SPDX-License-Identifier: GPL-2.0
#include "nbd_pool.h"

/* A client holds at most 1 / SHARE of what is free. */
#define SHARE 4u

static const uint32_t piece_bytes[TH_NBD_PIECE_SIZES] = { TH_NBD_PIECE_SMALL_BYTES,
							  TH_NBD_PIECE_LARGE_BYTES };

static int pieces_create(struct th_nbd_pieces *pieces, uint32_t each_bytes, uint64_t bytes)
{
	uint32_t count = (uint32_t)(bytes / each_bytes);
	uint32_t i;

	pieces->free = th_alloc(count * sizeof(*pieces->free));
	if (!pieces->free)
		return -ENOMEM;
	pieces->memory_bytes = (size_t)count * each_bytes;
	pieces->memory = th_alloc_buffer(pieces->memory_bytes);
	if (!pieces->memory)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		pieces->free[i] = pieces->memory + (size_t)(count - 1 - i) * each_bytes;
	pieces->free_count = count;
	return 0;
}

static void pieces_destroy(struct th_nbd_pieces *pieces)
{
	if (pieces->memory)
		th_free_buffer(pieces->memory, pieces->memory_bytes);
	th_free(pieces->free);
	memset(pieces, 0, sizeof(*pieces));
}

int th_nbd_pool_create(struct th_nbd_pool *pool, uint64_t bytes)
{
	int error;

	TH_ASSERT(bytes >= TH_NBD_POOL_BYTES_MIN);
	memset(pool, 0, sizeof(*pool));
	error = pieces_create(&pool->pieces[TH_NBD_PIECE_SMALL], TH_NBD_PIECE_SMALL_BYTES,
			      bytes / 4);
	if (!error)
		error = pieces_create(&pool->pieces[TH_NBD_PIECE_LARGE], TH_NBD_PIECE_LARGE_BYTES,
				      bytes / 4 * 3);
	if (error)
		th_nbd_pool_destroy(pool);
	return error;
}

void th_nbd_pool_destroy(struct th_nbd_pool *pool)
{
	pieces_destroy(&pool->pieces[TH_NBD_PIECE_SMALL]);
	pieces_destroy(&pool->pieces[TH_NBD_PIECE_LARGE]);
}

static uint32_t vec_pieces(uint32_t vec_count)
{
	return vec_count > TH_NBD_INLINE_VEC ? 1 : 0;
}

bool th_nbd_pool_take(struct th_nbd_pool *pool, struct th_nbd_share *share,
		      struct th_nbd_payload *payload, uint32_t length)
{
	enum th_nbd_piece size = length <= TH_NBD_SMALL_PAYLOAD_BYTES ? TH_NBD_PIECE_SMALL :
									TH_NBD_PIECE_LARGE;
	struct th_nbd_pieces *pieces = &pool->pieces[size];
	uint32_t count = (length + piece_bytes[size] - 1) / piece_bytes[size];
	uint32_t needed = count + vec_pieces(count);
	uint32_t held = share->held[size];
	uint32_t i;

	TH_ASSERT(length > 0 && count <= TH_VEC_MAX && !payload->vec);
	if (needed > pieces->free_count)
		return false;
	if (held && SHARE * (held + needed) > pieces->free_count - needed)
		return false;
	share->held[size] += needed;
	payload->size = size;
	payload->vec_count = count;
	payload->vec = payload->inline_vec;
	if (count > TH_NBD_INLINE_VEC)
		payload->vec = pieces->free[--pieces->free_count];
	for (i = 0; i < count; i++) {
		payload->vec[i].base = pieces->free[--pieces->free_count];
		payload->vec[i].bytes = TH_MIN(length, piece_bytes[size]);
		length -= payload->vec[i].bytes;
	}
	return true;
}

void th_nbd_pool_give(struct th_nbd_pool *pool, struct th_nbd_share *share,
		      struct th_nbd_payload *payload)
{
	struct th_nbd_pieces *pieces = &pool->pieces[payload->size];
	uint32_t i;

	if (!payload->vec)
		return;
	for (i = 0; i < payload->vec_count; i++)
		pieces->free[pieces->free_count++] = payload->vec[i].base;
	if (payload->vec != payload->inline_vec)
		pieces->free[pieces->free_count++] = payload->vec;
	share->held[payload->size] -= payload->vec_count + vec_pieces(payload->vec_count);
	payload->vec = NULL;
}
