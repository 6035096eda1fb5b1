// SPDX-License-Identifier: GPL-2.0
/*
 * Creating, opening and closing a replica. Opening is recovery: the meta file says where the checkpoint is, the log
 * is read from there to its end, what is torn is cut off, what is damaged is refused. Replay follows in the
 * background, so that a disk can be attached meanwhile.
 */
#include "engine_internal.h"

/* Where a log may begin: it has LSNs left for all that will ever be written. */
#define START_LSN_MAX (TH_LSN_MAX / 2)

static void io_start(struct th_engine *engine, struct th_engine_call *call, uint32_t step,
		     const struct th_file_command *command)
{
	call->step = step;
	th_file_io_start(engine, &engine->call_io, command);
}

/* Can a segment start, or a batch end there? */
static bool is_boundary(uint64_t lsn)
{
	return th_is_aligned(lsn, TH_BLOCK_BYTES) && lsn <= TH_LSN_MAX;
}

/* ---- create ---- */

enum create_step {
	CREATE_CHECK,
	CREATE_LIST,
	CREATE_LABEL,
	CREATE_OPEN,
	CREATE_WRITE,
	CREATE_FLUSH,
	CREATE_CLOSE,
	CREATE_SYNC_DIR,
	CREATE_UNDO_CLOSE,
	CREATE_UNDO_REMOVE
};

/* Where its log is to begin: a position of another replica's log. */
static bool create_start_refused(struct th_engine_call *call)
{
	unsigned long long start = call->start_lsn, until = call->inconsistent_until_lsn;

	if (!th_is_aligned(start | until, TH_BLOCK_BYTES) || TH_MAX(start, until) > START_LSN_MAX)
		return th_call_fail(
			call, -EINVAL,
			"no log can begin at LSN %llu, or be consistent from %llu on: both are multiples "
			"of %llu, at most %llu",
			start, until, (unsigned long long)TH_BLOCK_BYTES,
			(unsigned long long)START_LSN_MAX);
	if (!start && (call->epoch || call->chain))
		return th_call_fail(
			call, -EINVAL,
			"before LSN 0 there is nothing: its epoch and chain value are 0");
	if (start && !call->epoch)
		return th_call_fail(call, -EINVAL,
				    "what ends at LSN %llu has an epoch of 1 or higher", start);
	if (call->inconsistent_until_epoch &&
	    (!until || call->inconsistent_until_epoch < call->epoch))
		return th_call_fail(
			call, -EINVAL,
			"inconsistent until an LSN of epoch %llu: give the LSN, and an epoch not below that of the start",
			(unsigned long long)call->inconsistent_until_epoch);
	if (until && until < start)
		return th_call_fail(
			call, -EINVAL,
			"its log begins at LSN %llu: it cannot be inconsistent until %llu only",
			start, until);
	return false;
}

static bool create_refused(struct th_engine *engine, struct th_engine_call *call)
{
	if (engine->opened)
		return th_call_fail(call, -EBUSY, "the resource is open");
	if (call->block_bytes != 512 && call->block_bytes != 4096)
		return th_call_fail(call, -EINVAL, "the block size is 512 or 4096");
	if (!call->device_bytes || !th_is_aligned(call->device_bytes, call->block_bytes))
		return th_call_fail(call, -EINVAL, "the size must be a multiple of %u, and not 0",
				    call->block_bytes);
	return create_start_refused(call);
}

static struct th_directory *directory_alloc(struct th_engine *engine)
{
	size_t bytes =
		sizeof(struct th_directory) + TH_DIRECTORY_MAX * sizeof(struct th_directory_entry);
	struct th_directory *directory = th_call_alloc(engine, bytes);

	if (directory) {
		directory->capacity = TH_DIRECTORY_MAX;
		directory->entries = (struct th_directory_entry *)(directory + 1);
	}
	return directory;
}

static bool directory_is_used(const struct th_directory *directory, struct th_engine_call *call)
{
	const char *segment = NULL;
	uint64_t epoch, start_lsn;

	for (uint32_t i = 0; i < directory->count; i++) {
		const char *name = directory->entries[i].name;

		if (strcmp(name, "meta") == 0)
			return th_call_fail(
				call, -EEXIST,
				"the log directory holds a replica already: open it, or take an empty one");
		if (th_segment_name_parse(name, &epoch, &start_lsn))
			segment = name;
	}
	return segment &&
	       th_call_fail(call, -EEXIST,
			    "the log directory holds log without a meta file (%s): move it "
			    "away, or take an empty one",
			    segment);
}

