// SPDX-License-Identifier: GPL-2.0
/*
 * Spare files. One is kept open and allocated, so that beginning a new segment costs one header and one rename, and
 * writers never wait for the file system to find space.
 *
 * Segments that nobody needs any more are kept in stock, to become spares again: their blocks are allocated and have been
 * written, so syncing what is written over them is a matter of data alone, where a fresh file needs the file
 * system's journal as well (measured: half the syncs per second). What they held can never be valid at the new LSNs.
 */
#include "engine_internal.h"

static const char fresh_name[] = "spare";

static void stock_name(uint32_t slot, char name[TH_SPARE_NAME_BYTES])
{
	th_snprintf(name, TH_SPARE_NAME_BYTES, "%s-%u", fresh_name, slot);
}

/* The slot of a name of the stock; NULL: it is none. */
static struct th_stock_slot *stock_slot(struct th_engine *engine, const char *name)
{
	char own[TH_SPARE_NAME_BYTES];

	for (uint32_t i = 0; i < TH_STOCK_SLOTS; i++) {
		stock_name(i, own);
		if (strcmp(own, name) == 0)
			return &engine->stock[i];
	}
	return NULL;
}

uint64_t th_spare_bytes(const struct th_engine *engine)
{
	uint64_t bytes = engine->spare.bytes;

	for (uint32_t i = 0; i < TH_STOCK_SLOTS; i++)
		if (engine->stock[i].state == TH_STOCK_FULL)
			bytes += engine->stock[i].bytes;
	return bytes;
}

bool th_spare_has_room(struct th_engine *engine, char name[TH_SPARE_NAME_BYTES])
{
	if (!engine->spare_wanted ||
	    th_segments_bytes(engine) > engine->options.log_limit_bytes / 2)
		return false;
	for (uint32_t i = 0; i < TH_STOCK_SLOTS; i++) {
		if (engine->stock[i].state != TH_STOCK_FREE)
			continue;
		stock_name(i, name);
		return true;
	}
	return false;
}

bool th_spare_stock(struct th_engine *engine, const char *name, uint64_t bytes)
{
	struct th_stock_slot *slot = stock_slot(engine, name);

	if (!slot)
		return false;
	slot->state = TH_STOCK_FULL;
	slot->bytes = bytes;
	return true;
}

/* One leaves the stock; NULL: it is empty. */
static struct th_stock_slot *stock_take(struct th_engine *engine, char name[TH_SPARE_NAME_BYTES])
{
	for (uint32_t i = 0; i < TH_STOCK_SLOTS; i++) {
		struct th_stock_slot *slot = &engine->stock[i];

		if (slot->state != TH_STOCK_FULL)
			continue;
		slot->state = TH_STOCK_TAKEN;
		stock_name(i, name);
		return slot;
	}
	return NULL;
}

/* From the stock, or a fresh one. */
static void spare_choose(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;
	struct th_stock_slot *slot = stock_take(engine, spare->name);

	if (slot) {
		spare->bytes = slot->bytes;
		spare->exists = true;
	} else {
		memcpy(spare->name, fresh_name, sizeof(fresh_name));
	}
}

/*
 * The spare finds no space. That may be because others, which came into stock after it had been opened, have all of it: one of
 * them goes. False: there is none.
 */
static bool spare_make_room(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;

	if (!spare->opened || !stock_take(engine, spare->removed_name))
		return false;
	spare->state = TH_SPARE_MAKING_ROOM;
	th_file_io_start(engine, &spare->io,
			 &(struct th_file_command){ .operation = TH_FILE_REMOVE,
						    .name = spare->removed_name });
	return true;
}

void th_spare_take(struct th_engine *engine, char name[TH_SPARE_NAME_BYTES])
{
	memcpy(name, engine->spare.name, TH_SPARE_NAME_BYTES);
	engine->spare = (struct th_spare){ .state = TH_SPARE_NONE };
}

void th_spare_name_is_free(struct th_engine *engine, const char *name)
{
	struct th_stock_slot *slot = stock_slot(engine, name);

	if (slot)
		slot->state = TH_STOCK_FREE;
}

