// SPDX-License-Identifier: GPL-2.0
/*
 * Primary, secondary, and cutting a tail of another history. A change of role is a change of where records come
 * from: the dirty index and the log cache stay as they are.
 */
#include "engine_internal.h"

/* ---- primary ---- */

enum primary_step {
	PRIMARY_REPLAY,
	PRIMARY_TRUNCATE,
	PRIMARY_SPARE,
	PRIMARY_SEGMENT,
	PRIMARY_META
};

static uint64_t newest_epoch(const struct th_engine *engine)
{
	uint64_t epoch = engine->reader.position.epoch;

	if (engine->meta.epoch_count)
		epoch = TH_MAX(epoch, engine->meta.epochs[engine->meta.epoch_count - 1].epoch);
	return epoch;
}

static bool primary_refused(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_reader *reader = &engine->reader;

	if (call->epoch <= newest_epoch(engine))
		return th_call_fail(call, -ESTALE, "epoch %llu is not above epoch %llu of this log",
				    (unsigned long long)call->epoch,
				    (unsigned long long)newest_epoch(engine));
	if (engine->log_failed)
		return th_call_fail(call, -EIO, "the log has failed: see status");
	if (engine->replay_stopped)
		return th_call_fail(call, -EUCLEAN, "replay has stopped: %s", engine->error.text);
	if (!engine->replay_run || (reader->result == TH_READER_PAUSED &&
				    (engine->replay_until_lsn || engine->replay_until_ns)))
		return th_call_fail(call, -EBUSY,
				    "replay is paused at LSN %llu of %llu: let it run first",
				    (unsigned long long)reader->position.lsn,
				    (unsigned long long)engine->received_lsn);
	return false;
}

static bool primary_refused_at_end(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_reader *reader = &engine->reader;

	if (reader->position.lsn < th_gate_consistent_lsn(engine))
		return th_call_fail(
			call, -EUCLEAN,
			"this replica is not consistent before LSN %llu, and its log ends at %llu",
			(unsigned long long)th_gate_consistent_lsn(engine),
			(unsigned long long)reader->position.lsn);
	if (call->chain_given && call->chain != reader->position.chain)
		return th_call_fail(
			call, -ESTALE,
			"the log here ends at LSN %llu with chain value %016llx: it is not the history "
			"that is meant",
			(unsigned long long)reader->position.lsn,
			(unsigned long long)reader->position.chain);
	return false;
}

/* From here on this node owns the end of the log: behind the last whole batch nothing remains. */
static void primary_take_end(struct th_engine *engine)
{
	struct th_position end = engine->reader.position;

	/* The checkpoint does not hold the time of the batch before it; the meta file is younger. */
	end.time_ns = TH_MAX(end.time_ns, engine->meta.written_ns);
	engine->received_lsn = end.lsn;
	engine->durable_lsn = end.lsn;
	engine->log_sync.wanted_lsn = end.lsn;
	engine->log_sync.written_out_lsn = end.lsn;
	engine->appended = end;
	engine->tail = end;
	th_log_cache_truncate(&engine->cache, end.lsn);
	engine->spare_wanted = true;
	/* What was so at an earlier attempt need not be so now: making the spare tells. */
	th_segments_set_log_full(engine, false);
	engine->spare.error = 0;
	engine->spare.retry_ns = 0;
}

static bool primary_begin_segment(struct th_engine *engine, struct th_engine_call *call)
{
	if (engine->log_full) {
		engine->spare_wanted = false;
		return th_call_fail(
			call, -ENOSPC,
			"the log has no room for a new segment: raise its limit or free space");
	}
	if (engine->log_failed || engine->spare.error) {
		engine->spare_wanted = false;
		return th_call_fail(call, -EIO, "no segment can be begun: %s", engine->error.text);
	}
	if (!th_segments_rotate(engine, call->epoch))
		return false;
	call->step = PRIMARY_SEGMENT;
	return true;
}

static void primary_note_epoch(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_segment *segment = th_segment_last(engine);

	th_meta_add_epoch(engine, segment->epoch, segment->start_lsn, segment->chain_before);
	engine->meta.clean = false;
	call->end_lsn = th_meta_write(engine);
	call->step = PRIMARY_META;
}