static void create_meta(struct th_engine *engine, const struct th_engine_call *call)
{
	struct th_meta *meta = &engine->meta;

	*meta = (struct th_meta){
		.resource_uuid = call->resource_uuid,
		.node_uuid = call->node_uuid,
		.device_bytes = call->device_bytes,
		.block_bytes = call->block_bytes,
		.clean = true,
		.checkpoint_lsn = call->start_lsn,
		.checkpoint_epoch = call->epoch,
		.checkpoint_chain = call->chain,
		.applied_limit_lsn = call->start_lsn,
		.inconsistent_until_lsn = call->inconsistent_until_lsn,
		.inconsistent_until_epoch = call->inconsistent_until_epoch,
	};
	/* Also of the epoch that ends here, what comes must be told from other histories. */
	if (call->start_lsn) {
		meta->epochs[0] =
			(struct th_meta_epoch){ call->epoch, call->start_lsn, call->chain };
		meta->epoch_count = 1;
	}
}

static void create_write(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_meta *meta = &engine->meta;
	uint8_t *blocks = engine->call_memory;

	meta->generation = 1;
	meta->written_ns = th_executor_wall_ns(engine->brick.executor);
	th_meta_pack(meta, blocks + th_meta_slot_offset(meta->generation));
	engine->meta_writer.file = engine->call_io.file;
	io_start(engine, call, CREATE_WRITE,
		 &(struct th_file_command){ .operation = TH_WRITE,
					    .file = engine->meta_writer.file,
					    .length = TH_META_FILE_BYTES,
					    .buffer = blocks });
}

static void create_close(struct th_engine *engine, struct th_engine_call *call,
			 enum create_step step)
{
	io_start(engine, call, step,
		 &(struct th_file_command){ .operation = TH_FILE_CLOSE,
					    .file = engine->meta_writer.file });
}

/* A meta file that is not whole goes again, so that the call can be repeated. True: there is none. */
static bool create_undo(struct th_engine *engine, struct th_engine_call *call)
{
	bool is_open = call->step == CREATE_WRITE || call->step == CREATE_FLUSH;

	if (call->step == CREATE_OPEN || call->step == CREATE_UNDO_REMOVE)
		return true;
	if (is_open)
		create_close(engine, call, CREATE_UNDO_CLOSE);
	else
		io_start(engine, call, CREATE_UNDO_REMOVE,
			 &(struct th_file_command){ .operation = TH_FILE_REMOVE, .name = "meta" });
	return false;
}

/* One file operation of the creation is done. */
static bool create_io_finished(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_file_io *io = &engine->call_io;

	if (io->error && !call->error.code)
		th_call_fail(call, io->error,
			     "the meta file cannot be made in the log directory (errno %d)",
			     -io->error);
	if (call->step == CREATE_OPEN && !io->error)
		create_write(engine, call);
	else if (call->error.code)
		return create_undo(engine, call);
	else if (call->step == CREATE_WRITE)
		io_start(engine, call, CREATE_FLUSH,
			 &(struct th_file_command){ .operation = TH_FLUSH,
						    .file = engine->meta_writer.file });
	else if (call->step == CREATE_FLUSH)
		create_close(engine, call, CREATE_CLOSE);
	else if (call->step == CREATE_CLOSE)
		io_start(engine, call, CREATE_SYNC_DIR,
			 &(struct th_file_command){ .operation = TH_FILE_SYNC_DIR });
	else
		return true;
	return false;
}

