// SPDX-License-Identifier: GPL-2.0
/*
 * Appending to the log: self-clocked group commit.
 *
 * A write is copied into the open batch, which lies in the log cache at its LSN, and entered in the dirty index.
 * The batch closes when the log is idle, so at depth 1 nothing waits; while an append is under way the writes
 * that come in share the next one; a full batch goes out beside those under way. Appends may finish in any
 * order; writes are acknowledged in LSN order, so what has been acknowledged is always a prefix of the log.
 */
#include "engine_internal.h"

static struct th_batch *batch_at(struct th_engine *engine, uint32_t index)
{
	return &engine->batches[(engine->batch_first + index) % TH_ARRAY_COUNT(engine->batches)];
}

static struct th_batch *batch_filling(struct th_engine *engine)
{
	return engine->batch_open ? batch_at(engine, engine->batch_count - 1) : NULL;
}

static uint64_t batch_bytes(const struct th_batch *batch)
{
	return TH_BLOCK_BYTES + th_align_up(batch->payload_bytes, TH_BLOCK_BYTES);
}

bool th_append_idle(const struct th_engine *engine)
{
	return engine->batch_count == 0;
}

void th_index_record(struct th_engine *engine, const struct th_record *record, uint64_t batch_lsn)
{
	struct th_extent extent = {
		.position = record->position,
		.length = record->length,
		.batch_lsn = batch_lsn,
		.payload_lsn = TH_ZEROES,
	};

	if (record->operation == TH_RECORD_WRITE)
		extent.payload_lsn = batch_lsn + record->payload_offset;
	else if (record->operation == TH_RECORD_DISCARD)
		extent.payload_lsn = TH_DEALLOCATED;
	if (!engine->dirty_since_ns)
		engine->dirty_since_ns = engine->now_ns;
	th_dirty_index_insert(&engine->index, &extent);
}

/* ---- filling ---- */

/* How much payload the segment of a batch at @lsn has room for. */
static uint64_t segment_payload_room(const struct th_engine *engine,
				     const struct th_segment *segment, uint64_t lsn)
{
	uint64_t used = lsn - segment->start_lsn + TH_BLOCK_BYTES;

	if (engine->options.segment_bytes <= used)
		return 0;
	return TH_MIN(engine->options.segment_bytes - used, TH_BATCH_PAYLOAD_MAX);
}

static struct th_batch *batch_begin(struct th_engine *engine)
{
	struct th_segment *segment = th_segment_last(engine);
	struct th_batch *batch;
	uint64_t available = TH_BLOCK_BYTES;

	if (engine->batch_count == TH_ARRAY_COUNT(engine->batches))
		return NULL;
	if (segment_payload_room(engine, segment, engine->tail.lsn) < TH_BLOCK_BYTES) {
		if (!th_segments_rotate(engine, segment->epoch))
			return NULL;
		segment = th_segment_last(engine);
	}
	TH_ASSERT(engine->cache.top_lsn == engine->tail.lsn);
	if (!th_log_cache_reserve(&engine->cache, TH_BLOCK_BYTES)) {
		th_engine_wait_for_memory(engine);
		return NULL;
	}
	batch = batch_at(engine, engine->batch_count);
	engine->batch_count++;
	engine->batch_open = true;
	batch->segment = segment;
	batch->lsn = engine->tail.lsn;
	batch->payload_bytes = 0;
	batch->record_count = 0;
	batch->submitted = false;
	batch->done = false;
	memset(th_log_cache_at(&engine->cache, batch->lsn, &available), 0, TH_BLOCK_BYTES);
	return batch;
}

/* How many bytes of payload the batch can take now, of the @wanted. */
static uint64_t batch_payload_room(struct th_engine *engine, const struct th_batch *batch,
				   uint64_t wanted)
{
	uint64_t room = segment_payload_room(engine, batch->segment, batch->lsn);
	uint64_t bytes, more;

	room = th_align_down(room, TH_BLOCK_BYTES);
	bytes = TH_MIN(wanted, room - TH_MIN(room, batch->payload_bytes));
	more = TH_BLOCK_BYTES + th_align_up(batch->payload_bytes + bytes, TH_BLOCK_BYTES) -
	       batch_bytes(batch);
	if (more && !th_log_cache_reserve(&engine->cache, more)) {
		th_engine_wait_for_memory(engine);
		return 0;
	}
	return bytes;
}

