// SPDX-License-Identifier: GPL-2.0
/* Carrying out a request in a thread, by blocking operations. */
#include "io_brick.h"

bool th_io_memory_fits(const struct th_io_file *file, const struct th_request *request)
{
	if (!file->direct)
		return true;
	for (uint32_t i = 0; i < request->vec_count; i++) {
		if (!th_is_aligned((uintptr_t)request->vec[i].base,
				   file->info.memory_align_bytes) ||
		    !th_is_aligned(request->vec[i].bytes, file->info.block_bytes))
			return false;
	}
	return true;
}

/* ---- memory that direct I/O cannot use: by way of the thread's buffer ---- */

/* Where in a request's memory a copy stands. */
struct cursor {
	const struct th_vec *vec;
	uint32_t offset;
};

/* Copies the next @bytes of the request's memory into @buffer, or from there. */
static void copy_next(struct cursor *cursor, uint8_t *buffer, uint64_t bytes, bool into_buffer)
{
	while (bytes > 0) {
		uint8_t *memory = (uint8_t *)cursor->vec->base + cursor->offset;
		uint32_t piece = (uint32_t)TH_MIN(cursor->vec->bytes - cursor->offset, bytes);

		if (into_buffer)
			memcpy(buffer, memory, piece);
		else
			memcpy(memory, buffer, piece);
		buffer += piece;
		bytes -= piece;
		cursor->offset += piece;
		if (cursor->offset == cursor->vec->bytes) {
			cursor->vec++;
			cursor->offset = 0;
		}
	}
}

static int read_by_buffer(const struct th_io_file *file, const struct th_request *request,
			  uint8_t *buffer)
{
	struct cursor cursor = { .vec = request->vec };

	for (uint64_t done = 0; done < request->length;) {
		struct th_vec piece = {
			.base = buffer,
			.bytes = (uint32_t)TH_MIN(request->length - done, TH_IO_BUFFER_BYTES),
		};
		int error = th_io_read(file, &piece, 1, request->position + done, piece.bytes);

		if (error)
			return error;
		copy_next(&cursor, buffer, piece.bytes, false);
		done += piece.bytes;
	}
	return 0;
}

static int write_by_buffer(const struct th_io_file *file, const struct th_request *request,
			   uint8_t *buffer)
{
	struct cursor cursor = { .vec = request->vec };

	for (uint64_t done = 0; done < request->length;) {
		struct th_vec piece = {
			.base = buffer,
			.bytes = (uint32_t)TH_MIN(request->length - done, TH_IO_BUFFER_BYTES),
		};
		int error;

		copy_next(&cursor, buffer, piece.bytes, true);
		error = th_io_write(file, &piece, 1, request->position + done, piece.bytes, false);
		if (error)
			return error;
		done += piece.bytes;
	}
	return request->flags & TH_FUA ? th_io_sync(file, UINT64_MAX) : 0;
}

/* ---- blocks ---- */

static int perform_read(const struct th_io_file *file, const struct th_request *request,
			uint8_t *buffer)
{
	if (!th_io_memory_fits(file, request))
		return read_by_buffer(file, request, buffer);
	return th_io_read(file, request->vec, request->vec_count, request->position,
			  request->length);
}

static int perform_write(const struct th_io_file *file, const struct th_request *request,
			 uint8_t *buffer)
{
	if (!th_io_memory_fits(file, request))
		return write_by_buffer(file, request, buffer);
	return th_io_write(file, request->vec, request->vec_count, request->position,
			   request->length, request->flags & TH_FUA);
}

/* Where it must be by writing them. */
static int send_zeroes(const struct th_io_file *file, uint64_t position, uint64_t length,
		       uint8_t *buffer)
{
	struct th_vec piece = { .base = buffer };

	memset(buffer, 0, TH_IO_BUFFER_BYTES);
	for (uint64_t done = 0; done < length; done += piece.bytes) {
		int error;

		piece.bytes = (uint32_t)TH_MIN(length - done, TH_IO_BUFFER_BYTES);
		error = th_io_write(file, &piece, 1, position + done, piece.bytes, false);
		if (error)
			return error;
	}
	return 0;
}

static int perform_zeroes(const struct th_io_file *file, const struct th_request *request,
			  uint8_t *buffer)
{
	int error;

	if (request->length == 0)
		return 0;
	error = th_io_zero(file, request->position, request->length,
			   !(request->flags & TH_NO_DEALLOCATE));
	if (error == -EOPNOTSUPP)
		error = send_zeroes(file, request->position, request->length, buffer);
	if (!error && request->flags & TH_FUA)
		error = th_io_sync(file, UINT64_MAX);
	return error;
}

