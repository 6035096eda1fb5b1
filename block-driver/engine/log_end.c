// SPDX-License-Identifier: GPL-2.0
/*
 * The end of the log, when a replica is opened, or becomes primary. On opening, the scan has found the last batch that verifies. Does anything prove
 * that more than this had been durable? If not, what lies behind is what a crash has torn: it goes, newest first, so
 * that a crash in between leaves nothing else than what was there before. Then all that replay will rely on is synced:
 * a process that died, without a power cut, leaves a log that can be read but is not durable. Who becomes primary
 * drops what it has received of an incomplete batch.
 *
 * Segments can begin behind the end: a rotation starts the next one while batches of the one before are under way.
 */
#include "engine_internal.h"

/* Blocks that are looked at together. */
#define PROOF_BYTES (256u * 1024u)

enum log_end_step {
	END_PROOF,
	END_PROOF_READ,
	END_DROP,
	END_DROP_CLOSE,
	END_DROP_REMOVE,
	END_SYNC_DIR,
	END_CUT,
	END_CUT_TRUNCATE,
	END_SYNC,
	END_SYNC_FLUSH
};

static uint64_t log_end_lsn(const struct th_engine *engine)
{
	return engine->reader.position.lsn;
}

/* The segment that holds the last byte of the log. */
static struct th_segment *segment_at_end(const struct th_engine *engine)
{
	uint64_t end = log_end_lsn(engine);

	return end ? th_segment_of(engine, end - 1) : NULL;
}

/* The first segment that has bytes beyond @lsn. */
static struct th_segment *segment_beyond(const struct th_engine *engine, uint64_t lsn)
{
	struct th_segment *segment = th_segment_first(engine);

	while (segment && segment->end_lsn <= TH_MAX(lsn, segment->start_lsn))
		segment = th_segment_next(engine, segment);
	return segment;
}

static bool fail_damaged(struct th_engine *engine, struct th_engine_call *call, const char *why)
{
	const struct th_reader *reader = &engine->reader;

	return th_call_fail(
		call, -EUCLEAN,
		"the log is damaged at LSN %llu (%s: %s): %s. Nothing was changed; resync this replica from a peer, or "
		"restore the file",
		(unsigned long long)reader->position.lsn, reader->what ? reader->what : "batch",
		th_format_check_name(reader->check), why);
}

bool th_log_end_judge(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_reader *reader = &engine->reader;
	const struct th_segment *last = th_segment_last(engine);
	const struct th_segment *torn = segment_at_end(engine);
	uint64_t end = reader->position.lsn;
	bool more = last && last->start_lsn > end;
	bool own = torn && torn->own;

	/*
	 * What comes from a peer is durable before more of it is taken. So where a whole segment is torn or missing and
	 * others follow, this node has begun them, whoever wrote the one before.
	 */
	if (more && (!torn || torn->end_lsn == end))
		own = true;
	engine->log_end = (struct th_log_end){
		.step = END_PROOF,
		.lsn = end,
		/* Also the segment that ends right there: that it was cut is not part of a checkpoint. */
		.sync_lsn = TH_MAX(engine->meta.checkpoint_lsn, 1) - 1,
	};
	if (reader->result == TH_READER_FAILED)
		return !th_call_fail(call, reader->error,
				     "the log cannot be read at LSN %llu (errno %d)",
				     (unsigned long long)end, -reader->error);
	if (reader->result == TH_READER_INVALID && reader->check == TH_FORMAT_FOREIGN)
		return !th_call_fail(call, -EXDEV,
				     "the segment at LSN %llu belongs to another resource",
				     (unsigned long long)end);
	if (last && end < engine->meta.applied_limit_lsn)
		return !fail_damaged(engine, call, "the disk holds data from behind it");
	if (more && !own)
		return !fail_damaged(engine, call, "whole segments follow");
	if (!own)
		engine->log_end.step = END_DROP;
	return true;
}

/* ---- proof ---- */

/* An operation on the file of @segment; it stays open meanwhile. */
static bool start(struct th_engine *engine, struct th_segment *segment, uint32_t step,
		  const struct th_file_command *command)
{
	segment->users++;
	engine->log_end.segment = segment;
	engine->log_end.step = step;
	th_file_io_start(engine, &engine->call_io, command);
	return false;
}

static bool start_directory(struct th_engine *engine, uint32_t step,
			    const struct th_file_command *command)
{
	engine->log_end.step = step;
	th_file_io_start(engine, &engine->call_io, command);
	return false;
}

/* False: it is being opened. True: it is open, or the call has failed. */
static bool open_file(struct th_engine *engine, struct th_engine_call *call,
		      struct th_segment *segment)
{
	int error = 0;

	if (th_segment_open_for_read(engine, segment, &error))
		return true;
	return error &&
	       th_call_fail(call, error, "a log segment cannot be opened (errno %d)", -error);
}

static uint64_t proof_bytes(const struct th_engine *engine, const struct th_segment *segment)
{
	return TH_MIN(PROOF_BYTES, segment->end_lsn - engine->log_end.lsn);
}

static bool read_proof(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_log_end *end = &engine->log_end;
	struct th_segment *segment = segment_beyond(engine, end->lsn);

	if (!segment) {
		end->step = END_DROP;
		return true;
	}
	if (!open_file(engine, call, segment))
		return false;
	if (call->error.code)
		return true;
	end->lsn = TH_MAX(end->lsn, segment->start_lsn);
	return start(engine, segment, END_PROOF_READ,
		     &(struct th_file_command){ .operation = TH_READ,
						.file = segment->file,
						.position = end->lsn - segment->start_lsn,
						.length = proof_bytes(engine, segment),
						.buffer = engine->call_memory });
}

