// SPDX-License-Identifier: GPL-2.0
/*
 * Which log is still needed, and by whom: this node itself from its checkpoint on, each peer that follows
 * from what it has durable; a peer that has a bitmap, from where its bitmap ends. When the log is full and the policy
 * says so, the peer furthest behind loses more log: the blocks that changed there are merged into its bitmap first, so that
 * it can be repaired without a full sync.
 */
#include "engine_internal.h"

#define REGION_BYTES_MIN (64u * 1024u)
#define BITMAP_BYTES_MAX (4u * 1024u * 1024u)

struct th_meta_peer *th_peer_find(struct th_engine *engine, const struct th_uuid *uuid)
{
	for (uint32_t i = 0; i < engine->meta.peer_count; i++)
		if (th_uuid_equal(&engine->meta.peers[i].peer_uuid, uuid))
			return &engine->meta.peers[i];
	return NULL;
}

/* From here on the peer needs the log; who has confirmed nothing yet, all that there is. */
static uint64_t peer_need_lsn(const struct th_engine *engine, const struct th_meta_peer *peer)
{
	uint64_t lsn = peer->state == TH_PEER_BITMAP ? peer->bitmap_to_lsn : peer->durable_lsn;

	return TH_MAX(lsn, th_segments_oldest_lsn(engine));
}

static const struct th_meta_peer *furthest_behind(const struct th_engine *engine,
						  const struct th_meta_peer *except)
{
	const struct th_meta_peer *found = NULL;

	for (uint32_t i = 0; i < engine->meta.peer_count; i++) {
		const struct th_meta_peer *peer = &engine->meta.peers[i];

		if (peer != except &&
		    (!found || peer_need_lsn(engine, peer) < peer_need_lsn(engine, found)))
			found = peer;
	}
	return found;
}

static uint64_t floor_without(const struct th_engine *engine, const struct th_meta_peer *except)
{
	const struct th_meta_peer *peer = furthest_behind(engine, except);
	uint64_t floor_lsn = engine->checkpoint_durable_lsn;

	if (peer)
		floor_lsn = TH_MIN(floor_lsn, peer_need_lsn(engine, peer));
	/* What is dropped is read, and its new bitmap counts only once the meta file says so. */
	if (engine->drop.step != TH_DROP_NONE)
		floor_lsn = TH_MIN(floor_lsn, engine->drop.start_lsn);
	return floor_lsn;
}

uint64_t th_retention_floor(const struct th_engine *engine)
{
	return floor_without(engine, NULL);
}

uint64_t th_peers_durable(const struct th_engine *engine, uint32_t n)
{
	uint64_t best = UINT64_MAX;

	/* The n-th best: the largest value that at least n peers have reached. */
	for (uint32_t i = 0; i < engine->meta.peer_count; i++) {
		uint64_t candidate = engine->meta.peers[i].durable_lsn;
		uint32_t reached = 0;

		for (uint32_t k = 0; k < engine->meta.peer_count; k++)
			reached += engine->meta.peers[k].durable_lsn >= candidate;
		if (reached >= n && (best == UINT64_MAX || candidate > best))
			best = candidate;
	}
	return best == UINT64_MAX ? 0 : best;
}

bool th_retention_idle(const struct th_engine *engine)
{
	return engine->drop.step == TH_DROP_NONE;
}

/* ---- dropping a peer's log ---- */

static void drop_end(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;

	if (drop->block)
		th_free_buffer(drop->block, TH_BLOCK_BYTES);
	if (drop->bitmap)
		th_free_buffer(drop->bitmap, TH_BLOCK_BYTES + drop->bits_bytes);
	drop->block = NULL;
	drop->bitmap = NULL;
	drop->step = TH_DROP_NONE;
	th_engine_kick(engine);
}

/* The last segment boundary at or below @lsn. */
static uint64_t segment_boundary(const struct th_engine *engine, uint64_t lsn)
{
	const struct th_segment *segment = th_segment_of(engine, lsn);

	return segment ? segment->start_lsn : 0;
}