/* Copies @bytes of the request's memory, from @offset on, into the log cache. */
static void copy_payload(struct th_engine *engine, const struct th_request *request,
			 uint64_t offset, uint64_t bytes, uint64_t lsn)
{
	const struct th_vec *vec = request->vec;

	while (offset >= vec->bytes) {
		offset -= vec->bytes;
		vec++;
	}
	while (bytes) {
		uint64_t piece = TH_MIN(bytes, vec->bytes - offset);

		th_log_cache_copy_in(&engine->cache, lsn, (const uint8_t *)vec->base + offset,
				     piece);
		lsn += piece;
		bytes -= piece;
		offset = 0;
		vec++;
	}
}

/* Enters one record of the request in the open batch. False: it does not fit now. */
static bool append_record(struct th_engine *engine, struct th_batch *batch,
			  const struct th_request *request, struct th_device_io *io)
{
	struct th_record record = { .position = request->position + io->progress };
	uint64_t remaining = request->length - io->progress;
	uint64_t available = TH_BLOCK_BYTES;

	if (batch->record_count == TH_BATCH_RECORDS_MAX)
		return false;
	if (request->operation == TH_WRITE) {
		record.operation = TH_RECORD_WRITE;
		record.length = batch_payload_room(engine, batch, remaining);
		if (!record.length)
			return false;
		record.payload_offset = (uint32_t)(TH_BLOCK_BYTES + batch->payload_bytes);
		copy_payload(engine, request, io->progress, record.length,
			     batch->lsn + record.payload_offset);
		record.payload_crc32c = th_log_cache_crc32c(
			&engine->cache, 0, batch->lsn + record.payload_offset, record.length);
		batch->payload_bytes += record.length;
	} else {
		/* Both read as zeroes afterwards; what differs is whether space may be given back. */
		record.operation = request->flags & TH_NO_DEALLOCATE ? TH_RECORD_WRITE_ZEROES :
								       TH_RECORD_DISCARD;
		record.length = remaining;
	}
	th_index_record(engine, &record, batch->lsn);
	io->progress += record.length;
	if (th_mutated(TH_MUTATE_DISCARD_LOCAL) && request->operation == TH_DISCARD)
		record.length = engine->meta.block_bytes;
	th_batch_record_pack(&record, batch->record_count,
			     th_log_cache_at(&engine->cache, batch->lsn, &available));
	batch->record_count++;
	return true;
}

/* ---- closing and sending ---- */

void th_append_close(struct th_engine *engine)
{
	struct th_batch *batch = batch_filling(engine);
	struct th_batch_header header = {
		.lsn = engine->tail.lsn,
		.epoch = engine->tail.epoch,
		.chain_before = engine->tail.chain,
	};
	uint64_t available = TH_BLOCK_BYTES;
	uint64_t end;

	if (!batch)
		return;
	TH_ASSERT(batch->record_count && batch->lsn == engine->tail.lsn);
	end = batch->lsn + TH_BLOCK_BYTES + batch->payload_bytes;
	batch->length = (uint32_t)batch_bytes(batch);
	th_log_cache_zero(&engine->cache, end, batch->lsn + batch->length - end);
	header.record_count = batch->record_count;
	header.length = batch->length;
	header.time_ns = TH_MAX(th_executor_wall_ns(engine->brick.executor), engine->tail.time_ns);
	header.durable_lsn = engine->durable_lsn;
	th_batch_header_pack(&header, th_log_cache_at(&engine->cache, batch->lsn, &available));
	batch->chain = header.chain;
	batch->time_ns = header.time_ns;
	engine->batch_open = false;
	engine->tail.lsn += batch->length;
	engine->tail.chain = header.chain;
	engine->tail.time_ns = header.time_ns;
	batch->segment->end_lsn = engine->tail.lsn;
}

static void batch_done(struct th_request *request, void *context)
{
	struct th_batch *batch = context;
	struct th_engine *engine = batch->engine;
	int error = request->error;

	th_request_put(request);
	batch->done = true;
	batch->segment->users--;
	engine->batches_under_way--;
	th_histogram_add(&engine->counters.latency[TH_LATENCY_LOG_APPEND],
			 th_executor_now_ns(engine->brick.executor) - batch->submit_ns);
	if (error)
		th_engine_log_failed(engine, error, "appending");
	if (th_mutated(TH_MUTATE_ACK_ORDER))
		th_list_splice_back(&engine->appended_waiters, &batch->waiters);
	th_engine_kick(engine);
}