static void primary_ready(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *segment = th_segment_last(engine);

	TH_ASSERT(segment->state == TH_SEGMENT_APPENDING && segment->linked);
	engine->appended = engine->tail;
	th_log_cache_set_evictable(&engine->cache, engine->appended.lsn);
	engine->role = TH_ROLE_PRIMARY;
	call->end_lsn = engine->tail.lsn;
	call->end_chain = engine->tail.chain;
	th_engine_event(engine, TH_LOG_INFO, "primary, epoch %llu from LSN %llu on",
			(unsigned long long)segment->epoch, (unsigned long long)segment->start_lsn);
}

bool th_call_primary(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_reader *reader = &engine->reader;

	if (engine->role == TH_ROLE_PRIMARY && engine->tail.epoch == call->epoch) {
		call->end_lsn = engine->tail.lsn;
		call->end_chain = engine->tail.chain;
		return true;
	}
	switch (call->step) {
	case PRIMARY_REPLAY:
		if (engine->role == TH_ROLE_PRIMARY && call->epoch > engine->tail.epoch)
			return th_call_fail(
				call, -EBUSY,
				"primary already, of epoch %llu: make it secondary first",
				(unsigned long long)engine->tail.epoch);
		if (primary_refused(engine, call))
			return true;
		if (reader->result != TH_READER_STARVED || reader->read_busy ||
		    reader->limit_lsn != engine->received_lsn)
			return false;
		if (primary_refused_at_end(engine, call))
			return true;
		engine->promoting = true;
		th_log_end_begin(engine);
		call->step = PRIMARY_TRUNCATE;
		th_fallthrough;
	case PRIMARY_TRUNCATE:
		if (!th_log_end_step(engine, call))
			return false;
		if (call->error.code)
			break;
		primary_take_end(engine);
		call->step = PRIMARY_SPARE;
		th_fallthrough;
	case PRIMARY_SPARE:
		if (!primary_begin_segment(engine, call))
			return false;
		break;
	case PRIMARY_SEGMENT:
		if (engine->log_failed) {
			th_call_fail(call, -EIO, "the log has failed: see status");
			break;
		}
		if (engine->rotation.step != TH_ROTATION_NONE)
			return false;
		primary_note_epoch(engine, call);
		return false;
	case PRIMARY_META:
		if (!th_meta_is_durable(engine, call->end_lsn))
			return false;
		primary_ready(engine, call);
		engine->promoting = false;
		return true;
	}
	if (!call->error.code)
		return false;
	engine->promoting = false;
	return true;
}

/* ---- secondary ---- */

enum secondary_step { SECONDARY_DRAIN, SECONDARY_SEAL };

static void secondary_ready(struct th_engine *engine, struct th_engine_call *call)
{
	engine->received_lsn = engine->appended.lsn;
	th_reader_reset(engine, &engine->appended, engine->received_lsn, false);
	engine->reader.result = TH_READER_STARVED;
	engine->role = TH_ROLE_SECONDARY;
	engine->demoting = false;
	engine->spare_wanted = false;
	th_segments_set_log_full(engine, false);
	call->end_lsn = engine->appended.lsn;
	call->end_chain = engine->appended.chain;
	th_engine_event(engine, TH_LOG_INFO, "secondary, the log ends at LSN %llu",
			(unsigned long long)call->end_lsn);
}

bool th_call_secondary(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last = th_segment_last(engine);

	if (engine->role == TH_ROLE_SECONDARY) {
		call->end_lsn = engine->received_lsn;
		call->end_chain = engine->reader.position.chain;
		return true;
	}
	engine->demoting = true; /* writers are refused from now on */
	if (engine->log_failed) {
		engine->demoting = false;
		return th_call_fail(call, -EIO, "the log has failed: close and open the resource");
	}
	switch (call->step) {
	case SECONDARY_DRAIN:
		th_append_close(engine);
		if (th_gate_lease_expired(engine))
			th_append_fail_waiters(engine, -EIO);
		if (!th_append_idle(engine) || !th_list_empty(&engine->appended_waiters) ||
		    !th_list_empty(&engine->writes) || engine->rotation.step != TH_ROTATION_NONE)
			return false;
		last->state = TH_SEGMENT_SEALING;
		call->step = SECONDARY_SEAL;
		th_engine_kick(engine);
		return false;
	default:
		if (last->state != TH_SEGMENT_SEALED)
			return false;
		TH_ASSERT(engine->durable_lsn == engine->appended.lsn);
		secondary_ready(engine, call);
		return true;
	}
}