static void drop_command(struct th_engine *engine, enum th_drop_step step,
			 const struct th_file_command *command)
{
	engine->drop.step = step;
	th_file_io_start(engine, &engine->drop.io, command);
}

static void drop_close(struct th_engine *engine, enum th_drop_step step)
{
	engine->drop.opened = false;
	drop_command(engine, step,
		     &(struct th_file_command){ .operation = TH_FILE_CLOSE,
						.file = engine->drop.file });
}

static void drop_failed(struct th_engine *engine, int error, const char *what)
{
	struct th_drop *drop = &engine->drop;

	th_engine_note_error(
		engine, error,
		"the bitmap of a peer that is behind cannot be made (%s at LSN %llu, errno %d): its "
		"log is kept, it is tried again",
		what, (unsigned long long)drop->cursor_lsn, -error);
	drop->retry_ns = engine->now_ns + TH_RETRY_NS;
	if (drop->opened)
		drop_close(engine, TH_DROP_GIVE_UP);
	else
		drop_end(engine);
}

static uint64_t region_bytes_for(uint64_t device_bytes)
{
	uint64_t region_bytes = REGION_BYTES_MIN;

	while (th_bitmap_bits_bytes(device_bytes, region_bytes) > BITMAP_BYTES_MAX)
		region_bytes *= 2;
	return region_bytes;
}

/* Room for the bits; the scan may begin, unless an older bitmap is to be read into it first. */
static void drop_begin_scan(struct th_engine *engine, uint64_t region_bytes)
{
	struct th_drop *drop = &engine->drop;

	drop->region_bytes = region_bytes;
	drop->bits_bytes = th_bitmap_bits_bytes(engine->meta.device_bytes, region_bytes);
	drop->bitmap = th_alloc_buffer(TH_BLOCK_BYTES + drop->bits_bytes);
	if (!drop->bitmap) {
		drop_failed(engine, -ENOMEM, "memory");
		return;
	}
	drop->step = TH_DROP_SCAN;
	if (th_mutated(TH_MUTATE_BITMAP_LATE))
		drop->cursor_lsn = drop->to_lsn;
	th_engine_kick(engine);
}

static void drop_begin(struct th_engine *engine)
{
	const struct th_meta_peer *peer = furthest_behind(engine, NULL);
	struct th_drop *drop = &engine->drop;

	if (!engine->log_full || engine->options.log_full != TH_LOG_FULL_DROP || !peer ||
	    engine->log_failed)
		return;
	drop->to_lsn = segment_boundary(engine, floor_without(engine, peer));
	if (drop->to_lsn <= peer_need_lsn(engine, peer))
		return;
	if (drop->retry_ns > engine->now_ns) {
		th_engine_wake_at(engine, drop->retry_ns);
		return;
	}
	drop->peer = peer->peer_uuid;
	drop->start_lsn = peer_need_lsn(engine, peer);
	drop->from_lsn = peer->state == TH_PEER_BITMAP ? peer->bitmap_from_lsn : drop->start_lsn;
	drop->cursor_lsn = segment_boundary(engine, drop->start_lsn) + TH_BLOCK_BYTES;
	drop->segment = NULL;
	th_bitmap_name(drop->name, &drop->peer);
	drop->block = th_alloc_buffer(TH_BLOCK_BYTES);
	if (!drop->block)
		drop_failed(engine, -ENOMEM, "memory");
	else if (peer->state == TH_PEER_BITMAP)
		drop_command(engine, TH_DROP_LOAD_OPEN,
			     &(struct th_file_command){ .operation = TH_FILE_OPEN,
							.flags = TH_READ_ONLY,
							.name = drop->name });
	else
		drop_begin_scan(engine, region_bytes_for(engine->meta.device_bytes));
}