static bool batch_submit(struct th_engine *engine, struct th_batch *batch)
{
	struct th_request *request;

	if (batch->segment->state == TH_SEGMENT_STARTING ||
	    engine->batches_under_way >= engine->options.batches_in_flight)
		return false;
	request = th_request_get(engine->log_pool);
	if (!request)
		return false;
	request->operation = TH_WRITE;
	request->file = batch->segment->file;
	request->position = batch->lsn - batch->segment->start_lsn;
	request->length = batch->length;
	request->vec = batch->vec;
	request->vec_count =
		th_log_cache_vec(&engine->cache, batch->lsn, batch->length, batch->vec);
	batch->submitted = true;
	batch->submit_ns = engine->now_ns;
	batch->segment->users++;
	engine->batches_under_way++;
	engine->counters.batches++;
	engine->counters.log_write_bytes += batch->length;
	th_request_push(request, batch_done, batch);
	th_input_submit(th_engine_log(engine), request);
	return true;
}

/* Sends what is closed, in LSN order; then, when the log is idle, what is open. */
static void send_batches(struct th_engine *engine)
{
	struct th_batch *open = batch_filling(engine);

	for (uint32_t i = 0; i < engine->batch_count; i++) {
		struct th_batch *batch = batch_at(engine, i);

		if (batch->submitted)
			continue;
		if (batch == open) {
			if (engine->batches_under_way ||
			    batch->segment->state == TH_SEGMENT_STARTING)
				return;
			th_append_close(engine);
		}
		if (!batch_submit(engine, batch))
			return;
	}
}

/* ---- taking requests in ---- */

/* Begun, but there was no memory for a payload. */
static void batch_abandon(struct th_engine *engine, const struct th_batch *batch)
{
	th_log_cache_truncate(&engine->cache, batch->lsn);
	engine->batch_open = false;
	engine->batch_count--;
}

/* Enters as much of the request as there is room for. True: all of it. */
static bool append_request(struct th_engine *engine, struct th_request *request)
{
	struct th_device_io *io = th_request_aspect(request, &engine->brick);

	while (io->progress < request->length) {
		struct th_batch *batch = batch_filling(engine);
		uint64_t before = io->progress;

		if (th_dirty_index_room(&engine->index) < TH_INDEX_RESERVE) {
			engine->checkpoint_wanted = true;
			return false;
		}
		if (!batch)
			batch = batch_begin(engine);
		if (!batch)
			return false;
		if (append_record(engine, batch, request, io)) {
			th_gate_throttle(engine, io->progress - before);
			continue;
		}
		/* Full, or there is no memory: it goes out, and the next one is tried. */
		if (!batch->record_count) {
			batch_abandon(engine, batch);
			return false;
		}
		th_append_close(engine);
	}
	return true;
}

/* 0, or why the request can never be carried out. */
static int check_request(const struct th_engine *engine, const struct th_request *request)
{
	if (!th_is_aligned(request->position | request->length, engine->meta.block_bytes))
		return -EINVAL;
	if (request->length > engine->device_bytes ||
	    request->position > engine->device_bytes - request->length)
		return -ENOSPC;
	return 0;
}

/*
 * After a failed flush of the disk nothing is written back until the resource is opened anew. Who then waits for room that only
 * a later checkpoint could make would wait for ever, and with it whoever wants to take the device away. Also whoever would
 * still find room is refused: nothing is to follow a write that was.
 */
static bool room_never_comes(const struct th_engine *engine)
{
	if (!engine->disk_failed)
		return false;
	return th_dirty_index_room(&engine->index) < TH_INDEX_RESERVE ||
	       (engine->log_full && th_retention_floor(engine) >= engine->checkpoint_durable_lsn);
}