bool th_call_create(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_file_io *io = &engine->call_io;
	struct th_directory *directory;

	switch (call->step) {
	case CREATE_CHECK:
		if (create_refused(engine, call))
			return true;
		directory = directory_alloc(engine);
		if (!directory)
			return th_call_fail(call, -ENOMEM, "no memory");
		create_meta(engine, call);
		io_start(engine, call, CREATE_LIST,
			 &(struct th_file_command){ .operation = TH_FILE_LIST,
						    .directory = directory });
		return false;
	case CREATE_LIST:
		if (!th_file_io_finished(io))
			return false;
		if (io->error)
			return th_call_fail(call, io->error,
					    "the log directory cannot be listed (errno %d)",
					    -io->error);
		if (directory_is_used(engine->call_memory, call))
			return true;
		call->step = CREATE_LABEL;
		call->write_label = true;
		engine->label_step = 0;
		th_fallthrough;
	case CREATE_LABEL:
		if (th_engine_disk(engine)->output) {
			if (!th_disk_check(engine, call, &engine->label_step, &engine->meta))
				return false;
			if (call->error.code)
				return true;
		}
		if (!th_call_alloc(engine, TH_META_FILE_BYTES))
			return th_call_fail(call, -ENOMEM, "no memory");
		io_start(engine, call, CREATE_OPEN,
			 &(struct th_file_command){
				 .operation = TH_FILE_OPEN, .flags = TH_CREATE, .name = "meta" });
		return false;
	default:
		return th_file_io_finished(io) && create_io_finished(engine, call);
	}
}

/* ---- letting go ---- */

/* All files are closed, nothing is under way. */
static void forget(struct th_engine *engine)
{
	while (!th_list_empty(&engine->segments)) {
		struct th_segment *segment = th_segment_first(engine);

		segment->opened = false;
		th_segment_free(engine, segment);
	}
	if (engine->index_ready)
		th_dirty_index_destroy(&engine->index);
	if (engine->cache_ready)
		th_log_cache_destroy(&engine->cache);
	if (engine->meta_writer.block)
		th_free_buffer(engine->meta_writer.block, TH_BLOCK_BYTES);
	th_writeback_destroy(engine);
	engine->index_ready = false;
	engine->cache_ready = false;
	engine->meta_writer = (struct th_meta_writer){ 0 };
	engine->spare = (struct th_spare){ 0 };
	memset(engine->stock, 0, sizeof(engine->stock));
	engine->rotation = (struct th_rotation){ 0 };
	engine->removal = (struct th_removal){ 0 };
	engine->log_sync = (struct th_log_sync){ 0 };
	engine->sweep = (struct th_sweep){ 0 };
	engine->reader = (struct th_reader){ 0 };
	engine->segments_opened = 0;
	engine->durable_lsn = 0;
	engine->received_lsn = 0;
	engine->checkpoint_durable_lsn = 0;
	engine->mandatory_lsn = 0;
	engine->dirty_since_ns = 0;
	engine->throttle_until_ns = 0;
	engine->tail = (struct th_position){ 0 };
	engine->appended = (struct th_position){ 0 };
	engine->error = (struct th_error){ 0 };
	engine->role = TH_ROLE_CLOSED;
	engine->opened = false;
	engine->closing = false;
	engine->disk_attached = false;
	engine->disk_leaving = false;
	engine->disk_failed = false;
	engine->suspended = false;
	engine->replay_stopped = false;
	engine->replay_restart = false;
	engine->log_failed = false;
	engine->log_full = false;
	engine->checkpoint_wanted = false;
	engine->sweeps_held = false;
	engine->spare_wanted = false;
	engine->promoting = false;
	engine->demoting = false;
	engine->cutting = false;
}

/* Closes one open file; false when none is left. */
static bool close_one_file(struct th_engine *engine, struct th_engine_call *call, uint32_t step)
{
	struct th_list *link;
	uint32_t file;

	th_list_for_each(link, &engine->segments) {
		struct th_segment *segment = th_list_entry(link, struct th_segment, link);

		if (segment->opened) {
			call->step = step;
			th_segment_close(engine, segment, &engine->call_io);
			return true;
		}
	}
	if (engine->spare.opened) {
		file = engine->spare.file;
		engine->spare.opened = false;
	} else if (engine->meta_writer.opened) {
		file = engine->meta_writer.file;
		engine->meta_writer.opened = false;
	} else {
		return false;
	}
	io_start(engine, call, step,
		 &(struct th_file_command){ .operation = TH_FILE_CLOSE, .file = file });
	return true;
}

/* ---- open ---- */

