// SPDX-License-Identifier: GPL-2.0
/*
 * Write-back and checkpoint, in sweeps.
 *
 * A sweep has a limit: an LSN, at a batch boundary. Its phases, each a condition for the next:
 *   LOG_SYNC    the log is durable up to the limit (write-ahead)
 *   LIMIT       the meta file says that the disk may hold data of records below the limit
 *   WRITE       all dirty extents of records below the limit go to the disk, in disk order, neighbours together
 *   FLUSH       the disk is flushed; the log is durable up to its end of now
 *   CHECKPOINT  the meta file says: checkpoint = limit
 *
 * Only newest versions are written. What was overwritten during the sweep left the sweep (its extent now belongs to
 * a record at or above the limit): the record that superseded it is durable after FLUSH, and replay from the
 * checkpoint brings it back. So "below the checkpoint" means on the disk, or superseded by a durable record.
 *
 * No two writes to the same block are ever under way: an extent above the limit waits for the next sweep.
 */
#include "engine_internal.h"

int th_writeback_init(struct th_engine *engine)
{
	for (uint32_t i = 0; i < TH_WRITEBACK_DEPTH_MAX; i++)
		engine->writebacks[i].engine = engine;
	for (uint32_t i = 0; i < engine->options.writeback_depth; i++) {
		struct th_writeback *writeback = &engine->writebacks[i];

		if (!writeback->buffer)
			writeback->buffer = th_alloc_buffer(TH_WRITEBACK_BYTES_MAX);
		if (!writeback->buffer)
			return -ENOMEM;
	}
	return 0;
}

void th_writeback_destroy(struct th_engine *engine)
{
	for (uint32_t i = 0; i < TH_WRITEBACK_DEPTH_MAX; i++) {
		if (engine->writebacks[i].buffer)
			th_free_buffer(engine->writebacks[i].buffer, TH_WRITEBACK_BYTES_MAX);
		engine->writebacks[i].buffer = NULL;
	}
}

bool th_writeback_idle(const struct th_engine *engine)
{
	return engine->sweep.phase == TH_SWEEP_IDLE;
}

bool th_writeback_is_off_disk(const struct th_engine *engine)
{
	return th_writeback_idle(engine) || engine->sweep.phase == TH_SWEEP_CHECKPOINT;
}

/* ---- one write to the disk ---- */

static void disk_write_done(struct th_request *request, void *context)
{
	struct th_writeback *writeback = context;
	struct th_engine *engine = writeback->engine;
	struct th_sweep *sweep = &engine->sweep;
	int error = request->error;

	th_request_put(request);
	writeback->busy = false;
	sweep->in_flight--;
	engine->counters.writebacks++;
	engine->counters.writeback_bytes += writeback->length;
	th_histogram_add(&engine->counters.latency[TH_LATENCY_WRITEBACK],
			 th_executor_now_ns(engine->brick.executor) - writeback->start_ns);
	if (error) {
		sweep->failed = true;
		engine->counters.writeback_errors++;
		th_engine_note_error(
			engine, error,
			"write-back of %llu bytes at %llu failed (errno %d): the data stay in the log and "
			"are tried again; check the disk",
			(unsigned long long)writeback->length,
			(unsigned long long)writeback->position, -error);
	}
	if (!error || th_mutated(TH_MUTATE_WRITEBACK_ERROR))
		th_dirty_index_clean(&engine->index, writeback->position, writeback->length,
				     sweep->limit.lsn);
	th_engine_kick(engine);
}

static void disk_write(struct th_engine *engine, struct th_writeback *writeback)
{
	struct th_request *request = th_request_get(engine->writeback_pool);

	/* The pool has one for each write-back, and one for the flush. */
	TH_ASSERT(request);
	request->operation = (uint8_t)writeback->operation;
	request->flags = writeback->flags;
	request->position = writeback->position;
	request->length = writeback->length;
	if (writeback->operation == TH_WRITE) {
		writeback->vec.base = writeback->buffer;
		writeback->vec.bytes = (uint32_t)writeback->length;
		request->vec = &writeback->vec;
		request->vec_count = 1;
	}
	th_request_push(request, disk_write_done, writeback);
	th_input_submit(th_engine_disk(engine), request);
}