static int perform_discard(const struct th_io_file *file, const struct th_request *request)
{
	int error = request->length ? th_io_discard(file, request->position, request->length) : 0;

	return error == -EOPNOTSUPP ? 0 : error;
}

/* ---- files ---- */

static int perform_open(struct th_io_aspect *aspect)
{
	const struct th_io_brick *io = aspect->io;
	struct th_request *request = aspect->request;
	int error = th_io_open_name(io->root, request->name, request->flags, io->config.direct,
				    &aspect->file);

	if (error)
		return error;
	if (io->config.direct && !aspect->file->direct)
		aspect->fallback = TH_IO_WITHOUT_DIRECT;
	request->length = aspect->file->info.size_bytes;
	return 0;
}

/*
 * A file system notes in its journal what of reserved space was written, in threads that may wait for memory, and for the journal of
 * others. Direct I/O waits for that, also when it is I/O of a swap that would make memory free. So the space is written now;
 * what comes later is a matter of data alone.
 */
static int allocate_written(const struct th_io_file *file, uint64_t present, uint64_t wanted,
			    uint8_t *buffer)
{
	int error = th_io_allocate(file, wanted, true);

	if (error && error != -EOPNOTSUPP)
		return error;
	error = send_zeroes(file, present, wanted - present, buffer);
	return error ? error : th_io_sync(file, UINT64_MAX);
}

/* Where space cannot be reserved, the length at least is given. */
static int allocate(struct th_io_aspect *aspect, uint64_t present, uint64_t wanted)
{
	int error = th_io_allocate(aspect->file, wanted, false);

	if (error != -EOPNOTSUPP)
		return error;
	aspect->fallback = TH_IO_WITHOUT_SPACE;
	return present < wanted ? th_io_truncate(aspect->file, wanted) : 0;
}

static int perform_allocate(struct th_io_aspect *aspect, uint8_t *buffer)
{
	const struct th_io_file *file = aspect->file;
	uint64_t wanted = aspect->request->length;
	uint64_t present;
	int error = th_io_size(file, &present);

	if (error)
		return error;
	if (file->direct && present < wanted &&
	    th_is_aligned(present | wanted, file->info.block_bytes))
		return allocate_written(file, present, wanted, buffer);
	return allocate(aspect, present, wanted);
}

static int perform_close(struct th_io_file *file)
{
	th_io_close(file);
	return 0;
}

static int perform_on_names(struct th_io_aspect *aspect)
{
	const struct th_io_file *root = aspect->io->root;
	struct th_request *request = aspect->request;

	switch (request->operation) {
	case TH_FILE_OPEN:
		return perform_open(aspect);
	case TH_FILE_RENAME:
		return th_io_rename(root, request->name, request->new_name);
	case TH_FILE_REMOVE:
		return th_io_remove(root, request->name);
	case TH_FILE_LIST:
		return th_io_list(root, request->directory);
	case TH_FILE_SYNC_DIR:
		return th_io_sync_names(root);
	case TH_FILE_SPACE:
		return th_io_space(root, &request->length, &request->position);
	default:
		return -EOPNOTSUPP;
	}
}

int th_io_perform(struct th_io_aspect *aspect, struct th_io_worker *worker)
{
	struct th_io_file *file = aspect->file;
	const struct th_request *request = aspect->request;

	switch (request->operation) {
	case TH_READ:
		return perform_read(file, request, worker->buffer);
	case TH_WRITE:
		return perform_write(file, request, worker->buffer);
	case TH_FLUSH:
		return th_io_sync(file, request->length ? request->length : UINT64_MAX);
	case TH_WRITE_ZEROES:
		return perform_zeroes(file, request, worker->buffer);
	case TH_DISCARD:
		return perform_discard(file, request);
	case TH_FILE_CLOSE:
		return perform_close(file);
	case TH_FILE_WRITE_OUT:
		return file->direct || request->length == 0 ?
			       0 :
			       th_io_write_out(file, request->position, request->length);
	case TH_FILE_ALLOCATE:
		return perform_allocate(aspect, worker->buffer);
	case TH_FILE_TRUNCATE:
		return th_io_truncate(file, request->length);
	default:
		return perform_on_names(aspect);
	}
}