enum open_step {
	OPEN_META,
	OPEN_META_READ,
	OPEN_META_CHECK,
	OPEN_META_FLUSH,
	OPEN_LIST,
	OPEN_HEADER_FILE,
	OPEN_HEADER,
	OPEN_SCAN,
	OPEN_END,
	OPEN_REMOVE_SPARE,
	OPEN_REMOVE_BITMAP,
	OPEN_FAILED_CLOSE
};

/* Ends the call with its error once the files that were opened are closed. */
static bool open_fail(struct th_engine *engine, struct th_engine_call *call)
{
	TH_ASSERT(call->error.code);
	if (close_one_file(engine, call, OPEN_FAILED_CLOSE))
		return false;
	forget(engine);
	return true;
}

static bool open_fail_io(struct th_engine *engine, struct th_engine_call *call, const char *what)
{
	int error = engine->call_io.error;

	th_call_fail(call, error, "%s (errno %d)", what, -error);
	return open_fail(engine, call);
}

static bool open_choose_meta(struct th_engine *engine, struct th_engine_call *call)
{
	const uint8_t *blocks = engine->call_memory;
	const struct th_uuid *wanted = NULL;
	static const struct th_uuid any;
	enum th_format_check check[2];
	uint64_t generation[2];
	struct th_meta *meta = &engine->meta; /* one is too large for a kernel's stack */
	uint32_t best;

	if (!th_uuid_equal(&call->resource_uuid, &any))
		wanted = &call->resource_uuid;
	for (uint32_t slot = 0; slot < 2; slot++) {
		check[slot] = th_meta_unpack(meta, blocks + slot * TH_BLOCK_BYTES, slot, wanted);
		generation[slot] = check[slot] ? 0 : meta->generation;
	}
	if (check[0] && check[1]) {
		enum th_format_check why = TH_MAX(check[0], check[1]);

		memset(meta, 0, sizeof(*meta));
		if (why == TH_FORMAT_FOREIGN)
			th_call_fail(
				call, -EXDEV,
				"the meta file belongs to another resource: is this the right directory?");
		else
			th_call_fail(
				call, -EUCLEAN,
				"no slot of the meta file is valid (%s, %s): restore it from a peer by a "
				"new replica, the log itself is not touched",
				th_format_check_name(check[0]), th_format_check_name(check[1]));
		return false;
	}
	best = generation[1] > generation[0] ? 1 : 0;
	TH_ASSERT(!th_meta_unpack(meta, blocks + best * TH_BLOCK_BYTES, best, wanted));
	engine->meta_writer.written_generation = meta->generation;
	return true;
}

/* Sorted by name, which is log order. */
static void sort_names(struct th_directory *directory)
{
	for (uint32_t i = 1; i < directory->count; i++) {
		struct th_directory_entry entry = directory->entries[i];
		uint32_t k = i;

		for (; k && strcmp(directory->entries[k - 1].name, entry.name) > 0; k--)
			directory->entries[k] = directory->entries[k - 1];
		directory->entries[k] = entry;
	}
}

static bool open_fail_damaged(struct th_engine_call *call, const char *name, const char *what)
{
	th_call_fail(
		call, -EUCLEAN,
		"the log is damaged: segment %s %s. Nothing was changed; resync this replica from a peer, or restore "
		"the file",
		name, what);
	return false;
}

static bool open_add_segments(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_directory *directory = engine->call_memory;

	sort_names(directory);
	for (uint32_t i = 0; i < directory->count; i++) {
		const struct th_directory_entry *entry = &directory->entries[i];
		struct th_segment *last = th_segment_last(engine);
		struct th_segment *segment;
		uint64_t epoch, start_lsn;

		if (th_spare_stock(engine, entry->name, entry->bytes) ||
		    !th_segment_name_parse(entry->name, &epoch, &start_lsn))
			continue;
		if (!is_boundary(start_lsn) || entry->bytes > TH_LSN_MAX - start_lsn)
			return open_fail_damaged(call, entry->name, "is where none can be");
		if (last && start_lsn <= last->start_lsn)
			return open_fail_damaged(call, entry->name,
						 "does not follow the one before");
		segment = th_segment_add(engine, epoch, start_lsn);
		if (!segment) {
			th_call_fail(call, -ENOMEM, "too many segments, or no memory");
			return false;
		}
		segment->state = TH_SEGMENT_SEALED;
		segment->linked = true;
		segment->file_bytes = entry->bytes;
		segment->end_lsn = start_lsn + th_align_down(entry->bytes, TH_BLOCK_BYTES);
		/* With a gap between them the log ends there. */
		if (last)
			last->end_lsn = TH_MIN(last->end_lsn, start_lsn);
	}
	return true;
}