/* Does a block behind the end prove that more than the end had been durable? */
static void judge_proof(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_log_end *end = &engine->log_end;
	const struct th_segment *segment = end->segment;
	uint64_t bytes = proof_bytes(engine, segment);
	const uint8_t *blocks = engine->call_memory;
	struct th_batch_header header;

	for (uint64_t offset = 0; offset < bytes; offset += TH_BLOCK_BYTES)
		if (th_batch_header_plausible(&header, blocks + offset, end->lsn + offset,
					      segment->epoch) &&
		    header.durable_lsn > log_end_lsn(engine)) {
			fail_damaged(engine, call,
				     "later batches prove that it had been durable there");
			return;
		}
	end->lsn += bytes;
	end->step = END_PROOF;
}

/* ---- dropping ---- */

static bool drop_next(struct th_engine *engine)
{
	struct th_segment *last = th_segment_last(engine);
	char *name = engine->call_memory;

	if (!last || last->start_lsn < log_end_lsn(engine))
		return start_directory(engine, END_SYNC_DIR,
				       &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
	if (last->users)
		return false; /* it is being opened */
	if (last->opened) {
		engine->log_end.step = END_DROP_CLOSE;
		th_segment_close(engine, last, &engine->call_io);
		return false;
	}
	th_segment_name(name, last->epoch, last->start_lsn);
	return start_directory(engine, END_DROP_REMOVE,
			       &(struct th_file_command){ .operation = TH_FILE_REMOVE,
							  .name = name });
}

/* ---- cutting and syncing ---- */

/* Everything behind is gone: what remains is cut to its length and synced, segment by segment. */
static void begin_sync(struct th_engine *engine)
{
	struct th_log_end *end = &engine->log_end;
	struct th_segment *last = th_segment_last(engine);

	end->step = END_CUT;
	end->lsn = TH_MIN(end->sync_lsn, last ? last->start_lsn : 0);
	if (last && last->start_lsn + last->file_bytes > log_end_lsn(engine))
		th_engine_event(engine, TH_LOG_INFO,
				"the log ends at LSN %llu: what follows is torn and cut off",
				(unsigned long long)log_end_lsn(engine));
	if (last)
		last->end_lsn = log_end_lsn(engine);
}

/*
 * A segment that another one follows may still be as long as it was allocated. The last one is cut also where its file
 * seems to be as long as it should: who ships segments may have written more than was announced.
 */
static bool cut(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *segment = segment_beyond(engine, engine->log_end.lsn);
	uint64_t bytes = segment ? segment->end_lsn - segment->start_lsn : 0;

	if (!segment || th_mutated(TH_MUTATE_SEAL) ||
	    (segment->file_bytes == bytes && segment != th_segment_last(engine))) {
		engine->log_end.step = END_SYNC;
		return true;
	}
	if (!open_file(engine, call, segment))
		return false;
	if (call->error.code)
		return true;
	segment->file_bytes = bytes;
	return start(engine, segment, END_CUT_TRUNCATE,
		     &(struct th_file_command){ .operation = TH_FILE_TRUNCATE,
						.file = segment->file,
						.length = bytes });
}

/* True: all is synced, or the call has failed. */
static bool sync_next(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *segment = segment_beyond(engine, engine->log_end.lsn);

	if (!segment)
		return true;
	if (!open_file(engine, call, segment))
		return false;
	if (call->error.code)
		return true;
	return start(engine, segment, END_SYNC_FLUSH,
		     &(struct th_file_command){ .operation = TH_FLUSH, .file = segment->file });
}

/* The operation that was under way has ended. */
static void take_result(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_log_end *end = &engine->log_end;

	if (end->segment)
		end->segment->users--;
	if (engine->call_io.error) {
		th_call_fail(call, engine->call_io.error,
			     "the end of the log cannot be read, cut or synced (errno %d)",
			     -engine->call_io.error);
	} else if (end->step == END_PROOF_READ) {
		judge_proof(engine, call);
	} else if (end->step == END_DROP_CLOSE) {
		end->step = END_DROP;
	} else if (end->step == END_DROP_REMOVE) {
		th_segment_free(engine, th_segment_last(engine));
		end->step = END_DROP;
	} else if (end->step == END_SYNC_DIR) {
		begin_sync(engine);
	} else if (end->step == END_CUT_TRUNCATE) {
		end->step = END_SYNC;
	} else {
		end->lsn = end->segment->end_lsn;
		end->step = END_CUT;
	}
	end->segment = NULL;
}

void th_log_end_begin(struct th_engine *engine)
{
	engine->log_end = (struct th_log_end){ .step = END_DROP, .sync_lsn = UINT64_MAX };
}

bool th_log_end_step(struct th_engine *engine, struct th_engine_call *call)
{
	bool going = true;

	if (engine->call_io.busy) {
		if (!th_file_io_finished(&engine->call_io))
			return false;
		take_result(engine, call);
	}
	if (!engine->call_memory && !th_call_alloc(engine, PROOF_BYTES))
		return th_call_fail(call, -ENOMEM, "no memory");
	while (going && !call->error.code) {
		if (engine->log_end.step == END_SYNC)
			return sync_next(engine, call);
		if (engine->log_end.step == END_PROOF)
			going = read_proof(engine, call);
		else if (engine->log_end.step == END_DROP)
			going = drop_next(engine);
		else
			going = cut(engine, call);
	}
	return call->error.code != 0;
}
