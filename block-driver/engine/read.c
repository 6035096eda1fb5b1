// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of the device: the newest version of each part, from the log cache, from the log when its payload was
 * dropped from memory, or from the disk where nothing is dirty. A read that is clean as a whole goes
 * down to the disk as it is.
 */
#include "engine_internal.h"

/* The part [offset, offset + bytes) of a request's memory: as much of it as fits into @vec; returns the bytes. */
static uint64_t vec_slice(const struct th_request *request, uint64_t offset, uint64_t bytes,
			  struct th_vec *vec, uint32_t *vec_count)
{
	const struct th_vec *from = request->vec;
	uint64_t taken = 0;

	*vec_count = 0;
	while (offset >= from->bytes) {
		offset -= from->bytes;
		from++;
	}
	while (taken < bytes && *vec_count < TH_IO_VEC_MAX) {
		uint64_t piece = TH_MIN(bytes - taken, from->bytes - offset);

		vec[*vec_count].base = (uint8_t *)from->base + offset;
		vec[*vec_count].bytes = (uint32_t)piece;
		(*vec_count)++;
		taken += piece;
		offset = 0;
		from++;
	}
	return taken;
}

static void finish_read(struct th_engine *engine, struct th_request *request)
{
	const struct th_device_io *io = th_request_aspect(request, &engine->brick);

	if (!io->started_all || io->children)
		return;
	if (io->error && io->error != -ENXIO)
		th_engine_note_error(engine, io->error,
				     "read of %llu bytes at %llu failed (errno %d): check the disk",
				     (unsigned long long)request->length,
				     (unsigned long long)request->position, -io->error);
	th_engine_complete_device(engine, request, io->error);
}

void th_read_child_done(struct th_request *request, void *context)
{
	struct th_child_io *child = context;
	struct th_engine *engine = child->engine;
	struct th_request *parent = child->parent;
	struct th_writeback *target = child->target;
	int error = request->error;

	if (child->segment)
		child->segment->users--;
	th_request_put(request);
	engine->now_ns = th_executor_now_ns(engine->brick.executor);
	if (target) {
		th_writeback_child_done(engine, target, error);
	} else {
		struct th_device_io *io = th_request_aspect(parent, &engine->brick);

		io->children--;
		if (!io->error)
			io->error = error;
		engine->reads_under_way--;
		finish_read(engine, parent);
	}
	th_engine_kick(engine);
}

bool th_read_spilled(struct th_engine *engine, uint64_t lsn, uint64_t bytes,
		     const struct th_vec *vec, uint32_t vec_count, struct th_request *parent,
		     struct th_writeback *target, int *error)
{
	struct th_segment *segment = th_segment_of(engine, lsn);
	struct th_request *request;
	struct th_child_io *child;

	TH_ASSERT(segment && lsn + bytes <= segment->end_lsn);
	if (!th_segment_open_for_read(engine, segment, error))
		return false;
	request = th_request_get(engine->log_pool);
	if (!request)
		return false;
	child = th_request_aspect(request, &engine->brick);
	child->engine = engine;
	child->parent = parent;
	child->segment = segment;
	child->target = target;
	memcpy(child->vec, vec, vec_count * sizeof(*vec));
	request->operation = TH_READ;
	request->file = segment->file;
	request->position = lsn - segment->start_lsn;
	request->length = bytes;
	request->vec = child->vec;
	request->vec_count = vec_count;
	segment->users++;
	engine->counters.spill_read_bytes += bytes;
	th_request_push(request, th_read_child_done, child);
	th_input_submit(th_engine_log(engine), request);
	return true;
}

static bool read_from_disk(struct th_engine *engine, struct th_request *parent, uint64_t position,
			   uint64_t bytes, const struct th_vec *vec, uint32_t vec_count)
{
	struct th_request *request = th_request_get(engine->disk_pool);
	struct th_child_io *child;

	if (!request)
		return false;
	child = th_request_aspect(request, &engine->brick);
	child->engine = engine;
	child->parent = parent;
	child->segment = NULL;
	child->target = NULL;
	memcpy(child->vec, vec, vec_count * sizeof(*vec));
	request->operation = TH_READ;
	request->position = position;
	request->length = bytes;
	request->vec = child->vec;
	request->vec_count = vec_count;
	th_request_push(request, th_read_child_done, child);
	th_input_submit(th_engine_disk(engine), request);
	return true;
}

static void count_child(struct th_engine *engine, struct th_device_io *io)
{
	io->children++;
	engine->reads_under_way++;
}

static void copy_from_cache(const struct th_engine *engine, uint64_t lsn, const struct th_vec *vec,
			    uint32_t vec_count)
{
	for (uint32_t i = 0; i < vec_count; i++) {
		th_log_cache_copy_out(&engine->cache, lsn, vec[i].base, vec[i].bytes);
		lsn += vec[i].bytes;
	}
}