/* Where a batch or segment header ends, or, while the log is empty, at its beginning. */
static bool checkpoint_is_possible(const struct th_meta *meta)
{
	if (!meta->checkpoint_lsn)
		return !meta->checkpoint_epoch && !meta->checkpoint_chain;
	return meta->checkpoint_epoch && is_boundary(meta->checkpoint_lsn);
}

static bool open_check_range(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_segment *first = th_segment_first(engine);
	const struct th_segment *last = th_segment_last(engine);
	uint64_t checkpoint = engine->meta.checkpoint_lsn;

	if (!checkpoint_is_possible(&engine->meta)) {
		th_call_fail(
			call, -EUCLEAN,
			"the meta file has its checkpoint at LSN %llu of epoch %llu, where none can "
			"be. Nothing was changed; resync this replica from a peer",
			(unsigned long long)checkpoint,
			(unsigned long long)engine->meta.checkpoint_epoch);
		return false;
	}
	/* Nothing was written yet, or a tail was cut off that began right at the checkpoint. */
	if (!last && engine->meta.applied_limit_lsn <= checkpoint)
		return true;
	if (last && first->start_lsn <= checkpoint && last->end_lsn >= checkpoint)
		return true;
	th_call_fail(
		call, -EUCLEAN,
		"the log from the checkpoint (LSN %llu) on is missing: the directory holds LSN %llu to %llu. Nothing was "
		"changed; resync this replica from a peer, or restore the files",
		(unsigned long long)checkpoint, (unsigned long long)(first ? first->start_lsn : 0),
		(unsigned long long)(last ? last->end_lsn : 0));
	return false;
}

static bool open_make_room(struct th_engine *engine, struct th_engine_call *call)
{
	engine->index_ready =
		!th_dirty_index_init(&engine->index, engine->options.dirty_extents_max);
	engine->cache_ready = !th_log_cache_init(&engine->cache, engine->config.memory,
						 engine->meta.checkpoint_lsn);
	engine->meta_writer.block = th_alloc_buffer(TH_BLOCK_BYTES);
	if (engine->index_ready && engine->cache_ready && engine->meta_writer.block &&
	    !th_writeback_init(engine))
		return true;
	th_call_fail(call, -ENOMEM, "no memory for the dirty index and the log cache");
	return false;
}

/* The segment that holds what stands before the checkpoint; NULL: it is gone, the scan begins with the next one's header. */
static struct th_segment *checkpoint_segment(const struct th_engine *engine)
{
	uint64_t checkpoint = engine->meta.checkpoint_lsn;

	return checkpoint ? th_segment_of(engine, checkpoint - 1) : NULL;
}

static void open_begin_scan(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_meta *meta = &engine->meta;
	const struct th_segment *last = th_segment_last(engine);
	const struct th_position checkpoint = { .lsn = meta->checkpoint_lsn,
						.epoch = meta->checkpoint_epoch,
						.chain = meta->checkpoint_chain };

	th_reader_reset(engine, &checkpoint, last ? last->end_lsn : meta->checkpoint_lsn, true);
	call->step = OPEN_SCAN;
	th_engine_kick(engine);
}

static bool open_check_header(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *segment = checkpoint_segment(engine);
	struct th_segment_header header;
	char name[TH_SEGMENT_NAME_BYTES];
	enum th_format_check check = th_segment_header_unpack(&header, engine->call_memory,
							      segment->epoch, segment->start_lsn,
							      &engine->meta.resource_uuid);

	segment->users--;
	if (check) {
		th_segment_name(name, segment->epoch, segment->start_lsn);
		th_call_fail(
			call, check == TH_FORMAT_FOREIGN ? -EXDEV : -EUCLEAN,
			"the header of segment %s does not verify (%s). Nothing was changed; resync this "
			"replica from a peer, or restore the file",
			name, th_format_check_name(check));
		return false;
	}
	segment->own = th_uuid_equal(&header.creator_uuid, &engine->meta.node_uuid);
	segment->previous_epoch = header.previous_epoch;
	segment->chain_before = header.chain_before;
	segment->header_chain = header.chain;
	open_begin_scan(engine, call);
	return true;
}