/* All payloads that had to be read from the log are there, or one failed. */
static void writeback_ready(struct th_engine *engine, struct th_writeback *writeback)
{
	if (!writeback->error) {
		disk_write(engine, writeback);
		return;
	}
	writeback->busy = false;
	engine->sweep.in_flight--;
	engine->sweep.failed = true;
	engine->counters.writeback_errors++;
	th_engine_note_error(
		engine, writeback->error,
		"the log cannot be read for write-back at %llu (errno %d): it is tried "
		"again; check the log's file system",
		(unsigned long long)writeback->position, -writeback->error);
}

void th_writeback_child_done(struct th_engine *engine, struct th_writeback *writeback, int error)
{
	if (!writeback->error)
		writeback->error = error;
	writeback->children--;
	if (!writeback->children && writeback->gathered)
		writeback_ready(engine, writeback);
}

/* ---- gathering what one write takes ---- */

static const struct th_extent *next_eligible(const struct th_engine *engine, uint64_t position)
{
	const struct th_extent *extent = th_dirty_index_find(&engine->index, position);

	while (extent && extent->batch_lsn >= engine->sweep.limit.lsn)
		extent = th_dirty_index_next(&engine->index, extent);
	return extent;
}

/* Appends a piece of an extent to the buffer. False: later. */
static bool gather_piece(struct th_engine *engine, struct th_writeback *writeback,
			 const struct th_extent *extent)
{
	uint64_t offset = engine->sweep.cursor - extent->position;
	uint64_t bytes =
		TH_MIN(extent->length - offset, TH_WRITEBACK_BYTES_MAX - writeback->length);
	uint64_t lsn = extent->payload_lsn + offset;
	struct th_vec vec = { .base = writeback->buffer + writeback->length };
	int error = 0;

	if (lsn < engine->cache.floor_lsn)
		bytes = TH_MIN(bytes, engine->cache.floor_lsn - lsn);
	vec.bytes = (uint32_t)bytes;
	if (th_log_cache_holds(&engine->cache, lsn, bytes))
		th_log_cache_copy_out(&engine->cache, lsn, vec.base, bytes);
	else if (th_read_spilled(engine, lsn, bytes, &vec, 1, NULL, writeback, &error))
		writeback->children++;
	else if (!error)
		return false;
	else if (!writeback->error)
		writeback->error = error;
	writeback->length += bytes;
	engine->sweep.cursor += bytes;
	return true;
}

/* Neighbouring payloads, until the buffer is full, a gap comes, or nothing more can be had now. */
static void gather_data(struct th_engine *engine, struct th_writeback *writeback,
			const struct th_extent *extent)
{
	while (extent && extent->batch_lsn < engine->sweep.limit.lsn &&
	       !th_extent_is_zeroes(extent) && extent->position <= engine->sweep.cursor &&
	       writeback->length < TH_WRITEBACK_BYTES_MAX) {
		if (!gather_piece(engine, writeback, extent))
			return;
		extent = th_dirty_index_find(&engine->index, engine->sweep.cursor);
	}
}

/* One write from the cursor on. False: nothing is left, or nothing can be had now. */
static bool start_writeback(struct th_engine *engine, struct th_writeback *writeback)
{
	const struct th_extent *extent = next_eligible(engine, engine->sweep.cursor);

	if (!extent)
		return false;
	engine->sweep.cursor = TH_MAX(engine->sweep.cursor, extent->position);
	writeback->position = engine->sweep.cursor;
	writeback->length = 0;
	writeback->children = 0;
	writeback->error = 0;
	writeback->gathered = false;
	writeback->flags = 0;
	writeback->operation = TH_WRITE;
	writeback->start_ns = engine->now_ns;
	if (th_extent_is_zeroes(extent)) {
		writeback->operation = TH_WRITE_ZEROES;
		writeback->flags = extent->payload_lsn == TH_DEALLOCATED ? 0 : TH_NO_DEALLOCATE;
		writeback->length = extent->position + extent->length - engine->sweep.cursor;
		engine->sweep.cursor += writeback->length;
	} else {
		gather_data(engine, writeback, extent);
		if (!writeback->length)
			return false;
	}
	writeback->busy = true;
	writeback->gathered = true;
	engine->sweep.in_flight++;
	if (!writeback->children)
		writeback_ready(engine, writeback);
	return true;
}

/* ---- the phases ---- */

/* How far the dirty index goes: what a sweep that starts now can cover. */
static struct th_position indexed_position(const struct th_engine *engine)
{
	return engine->role == TH_ROLE_PRIMARY ? engine->appended : engine->reader.position;
}