/* Reads the next batch header, or goes on to write when there is none. */
static void drop_scan(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	struct th_segment *segment;
	int error = 0;

	if (drop->cursor_lsn >= drop->to_lsn) {
		drop_command(engine, TH_DROP_REMOVE,
			     &(struct th_file_command){ .operation = TH_FILE_REMOVE,
							.name = "bitmap.new" });
		return;
	}
	segment = th_segment_of(engine, drop->cursor_lsn);
	if (segment->start_lsn == drop->cursor_lsn) {
		drop->cursor_lsn += TH_BLOCK_BYTES;
		th_engine_kick(engine);
		return;
	}
	if (!th_segment_open_for_read(engine, segment, &error)) {
		if (error)
			drop_failed(engine, error, "opening a segment");
		return;
	}
	segment->users++;
	drop->segment = segment;
	drop_command(engine, TH_DROP_READ,
		     &(struct th_file_command){ .operation = TH_READ,
						.file = segment->file,
						.position = drop->cursor_lsn - segment->start_lsn,
						.length = TH_BLOCK_BYTES,
						.buffer = drop->block });
}

static void mark(struct th_engine *engine, uint64_t position, uint64_t length)
{
	struct th_drop *drop = &engine->drop;
	uint64_t last = (position + length - 1) / drop->region_bytes;
	uint8_t *bits = drop->bitmap + TH_BLOCK_BYTES;

	for (uint64_t n = position / drop->region_bytes; n <= last; n++)
		bits[n / 8] |= (uint8_t)(1u << (n % 8));
}

static void drop_take_batch(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	struct th_position position = { .lsn = drop->cursor_lsn, .epoch = drop->segment->epoch };
	struct th_record *records = engine->reader.records;
	struct th_batch_header header;

	drop->segment->users--;
	if (!th_batch_header_plausible(&header, drop->block, position.lsn, position.epoch)) {
		drop_failed(engine, -EUCLEAN, "a batch that does not verify");
		return;
	}
	/* The chain was checked when the batch was appended or replayed here. */
	position.chain = header.chain_before;
	if (th_batch_header_unpack(&header, records, drop->block, &position,
				   engine->meta.block_bytes, engine->meta.device_bytes)) {
		drop_failed(engine, -EUCLEAN, "a batch that does not verify");
		return;
	}
	for (uint32_t i = 0; i < header.record_count; i++)
		mark(engine, records[i].position, records[i].length);
	drop->cursor_lsn += header.length;
	drop->step = TH_DROP_SCAN;
	drop_scan(engine);
}

/* ---- merging into the bitmap that the peer has ---- */

static void drop_load_header(struct th_engine *engine)
{
	drop_command(engine, TH_DROP_LOAD_HEADER,
		     &(struct th_file_command){ .operation = TH_READ,
						.file = engine->drop.file,
						.length = TH_BLOCK_BYTES,
						.buffer = engine->drop.block });
}

static void drop_load_bits(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	struct th_bitmap_header header;

	if (th_bitmap_header_unpack(&header, drop->block, &engine->meta.resource_uuid,
				    &drop->peer) ||
	    /* A crash before the meta file had it leaves a bitmap that covers more: that is as good. */
	    header.to_lsn < drop->start_lsn || header.device_bytes > engine->meta.device_bytes) {
		drop_failed(engine, -EUCLEAN, "its bitmap file does not verify");
		return;
	}
	drop_begin_scan(engine, header.region_bytes);
	if (!drop->bitmap)
		return;
	drop->old_bits_bytes = th_bitmap_bits_bytes(header.device_bytes, header.region_bytes);
	drop->old_bits_crc32c = header.bits_crc32c;
	drop_command(engine, TH_DROP_LOAD_BITS,
		     &(struct th_file_command){ .operation = TH_READ,
						.file = drop->file,
						.position = TH_BLOCK_BYTES,
						.length = drop->old_bits_bytes,
						.buffer = drop->bitmap + TH_BLOCK_BYTES });
}

static void drop_load_end(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;

	if (th_crc32c(0, drop->bitmap + TH_BLOCK_BYTES, drop->old_bits_bytes) !=
	    drop->old_bits_crc32c)
		drop_failed(engine, -EUCLEAN, "its bitmap file does not verify");
	else
		drop_close(engine, TH_DROP_LOAD_CLOSE);
}

