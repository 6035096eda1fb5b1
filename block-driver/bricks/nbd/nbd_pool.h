/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for the payloads of requests: one preallocated pool for all clients of a server, in pieces of two sizes,
 * aligned to 4096. A payload is a vector of pieces of one size. Taking and giving never block and never allocate.
 *
 * A client may take only up to a quarter of what is then still free, of each size. So one alone can hold a fifth of the
 * pool, and ten that do not read their replies leave a tenth. One that holds nothing may take whatever is free.
 */
#ifndef THARSIS_NBD_POOL_H
#define THARSIS_NBD_POOL_H

#include <tharsis/request.h>

#define TH_NBD_PIECE_SMALL_BYTES 4096u
#define TH_NBD_PIECE_LARGE_BYTES 65536u
/* Up to this length a payload consists of small pieces. */
#define TH_NBD_SMALL_PAYLOAD_BYTES 16384u
/* The large three quarters must hold the largest payload. */
#define TH_NBD_POOL_BYTES_MIN (64u * 1024 * 1024)

enum th_nbd_piece { TH_NBD_PIECE_SMALL, TH_NBD_PIECE_LARGE, TH_NBD_PIECE_SIZES };

/* Free pieces of one size: a stack, so that those just used, still in the CPU's caches, are used next. */
struct th_nbd_pieces {
	uint8_t *memory;
	size_t memory_bytes;
	void **free;
	uint32_t free_count;
};

struct th_nbd_pool {
	struct th_nbd_pieces pieces[TH_NBD_PIECE_SIZES];
};

/* How many pieces a client holds. */
struct th_nbd_share {
	uint32_t held[TH_NBD_PIECE_SIZES];
};

#define TH_NBD_INLINE_VEC 8u

struct th_nbd_payload {
	struct th_vec *vec; /* together exactly the length asked for; NULL: nothing taken */
	uint32_t vec_count;
	enum th_nbd_piece size;
	struct th_vec inline_vec[TH_NBD_INLINE_VEC]; /* a longer vector lies in a piece of its own */
};

/* May block. @bytes is at least TH_NBD_POOL_BYTES_MIN. -ENOMEM: nothing is left allocated. */
int th_nbd_pool_create(struct th_nbd_pool *pool, uint64_t bytes);
void th_nbd_pool_destroy(struct th_nbd_pool *pool);

/* @length is from 1 to 32 MiB. False: not now; try again when something was given back. */
bool th_nbd_pool_take(struct th_nbd_pool *pool, struct th_nbd_share *share,
		      struct th_nbd_payload *payload, uint32_t length);
/* Gives back what @payload has, if anything. */
void th_nbd_pool_give(struct th_nbd_pool *pool, struct th_nbd_share *share,
		      struct th_nbd_payload *payload);

#endif