static bool sweep_is_due(struct th_engine *engine)
{
	const struct th_engine_options *options = &engine->options;
	uint64_t due_ns;

	if (!engine->disk_attached || engine->disk_leaving || engine->disk_failed ||
	    engine->sweeps_held || engine->cutting)
		return false;
	if (engine->sweep.retry_ns > engine->now_ns) {
		th_engine_wake_at(engine, engine->sweep.retry_ns);
		return false;
	}
	if (indexed_position(engine).lsn <= engine->meta.checkpoint_lsn) {
		engine->checkpoint_wanted = false;
		return false;
	}
	if (engine->checkpoint_wanted || engine->index.count > options->dirty_extents_max / 2 ||
	    indexed_position(engine).lsn - engine->meta.checkpoint_lsn >
		    TH_MIN(options->log_limit_bytes / 4,
			   th_log_cache_share_bytes(&engine->cache) / 2))
		return true;
	if (!engine->dirty_since_ns)
		return false;
	due_ns = engine->dirty_since_ns + options->writeback_delay_ns;
	if (due_ns > engine->now_ns) {
		th_engine_wake_at(engine, due_ns);
		return false;
	}
	return true;
}

static void sweep_begin(struct th_engine *engine)
{
	struct th_sweep *sweep = &engine->sweep;

	sweep->limit = indexed_position(engine);
	sweep->cursor = 0;
	sweep->failed = false;
	sweep->flush_started = false;
	sweep->flush_done = false;
	sweep->flush_error = 0;
	engine->checkpoint_wanted = false;
	engine->dirty_since_ns = 0;
	sweep->phase = TH_SWEEP_LOG_SYNC;
}

/* It ends without a checkpoint; the next one begins a second later. */
static void sweep_abandon(struct th_engine *engine)
{
	engine->sweep.phase = TH_SWEEP_IDLE;
	engine->sweep.retry_ns = engine->now_ns + TH_RETRY_NS;
	th_engine_kick(engine); /* calls wait for it */
}

static bool sweep_log_sync(struct th_engine *engine)
{
	struct th_sweep *sweep = &engine->sweep;

	if (engine->log_failed && engine->durable_lsn < sweep->limit.lsn) {
		sweep_abandon(engine);
		return false;
	}
	if (!th_durable_want(engine, sweep->limit.lsn) && !th_mutated(TH_MUTATE_WRITE_AHEAD))
		return false;
	if (engine->meta.applied_limit_lsn < sweep->limit.lsn) {
		engine->meta.applied_limit_lsn = sweep->limit.lsn;
		engine->meta.clean = false;
		sweep->meta_generation = th_meta_write(engine);
	}
	sweep->phase = TH_SWEEP_LIMIT;
	return true;
}

/* Waits for the meta file, but not in vain when somebody waits for the sweep. */
static bool sweep_meta_is_durable(struct th_engine *engine, bool in_the_way)
{
	if (th_meta_is_durable(engine, engine->sweep.meta_generation))
		return true;
	if (in_the_way && th_meta_is_failing(engine))
		sweep_abandon(engine);
	return false;
}

static bool sweep_limit(struct th_engine *engine)
{
	if (!sweep_meta_is_durable(engine, engine->closing || engine->disk_leaving))
		return false;
	engine->sweep.phase = TH_SWEEP_WRITE;
	return true;
}

/* Where the last record ends that may have taken something from the sweep: batches under way are in the index too. */
static uint64_t superseder_lsn(struct th_engine *engine)
{
	if (engine->role != TH_ROLE_PRIMARY)
		return engine->reader.position.lsn;
	th_append_close(engine);
	return engine->tail.lsn;
}

/* All that is left of the sweep is on its way, none of it under way any more. */
static bool sweep_write(struct th_engine *engine)
{
	struct th_sweep *sweep = &engine->sweep;

	TH_ASSERT(engine->durable_lsn >= sweep->limit.lsn || th_mutated(TH_MUTATE_WRITE_AHEAD));
	TH_ASSERT(engine->meta.applied_limit_lsn >= sweep->limit.lsn);
	for (uint32_t i = 0; i < engine->options.writeback_depth && !sweep->failed; i++)
		if (!engine->writebacks[i].busy && !start_writeback(engine, &engine->writebacks[i]))
			break;
	if (th_mutated(TH_MUTATE_CHECKPOINT_EARLY) && sweep->in_flight &&
	    engine->meta.checkpoint_lsn != sweep->limit.lsn) {
		engine->meta.checkpoint_lsn = sweep->limit.lsn;
		engine->meta.checkpoint_chain = sweep->limit.chain;
		engine->meta.checkpoint_epoch = sweep->limit.epoch;
		th_meta_write(engine);
	}
	if (sweep->in_flight)
		return false;
	if (sweep->failed) {
		sweep_abandon(engine);
		engine->checkpoint_wanted = true;
		return true;
	}
	if (next_eligible(engine, sweep->cursor))
		return false;
	sweep->superseder_lsn = superseder_lsn(engine);
	sweep->phase = TH_SWEEP_FLUSH;
	return true;
}