static void spare_failed(struct th_engine *engine, int error)
{
	bool no_space = error == -ENOSPC || error == -EDQUOT;
	struct th_spare *spare = &engine->spare;

	if (no_space && spare_make_room(engine))
		return;
	spare->retry_ns = engine->now_ns + TH_RETRY_NS;
	spare->state = spare->opened ? TH_SPARE_OPENED : TH_SPARE_NONE;
	spare->error = error;
	if (error == -ENOENT && spare->exists) {
		/* Somebody took it away: the next one is another. */
		th_spare_name_is_free(engine, spare->name);
		spare->exists = false;
		spare->bytes = 0;
	}
	if (no_space) {
		th_segments_set_log_full(engine, true);
		return;
	}
	th_engine_note_error(
		engine, error,
		"no new log segment can be made (errno %d): writers will have to wait; it is "
		"tried again. Check the log's file system",
		-error);
}

void th_segments_set_log_full(struct th_engine *engine, bool full)
{
	if (engine->log_full == full)
		return;
	engine->log_full = full;
	if (full)
		th_engine_event(
			engine, TH_LOG_WARNING,
			"the log has no room for another segment (%llu of %llu bytes in use): writers wait "
			"until the checkpoint or a peer that is behind has moved",
			(unsigned long long)th_segments_bytes(engine),
			(unsigned long long)engine->options.log_limit_bytes);
	else
		th_engine_event(engine, TH_LOG_INFO, "the log has room again");
	th_engine_changed(engine);
	th_engine_kick(engine);
}

static bool spare_fits(const struct th_engine *engine)
{
	uint64_t others = th_segments_bytes(engine) - engine->spare.bytes;
	const struct th_segment *last = th_segment_last(engine);

	/* The limit is for writers. Who is to be the primary gets its first segment: then the policy for a full log acts. */
	if (engine->promoting && (!last || last->state == TH_SEGMENT_SEALED))
		return true;
	/* The segments became larger before the limit became smaller: the last one goes only when there is another. */
	if (engine->segment_count <= 1)
		return true;
	return others + engine->options.segment_bytes <= engine->options.log_limit_bytes;
}

static void spare_allocate(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;

	if (!spare_fits(engine) && !th_mutated(TH_MUTATE_FULL_IGNORED)) {
		if (spare_make_room(engine))
			return;
		engine->checkpoint_wanted = true;
		th_segments_set_log_full(engine, true);
		return;
	}
	spare->state = TH_SPARE_ALLOCATING;
	th_file_io_start(engine, &spare->io,
			 &(struct th_file_command){ .operation = TH_FILE_ALLOCATE,
						    .file = spare->file,
						    .length = engine->options.segment_bytes });
}

static void spare_open(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;

	if (!spare->exists)
		spare_choose(engine);
	spare->state = TH_SPARE_OPENING;
	th_file_io_start(engine, &spare->io,
			 &(struct th_file_command){ .operation = TH_FILE_OPEN,
						    .flags = spare->exists ? 0 : TH_CREATE,
						    .name = spare->name });
}

static void spare_finished(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;

	if (spare->state == TH_SPARE_MAKING_ROOM) {
		th_spare_name_is_free(engine, spare->removed_name);
		spare->state = TH_SPARE_OPENED;
		spare->retry_ns = 0;
		if (spare->io.error && spare->io.error != -ENOENT)
			spare_failed(engine, spare->io.error);
	} else if (spare->io.error) {
		spare_failed(engine, spare->io.error);
	} else if (spare->state == TH_SPARE_OPENING) {
		spare->file = spare->io.file;
		spare->opened = true;
		spare->exists = true;
		spare->state = TH_SPARE_OPENED;
	} else {
		spare->bytes = engine->options.segment_bytes;
		spare->state = TH_SPARE_READY;
		spare->error = 0;
		th_segments_set_log_full(engine, false);
		th_engine_kick(engine);
	}
}

void th_spare_step(struct th_engine *engine)
{
	struct th_spare *spare = &engine->spare;

	if (th_file_io_finished(&spare->io))
		spare_finished(engine);
	/* The name of a fresh one is free again when the segment made of the last one has its own. */
	if (spare->io.busy || spare->state == TH_SPARE_READY || !engine->spare_wanted ||
	    engine->log_failed || engine->rotation.step == TH_ROTATION_HEADER ||
	    engine->rotation.step == TH_ROTATION_RENAME)
		return;
	if (spare->retry_ns > engine->now_ns) {
		th_engine_wake_at(engine, spare->retry_ns);
		return;
	}
	if (spare->state == TH_SPARE_NONE)
		spare_open(engine);
	else
		spare_allocate(engine);
}
