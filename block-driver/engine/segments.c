// SPDX-License-Identifier: GPL-2.0
/*
 * The files of the log: which there are, beginning a new one, opening old ones for reads, removing those that nobody
 * needs any more.
 */
#include "engine_internal.h"

/* ---- the list ---- */

struct th_segment *th_segment_first(const struct th_engine *engine)
{
	if (th_list_empty(&engine->segments))
		return NULL;
	return th_list_first(&engine->segments, struct th_segment, link);
}

struct th_segment *th_segment_last(const struct th_engine *engine)
{
	if (th_list_empty(&engine->segments))
		return NULL;
	return th_list_last(&engine->segments, struct th_segment, link);
}

struct th_segment *th_segment_next(const struct th_engine *engine, const struct th_segment *segment)
{
	if (segment->link.next == &engine->segments)
		return NULL;
	return th_list_entry(segment->link.next, struct th_segment, link);
}

struct th_segment *th_segment_previous(const struct th_engine *engine,
				       const struct th_segment *segment)
{
	if (segment->link.prev == &engine->segments)
		return NULL;
	return th_list_entry(segment->link.prev, struct th_segment, link);
}

/* Mostly near the end: searched from there. */
struct th_segment *th_segment_of(const struct th_engine *engine, uint64_t lsn)
{
	struct th_segment *segment = th_segment_last(engine);

	while (segment && segment->start_lsn > lsn)
		segment = th_segment_previous(engine, segment);
	return segment;
}

struct th_segment *th_segment_add(struct th_engine *engine, uint64_t epoch, uint64_t start_lsn)
{
	struct th_segment *segment;

	if (engine->segment_count == TH_SEGMENTS_MAX)
		return NULL;
	segment = th_alloc(sizeof(*segment));
	if (!segment)
		return NULL;
	segment->epoch = epoch;
	segment->start_lsn = start_lsn;
	segment->end_lsn = start_lsn;
	th_list_push_back(&engine->segments, &segment->link);
	engine->segment_count++;
	return segment;
}

void th_segment_free(struct th_engine *engine, struct th_segment *segment)
{
	TH_ASSERT(!segment->users && !segment->opened);
	th_list_remove(&segment->link);
	engine->segment_count--;
	th_free(segment);
}

uint64_t th_segments_bytes(const struct th_engine *engine)
{
	const struct th_list *link;
	uint64_t bytes = th_spare_bytes(engine);

	th_list_for_each(link, &engine->segments)
		bytes += th_list_entry(link, struct th_segment, link)->file_bytes;
	return bytes;
}

bool th_segments_idle(const struct th_engine *engine)
{
	return !engine->spare.io.busy && !engine->removal.io.busy && !engine->rotation.io.busy &&
	       !engine->open_io.busy && !engine->close_io.busy && th_durable_idle(engine);
}

/* ---- files of old segments, opened when somebody reads them ---- */

static void note_use(struct th_engine *engine, struct th_segment *segment)
{
	segment->last_use = ++engine->segment_uses;
}

bool th_segment_open_for_read(struct th_engine *engine, struct th_segment *segment, int *error)
{
	if (segment->opened) {
		note_use(engine, segment);
		return segment->state != TH_SEGMENT_STARTING;
	}
	if (segment->open_error) {
		*error = segment->open_error;
		segment->open_error = 0;
		return false;
	}
	if (engine->opening_segment)
		return false;
	th_segment_name(engine->opening_name, segment->epoch, segment->start_lsn);
	engine->opening_segment = segment;
	segment->users++;
	th_file_io_start(engine, &engine->open_io,
			 &(struct th_file_command){ .operation = TH_FILE_OPEN,
						    .name = engine->opening_name });
	return false;
}

static void open_step(struct th_engine *engine)
{
	struct th_segment *segment = engine->opening_segment;

	if (!segment || !th_file_io_finished(&engine->open_io))
		return;
	engine->opening_segment = NULL;
	segment->users--;
	segment->open_error = engine->open_io.error;
	segment->opened = !engine->open_io.error;
	segment->file = engine->open_io.file;
	if (segment->opened) {
		engine->segments_opened++;
		note_use(engine, segment);
	}
	th_engine_kick(engine);
}

void th_segment_close(struct th_engine *engine, struct th_segment *segment, struct th_file_io *io)
{
	TH_ASSERT(segment->opened && !segment->users);
	segment->opened = false;
	engine->segments_opened--;
	th_file_io_start(engine, io,
			 &(struct th_file_command){ .operation = TH_FILE_CLOSE,
						    .file = segment->file });
}

static bool closable(const struct th_segment *segment)
{
	return segment->opened && !segment->users && segment->state == TH_SEGMENT_SEALED;
}

