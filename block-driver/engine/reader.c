// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the log: from a known position (LSN, epoch, chain value), block by block, each checked before it is
 * believed. Scanning only finds out how far the log is good; replaying enters its records in the dirty index.
 * Bytes are read ahead into the log cache, at their LSN, and verified there.
 */
#include "engine_internal.h"

/* Batches taken in one run, so that replay does not keep the executor to itself. */
#define READER_RUN_BATCHES 64u

void th_reader_reset(struct th_engine *engine, const struct th_position *position,
		     uint64_t limit_lsn, bool scan_only)
{
	struct th_reader *reader = &engine->reader;

	TH_ASSERT(!reader->read_busy);
	reader->position = *position;
	reader->limit_lsn = limit_lsn;
	reader->scan_only = scan_only;
	reader->result = TH_READER_MORE;
	reader->check = TH_FORMAT_OK;
	reader->error = 0;
	if (position->lsn < engine->cache.floor_lsn || position->lsn > engine->cache.top_lsn)
		th_log_cache_reset(&engine->cache, position->lsn);
}

/* ---- bytes ---- */

static void read_done(struct th_request *request, void *context)
{
	struct th_engine *engine = context;
	struct th_reader *reader = &engine->reader;

	reader->read_busy = false;
	reader->read_segment->users--;
	reader->error = request->error;
	if (request->error)
		th_log_cache_truncate(&engine->cache, reader->read_lsn);
	th_request_put(request);
	th_engine_kick(engine);
}

/* Reads ahead from the top of the cache. */
static enum th_reader_result reader_load(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;
	uint64_t from = engine->cache.top_lsn;
	struct th_segment *segment = th_segment_of(engine, from);
	struct th_request *request;
	uint64_t bytes;

	if (reader->read_busy)
		return TH_READER_MORE;
	if (reader->error)
		return TH_READER_FAILED;
	if (!segment)
		return TH_READER_STARVED;
	bytes = th_align_down(TH_MIN(reader->limit_lsn, segment->end_lsn), TH_BLOCK_BYTES);
	if (bytes <= from)
		return TH_READER_STARVED;
	bytes = TH_MIN(bytes - from, TH_READ_AHEAD_BYTES);
	if (!th_segment_open_for_read(engine, segment, &reader->error))
		return reader->error ? TH_READER_FAILED : TH_READER_MORE;
	if (!th_log_cache_reserve(&engine->cache, bytes)) {
		th_engine_wait_for_memory(engine);
		return TH_READER_MORE;
	}
	request = th_request_get(engine->admin_pool);
	TH_ASSERT(request);
	reader->read_busy = true;
	reader->read_lsn = from;
	reader->read_segment = segment;
	segment->users++;
	request->operation = TH_READ;
	request->file = segment->file;
	request->position = from - segment->start_lsn;
	request->length = bytes;
	request->vec = reader->vec;
	request->vec_count = th_log_cache_vec(&engine->cache, from, bytes, reader->vec);
	th_request_push(request, read_done, engine);
	th_input_submit(th_engine_log(engine), request);
	return TH_READER_MORE;
}

/* Are [position, position + bytes) in the cache and read? TOOK: yes. */
static enum th_reader_result reader_want(struct th_engine *engine, uint64_t bytes)
{
	struct th_reader *reader = &engine->reader;
	uint64_t end = reader->position.lsn + bytes;
	uint64_t good = reader->read_busy ? reader->read_lsn : engine->cache.top_lsn;

	if (end > reader->limit_lsn)
		return TH_READER_STARVED;
	/* Read once already, but another resource needed the memory. */
	if (reader->position.lsn < engine->cache.floor_lsn) {
		if (reader->read_busy)
			return TH_READER_MORE;
		th_log_cache_reset(&engine->cache, reader->position.lsn);
		good = reader->position.lsn;
	}
	if (end <= good)
		return TH_READER_TOOK;
	return reader_load(engine);
}

/* ---- blocks ---- */

static enum th_reader_result reader_invalid(struct th_reader *reader, enum th_format_check check,
					    const char *what)
{
	reader->check = check;
	reader->what = what;
	return TH_READER_INVALID;
}

static void note_epoch(struct th_engine *engine, const struct th_segment_header *header)
{
	struct th_meta *meta = &engine->meta;

	if (meta->epoch_count && meta->epochs[meta->epoch_count - 1].epoch >= header->epoch)
		return;
	th_meta_add_epoch(engine, header->epoch, header->start_lsn, header->chain_before);
}

