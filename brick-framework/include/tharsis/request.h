/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests: what flows between bricks, from an input to the output it is connected with.
 *
 * A request belongs to one brick at a time. th_input_submit() hands it on; th_request_complete() hands it
 * back, by calling the completion that was pushed last. A request is never completed inside the call that
 * submitted it (the brick posts a work instead), so a brick may submit in the middle of a change to its own
 * state. Submission and completion both happen on the executor that the bricks share.
 *
 * Each brick in a request's path has a private part in it, its aspect: allocated before the request comes, so that no
 * brick has to allocate anything when a request passes through.
 */
#ifndef THARSIS_REQUEST_H
#define THARSIS_REQUEST_H

#include <tharsis/executor.h>

struct th_brick;
struct th_input;
struct th_request;
struct th_request_pool;

enum th_operation {
	/* for a block port */
	TH_READ = 1,
	TH_WRITE,
	TH_WRITE_ZEROES, /* reads as zeroes afterwards; may deallocate unless TH_NO_DEALLOCATE */
	TH_DISCARD, /* what is read afterwards is up to the brick; the engine promises zeroes */
	TH_FLUSH, /* all writes that completed before this was submitted become durable */

	/*
	 * For a files port: READ, WRITE (these two with file, position, length) and FLUSH (of one file: data, of
	 * its first so many bytes when a length is given, and what is needed to find it again), and the
	 * following. Names are those of one directory: no slash, not empty, at most TH_NAME_MAX bytes.
	 */
	TH_FILE_OPEN, /* name -> file, length. TH_CREATE: it must not exist yet */
	TH_FILE_CLOSE, /* file */
	/* file, position, length: what was written there is on its way to the medium. What becomes of it only FLUSH tells */
	TH_FILE_WRITE_OUT,
	TH_FILE_ALLOCATE, /* file, length: the file is at least so long, and space for it is reserved */
	TH_FILE_TRUNCATE, /* file, length */
	TH_FILE_RENAME, /* name -> new_name, which must not exist or is replaced */
	TH_FILE_REMOVE, /* name */
	TH_FILE_LIST, /* -> directory; -E2BIG when there are more entries than it can hold */
	TH_FILE_SYNC_DIR, /* names are durable: creations, renames, removals */
	TH_FILE_SPACE, /* -> length: bytes that can still be allocated; position: bytes of all */
	TH_OPERATION_COUNT
};

enum th_request_flags {
	TH_FUA = 1 << 0, /* WRITE, WRITE_ZEROES: durable when completed */
	TH_NO_DEALLOCATE = 1 << 1, /* WRITE_ZEROES: space stays allocated */
	TH_CREATE = 1 << 2, /* FILE_OPEN */
	TH_READ_ONLY = 1 << 3, /* FILE_OPEN */
};

#define TH_NAME_MAX  63
#define TH_CHAIN_MAX 6 /* bricks that a request may pass through */
#define TH_VEC_MAX   512 /* pieces of memory of one request */

struct th_vec {
	void *base;
	uint32_t bytes;
};

struct th_directory_entry {
	char name[TH_NAME_MAX + 1];
	uint64_t bytes;
};

struct th_directory {
	uint32_t capacity;
	uint32_t count;
	struct th_directory_entry *entries;
};

typedef void th_request_done(struct th_request *request, void *context);

/* One level of a request's path: who gets it back. */
struct th_request_level {
	th_request_done *done;
	void *context;
	struct th_input *input; /* through which it went on from here; NULL: not yet */
};

struct th_request {
	struct th_list link; /* for the brick that has the request now */

	/* From here to the pool: what th_request_get() makes zero. */
	uint8_t operation;
	uint8_t flags;
	uint8_t chain_depth;
	int error; /* result: 0 or a negative errno; all or nothing */

	uint64_t position;
	uint64_t length;
	struct th_vec *vec; /* READ, WRITE: memory of the submitter, together exactly length bytes */
	uint32_t vec_count;

	uint32_t file; /* files port */
	const char *name;
	const char *new_name;
	struct th_directory *directory;

	struct th_request_pool *pool;
	struct th_request_level chain[TH_CHAIN_MAX];
	struct th_work work; /* for the brick that has the request: deferred completion */
	uint32_t index; /* in the pool; finds the aspects */
};

/*
 * Pools. A pool is made for one input: it knows which bricks lie behind it, and keeps, for each of them and for the
 * brick that owns the input, one array with an aspect for every request. When the wiring behind the input
 * changes, arrays come and go; requests and the aspects of other bricks stay where they are. So th_connect() and
 * th_disconnect() wait for no request but those that went through the input concerned, and a request that was got
 * before a brick was connected can be passed on to it afterwards.
 *
 * May block. @capacity: 1 to TH_POOL_CAPACITY_MAX. -EINVAL, -ENOMEM.
 */
#define TH_POOL_CAPACITY_MAX 65536u
int th_request_pool_create(struct th_input *input, uint32_t capacity,
			   struct th_request_pool **pool);
/* Only when all its requests have been put back. May block. */
void th_request_pool_destroy(struct th_request_pool *pool);

/* A request with all fields zero, or NULL when @capacity are in use: that is the bound, wait for a put. */
struct th_request *th_request_get(struct th_request_pool *pool);
/* Only for the one who got it, after its completion. */
void th_request_put(struct th_request *request);

/*
 * The part of @request that belongs to @brick, which has the request or got it from its own pool; aligned to 16;
 * contents undefined at first. It stays the brick's until it has completed the request.
 */
void *th_request_aspect(struct th_request *request, const struct th_brick *brick);

/* Before submitting or passing on: @done runs when the request comes back to this level. */
static inline void th_request_push(struct th_request *request, th_request_done *done, void *context)
{
	TH_ASSERT(request->chain_depth < TH_CHAIN_MAX);
	request->chain[request->chain_depth] = (struct th_request_level){
		.done = done,
		.context = context,
	};
	request->chain_depth++;
}

/* Hands @request back one level. @error: 0 or a negative errno. */
void th_request_complete(struct th_request *request, int error);
/* The same, from a work on @executor: for a brick that knows the result already when it is submitted to. */
void th_request_complete_later(struct th_executor *executor, struct th_request *request, int error);
/* The same, from another thread. */
void th_request_complete_remote(struct th_executor *executor, struct th_request *request,
				int error);

#endif