/*
 * What peers confirm is not written to the meta file each time. But no log goes before the peers that follow have it, so what
 * is gone they have. Of who has confirmed nothing (0) nothing is known.
 */
static void open_raise_peers(struct th_engine *engine)
{
	const struct th_segment *first = th_segment_first(engine);

	for (uint32_t i = 0; first && i < engine->meta.peer_count; i++) {
		struct th_meta_peer *peer = &engine->meta.peers[i];

		if (peer->state == TH_PEER_FOLLOWING && peer->durable_lsn)
			peer->durable_lsn = TH_MAX(peer->durable_lsn, first->start_lsn);
	}
}

static bool open_ready(struct th_engine *engine, struct th_engine_call *call)
{
	const struct th_meta *meta = &engine->meta;
	const struct th_position checkpoint = { .lsn = meta->checkpoint_lsn,
						.epoch = meta->checkpoint_epoch,
						.chain = meta->checkpoint_chain };
	uint64_t end = engine->reader.position.lsn;

	th_log_cache_truncate(&engine->cache, TH_MAX(end, engine->cache.floor_lsn));
	engine->received_lsn = end;
	engine->durable_lsn = end;
	engine->checkpoint_durable_lsn = meta->checkpoint_lsn;
	engine->mandatory_lsn = meta->applied_limit_lsn;
	engine->device_bytes = meta->device_bytes;
	open_raise_peers(engine);
	th_reader_reset(engine, &checkpoint, end, false);
	engine->meta.clean = false;
	th_meta_write(engine);
	engine->replay_run = call->run || !call->until_lsn;
	engine->replay_until_lsn = call->until_lsn;
	engine->replay_until_ns = call->until_ns;
	engine->opened = true;
	engine->role = TH_ROLE_SECONDARY;
	call->end_lsn = end;
	th_engine_event(engine, TH_LOG_INFO,
			"open: the log ends at LSN %llu, %llu bytes are replayed",
			(unsigned long long)end, (unsigned long long)(end - meta->checkpoint_lsn));
	return true;
}

/* The steps before the scan. */
static bool open_prepare(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_file_io *io = &engine->call_io;
	struct th_segment *segment;
	void *memory;

	switch (call->step) {
	case OPEN_META_READ:
		if (io->error)
			return open_fail_io(
				engine, call,
				io->error == -ENOENT ?
					"the log directory holds no meta file: create the replica first" :
					"the meta file cannot be opened");
		engine->meta_writer.file = io->file;
		engine->meta_writer.opened = true;
		memory = th_call_alloc(engine, TH_META_FILE_BYTES);
		if (io->length < TH_META_FILE_BYTES || !memory) {
			th_call_fail(
				call, memory ? -EUCLEAN : -ENOMEM,
				memory ?
					"the meta file is too short: restore it, or resync this replica" :
					"no memory");
			return open_fail(engine, call);
		}
		io_start(engine, call, OPEN_META_CHECK,
			 &(struct th_file_command){ .operation = TH_READ,
						    .file = io->file,
						    .length = TH_META_FILE_BYTES,
						    .buffer = memory });
		return false;
	case OPEN_META_CHECK:
		if (io->error)
			return open_fail_io(engine, call, "the meta file cannot be read");
		if (!open_choose_meta(engine, call))
			return open_fail(engine, call);
		/* A process that died may have written the slot without seeing it become durable. */
		io_start(engine, call, OPEN_META_FLUSH,
			 &(struct th_file_command){ .operation = TH_FLUSH,
						    .file = engine->meta_writer.file });
		return false;
	case OPEN_META_FLUSH:
		if (io->error)
			return open_fail_io(engine, call, "the meta file cannot be synced");
		memory = directory_alloc(engine);
		if (!memory) {
			th_call_fail(call, -ENOMEM, "no memory");
			return open_fail(engine, call);
		}
		io_start(engine, call, OPEN_LIST,
			 &(struct th_file_command){ .operation = TH_FILE_LIST,
						    .directory = memory });
		return false;
	case OPEN_LIST:
		if (io->error)
			return open_fail_io(engine, call, "the log directory cannot be listed");
		if (!open_add_segments(engine, call) || !open_check_range(engine, call) ||
		    !open_make_room(engine, call))
			return open_fail(engine, call);
		call->step = OPEN_HEADER_FILE;
		segment = checkpoint_segment(engine);
		if (!segment)
			open_begin_scan(engine, call);
		th_engine_kick(engine);
		return false;
	default:
		return open_check_header(engine, call) ? false : open_fail(engine, call);
	}
}

