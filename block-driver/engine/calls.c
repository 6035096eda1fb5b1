// SPDX-License-Identifier: GPL-2.0
/*
 * Calls: what the control channel asks of the engine. Those that need I/O run one at a time, each a function that
 * is called again until it is done, with call->step saying how far it has got. The short ones are done at once and
 * overtake, so that a lease or a confirmation never waits behind a checkpoint.
 */
#include "engine_internal.h"

#define LEASE_NS_MAX	  (3600ULL * TH_NS_PER_S)
#define SEGMENT_BYTES_MIN (64u * 1024u)
#define LOG_SEGMENTS_MIN  3u

void th_engine_options_default(struct th_engine_options *options)
{
	*options = (struct th_engine_options){
		.segment_bytes = 64 * TH_MIB,
		.log_limit_bytes = 4 * TH_GIB,
		.log_full = TH_LOG_FULL_STOP,
		.log_sync_ns = 10 * TH_NS_PER_MS,
		.writeback_delay_ns = 2 * TH_NS_PER_S,
		.writeback_depth = 8,
		.batches_in_flight = 8,
		.dirty_extents_max = 256 * 1024,
	};
}

void *th_call_alloc(struct th_engine *engine, size_t bytes)
{
	if (engine->call_memory)
		th_free_buffer(engine->call_memory, engine->call_memory_bytes);
	engine->call_memory = bytes ? th_alloc_buffer(th_align_up(bytes, TH_BLOCK_BYTES)) : NULL;
	engine->call_memory_bytes = th_align_up(bytes, TH_BLOCK_BYTES);
	return engine->call_memory;
}

uint64_t th_call_troubles(const struct th_engine *engine)
{
	return engine->counters.writeback_errors + engine->meta_writer.failures;
}

bool th_call_fail(struct th_engine_call *call, int code, const char *format, ...)
{
	va_list args;

	call->error.code = code;
	va_start(args, format);
	th_vsnprintf(call->error.text, sizeof(call->error.text), format, args);
	va_end(args);
	return true;
}

static bool fail_not_primary(struct th_engine_call *call)
{
	return th_call_fail(call, -EROFS, "this replica is not primary: ask the primary");
}

/* ---- short calls ---- */

static bool call_received(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last = th_segment_last(engine);

	if (engine->role != TH_ROLE_SECONDARY)
		return th_call_fail(call, -EINVAL, "a primary takes no log from elsewhere");
	if (call->lsn < call->start_lsn)
		return th_call_fail(call, -EINVAL, "lsn lies before the segment's start");
	if (!th_is_aligned(call->start_lsn, TH_BLOCK_BYTES) || call->lsn > TH_LSN_MAX)
		return th_call_fail(call, -EINVAL, "no segment can be there");
	if (last && call->start_lsn < last->start_lsn) {
		if (call->lsn <= last->start_lsn)
			return true; /* told before */
		return th_call_fail(call, -EINVAL,
				    "the segment ends at LSN %llu, where the next one begins",
				    (unsigned long long)last->start_lsn);
	}
	if (!last || last->start_lsn != call->start_lsn) {
		uint64_t epoch = last ? last->epoch : engine->meta.checkpoint_epoch;

		if (call->start_lsn != engine->received_lsn || call->epoch < epoch)
			return th_call_fail(
				call, -EINVAL,
				"the segment does not join: the log here ends at LSN %llu, epoch %llu",
				(unsigned long long)engine->received_lsn,
				(unsigned long long)epoch);
		last = th_segment_add(engine, call->epoch, call->start_lsn);
		if (!last)
			return th_call_fail(call, -ENOMEM, "too many segments, or no memory");
		last->state = TH_SEGMENT_SEALED;
		last->linked = true;
	} else if (last->epoch != call->epoch) {
		return th_call_fail(call, -ESTALE, "the segment at LSN %llu is of epoch %llu",
				    (unsigned long long)last->start_lsn,
				    (unsigned long long)last->epoch);
	}
	if (call->lsn > engine->received_lsn) {
		engine->received_lsn = call->lsn;
		engine->durable_lsn = call->lsn;
		last->end_lsn = call->lsn;
		last->file_bytes = TH_MAX(last->file_bytes, last->end_lsn - last->start_lsn);
	}
	th_replay_restart(engine);
	return true;
}

static bool call_replay(struct th_engine *engine, struct th_engine_call *call)
{
	if (engine->role != TH_ROLE_SECONDARY)
		return th_call_fail(call, -EINVAL, "a primary does not replay");
	if (call->until_lsn && call->until_lsn < engine->reader.position.lsn)
		return th_call_fail(call, -EINVAL,
				    "replay has passed LSN %llu already: it is at %llu",
				    (unsigned long long)call->until_lsn,
				    (unsigned long long)engine->reader.position.lsn);
	engine->replay_run = call->run;
	engine->replay_until_lsn = call->until_lsn;
	engine->replay_until_ns = call->until_ns;
	th_replay_restart(engine);
	return true;
}