static void admit_writes(struct th_engine *engine)
{
	while (!th_list_empty(&engine->writes)) {
		struct th_request *request =
			th_list_first(&engine->writes, struct th_request, link);
		enum th_gate gate;
		int error = check_request(engine, request);

		gate = error ? TH_GATE_REFUSE : th_gate_write(engine, &error);
		if (gate == TH_GATE_HOLD)
			return;
		if (gate == TH_GATE_OPEN && room_never_comes(engine)) {
			gate = TH_GATE_REFUSE;
			error = -EIO;
		}
		if (gate == TH_GATE_REFUSE || !request->length) {
			th_list_remove(&request->link);
			th_engine_complete_device(engine, request, error);
			continue;
		}
		if (engine->throttle_until_ns > engine->now_ns) {
			th_engine_wake_at(engine, engine->throttle_until_ns);
			return;
		}
		if (!append_request(engine, request))
			return;
		th_list_remove(&request->link);
		th_list_push_back(&batch_at(engine, engine->batch_count - 1)->waiters,
				  &request->link);
	}
}

void th_append_step(struct th_engine *engine)
{
	admit_writes(engine);
	if (!engine->log_failed)
		send_batches(engine);
}

/* ---- acknowledging ---- */

/* The header of a segment belongs to the prefix as soon as it is written. */
static bool advance_over_header(struct th_engine *engine)
{
	struct th_segment *segment = th_segment_last(engine);

	while (segment && segment->start_lsn > engine->appended.lsn)
		segment = th_segment_previous(engine, segment);
	if (!segment || segment->start_lsn != engine->appended.lsn ||
	    segment->state == TH_SEGMENT_STARTING)
		return false;
	engine->appended.lsn += TH_BLOCK_BYTES;
	engine->appended.epoch = segment->epoch;
	engine->appended.chain = segment->header_chain;
	return true;
}

/* The appended prefix grows over all batches that are done. */
static void advance_appended(struct th_engine *engine)
{
	bool moved = advance_over_header(engine);

	while (engine->batch_count && batch_at(engine, 0)->done && !engine->log_failed) {
		struct th_batch *batch = batch_at(engine, 0);

		TH_ASSERT(batch->lsn >= engine->appended.lsn);
		engine->appended.lsn = batch->lsn + batch->length;
		engine->appended.epoch = batch->segment->epoch;
		engine->appended.chain = batch->chain;
		engine->appended.time_ns = batch->time_ns;
		th_list_splice_back(&engine->appended_waiters, &batch->waiters);
		engine->batch_first = (engine->batch_first + 1) % TH_ARRAY_COUNT(engine->batches);
		engine->batch_count--;
		moved = true;
		advance_over_header(engine);
	}
	if (!moved)
		return;
	th_log_cache_set_evictable(&engine->cache, engine->appended.lsn);
	th_engine_changed(engine);
	/* Nobody else tells those who wait for a batch whose requests were all refused meanwhile. */
	if (!th_list_empty(&engine->calls))
		th_engine_kick(engine);
}

void th_acknowledge_step(struct th_engine *engine)
{
	struct th_list *link;

	if (engine->role == TH_ROLE_PRIMARY || !th_append_idle(engine))
		advance_appended(engine);
	/* With the lease another node may have got the role: nothing is acknowledged any more. */
	if (th_gate_lease_expired(engine))
		return;
	while ((link = th_list_pop_front(&engine->appended_waiters))) {
		struct th_request *request = th_list_entry(link, struct th_request, link);

		if (request->flags & TH_FUA)
			th_durable_add_waiter(engine, request, engine->appended.lsn);
		else
			th_engine_complete_device(engine, request, 0);
	}
}

static void fail_all(struct th_engine *engine, struct th_list *requests, int error)
{
	struct th_list *link;

	while ((link = th_list_pop_front(requests)))
		th_engine_complete_device(engine, th_list_entry(link, struct th_request, link),
					  error);
}

void th_append_fail_waiters(struct th_engine *engine, int error)
{
	for (uint32_t i = 0; i < engine->batch_count; i++)
		fail_all(engine, &batch_at(engine, i)->waiters, error);
	fail_all(engine, &engine->appended_waiters, error);
	fail_all(engine, &engine->writes, error);
}

void th_append_forget(struct th_engine *engine)
{
	TH_ASSERT(!engine->batches_under_way);
	th_append_fail_waiters(engine, -EIO);
	engine->batch_first = 0;
	engine->batch_count = 0;
	engine->batch_open = false;
}