/* ---- cutting a diverged tail ---- */

enum cut_step {
	CUT_QUIET,
	CUT_FIND,
	CUT_CLOSE,
	CUT_REMOVE,
	CUT_SYNC_DIR,
	CUT_OPEN,
	CUT_TRUNCATE,
	CUT_FLUSH,
	CUT_META
};

static bool cut_refused(struct th_engine *engine, struct th_engine_call *call)
{
	uint64_t on_disk =
		TH_MAX(engine->meta.applied_limit_lsn, engine->meta.inconsistent_until_lsn);

	if (engine->role != TH_ROLE_SECONDARY)
		return th_call_fail(call, -EBUSY,
				    "a primary's log is not cut: make it secondary first");
	if (call->lsn > engine->received_lsn)
		return th_call_fail(call, -EINVAL, "the log ends at LSN %llu already",
				    (unsigned long long)engine->received_lsn);
	if (call->lsn < on_disk)
		return th_call_fail(
			call, -EUCLEAN,
			"records up to LSN %llu may be on the disk: cutting at %llu needs a rewind",
			(unsigned long long)on_disk, (unsigned long long)call->lsn);
	return false;
}

/* The search for the place has ended: where replay stood before counts again, as far as it remains. */
static void cut_restore(struct th_engine *engine, uint64_t end_lsn)
{
	const struct th_meta *meta = &engine->meta;
	struct th_position position = engine->cut_position;

	if (position.lsn > end_lsn) {
		/* The index knows newest versions only: what the tail replaced comes back from the log. */
		th_dirty_index_clear(&engine->index);
		position = (struct th_position){ .lsn = meta->checkpoint_lsn,
						 .epoch = meta->checkpoint_epoch,
						 .chain = meta->checkpoint_chain };
	}
	engine->mandatory_lsn = meta->applied_limit_lsn;
	/* Other bytes may come where the tail was. */
	th_log_cache_reset(&engine->cache, position.lsn);
	th_reader_reset(engine, &position, end_lsn, false);
	engine->cutting = false;
	th_engine_kick(engine);
}

static bool cut_fail(struct th_engine *engine, struct th_engine_call *call, int code,
		     const char *what)
{
	cut_restore(engine, engine->received_lsn);
	return th_call_fail(call, code, "the log was not cut: %s (errno %d)", what, -code);
}

static void cut_start(struct th_engine *engine, struct th_engine_call *call, enum cut_step step,
		      const struct th_file_command *command)
{
	call->step = step;
	th_file_io_start(engine, &engine->call_io, command);
}

/* The next file of the tail to go, or on to the one that is cut in two. */
static void cut_next(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last = th_segment_last(engine);
	char *name = engine->call_memory;

	if (!last || last->start_lsn < call->lsn) {
		call->step = CUT_OPEN;
		th_engine_kick(engine);
	} else if (last->opened) {
		call->step = CUT_CLOSE;
		th_segment_close(engine, last, &engine->call_io);
	} else {
		th_segment_name(name, last->epoch, last->start_lsn);
		cut_start(engine, call, CUT_REMOVE,
			  &(struct th_file_command){ .operation = TH_FILE_REMOVE, .name = name });
	}
}

/* An epoch that begins at @lsn or behind. */
static bool newest_epoch_is_behind(const struct th_engine *engine, uint64_t lsn)
{
	const struct th_meta *meta = &engine->meta;

	return meta->epoch_count && meta->epochs[meta->epoch_count - 1].start_lsn >= lsn;
}

static void cut_epochs(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_meta *meta = &engine->meta;

	while (newest_epoch_is_behind(engine, call->lsn)) {
		meta->epoch_count--;
		memset(&meta->epochs[meta->epoch_count], 0, sizeof(meta->epochs[0]));
	}
	call->end_lsn = th_meta_write(engine);
	call->step = CUT_META;
}