/* What an earlier process left half done goes; only now, when the log is known to be good. */
static void open_remove(struct th_engine *engine, struct th_engine_call *call, enum open_step step,
			const char *name)
{
	io_start(engine, call, step,
		 &(struct th_file_command){ .operation = TH_FILE_REMOVE, .name = name });
}

/* The steps behind the log's end. */
static bool open_finish(struct th_engine *engine, struct th_engine_call *call)
{
	int error = engine->call_io.error;

	if (error && error != -ENOENT)
		return open_fail_io(engine, call, "the log directory cannot be written");
	if (call->step == OPEN_REMOVE_BITMAP)
		return open_ready(engine, call);
	open_remove(engine, call, OPEN_REMOVE_BITMAP, "bitmap.new");
	return false;
}

/* The steps that wait for something else than a file operation. */
static bool open_wait(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_reader *reader = &engine->reader;
	struct th_segment *segment;
	int error = 0;

	switch (call->step) {
	case OPEN_HEADER_FILE:
		segment = checkpoint_segment(engine);
		if (!th_segment_open_for_read(engine, segment, &error))
			break;
		if (!th_call_alloc(engine, TH_BLOCK_BYTES)) {
			error = -ENOMEM;
			break;
		}
		segment->users++;
		io_start(engine, call, OPEN_HEADER,
			 &(struct th_file_command){ .operation = TH_READ,
						    .file = segment->file,
						    .length = TH_BLOCK_BYTES,
						    .buffer = engine->call_memory });
		return false;
	case OPEN_SCAN:
		th_reader_run(engine);
		if (reader->result == TH_READER_MORE || reader->read_busy)
			return false;
		if (!th_log_end_judge(engine, call))
			return open_fail(engine, call);
		th_call_alloc(engine, 0);
		call->step = OPEN_END;
		th_fallthrough;
	default:
		if (!th_log_end_step(engine, call))
			return false;
		if (call->error.code)
			return open_fail(engine, call);
		open_remove(engine, call, OPEN_REMOVE_SPARE, "spare");
		return false;
	}
	if (!error)
		return false;
	th_call_fail(call, error, "a log segment cannot be opened (errno %d)", -error);
	return open_fail(engine, call);
}

bool th_call_open(struct th_engine *engine, struct th_engine_call *call)
{
	if (call->step == OPEN_META) {
		if (engine->opened)
			return th_call_fail(call, -EEXIST, "the resource is open already");
		engine->counters = (struct th_engine_status){ 0 };
		io_start(engine, call, OPEN_META_READ,
			 &(struct th_file_command){ .operation = TH_FILE_OPEN, .name = "meta" });
		return false;
	}
	th_segments_step(engine);
	if (call->step == OPEN_HEADER_FILE || call->step == OPEN_SCAN || call->step == OPEN_END)
		return open_wait(engine, call);
	if (!th_file_io_finished(&engine->call_io))
		return false;
	if (call->step == OPEN_FAILED_CLOSE)
		return open_fail(engine, call);
	return call->step < OPEN_SCAN ? open_prepare(engine, call) : open_finish(engine, call);
}

/* ---- close ---- */

enum close_step { CLOSE_QUIET, CLOSE_DRAIN, CLOSE_SETTLE, CLOSE_SEAL, CLOSE_META, CLOSE_FILES };