static void fill_zeroes(const struct th_vec *vec, uint32_t vec_count)
{
	for (uint32_t i = 0; i < vec_count; i++)
		memset(vec[i].base, 0, vec[i].bytes);
}

/* Reads a piece at io->progress that lies in @extent. False: later. */
static bool read_dirty(struct th_engine *engine, struct th_request *request,
		       struct th_device_io *io, const struct th_extent *extent)
{
	uint64_t offset = request->position + io->progress - extent->position;
	uint64_t bytes = TH_MIN(extent->length - offset, request->length - io->progress);
	uint64_t lsn = extent->payload_lsn + offset;
	struct th_vec vec[TH_IO_VEC_MAX];
	uint32_t vec_count;
	int error = 0;

	if (!th_extent_is_zeroes(extent) && lsn < engine->cache.floor_lsn)
		bytes = TH_MIN(bytes, engine->cache.floor_lsn - lsn);
	bytes = vec_slice(request, io->progress, bytes, vec, &vec_count);
	if (th_extent_is_zeroes(extent)) {
		fill_zeroes(vec, vec_count);
	} else if (th_log_cache_holds(&engine->cache, lsn, bytes)) {
		copy_from_cache(engine, lsn, vec, vec_count);
	} else {
		if (!th_read_spilled(engine, lsn, bytes, vec, vec_count, request, NULL, &error)) {
			if (!error)
				return false;
			io->error = io->error ? io->error : error;
		} else {
			count_child(engine, io);
		}
	}
	io->progress += bytes;
	return true;
}

static bool disk_is_there(const struct th_engine *engine)
{
	return engine->disk_attached && !engine->disk_leaving;
}

/* Reads a piece at io->progress that is clean for @bytes. False: later. */
static bool read_clean(struct th_engine *engine, struct th_request *request,
		       struct th_device_io *io, uint64_t bytes)
{
	struct th_vec vec[TH_IO_VEC_MAX];
	uint32_t vec_count;

	bytes = vec_slice(request, io->progress, bytes, vec, &vec_count);
	if (!disk_is_there(engine)) {
		io->error = io->error ? io->error : -ENXIO;
	} else {
		if (!read_from_disk(engine, request, request->position + io->progress, bytes, vec,
				    vec_count))
			return false;
		count_child(engine, io);
	}
	io->progress += bytes;
	return true;
}

static void whole_read_done(struct th_request *request, void *context)
{
	struct th_engine *engine = context;
	struct th_device_io *io = th_request_aspect(request, &engine->brick);

	engine->now_ns = th_executor_now_ns(engine->brick.executor);
	engine->reads_under_way--;
	io->started_all = true;
	io->error = request->error;
	finish_read(engine, request);
	if (engine->suspended || engine->closing || engine->disk_leaving)
		th_engine_kick(engine);
}

/* Starts what can be started. True: the request is no longer ours to start. */
static bool start_read(struct th_engine *engine, struct th_request *request)
{
	struct th_device_io *io = th_request_aspect(request, &engine->brick);

	while (io->progress < request->length) {
		uint64_t position = request->position + io->progress;
		const struct th_extent *extent = th_dirty_index_find(&engine->index, position);
		uint64_t clean = request->length - io->progress;

		if (extent && extent->position <= position) {
			if (!read_dirty(engine, request, io, extent))
				return false;
			continue;
		}
		if (extent)
			clean = TH_MIN(clean, extent->position - position);
		if (clean == request->length && disk_is_there(engine)) {
			th_list_remove(&request->link);
			engine->reads_under_way++;
			th_request_push(request, whole_read_done, engine);
			th_input_submit(th_engine_disk(engine), request);
			return true;
		}
		if (!read_clean(engine, request, io, clean))
			return false;
	}
	th_list_remove(&request->link);
	io->started_all = true;
	finish_read(engine, request);
	return true;
}

static int check_read(const struct th_engine *engine, const struct th_request *request)
{
	if (!th_is_aligned(request->position | request->length, engine->meta.block_bytes) ||
	    request->length > engine->device_bytes ||
	    request->position > engine->device_bytes - request->length)
		return -EINVAL;
	return 0;
}

void th_read_step(struct th_engine *engine)
{
	while (!th_list_empty(&engine->reads)) {
		struct th_request *request = th_list_first(&engine->reads, struct th_request, link);
		int error = 0;
		enum th_gate gate = th_gate_read(engine, &error);

		if (gate == TH_GATE_HOLD)
			return;
		if (gate == TH_GATE_OPEN)
			error = check_read(engine, request);
		if (error) {
			th_list_remove(&request->link);
			th_engine_complete_device(engine, request, error);
		} else if (!start_read(engine, request)) {
			return;
		}
	}
}