static bool call_peer_durable(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_meta_peer *peer = th_peer_find(engine, &call->peer);
	uint64_t end = TH_MAX(engine->appended.lsn, engine->received_lsn);

	if (!peer)
		return th_call_fail(call, -ENOENT, "no such peer: add it with peer-add");
	if (call->lsn > end)
		return th_call_fail(call, -EINVAL,
				    "the log ends at LSN %llu: no peer can have more",
				    (unsigned long long)end);
	peer->durable_lsn = TH_MAX(peer->durable_lsn, call->lsn);
	return true;
}

static bool call_lease(struct th_engine *engine, struct th_engine_call *call)
{
	if (call->lease_ns > LEASE_NS_MAX)
		return th_call_fail(call, -EINVAL, "a lease is at most an hour");
	engine->lease_deadline_ns = engine->now_ns + call->lease_ns;
	return true;
}

static bool call_resume(struct th_engine *engine, struct th_engine_call *call)
{
	(void)call;
	engine->suspended = false;
	return true;
}

static bool call_tune(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_engine_options *options = &call->options;

	if (options->segment_bytes < SEGMENT_BYTES_MIN ||
	    !th_is_aligned(options->segment_bytes, TH_BLOCK_BYTES))
		return th_call_fail(call, -EINVAL,
				    "segment size: at least 64 KiB, a multiple of 4 KiB");
	if (options->log_limit_bytes / options->segment_bytes < LOG_SEGMENTS_MIN ||
	    options->log_limit_bytes / options->segment_bytes > TH_SEGMENTS_MAX - 2)
		return th_call_fail(call, -EINVAL, "log limit: room for 3 to %u segments",
				    TH_SEGMENTS_MAX - 2);
	if (!options->writeback_depth || options->writeback_depth > TH_WRITEBACK_DEPTH_MAX)
		return th_call_fail(call, -EINVAL, "write-back depth: 1 to %u",
				    TH_WRITEBACK_DEPTH_MAX);
	if (!options->batches_in_flight || options->batches_in_flight > TH_BATCHES_MAX)
		return th_call_fail(call, -EINVAL, "batches in flight: 1 to %u", TH_BATCHES_MAX);
	if (options->durability_remote > TH_PEERS_MAX)
		return th_call_fail(call, -EINVAL, "remote durability: 0 to %u peers",
				    TH_PEERS_MAX);
	if (options->dirty_extents_max < 1024 || options->dirty_extents_max > (1u << 26))
		return th_call_fail(call, -EINVAL, "dirty extents: 1024 to %u", 1u << 26);
	if (engine->opened && options->dirty_extents_max != engine->options.dirty_extents_max)
		return th_call_fail(call, -EBUSY,
				    "the number of dirty extents is fixed while open");
	engine->options = *options;
	if (engine->opened && th_writeback_init(engine))
		return th_call_fail(call, -ENOMEM, "no memory for write-back buffers");
	return true;
}

/* ---- calls that take I/O ---- */

static bool call_rotate(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_segment *last = th_segment_last(engine);

	if (engine->role != TH_ROLE_PRIMARY)
		return fail_not_primary(call);
	if (engine->log_failed)
		return th_call_fail(call, -EIO, "the log has failed: see status");
	if (call->step == 0) {
		if (engine->tail.lsn == last->start_lsn + TH_BLOCK_BYTES && !engine->batch_open) {
			call->end_lsn = engine->tail.lsn;
			return true; /* an empty segment: nothing to rotate away from */
		}
		if (engine->log_full)
			return th_call_fail(call, -ENOSPC,
					    "the log is full: no room for a new segment");
		if (engine->spare.error)
			return th_call_fail(
				call, engine->spare.error,
				"no new segment can be made (errno %d): check the log's "
				"file system",
				-engine->spare.error);
		if (engine->spare.state != TH_SPARE_READY ||
		    engine->rotation.step != TH_ROTATION_NONE)
			return false;
		th_append_close(engine);
		if (!th_segments_rotate(engine, last->epoch))
			return false;
		call->step = 1;
	}
	if (engine->rotation.step != TH_ROTATION_NONE)
		return false;
	call->end_lsn = th_segment_last(engine)->start_lsn;
	return true;
}

