// SPDX-License-Identifier: GPL-2.0
/*
 * Making the log durable. One sync is under way at a time and covers everything appended before it began; all
 * FLUSH and FUA requests that came meanwhile share the next one. A segment that is finished is first cut to its
 * length, and synced before the one behind it, so the durable part of the log is a prefix too.
 *
 * Where a sync takes long, what is appended meanwhile is sent to the medium meanwhile: the next sync finds it written.
 */
#include "engine_internal.h"

bool th_durable_want(struct th_engine *engine, uint64_t lsn)
{
	if (lsn <= engine->durable_lsn)
		return true;
	if (engine->log_sync.wanted_lsn < lsn) {
		engine->log_sync.wanted_lsn = lsn;
		th_engine_kick(engine);
	}
	return false;
}

void th_durable_add_waiter(struct th_engine *engine, struct th_request *request,
			   uint64_t barrier_lsn)
{
	struct th_device_io *io = th_request_aspect(request, &engine->brick);

	io->barrier_lsn = barrier_lsn;
	th_list_push_back(&engine->flush_waiters, &request->link);
	th_durable_want(engine, barrier_lsn);
}

/* FLUSH covers what has been acknowledged, and that is what has been appended. */
static void admit_flushes(struct th_engine *engine)
{
	while (!th_list_empty(&engine->flushes)) {
		struct th_request *request =
			th_list_first(&engine->flushes, struct th_request, link);
		int error = 0;
		enum th_gate gate = th_gate_write(engine, &error);

		if (gate == TH_GATE_HOLD)
			return;
		th_list_remove(&request->link);
		/* A primary that takes no more writes has made promises before. */
		if (gate == TH_GATE_OPEN || (error == -EROFS && engine->role == TH_ROLE_PRIMARY))
			th_durable_add_waiter(engine, request, engine->appended.lsn);
		else /* on a secondary there is nothing of the device's users to make durable */
			th_engine_complete_device(engine, request, error == -EROFS ? 0 : error);
	}
}

static bool waiter_is_durable(const struct th_engine *engine, uint64_t barrier_lsn)
{
	uint32_t remote = engine->options.durability_remote;

	if (th_mutated(TH_MUTATE_FLUSH_EARLY))
		return true;
	return barrier_lsn <= engine->durable_lsn &&
	       (!remote || barrier_lsn <= th_peers_durable(engine, remote));
}

static void complete_waiters(struct th_engine *engine)
{
	if (th_gate_lease_expired(engine))
		return;
	while (!th_list_empty(&engine->flush_waiters)) {
		struct th_request *request =
			th_list_first(&engine->flush_waiters, struct th_request, link);
		const struct th_device_io *io = th_request_aspect(request, &engine->brick);

		if (!waiter_is_durable(engine, io->barrier_lsn))
			return;
		th_list_remove(&request->link);
		th_engine_complete_device(engine, request, 0);
	}
}

void th_durable_fail_waiters(struct th_engine *engine, int error)
{
	struct th_list *link;

	while ((link = th_list_pop_front(&engine->flush_waiters)))
		th_engine_complete_device(engine, th_list_entry(link, struct th_request, link),
					  error);
	while ((link = th_list_pop_front(&engine->flushes)))
		th_engine_complete_device(engine, th_list_entry(link, struct th_request, link),
					  error);
}

/* ---- the sync itself ---- */

static void sync_start_flush(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;
	uint64_t length = sync->target_lsn - sync->segment->start_lsn;

	if (th_mutated(TH_MUTATE_FLUSH_SHORT) && length > TH_BLOCK_BYTES)
		length -= TH_BLOCK_BYTES;
	sync->step = TH_LOG_SYNC_FLUSH;
	sync->start_ns = engine->now_ns;
	/* Not what is behind: it would have to be waited for. */
	th_file_io_start(engine, &sync->io,
			 &(struct th_file_command){ .operation = TH_FLUSH,
						    .file = sync->segment->file,
						    .length = length });
}

/*
 * Peers get only what is durable here, so with peers the log is synced although nobody flushes. A sync that takes long is
 * followed by a pause as long: the disk under the log is not kept busy for more than half of the time.
 */
static void want_for_peers(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;
	uint64_t due_ns;

	if (engine->appended.lsn <= engine->durable_lsn || engine->role != TH_ROLE_PRIMARY ||
	    !engine->meta.peer_count || !engine->options.log_sync_ns) {
		sync->behind_ns = 0;
		return;
	}
	if (!sync->behind_ns)
		sync->behind_ns = engine->now_ns;
	due_ns = sync->behind_ns + TH_MAX(engine->options.log_sync_ns, sync->duration_ns);
	if (engine->now_ns < due_ns)
		th_engine_wake_at(engine, due_ns);
	else
		th_durable_want(engine, engine->appended.lsn);
}