/* Is what ends at @end, written at @time_ns, behind the point at which replay is to stop? */
static bool behind_until(const struct th_engine *engine, uint64_t end, uint64_t time_ns)
{
	/* What may be on the disk already must be replayed, or the replica would be no prefix. */
	if (engine->reader.scan_only || end <= engine->mandatory_lsn)
		return false;
	return (engine->replay_until_lsn && end > engine->replay_until_lsn) ||
	       (engine->replay_until_ns && time_ns > engine->replay_until_ns);
}

/* Does the disk hold effects of records that are not in the history to which @header belongs? */
static bool disk_holds_more(struct th_engine *engine, const struct th_segment_header *header)
{
	struct th_meta *meta = &engine->meta;

	if (header->start_lsn >= meta->inconsistent_until_lsn)
		return false;
	if (!meta->inconsistent_until_epoch) {
		meta->inconsistent_until_epoch = header->epoch;
		th_meta_write(engine);
	}
	return header->epoch > meta->inconsistent_until_epoch;
}

static enum th_reader_result take_segment_header(struct th_engine *engine,
						 struct th_segment *segment)
{
	struct th_reader *reader = &engine->reader;
	struct th_position *position = &reader->position;
	struct th_segment_header header;
	uint64_t available = TH_BLOCK_BYTES;
	enum th_format_check check;

	check = th_segment_header_unpack(&header,
					 th_log_cache_at(&engine->cache, position->lsn, &available),
					 segment->epoch, segment->start_lsn,
					 &engine->meta.resource_uuid);
	if (!check && header.block_bytes != engine->meta.block_bytes)
		check = TH_FORMAT_CONTENT;
	if (!check && header.previous_epoch != position->epoch)
		check = TH_FORMAT_EPOCH;
	if (!check && header.chain_before != position->chain)
		check = TH_FORMAT_CHAIN;
	if (check)
		return reader_invalid(reader, check, "segment header");
	if (!reader->scan_only && disk_holds_more(engine, &header))
		return TH_READER_LOST;
	if (behind_until(engine, position->lsn + TH_BLOCK_BYTES, position->time_ns))
		return TH_READER_PAUSED;
	segment->previous_epoch = header.previous_epoch;
	segment->chain_before = header.chain_before;
	segment->header_chain = header.chain;
	segment->own = th_uuid_equal(&header.creator_uuid, &engine->meta.node_uuid);
	note_epoch(engine, &header);
	position->lsn += TH_BLOCK_BYTES;
	position->epoch = header.epoch;
	position->chain = header.chain;
	return TH_READER_TOOK;
}

static enum th_format_check check_payloads(const struct th_engine *engine)
{
	const struct th_reader *reader = &engine->reader;
	uint64_t end = th_batch_payload_end(&reader->header, reader->records);

	if (th_mutated(TH_MUTATE_READER_TAIL))
		return TH_FORMAT_OK;
	for (uint32_t i = 0; i < reader->header.record_count; i++) {
		const struct th_record *record = &reader->records[i];
		uint64_t lsn = reader->header.lsn + record->payload_offset;

		if (record->operation == TH_RECORD_WRITE &&
		    th_log_cache_crc32c(&engine->cache, 0, lsn, record->length) !=
			    record->payload_crc32c)
			return TH_FORMAT_CHECKSUM;
	}
	if (!th_log_cache_is_zero(&engine->cache, reader->header.lsn + end,
				  reader->header.length - end))
		return TH_FORMAT_LENGTH;
	return TH_FORMAT_OK;
}

static void index_batch(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;
	uint32_t count = reader->header.record_count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = th_mutated(TH_MUTATE_REPLAY_ORDER) ? count - 1 - i : i;

		th_index_record(engine, &reader->records[n], reader->header.lsn);
	}
}