static void cut_truncate(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last = th_segment_last(engine);
	int error = 0;

	if (!last) {
		cut_epochs(engine, call);
	} else if (th_segment_open_for_read(engine, last, &error)) {
		last->end_lsn = call->lsn;
		last->file_bytes = call->lsn - last->start_lsn;
		cut_start(engine, call, CUT_TRUNCATE,
			  &(struct th_file_command){ .operation = TH_FILE_TRUNCATE,
						     .file = last->file,
						     .length = last->file_bytes });
	} else if (error) {
		cut_fail(engine, call, error, "its last segment cannot be opened");
	}
}

/* One file operation of the cut is done. */
static bool cut_io_finished(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last = th_segment_last(engine);

	if (engine->call_io.error)
		return cut_fail(engine, call, engine->call_io.error,
				"a file operation failed; what was removed is gone, cut again");
	switch (call->step) {
	case CUT_CLOSE:
		cut_next(engine, call);
		break;
	case CUT_REMOVE:
		engine->received_lsn = TH_MIN(engine->received_lsn, last->start_lsn);
		engine->durable_lsn = engine->received_lsn;
		th_segment_free(engine, last);
		/* Before more goes: what a crash leaves must be a log without a gap. */
		cut_start(engine, call, CUT_SYNC_DIR,
			  &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
		break;
	case CUT_SYNC_DIR:
		cut_next(engine, call);
		break;
	case CUT_TRUNCATE:
		engine->received_lsn = call->lsn;
		engine->durable_lsn = call->lsn;
		cut_start(engine, call, CUT_FLUSH,
			  &(struct th_file_command){ .operation = TH_FLUSH, .file = last->file });
		break;
	default:
		cut_epochs(engine, call);
		break;
	}
	return false;
}

bool th_call_cut(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_meta *meta = &engine->meta;
	struct th_reader *reader = &engine->reader;
	const struct th_position checkpoint = { .lsn = meta->checkpoint_lsn,
						.epoch = meta->checkpoint_epoch,
						.chain = meta->checkpoint_chain };

	switch (call->step) {
	case CUT_QUIET:
		if (cut_refused(engine, call))
			return true;
		if (call->lsn == engine->received_lsn &&
		    !newest_epoch_is_behind(engine, call->lsn)) {
			call->end_lsn = call->lsn;
			return true;
		}
		engine->cutting = true; /* no sweep begins, no replay, no removal */
		if (!th_writeback_idle(engine) || reader->read_busy || engine->reads_under_way ||
		    engine->opening_segment || !th_retention_idle(engine) ||
		    engine->removal.step != TH_REMOVAL_NONE)
			return false;
		if (cut_refused(engine, call) || !th_call_alloc(engine, TH_SEGMENT_NAME_BYTES)) {
			engine->cutting = false;
			return call->error.code ? true : th_call_fail(call, -ENOMEM, "no memory");
		}
		engine->cut_position = reader->position;
		th_reader_reset(engine, &checkpoint, call->lsn, true);
		call->step = CUT_FIND;
		th_fallthrough;
	case CUT_FIND:
		th_reader_run(engine);
		if (reader->result == TH_READER_MORE || reader->read_busy)
			return false;
		if (reader->position.lsn != call->lsn || reader->position.epoch != call->epoch)
			return cut_fail(engine, call, -EINVAL,
					"no batch of that epoch ends at that LSN");
		/* Of what was appended here as primary, nothing behind will ever be durable. */
		if (engine->appended.lsn > call->lsn) {
			engine->appended = reader->position;
			engine->tail = reader->position;
			th_durable_fail_waiters(engine, -EIO);
		}
		cut_next(engine, call);
		return false;
	case CUT_OPEN:
		cut_truncate(engine, call);
		return call->error.code != 0;
	case CUT_META:
		if (!th_meta_is_durable(engine, call->end_lsn))
			return false;
		call->end_lsn = call->lsn;
		cut_restore(engine, call->lsn);
		th_engine_event(engine, TH_LOG_WARNING, "the log was cut at LSN %llu",
				(unsigned long long)call->lsn);
		return true;
	default:
		return th_file_io_finished(&engine->call_io) && cut_io_finished(engine, call);
	}
}