static void disk_flush_done(struct th_request *request, void *context)
{
	struct th_engine *engine = context;

	engine->sweep.flush_done = true;
	engine->sweep.flush_error = request->error;
	th_request_put(request);
	th_engine_kick(engine);
}

static void start_disk_flush(struct th_engine *engine)
{
	struct th_request *request;

	engine->sweep.flush_started = true;
	if (th_mutated(TH_MUTATE_CHECKPOINT_FLUSH)) {
		engine->sweep.flush_done = true;
		return;
	}
	request = th_request_get(engine->writeback_pool);
	TH_ASSERT(request);
	request->operation = TH_FLUSH;
	th_request_push(request, disk_flush_done, engine);
	th_input_submit(th_engine_disk(engine), request);
}

static bool sweep_flush(struct th_engine *engine)
{
	struct th_sweep *sweep = &engine->sweep;
	bool durable;

	if (!sweep->flush_started)
		start_disk_flush(engine);
	durable = th_durable_want(engine, sweep->superseder_lsn);
	if (!sweep->flush_done)
		return false;
	if (sweep->flush_error || (engine->log_failed && !durable)) {
		/*
		 * What a failed flush lost is unknown: all of the sweep would have to be written again, but it
		 * is clean in the index. The log still has it: the replica must be opened anew.
		 */
		if (sweep->flush_error)
			th_engine_note_error(
				engine, sweep->flush_error,
				"the disk failed to flush (errno %d): the checkpoint stays "
				"at %llu. Check the disk, then close and open the resource: "
				"the log is replayed from there",
				-sweep->flush_error,
				(unsigned long long)engine->meta.checkpoint_lsn);
		engine->disk_failed = true;
		sweep_abandon(engine);
		return false;
	}
	if (!durable)
		return false;
	TH_ASSERT(engine->meta.checkpoint_lsn <= sweep->limit.lsn);
	/* Without the records that superseded some of the sweep the disk is not what the checkpoint says: no cut there. */
	engine->meta.applied_limit_lsn =
		TH_MAX(engine->meta.applied_limit_lsn, sweep->superseder_lsn);
	engine->meta.checkpoint_lsn = sweep->limit.lsn;
	engine->meta.checkpoint_chain = sweep->limit.chain;
	engine->meta.checkpoint_epoch = sweep->limit.epoch;
	if (engine->meta.inconsistent_until_lsn <= sweep->limit.lsn) {
		engine->meta.inconsistent_until_lsn = 0;
		engine->meta.inconsistent_until_epoch = 0;
	}
	sweep->meta_generation = th_meta_write(engine);
	sweep->phase = TH_SWEEP_CHECKPOINT;
	return true;
}

static bool sweep_checkpoint(struct th_engine *engine)
{
	if (!sweep_meta_is_durable(engine, engine->closing))
		return false;
	engine->checkpoint_durable_lsn = engine->sweep.limit.lsn;
	engine->sweep.phase = TH_SWEEP_IDLE;
	/* What came during the sweep waits at most as long again. */
	if (engine->index.count && !engine->dirty_since_ns)
		engine->dirty_since_ns = engine->now_ns;
	th_log_cache_release_below(&engine->cache, engine->checkpoint_durable_lsn);
	th_engine_changed(engine);
	th_engine_kick(engine); /* calls wait for it, and log that is not needed any more */
	return true;
}

void th_writeback_step(struct th_engine *engine)
{
	bool moved = true;

	while (moved) {
		switch (engine->sweep.phase) {
		case TH_SWEEP_IDLE:
			moved = sweep_is_due(engine);
			if (moved)
				sweep_begin(engine);
			break;
		case TH_SWEEP_LOG_SYNC:
			moved = sweep_log_sync(engine);
			break;
		case TH_SWEEP_LIMIT:
			moved = sweep_limit(engine);
			break;
		case TH_SWEEP_WRITE:
			moved = sweep_write(engine);
			break;
		case TH_SWEEP_FLUSH:
			moved = sweep_flush(engine);
			break;
		case TH_SWEEP_CHECKPOINT:
			moved = sweep_checkpoint(engine);
			break;
		}
	}
}
