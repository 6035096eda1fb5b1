// SPDX-License-Identifier: GPL-2.0
/* Reading and writing the device, with contents that tell where and when they were written. */
#include <stdio.h>
#include <stdlib.h>

#include "harness_internal.h"

#define STAMP_BYTES 512u

static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 31)) * 0xbf58476d1ce4e5b9ULL;
	return value ^ (value >> 29);
}

void stamp(uint8_t *data, uint64_t position, uint64_t bytes, uint64_t version)
{
	memset(data, 0, bytes);
	if (!version)
		return;
	for (uint64_t at = 0; at < bytes; at += sizeof(uint64_t)) {
		uint64_t word = mix(mix(version) + position + at);

		memcpy(data + at, &word, sizeof(word));
	}
}

static bool is_stamped(const uint8_t *data, uint64_t position, uint64_t bytes, uint64_t version,
		       const char *where)
{
	static uint8_t expected[STAMP_BYTES];

	for (uint64_t at = 0; at < bytes; at += STAMP_BYTES) {
		stamp(expected, position + at, STAMP_BYTES, version);
		if (memcmp(data + at, expected, STAMP_BYTES) == 0)
			continue;
		fprintf(stderr, "the %s is not at version %llu at %llu\n", where,
			(unsigned long long)version, (unsigned long long)(position + at));
		return false;
	}
	return true;
}

static void on_done(struct th_request *request, void *context)
{
	static uint32_t answers;
	struct io *io = context;

	io->error = request->error;
	io->order = ++answers;
	io->done = true;
	th_request_put(request);
}

/* In uneven pieces, so that nobody can rely on one. */
static uint32_t cut_in_pieces(struct io *io)
{
	uint64_t piece = th_align_down(io->length / IO_PIECES, STAMP_BYTES);
	uint64_t at = 0;

	for (uint32_t i = 0; i < IO_PIECES - 1 && piece; i++, at += piece)
		io->vec[i] = (struct th_vec){ .base = io->data + at, .bytes = (uint32_t)piece };
	io->vec[piece ? IO_PIECES - 1 : 0] = (struct th_vec){
		.base = io->data + at,
		.bytes = (uint32_t)(io->length - at),
	};
	return piece ? IO_PIECES : 1;
}

void io_start(struct node *node, struct io *io, enum th_operation operation, uint8_t flags,
	      uint64_t position, uint64_t length, uint64_t version)
{
	struct user_brick *user = node->process->user;
	struct th_request *request = th_request_get(user->pool);

	TH_ASSERT(request != NULL);
	*io = (struct io){ .node = node,
			   .operation = operation,
			   .flags = flags,
			   .position = position,
			   .length = length };
	request->operation = (uint8_t)operation;
	request->flags = flags;
	request->position = position;
	request->length = length;
	if (length && (operation == TH_READ || operation == TH_WRITE)) {
		TH_ASSERT(length <= IO_BYTES_MAX);
		io->data = aligned_alloc(TH_BLOCK_BYTES, th_align_up(length, TH_BLOCK_BYTES));
		TH_ASSERT(io->data != NULL);
		/* What a read leaves as it was is noticed. */
		stamp(io->data, position, length, operation == TH_WRITE ? version : UINT64_MAX);
		request->vec = io->vec;
		request->vec_count = cut_in_pieces(io);
	}
	th_request_push(request, on_done, io);
	th_input_submit(&user->brick.inputs[0], request);
}

static bool is_done(void *io)
{
	return ((struct io *)io)->done;
}

int io_wait(struct io *io)
{
	world_run_until(io->node->world, is_done, io, "a request");
	return io->error;
}

bool io_holds(const struct io *io, uint64_t position, uint64_t length, uint64_t version)
{
	TH_ASSERT(position >= io->position && position + length <= io->position + io->length);
	return is_stamped(io->data + (position - io->position), position, length, version,
			  "device");
}

int io_end(struct io *io)
{
	int error = io_wait(io);

	free(io->data);
	io->data = NULL;
	return error;
}

static int once(struct node *node, enum th_operation operation, uint8_t flags, uint64_t position,
		uint64_t length, uint64_t version)
{
	struct io io;

	io_start(node, &io, operation, flags, position, length, version);
	return io_end(&io);
}

int node_write(struct node *node, uint64_t position, uint64_t length, uint64_t version)
{
	return once(node, TH_WRITE, 0, position, length, version);
}

int node_write_fua(struct node *node, uint64_t position, uint64_t length, uint64_t version)
{
	return once(node, TH_WRITE, TH_FUA, position, length, version);
}

int node_zero(struct node *node, enum th_operation operation, uint64_t position, uint64_t length)
{
	return once(node, operation, 0, position, length, 0);
}

int node_flush(struct node *node)
{
	return once(node, TH_FLUSH, 0, 0, 0, 0);
}

int node_read(struct node *node, uint64_t position, uint64_t length)
{
	return once(node, TH_READ, 0, position, length, 0);
}

bool node_holds(struct node *node, uint64_t position, uint64_t length, uint64_t version)
{
	struct io io;
	bool holds;

	io_start(node, &io, TH_READ, 0, position, length, 0);
	holds = io_wait(&io) == 0 && io_holds(&io, position, length, version);
	if (io.error)
		fprintf(stderr, "the read at %llu failed (%d)\n", (unsigned long long)position,
			io.error);
	io_end(&io);
	return holds;
}

bool disk_holds(const struct node *node, uint64_t position, uint64_t length, uint64_t version)
{
	return is_stamped(node->disk->media.current + position, position, length, version, "disk");
}