static bool call_flush(struct th_engine *engine, struct th_engine_call *call)
{
	if (call->step == 0) {
		th_append_close(engine);
		if (engine->role == TH_ROLE_PRIMARY) {
			call->end_lsn = engine->tail.lsn;
			call->epoch = engine->tail.epoch;
		} else {
			const struct th_segment *last = th_segment_last(engine);

			call->end_lsn = engine->durable_lsn;
			call->epoch = last ? last->epoch : engine->reader.position.epoch;
		}
		call->step = 1;
	}
	if (engine->log_failed)
		return th_call_fail(call, -EIO, "the log has failed: see status");
	return th_durable_want(engine, call->end_lsn);
}

static bool call_checkpoint(struct th_engine *engine, struct th_engine_call *call)
{
	if (!engine->disk_attached)
		return th_call_fail(call, -ENXIO,
				    "no disk is attached: there is nothing to write back to");
	if (call->step == 0) {
		call->end_lsn = engine->role == TH_ROLE_PRIMARY ? engine->appended.lsn :
								  engine->reader.position.lsn;
		call->troubles = th_call_troubles(engine);
		call->step = 1;
	}
	if (engine->checkpoint_durable_lsn >= call->end_lsn)
		return true;
	if (engine->disk_failed || th_call_troubles(engine) != call->troubles)
		return th_call_fail(call, -EIO, "write-back failed: %s", engine->error.text);
	if (engine->log_failed && engine->durable_lsn < call->end_lsn)
		return th_call_fail(call, -EIO, "the log has failed: see status");
	if (th_writeback_idle(engine))
		engine->checkpoint_wanted = true;
	return false;
}

static bool wait_meta(struct th_engine *engine, struct th_engine_call *call)
{
	if (call->step == 0) {
		call->end_lsn = th_meta_write(engine);
		call->troubles = engine->meta_writer.failures;
		call->step = 1;
	}
	if (th_meta_is_durable(engine, call->end_lsn))
		return true;
	return engine->meta_writer.failures != call->troubles &&
	       th_call_fail(call, -EIO, "the meta file cannot be written: see status");
}

static bool peer_add_refused(struct th_engine *engine, struct th_engine_call *call)
{
	uint64_t oldest = th_segments_oldest_lsn(engine);

	if (!th_peer_find(engine, &call->peer) && engine->meta.peer_count == TH_PEERS_MAX)
		return th_call_fail(call, -ENOSPC, "at most %u peers", TH_PEERS_MAX);
	if (!call->lsn_given)
		return false;
	if (call->lsn < oldest)
		return th_call_fail(call, -ENODATA,
				    "the log before LSN %llu is gone: the peer needs a resync",
				    (unsigned long long)oldest);
	if (call->lsn > TH_MAX(engine->appended.lsn, engine->received_lsn))
		return th_call_fail(call, -EINVAL, "the log does not reach LSN %llu",
				    (unsigned long long)call->lsn);
	return false;
}

static bool call_peer_add(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_meta_peer *peer = th_peer_find(engine, &call->peer);

	if (call->step)
		return wait_meta(engine, call);
	/* Its log may be being dropped: the bitmap would begin where it is said to be no more. */
	if (peer && !th_retention_idle(engine))
		return false;
	if (peer_add_refused(engine, call))
		return true;
	if (peer && peer->state == TH_PEER_FOLLOWING && !call->lsn_given)
		return wait_meta(engine, call);
	if (!peer)
		peer = &engine->meta.peers[engine->meta.peer_count++];
	*peer = (struct th_meta_peer){ .peer_uuid = call->peer,
				       .state = TH_PEER_FOLLOWING,
				       .durable_lsn = call->lsn_given ? call->lsn : 0 };
	return wait_meta(engine, call);
}

static bool call_peer_remove(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_meta_peer *peer = th_peer_find(engine, &call->peer);
	struct th_meta_peer *last;
	char *name;

	switch (call->step) {
	case 0:
		if (!peer || !th_retention_idle(engine))
			return !peer;
		last = &engine->meta.peers[engine->meta.peer_count - 1];
		*peer = *last;
		memset(last, 0, sizeof(*last));
		engine->meta.peer_count--;
		return wait_meta(engine, call);
	case 1:
		if (!wait_meta(engine, call))
			return false;
		if (call->error.code)
			return true;
		name = th_call_alloc(engine, TH_BITMAP_NAME_BYTES);
		if (!name)
			return th_call_fail(call, -ENOMEM, "no memory");
		th_bitmap_name(name, &call->peer);
		call->step = 2;
		th_file_io_start(engine, &engine->call_io,
				 &(struct th_file_command){ .operation = TH_FILE_REMOVE,
							    .name = name });
		return false;
	default:
		return th_file_io_finished(&engine->call_io);
	}
}

static bool call_suspend(struct th_engine *engine, struct th_engine_call *call)
{
	(void)call;
	engine->suspended = true;
	th_append_close(engine);
	if (engine->log_failed)
		return true;
	return th_append_idle(engine) && th_list_empty(&engine->appended_waiters) &&
	       !engine->reads_under_way && th_durable_want(engine, engine->appended.lsn);
}