static enum th_reader_result take_batch(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;
	struct th_position *position = &reader->position;
	uint64_t available = TH_BLOCK_BYTES;
	enum th_reader_result result;
	enum th_format_check check;

	check = th_batch_header_unpack(&reader->header, reader->records,
				       th_log_cache_at(&engine->cache, position->lsn, &available),
				       position, engine->meta.block_bytes,
				       engine->meta.device_bytes);
	if (check)
		return reader_invalid(reader, check, "batch header");
	if (behind_until(engine, position->lsn + reader->header.length, reader->header.time_ns))
		return TH_READER_PAUSED;
	if (!reader->scan_only &&
	    th_dirty_index_room(&engine->index) <
		    TH_INDEX_RESERVE + reader->header.record_count * TH_DIRTY_INDEX_INSERT_MAX) {
		engine->checkpoint_wanted = true;
		return TH_READER_MORE;
	}
	result = reader_want(engine, reader->header.length);
	if (result != TH_READER_TOOK)
		return result;
	check = check_payloads(engine);
	if (check)
		return reader_invalid(reader, check, "payload");
	if (!reader->scan_only)
		index_batch(engine);
	position->lsn += reader->header.length;
	position->chain = reader->header.chain;
	position->time_ns = reader->header.time_ns;
	return TH_READER_TOOK;
}

static enum th_reader_result reader_step(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;
	struct th_segment *segment = th_segment_of(engine, reader->position.lsn);
	enum th_reader_result result = reader_want(engine, TH_BLOCK_BYTES);

	if (result != TH_READER_TOOK)
		return result;
	TH_ASSERT(segment);
	result = segment->start_lsn == reader->position.lsn ? take_segment_header(engine, segment) :
							      take_batch(engine);
	if (result == TH_READER_TOOK && reader->position.lsn > engine->cache.evictable_lsn)
		th_log_cache_set_evictable(&engine->cache, reader->position.lsn);
	return result;
}

void th_reader_run(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;

	for (uint32_t i = 0; i < READER_RUN_BATCHES; i++) {
		reader->result = reader_step(engine);
		if (reader->result != TH_READER_TOOK)
			return;
	}
	reader->result = TH_READER_MORE;
	th_engine_kick(engine);
}

/* ---- replay ---- */

static void replay_stopped(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;

	engine->replay_stopped = true;
	if (reader->result == TH_READER_LOST)
		th_engine_note_error(
			engine, -EUCLEAN,
			"a new epoch begins at LSN %llu, but the disk was filled with what an older one "
			"had written up to LSN %llu: some of that is lost to the new epoch, replay "
			"stopped. Resync this replica from a peer",
			(unsigned long long)reader->position.lsn,
			(unsigned long long)engine->meta.inconsistent_until_lsn);
	else if (reader->result == TH_READER_INVALID)
		th_engine_note_error(
			engine, -EUCLEAN,
			"the log does not verify at LSN %llu (%s: %s): replay stopped there. "
			"Fetch the segment again from a peer and announce it with 'received'",
			(unsigned long long)reader->position.lsn, reader->what,
			th_format_check_name(reader->check));
	else
		th_engine_note_error(
			engine, reader->error,
			"the log cannot be read at LSN %llu (errno %d): replay stopped. "
			"Check the log's file system, then resume replay",
			(unsigned long long)reader->position.lsn, -reader->error);
}

void th_replay_step(struct th_engine *engine)
{
	struct th_reader *reader = &engine->reader;
	enum th_reader_result result_before = reader->result;
	uint64_t limit_before = reader->limit_lsn;
	uint64_t before = reader->position.lsn;

	if (engine->replay_restart && !reader->read_busy) {
		/* What was read may have been the damaged bytes: they are read again. */
		th_log_cache_reset(&engine->cache, reader->position.lsn);
		reader->error = 0;
		engine->replay_restart = false;
		engine->replay_stopped = false;
	}
	if (engine->role != TH_ROLE_SECONDARY || !engine->replay_run || engine->replay_stopped ||
	    engine->promoting || engine->cutting || engine->closing)
		return;
	reader->limit_lsn = engine->received_lsn;
	th_reader_run(engine);
	if (reader->result == TH_READER_LOST || reader->result == TH_READER_INVALID ||
	    reader->result == TH_READER_FAILED)
		replay_stopped(engine);
	if (reader->position.lsn != before)
		th_engine_changed(engine);
	/* A promotion may wait for the end. */
	if (!th_list_empty(&engine->calls) &&
	    (reader->position.lsn != before || reader->limit_lsn != limit_before ||
	     reader->result != result_before))
		th_engine_kick(engine);
}

void th_replay_restart(struct th_engine *engine)
{
	engine->replay_restart = engine->replay_stopped;
	th_engine_kick(engine);
}