static void drop_write(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	struct th_bitmap_header header = {
		.resource_uuid = engine->meta.resource_uuid,
		.peer_uuid = drop->peer,
		.device_bytes = engine->meta.device_bytes,
		.region_bytes = drop->region_bytes,
		.from_lsn = drop->from_lsn,
		.to_lsn = drop->to_lsn,
		.bits_crc32c = th_crc32c(0, drop->bitmap + TH_BLOCK_BYTES, drop->bits_bytes),
	};

	drop->file = drop->io.file;
	drop->opened = true;
	th_bitmap_header_pack(&header, drop->bitmap);
	drop_command(engine, TH_DROP_WRITE,
		     &(struct th_file_command){ .operation = TH_WRITE,
						.file = drop->file,
						.length = TH_BLOCK_BYTES + drop->bits_bytes,
						.buffer = drop->bitmap });
}

static void drop_commit(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	struct th_meta_peer *peer = th_peer_find(engine, &drop->peer);

	if (!peer) {
		drop_end(engine);
		return;
	}
	peer->state = TH_PEER_BITMAP;
	peer->bitmap_from_lsn = drop->from_lsn;
	peer->bitmap_to_lsn = drop->to_lsn;
	drop->meta_generation = th_meta_write(engine);
	drop->step = TH_DROP_META;
}

static void drop_io_finished(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;
	int error = drop->io.error;

	if (drop->step == TH_DROP_GIVE_UP) {
		drop_end(engine);
		return;
	}
	if (drop->step == TH_DROP_REMOVE && error == -ENOENT)
		error = 0;
	if (error) {
		if (drop->step == TH_DROP_READ)
			drop->segment->users--;
		drop_failed(engine, error, "input or output");
		return;
	}
	switch (drop->step) {
	case TH_DROP_LOAD_OPEN:
		drop->file = drop->io.file;
		drop->opened = true;
		drop_load_header(engine);
		break;
	case TH_DROP_LOAD_HEADER:
		drop_load_bits(engine);
		break;
	case TH_DROP_LOAD_BITS:
		drop_load_end(engine);
		break;
	case TH_DROP_LOAD_CLOSE:
		drop->step = TH_DROP_SCAN;
		th_engine_kick(engine);
		break;
	case TH_DROP_READ:
		drop_take_batch(engine);
		break;
	case TH_DROP_REMOVE:
		drop_command(engine, TH_DROP_CREATE,
			     &(struct th_file_command){ .operation = TH_FILE_OPEN,
							.flags = TH_CREATE,
							.name = "bitmap.new" });
		break;
	case TH_DROP_CREATE:
		drop_write(engine);
		break;
	case TH_DROP_WRITE:
		drop_command(engine, TH_DROP_FLUSH,
			     &(struct th_file_command){ .operation = TH_FLUSH,
							.file = drop->file });
		break;
	case TH_DROP_FLUSH:
		drop_close(engine, TH_DROP_CLOSE);
		break;
	case TH_DROP_CLOSE:
		drop_command(engine, TH_DROP_RENAME,
			     &(struct th_file_command){ .operation = TH_FILE_RENAME,
							.name = "bitmap.new",
							.new_name = drop->name });
		break;
	case TH_DROP_RENAME:
		drop_command(engine, TH_DROP_SYNC_DIR,
			     &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
		break;
	default:
		drop_commit(engine);
		break;
	}
}

void th_retention_step(struct th_engine *engine)
{
	struct th_drop *drop = &engine->drop;

	if (drop->step == TH_DROP_NONE && !engine->closing)
		drop_begin(engine);
	if (drop->step == TH_DROP_SCAN) {
		drop_scan(engine);
	} else if (drop->step == TH_DROP_META) {
		if (!th_meta_is_durable(engine, drop->meta_generation)) {
			if (engine->closing && th_meta_is_failing(engine))
				drop_end(engine);
			return;
		}
		th_engine_event(
			engine, TH_LOG_WARNING,
			"the log was full: a peer that is %llu bytes behind lost its log and will be "
			"repaired from its bitmap",
			(unsigned long long)(drop->to_lsn - drop->from_lsn));
		drop_end(engine);
	} else if (drop->step != TH_DROP_NONE && th_file_io_finished(&drop->io)) {
		drop_io_finished(engine);
	}
}