static bool resize_refused(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_block_info info;

	if (call->device_bytes < engine->meta.device_bytes ||
	    !th_is_aligned(call->device_bytes, engine->meta.block_bytes))
		return th_call_fail(call, -EINVAL,
				    "the new size must be a multiple of %u and larger than %llu",
				    engine->meta.block_bytes,
				    (unsigned long long)engine->meta.device_bytes);
	if (engine->disk_attached && th_input_info(th_engine_disk(engine), &info) &&
	    info.size_bytes < call->device_bytes)
		return th_call_fail(call, -ENOSPC, "the disk has only %llu bytes: enlarge it first",
				    (unsigned long long)info.size_bytes);
	return false;
}

static bool call_resize(struct th_engine *engine, struct th_engine_call *call)
{
	switch (call->step) {
	case 0:
		if (resize_refused(engine, call))
			return true;
		engine->meta.device_bytes = call->device_bytes;
		th_fallthrough;
	case 1:
		if (!wait_meta(engine, call))
			return false;
		if (call->error.code || !engine->disk_attached)
			return true;
		/* The disk may have grown too: its label belongs at its end. */
		call->write_label = true;
		engine->label_step = 0;
		call->step = 2;
		th_fallthrough;
	default:
		return th_disk_check(engine, call, &engine->label_step, &engine->meta);
	}
}

static const struct {
	th_call_step *step;
	bool short_call; /* done at once, overtakes */
	bool closed; /* possible while the resource is not open */
} table[] = {
	[TH_CALL_CREATE] = { th_call_create, false, true },
	[TH_CALL_OPEN] = { th_call_open, false, true },
	[TH_CALL_CLOSE] = { th_call_close, false, true },
	[TH_CALL_ATTACH] = { th_call_attach, false, false },
	[TH_CALL_DETACH] = { th_call_detach, false, false },
	[TH_CALL_PRIMARY] = { th_call_primary, false, false },
	[TH_CALL_SECONDARY] = { th_call_secondary, false, false },
	[TH_CALL_RECEIVED] = { call_received, true, false },
	[TH_CALL_REPLAY] = { call_replay, true, false },
	[TH_CALL_ROTATE] = { call_rotate, false, false },
	[TH_CALL_FLUSH] = { call_flush, false, false },
	[TH_CALL_CHECKPOINT] = { call_checkpoint, false, false },
	[TH_CALL_PEER_ADD] = { call_peer_add, false, false },
	[TH_CALL_PEER_REMOVE] = { call_peer_remove, false, false },
	[TH_CALL_PEER_DURABLE] = { call_peer_durable, true, false },
	[TH_CALL_LEASE] = { call_lease, true, false },
	[TH_CALL_SUSPEND] = { call_suspend, false, false },
	[TH_CALL_RESUME] = { call_resume, true, false },
	[TH_CALL_RESIZE] = { call_resize, false, false },
	[TH_CALL_CUT] = { th_call_cut, false, false },
	[TH_CALL_TUNE] = { call_tune, true, true },
};

void th_engine_start(struct th_brick *translog, struct th_engine_call *call)
{
	struct th_engine *engine = th_engine_of(translog);

	call->step = 0;
	call->error = (struct th_error){ 0 };
	th_list_push_back(&engine->calls, &call->link);
	th_engine_kick(engine);
}

/* True when @call is done. */
static bool run_call(struct th_engine *engine, struct th_engine_call *call)
{
	bool done;

	if (!engine->opened && !table[call->operation].closed)
		done = th_call_fail(call, -ENODEV, "the resource is not open");
	else
		done = table[call->operation].step(engine, call);
	if (done) {
		th_list_remove(&call->link);
		th_list_push_back(&engine->calls_done, &call->link);
		th_engine_changed(engine);
	}
	return done;
}

static void run_short_calls(struct th_engine *engine)
{
	struct th_list *link, *after;

	th_list_for_each_safe(link, after, &engine->calls) {
		struct th_engine_call *call = th_list_entry(link, struct th_engine_call, link);

		if (table[call->operation].short_call)
			run_call(engine, call);
	}
}

void th_calls_step(struct th_engine *engine)
{
	struct th_list *link;

	run_short_calls(engine);
	while (!th_list_empty(&engine->calls)) {
		struct th_engine_call *call =
			th_list_first(&engine->calls, struct th_engine_call, link);

		if (!run_call(engine, call))
			break;
		th_call_alloc(engine, 0);
	}
	while ((link = th_list_pop_front(&engine->calls_done))) {
		struct th_engine_call *call = th_list_entry(link, struct th_engine_call, link);

		call->done(call, call->context);
	}
}