/*
 * The one that nobody has used for the longest time. Never the newest in use: whoever it has just been opened for has not come to
 * it yet, and would have it opened again, for ever.
 */
static struct th_segment *segment_to_close(const struct th_engine *engine)
{
	struct th_segment *found = NULL;
	struct th_list *link;

	th_list_for_each(link, &engine->segments) {
		struct th_segment *segment = th_list_entry(link, struct th_segment, link);

		if (closable(segment) && segment->last_use != engine->segment_uses &&
		    (!found || segment->last_use < found->last_use))
			found = segment;
	}
	return found;
}

/* Too many are open: one that is not used is closed. */
static void close_step(struct th_engine *engine)
{
	struct th_segment *segment;

	if (th_file_io_finished(&engine->close_io))
		th_engine_kick(engine);
	if (engine->close_io.busy || engine->segments_opened <= TH_SEGMENTS_OPEN_MAX)
		return;
	segment = segment_to_close(engine);
	if (segment)
		th_segment_close(engine, segment, &engine->close_io);
}

/* ---- rotation ---- */

bool th_segments_rotate(struct th_engine *engine, uint64_t epoch)
{
	struct th_segment *last = th_segment_last(engine);
	struct th_rotation *rotation = &engine->rotation;
	struct th_segment_header header = {
		.resource_uuid = engine->meta.resource_uuid,
		.epoch = epoch,
		.start_lsn = engine->tail.lsn,
		.previous_epoch = engine->tail.epoch,
		.chain_before = engine->tail.chain,
		.creator_uuid = engine->meta.node_uuid,
		.block_bytes = engine->meta.block_bytes,
	};
	uint64_t available = TH_BLOCK_BYTES;
	struct th_segment *segment;

	TH_ASSERT(!engine->batch_open);
	if (rotation->step != TH_ROTATION_NONE || engine->spare.state != TH_SPARE_READY ||
	    engine->segment_count == TH_SEGMENTS_MAX)
		return false;
	if (!th_log_cache_reserve(&engine->cache, TH_BLOCK_BYTES)) {
		th_engine_wait_for_memory(engine);
		return false;
	}
	segment = th_segment_add(engine, epoch, engine->tail.lsn);
	if (!segment) {
		th_log_cache_truncate(&engine->cache, engine->tail.lsn);
		th_engine_wait_for_memory(engine);
		return false;
	}
	header.created_ns = th_executor_wall_ns(engine->brick.executor);
	th_segment_header_pack(&header,
			       th_log_cache_at(&engine->cache, segment->start_lsn, &available));
	segment->state = TH_SEGMENT_STARTING;
	segment->file = engine->spare.file;
	segment->opened = true;
	engine->segments_opened++;
	note_use(engine, segment);
	segment->file_bytes = engine->spare.bytes;
	segment->previous_epoch = header.previous_epoch;
	segment->chain_before = header.chain_before;
	segment->header_chain = header.chain;
	segment->end_lsn = segment->start_lsn + TH_BLOCK_BYTES;
	th_spare_take(engine, rotation->spare_name);
	if (last && last->state == TH_SEGMENT_APPENDING)
		last->state = TH_SEGMENT_SEALING;
	engine->tail.lsn += TH_BLOCK_BYTES;
	engine->tail.epoch = epoch;
	engine->tail.chain = header.chain;
	rotation->segment = segment;
	rotation->step = TH_ROTATION_HEADER;
	th_segment_name(rotation->name, epoch, segment->start_lsn);
	th_file_io_start(engine, &rotation->io,
			 &(struct th_file_command){ .operation = TH_WRITE,
						    .file = segment->file,
						    .length = TH_BLOCK_BYTES,
						    .buffer = th_log_cache_at(&engine->cache,
									      segment->start_lsn,
									      &available) });
	return true;
}