/* No request is under way or waiting any more. */
static bool close_is_quiet(struct th_engine *engine)
{
	th_append_close(engine);
	if (engine->log_failed && !engine->batches_under_way)
		th_append_forget(engine);
	if (th_gate_lease_expired(engine))
		th_append_fail_waiters(engine, -ESHUTDOWN);
	if (!th_append_idle(engine) || engine->reads_under_way || !th_list_empty(&engine->reads) ||
	    !th_list_empty(&engine->writes) || !th_list_empty(&engine->appended_waiters))
		return false;
	if (!engine->log_failed && !th_durable_want(engine, engine->appended.lsn))
		return false;
	th_durable_fail_waiters(engine, -ESHUTDOWN);
	return true;
}

/* All that is in the index; what a secondary has received but not replayed is not. */
static uint64_t drain_end_lsn(const struct th_engine *engine)
{
	return engine->role == TH_ROLE_PRIMARY ? engine->appended.lsn : engine->reader.position.lsn;
}

static bool nothing_to_replay(const struct th_engine *engine)
{
	return engine->role == TH_ROLE_PRIMARY ||
	       (engine->reader.result == TH_READER_STARVED &&
		engine->reader.limit_lsn == engine->received_lsn);
}

/* Also when it cannot be, because something has failed since the call began. */
static bool drained(struct th_engine *engine, const struct th_engine_call *call)
{
	if (!engine->disk_attached || engine->disk_failed || engine->log_failed ||
	    th_call_troubles(engine) != call->troubles ||
	    engine->checkpoint_durable_lsn >= drain_end_lsn(engine))
		return true;
	if (th_writeback_idle(engine))
		engine->checkpoint_wanted = true;
	return false;
}

static bool everything_idle(const struct th_engine *engine)
{
	return th_writeback_idle(engine) && th_segments_idle(engine) && th_retention_idle(engine) &&
	       th_meta_settled(engine) && !engine->reader.read_busy &&
	       engine->rotation.step == TH_ROTATION_NONE &&
	       engine->removal.step == TH_REMOVAL_NONE && engine->log_sync.step == TH_LOG_SYNC_NONE;
}

bool th_call_close(struct th_engine *engine, struct th_engine_call *call)
{
	struct th_segment *last;
	bool written;

	switch (call->step) {
	case CLOSE_QUIET:
		if (!engine->opened)
			return true;
		engine->closing = true;
		if (!close_is_quiet(engine))
			return false;
		call->troubles = th_call_troubles(engine);
		call->step = CLOSE_DRAIN;
		th_fallthrough;
	case CLOSE_DRAIN:
		if (call->drain && !drained(engine, call))
			return false;
		engine->sweeps_held = true;
		engine->spare_wanted = false;
		call->step = CLOSE_SETTLE;
		th_fallthrough;
	case CLOSE_SETTLE:
		if (!everything_idle(engine))
			return false;
		last = th_segment_last(engine);
		if (last && last->state == TH_SEGMENT_APPENDING && !engine->log_failed)
			last->state = TH_SEGMENT_SEALING;
		call->step = CLOSE_SEAL;
		th_engine_kick(engine);
		return false;
	case CLOSE_SEAL:
		last = th_segment_last(engine);
		if (!engine->log_failed && last && last->state == TH_SEGMENT_SEALING)
			return false;
		written = !engine->index.count && !engine->log_failed &&
			  engine->checkpoint_durable_lsn >= drain_end_lsn(engine);
		engine->meta.clean = written && nothing_to_replay(engine);
		if (call->drain && !written)
			th_call_fail(
				call, -EIO,
				"closed, but not everything is on the disk: the log is replayed "
				"at the next open");
		call->end_lsn = engine->durable_lsn;
		call->lsn = th_meta_write(engine);
		call->step = CLOSE_META;
		return false;
	case CLOSE_META:
		if (!th_meta_settled(engine) || !th_durable_idle(engine))
			return false;
		if (call->drain && !call->error.code && !th_meta_is_durable(engine, call->lsn))
			th_call_fail(
				call, -EIO,
				"closed, but the meta file cannot be written: the log is replayed "
				"at the next open");
		engine->opened = false;
		engine->role = TH_ROLE_CLOSED;
		if (!close_one_file(engine, call, CLOSE_FILES))
			break;
		return false;
	default:
		if (!th_file_io_finished(&engine->call_io) ||
		    close_one_file(engine, call, CLOSE_FILES))
			return false;
		break;
	}
	forget(engine);
	return true;
}