static void sync_start(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;
	struct th_segment *segment = th_segment_first(engine);

	while (segment && segment->state == TH_SEGMENT_SEALED)
		segment = th_segment_next(engine, segment);
	if (!segment || !segment->linked || engine->log_failed)
		return;
	sync->segment = segment;
	sync->seals = segment->state == TH_SEGMENT_SEALING;
	if (sync->seals) {
		if (engine->appended.lsn < segment->end_lsn || segment->users)
			return;
		sync->target_lsn = segment->end_lsn;
		segment->users++;
		sync->step = TH_LOG_SYNC_TRUNCATE;
		th_file_io_start(engine, &sync->io,
				 &(struct th_file_command){ .operation = TH_FILE_TRUNCATE,
							    .file = segment->file,
							    .length = segment->end_lsn -
								      segment->start_lsn });
	} else if (sync->wanted_lsn > engine->durable_lsn &&
		   engine->appended.lsn > engine->durable_lsn) {
		sync->target_lsn = engine->appended.lsn;
		segment->users++;
		sync_start_flush(engine);
	}
}

static void sync_finished(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;
	struct th_segment *segment = sync->segment;

	TH_ASSERT(sync->target_lsn >= engine->durable_lsn);
	sync->step = TH_LOG_SYNC_NONE;
	segment->users--;
	engine->durable_lsn = sync->target_lsn;
	engine->counters.log_syncs++;
	sync->duration_ns = engine->now_ns - sync->start_ns;
	sync->behind_ns = 0;
	th_histogram_add(&engine->counters.latency[TH_LATENCY_LOG_SYNC], sync->duration_ns);
	if (sync->seals) {
		segment->state = TH_SEGMENT_SEALED;
		segment->file_bytes = segment->end_lsn - segment->start_lsn;
	}
	th_engine_changed(engine);
	th_engine_kick(engine);
}

static void sync_step(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;

	if (sync->step == TH_LOG_SYNC_NONE) {
		want_for_peers(engine);
		sync_start(engine);
		return;
	}
	if (!th_file_io_finished(&sync->io))
		return;
	if (sync->io.error) {
		/* What the kernel failed to write once, a second fsync may call written: never try again. */
		sync->step = TH_LOG_SYNC_NONE;
		sync->segment->users--;
		th_engine_log_failed(engine, sync->io.error, "syncing");
		return;
	}
	if (sync->step == TH_LOG_SYNC_TRUNCATE)
		sync_start_flush(engine);
	else
		sync_finished(engine);
}

/* ---- ahead of the next sync ---- */

/* A shorter one has next to nothing to save. */
#define LONG_SYNC_NS TH_NS_PER_MS

static void write_out_start(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;
	uint64_t from = TH_MAX(sync->written_out_lsn, sync->target_lsn);
	struct th_segment *segment;

	if (sync->step != TH_LOG_SYNC_FLUSH || sync->duration_ns < LONG_SYNC_NS ||
	    from >= engine->appended.lsn)
		return;
	segment = th_segment_of(engine, from);
	if (!segment || !segment->opened || segment->state != TH_SEGMENT_APPENDING)
		return;
	sync->written_out_lsn = engine->appended.lsn;
	sync->write_out_segment = segment;
	segment->users++;
	th_file_io_start(engine, &sync->write_out,
			 &(struct th_file_command){ .operation = TH_FILE_WRITE_OUT,
						    .file = segment->file,
						    .position = from - segment->start_lsn,
						    .length = engine->appended.lsn - from });
}

/* Its errors are the sync's, which has them again. */
static void write_out_step(struct th_engine *engine)
{
	struct th_log_sync *sync = &engine->log_sync;

	if (th_file_io_finished(&sync->write_out))
		sync->write_out_segment->users--;
	if (!sync->write_out.busy && !engine->log_failed)
		write_out_start(engine);
}

bool th_durable_idle(const struct th_engine *engine)
{
	return !engine->log_sync.io.busy && !engine->log_sync.write_out.busy;
}

void th_durable_step(struct th_engine *engine)
{
	admit_flushes(engine);
	sync_step(engine);
	write_out_step(engine);
	complete_waiters(engine);
	if (engine->log_failed) {
		th_append_fail_waiters(engine, -EIO);
		th_durable_fail_waiters(engine, -EIO);
	}
}