static void rotation_step(struct th_engine *engine)
{
	struct th_rotation *rotation = &engine->rotation;

	if (!th_file_io_finished(&rotation->io))
		return;
	if (rotation->io.error) {
		rotation->step = TH_ROTATION_NONE;
		th_engine_log_failed(engine, rotation->io.error, "beginning a segment");
		return;
	}
	switch (rotation->step) {
	case TH_ROTATION_HEADER:
		rotation->step = TH_ROTATION_RENAME;
		th_file_io_start(engine, &rotation->io,
				 &(struct th_file_command){ .operation = TH_FILE_RENAME,
							    .name = rotation->spare_name,
							    .new_name = rotation->name });
		break;
	case TH_ROTATION_RENAME:
		/* Batches may go out; that the name is durable only a sync waits for. */
		rotation->segment->state = TH_SEGMENT_APPENDING;
		th_spare_name_is_free(engine, rotation->spare_name);
		rotation->step = TH_ROTATION_SYNC_DIR;
		th_file_io_start(engine, &rotation->io,
				 &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
		th_engine_kick(engine);
		break;
	case TH_ROTATION_SYNC_DIR:
		rotation->segment->linked = true;
		rotation->step = TH_ROTATION_NONE;
		th_engine_kick(engine);
		break;
	case TH_ROTATION_NONE:
		break;
	}
}

/* ---- removal ---- */

/* The log must never be without a segment: where it goes on has to be durable first. */
static bool is_continued(const struct th_engine *engine, const struct th_segment *segment)
{
	const struct th_segment *next = th_segment_next(engine, segment);

	return next && next->linked && engine->durable_lsn >= next->start_lsn + TH_BLOCK_BYTES;
}

static bool removable(const struct th_engine *engine, const struct th_segment *segment)
{
	uint64_t floor_lsn = th_retention_floor(engine);

	if (th_mutated(TH_MUTATE_DELETE_EARLY))
		floor_lsn = engine->durable_lsn;
	return segment && is_continued(engine, segment) && segment->state == TH_SEGMENT_SEALED &&
	       !segment->users && segment->end_lsn <= floor_lsn;
}

uint64_t th_segments_oldest_lsn(const struct th_engine *engine)
{
	const struct th_segment *first = th_segment_first(engine);

	if (!first)
		return engine->received_lsn;
	return engine->removal.step == TH_REMOVAL_NONE ? first->start_lsn : first->end_lsn;
}

static void removal_start(struct th_engine *engine)
{
	struct th_removal *removal = &engine->removal;
	struct th_segment *segment = th_segment_first(engine);

	if (engine->closing || engine->cutting)
		return;
	if (removal->retry_ns > engine->now_ns) {
		th_engine_wake_at(engine, removal->retry_ns);
		return;
	}
	if (!removable(engine, segment))
		return;
	removal->segment = segment;
	segment->users++; /* nobody opens it now */
	th_segment_name(removal->name, segment->epoch, segment->start_lsn);
	removal->step = TH_REMOVAL_CLOSE;
	if (segment->opened) {
		segment->users--;
		th_segment_close(engine, segment, &removal->io);
		segment->users++;
	}
}

static void removal_unlink(struct th_engine *engine)
{
	struct th_removal *removal = &engine->removal;
	struct th_file_command command = { .operation = TH_FILE_REMOVE, .name = removal->name };

	removal->recycled = th_spare_has_room(engine, removal->spare_name);
	if (removal->recycled) {
		command.operation = TH_FILE_RENAME;
		command.new_name = removal->spare_name;
	}
	removal->step = TH_REMOVAL_UNLINK;
	th_file_io_start(engine, &removal->io, &command);
}

/* Before it is written to as a spare, it must no longer be found under its old name after a crash. */
static void removal_sync(struct th_engine *engine)
{
	engine->removal.step = TH_REMOVAL_SYNC_DIR;
	th_file_io_start(engine, &engine->removal.io,
			 &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
}

static void removal_finished(struct th_engine *engine)
{
	struct th_removal *removal = &engine->removal;

	removal->step = TH_REMOVAL_NONE;
	removal->segment->users--;
	if (removal->io.error && removal->io.error != -ENOENT) {
		removal->retry_ns = engine->now_ns + TH_RETRY_NS;
		th_engine_note_error(
			engine, removal->io.error,
			"log segment %s cannot be removed (errno %d): it is tried again",
			removal->name, -removal->io.error);
		return;
	}
	if (removal->recycled && !removal->io.error)
		th_spare_stock(engine, removal->spare_name, removal->segment->file_bytes);
	th_segment_free(engine, removal->segment);
	th_engine_changed(engine);
	th_engine_kick(engine);
}

static void removal_step(struct th_engine *engine)
{
	struct th_removal *removal = &engine->removal;

	if (removal->step == TH_REMOVAL_NONE)
		removal_start(engine);
	if (removal->step == TH_REMOVAL_CLOSE) {
		th_file_io_finished(&removal->io);
		if (!removal->io.busy)
			removal_unlink(engine);
	} else if (removal->step != TH_REMOVAL_NONE && th_file_io_finished(&removal->io)) {
		if (removal->step == TH_REMOVAL_UNLINK && removal->recycled && !removal->io.error)
			removal_sync(engine);
		else
			removal_finished(engine);
	}
}

void th_segments_step(struct th_engine *engine)
{
	open_step(engine);
	close_step(engine);
	rotation_step(engine);
	removal_step(engine);
	th_spare_step(engine);
}
