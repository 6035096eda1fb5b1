/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's state, and what its rooms offer to each other.
 *
 * Events (a request arrives, an I/O returns, a timer expires, a call is made) only note what happened and kick
 * the engine. Its work then runs every room's step function; a step does all that the state allows and returns.
 * So each step can be read alone: it never waits, and running it once too often is harmless.
 *
 *  gate.c       who may do I/O now: role, lease, suspend, error; slowing writers down before the log is full
 *  append.c     batches: filled, closed, appended, acknowledged in LSN order
 *  durable.c    syncing the log; FLUSH and FUA
 *  read.c       reads of the device: index, cache, log, disk
 *  reader.c     reading the log: recovery and replay
 *  writeback.c  sweeps over the dirty index, disk flush, checkpoint
 *  segments.c   segment files: rotation, opening for reads, removal
 *  spare.c      files that are to become segments: fresh ones, and former segments
 *  retention.c  which log is still needed; peers and their bitmaps
 *  meta.c       the meta file
 *  disk.c       attaching and detaching the disk, its label
 *  open.c       create, open (recovery), close
 *  log_end.c    the end of the log after a crash: torn or damaged
 *  role.c       primary, secondary, cut
 *  calls.c      the table of calls; the short ones
 *  status.c     what an observer sees
 *  translog.c   the brick
 */
#ifndef THARSIS_ENGINE_INTERNAL_H
#define THARSIS_ENGINE_INTERNAL_H

#include "dirty_index.h"
#include "engine.h"

#define TH_SEGMENTS_MAX	       1024u
#define TH_SEGMENTS_OPEN_MAX   16u
#define TH_WRITEBACK_BYTES_MAX (256u * 1024u)
#define TH_IO_VEC_MAX	       16u
#define TH_READ_AHEAD_BYTES    (1u << 20)
#define TH_RETRY_NS	       TH_NS_PER_S
#define TH_DIRECTORY_MAX       (TH_SEGMENTS_MAX + 64u)
/* Kept free in the index for what write-back does. */
#define TH_INDEX_RESERVE 64u

struct th_engine;

/* ---- one operation on the log directory, for the rooms that do one thing after another ---- */

struct th_file_io {
	struct th_engine *engine;
	bool busy;
	bool finished;
	int error;
	uint32_t file; /* result of OPEN */
	uint64_t length; /* result of OPEN, SPACE */
	struct th_vec vec[TH_IO_VEC_MAX];
};

/* What a step asks for; fields that an operation does not use are zero. */
struct th_file_command {
	enum th_operation operation;
	uint8_t flags;
	uint32_t file;
	uint64_t position;
	uint64_t length;
	const char *name;
	const char *new_name;
	void *buffer; /* of length bytes, for READ and WRITE */
	struct th_directory *directory;
};

void th_file_io_start(struct th_engine *engine, struct th_file_io *io,
		      const struct th_file_command *command);
/* True once after each operation: io->error and the results are there. */
bool th_file_io_finished(struct th_file_io *io);

/* ---- segments ---- */

enum th_segment_state {
	TH_SEGMENT_STARTING, /* header is being written; batches for it wait */
	TH_SEGMENT_APPENDING,
	TH_SEGMENT_SEALING, /* no more batches; truncated and synced when all are appended */
	TH_SEGMENT_SEALED,
};

struct th_segment {
	struct th_list link; /* in engine->segments, ascending */
	enum th_segment_state state;
	bool linked; /* its name is durable */
	bool opened;
	int open_error; /* of the last attempt; told once */
	bool own; /* begun by this node: its durable_lsn fields speak of this log */
	uint32_t users; /* I/Os under way on its file */
	uint32_t file;
	uint64_t last_use; /* of its file: which one among those of all segments */
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t end_lsn; /* sealed or sealing: final; else what is assigned so far */
	uint64_t previous_epoch;
	uint64_t chain_before;
	uint64_t header_chain; /* known once its header was written or read here */
	uint64_t file_bytes;
};

/* ---- batches ---- */

struct th_batch {
	struct th_engine *engine;
	struct th_segment *segment;
	uint64_t lsn;
	uint64_t payload_bytes;
	uint32_t record_count;
	uint32_t length; /* set when closed */
	bool submitted;
	bool done;
	uint64_t chain; /* set when closed */
	uint64_t time_ns; /* set when closed */
	uint64_t submit_ns;
	struct th_list waiters; /* device requests that end in this batch */
	struct th_vec vec[TH_IO_VEC_MAX];
};

/* ---- device requests ---- */

/* The engine's aspect in requests that arrive at the device. */
struct th_device_io {
	uint64_t start_ns;
	uint64_t progress; /* bytes that are logged, or for which reads were started */
	uint64_t barrier_lsn; /* FLUSH, FUA: waits until durable so far */
	uint32_t children;
	bool started_all;
	int error;
};

/* The engine's aspect in requests that it makes. */
struct th_child_io {
	struct th_engine *engine;
	struct th_request *parent; /* device read */
	struct th_segment *segment; /* pinned while under way */
	struct th_writeback *target; /* write-back */
	struct th_vec vec[TH_IO_VEC_MAX];
};

/* ---- write-back ---- */

struct th_writeback {
	struct th_engine *engine;
	bool busy;
	uint8_t *buffer;
	uint64_t position;
	uint64_t length;
	uint64_t start_ns;
	enum th_operation operation; /* WRITE or WRITE_ZEROES */
	uint8_t flags;
	bool gathered;
	uint32_t children;
	int error;
	struct th_vec vec;
};

enum th_sweep_phase {
	TH_SWEEP_IDLE,
	TH_SWEEP_LOG_SYNC, /* write-ahead: the log is durable up to limit */
	TH_SWEEP_LIMIT, /* the meta file says that the disk may hold data up to limit */
	TH_SWEEP_WRITE, /* dirty extents below limit go to the disk, in disk order */
	TH_SWEEP_FLUSH, /* disk flushed, log durable up to what superseded extents of the sweep */
	TH_SWEEP_CHECKPOINT
};

struct th_sweep {
	enum th_sweep_phase phase;
	struct th_position limit; /* becomes the checkpoint */
	uint64_t cursor;
	uint64_t superseder_lsn;
	uint32_t in_flight;
	bool failed;
	bool flush_started;
	bool flush_done;
	int flush_error;
	uint64_t meta_generation;
	uint64_t retry_ns;
};

/* ---- log reader ---- */

enum th_reader_result {
	TH_READER_TOOK, /* one block was taken: go on */
	TH_READER_MORE, /* I/O under way or the index is full: later */
	TH_READER_STARVED, /* all whole batches up to the limit were read */
	TH_READER_PAUSED, /* the next batch is behind replay-until */
	TH_READER_LOST, /* what follows has lost something that the disk holds; not when scanning */
	TH_READER_INVALID, /* what follows does not verify: reader->check, reader->position.lsn */
	TH_READER_FAILED /* I/O error */
};

struct th_reader {
	struct th_position position; /* behind the last batch that was taken */
	uint64_t limit_lsn;
	enum th_reader_result result;
	enum th_format_check check;
	const char *what; /* which block the check concerns */
	int error;
	bool read_busy;
	uint64_t read_lsn;
	struct th_segment *read_segment;
	struct th_vec vec[TH_IO_VEC_MAX];
	bool scan_only; /* do not enter records in the index */
	struct th_batch_header header;
	struct th_record records[TH_BATCH_RECORDS_MAX];
};

/* ---- the log's own small machines ---- */

enum th_spare_state {
	TH_SPARE_NONE,
	TH_SPARE_OPENING,
	TH_SPARE_OPENED,
	TH_SPARE_MAKING_ROOM, /* one in stock is removed */
	TH_SPARE_ALLOCATING,
	TH_SPARE_READY
};

#define TH_STOCK_SLOTS	    8u
#define TH_SPARE_NAME_BYTES 16u /* "spare" or "spare-0" to "spare-7" */

enum th_stock_state {
	TH_STOCK_FREE,
	TH_STOCK_FULL,
	TH_STOCK_TAKEN /* by the spare, or a rotation that has not renamed it yet */
};

struct th_stock_slot {
	enum th_stock_state state;
	uint64_t bytes;
};

struct th_spare {
	enum th_spare_state state;
	char name[TH_SPARE_NAME_BYTES];
	char removed_name[TH_SPARE_NAME_BYTES];
	struct th_file_io io;
	uint32_t file;
	bool opened;
	bool exists; /* the name is there, perhaps from a recycled segment */
	uint64_t bytes;
	uint64_t retry_ns;
	int error; /* of the last attempt */
};

enum th_rotation_step {
	TH_ROTATION_NONE,
	TH_ROTATION_HEADER,
	TH_ROTATION_RENAME,
	TH_ROTATION_SYNC_DIR
};

struct th_rotation {
	enum th_rotation_step step;
	struct th_segment *segment;
	struct th_file_io io;
	char name[TH_SEGMENT_NAME_BYTES];
	char spare_name[TH_SPARE_NAME_BYTES]; /* what the file was called before */
};

enum th_removal_step { TH_REMOVAL_NONE, TH_REMOVAL_CLOSE, TH_REMOVAL_UNLINK, TH_REMOVAL_SYNC_DIR };

struct th_removal {
	enum th_removal_step step;
	struct th_segment *segment;
	bool recycled;
	uint64_t retry_ns;
	struct th_file_io io;
	char name[TH_SEGMENT_NAME_BYTES];
	char spare_name[TH_SPARE_NAME_BYTES]; /* what it is called then, when recycled */
};

enum th_log_sync_step { TH_LOG_SYNC_NONE, TH_LOG_SYNC_TRUNCATE, TH_LOG_SYNC_FLUSH };

struct th_log_sync {
	enum th_log_sync_step step;
	bool seals; /* covers all of its segment, which was cut to its length */
	struct th_segment *segment;
	uint64_t target_lsn;
	uint64_t wanted_lsn; /* somebody waits for this to be durable */
	uint64_t start_ns;
	uint64_t duration_ns; /* of the last one */
	uint64_t behind_ns; /* since when peers wait for a sync that nobody has asked for; 0: none */
	struct th_file_io io;
	struct th_file_io write_out; /* sends to the medium what the next sync will cover */
	struct th_segment *write_out_segment;
	uint64_t written_out_lsn; /* below, all is on its way */
};

struct th_meta_writer {
	bool opened;
	uint32_t file;
	bool wanted;
	uint64_t written_generation; /* durable */
	uint64_t writing_generation;
	uint64_t writing_device_bytes;
	uint64_t failures;
	uint64_t retry_ns; /* after a failure, until it succeeds */
	uint8_t *block;
	struct th_file_io io;
};

/* Opening: what lies behind the last batch that verifies. */
struct th_log_end {
	uint32_t step;
	uint64_t lsn; /* looked at, or synced, up to here */
	uint64_t sync_lsn; /* all from here on is synced, at least the last segment */
	struct th_segment *segment; /* an operation on its file is under way */
};

/* Dropping log for a peer that is far behind: its bitmap is made first. */
enum th_drop_step {
	TH_DROP_NONE,
	TH_DROP_LOAD_OPEN, /* of the bitmap that the peer has already */
	TH_DROP_LOAD_HEADER,
	TH_DROP_LOAD_BITS,
	TH_DROP_LOAD_CLOSE,
	TH_DROP_SCAN, /* the segment the cursor is in is being opened */
	TH_DROP_READ, /* a batch header is being read */
	TH_DROP_REMOVE, /* a bitmap.new left from a crash */
	TH_DROP_CREATE,
	TH_DROP_WRITE,
	TH_DROP_FLUSH,
	TH_DROP_CLOSE,
	TH_DROP_RENAME,
	TH_DROP_SYNC_DIR,
	TH_DROP_META,
	TH_DROP_GIVE_UP /* it failed: the file that was open is being closed */
};

struct th_drop {
	enum th_drop_step step;
	struct th_uuid peer;
	uint64_t from_lsn; /* of the bitmap */
	uint64_t start_lsn; /* of what is dropped now */
	uint64_t to_lsn;
	uint64_t cursor_lsn;
	uint64_t old_bits_bytes;
	uint32_t old_bits_crc32c;
	uint64_t region_bytes;
	uint64_t bits_bytes;
	uint8_t *block; /* a batch header */
	uint8_t *bitmap; /* header block, then the bits */
	struct th_segment *segment;
	struct th_file_io io;
	uint32_t file;
	bool opened;
	uint64_t meta_generation;
	uint64_t retry_ns;
	char name[TH_BITMAP_NAME_BYTES];
};

/* ---- the engine ---- */

struct th_engine {
	struct th_brick brick; /* first */
	struct th_engine_config config;
	struct th_engine_options options;
	struct th_work work;
	struct th_timer timer;
	uint64_t now_ns;
	uint64_t wake_ns; /* nearest time a step asked for in this run */

	enum th_engine_role role;
	bool opened;
	bool closing;
	bool switching_off;
	bool disk_attached;
	bool disk_leaving;
	bool disk_failed; /* a flush failed: no more write-back until the log is opened anew */
	bool suspended;
	bool replay_run;
	bool replay_stopped; /* by an error */
	bool replay_restart;
	bool log_failed; /* no more appends until the log is opened anew */
	bool log_full;
	uint64_t replay_until_lsn;
	uint64_t replay_until_ns;
	uint64_t lease_deadline_ns;
	struct th_error error; /* sticky */

	struct th_meta meta;
	/* What users may reach. After a resize not before the meta file has it: recovery refuses records beyond. */
	uint64_t device_bytes;
	struct th_meta_writer meta_writer;
	struct th_log_cache cache;
	bool cache_ready;
	struct th_dirty_index index;
	bool index_ready;
	uint64_t dirty_since_ns; /* when the oldest of what is dirty came; 0: nothing is */

	struct th_request_pool *disk_pool; /* reads */
	struct th_request_pool *writeback_pool;
	struct th_request_pool *log_pool; /* data: appends, spill reads */
	struct th_request_pool *admin_pool; /* one for each th_file_io */

	/* the log as this node has it */
	struct th_list segments;
	uint32_t segment_count;
	uint32_t segments_opened;
	uint64_t segment_uses;
	struct th_position tail; /* behind the last batch that was closed */
	struct th_position appended; /* behind the last batch of the appended prefix */
	uint64_t durable_lsn;
	uint64_t received_lsn;
	uint64_t checkpoint_durable_lsn; /* the checkpoint that the meta file holds for sure */
	uint64_t mandatory_lsn; /* what the disk may hold already: replay must reach it */
	struct th_reader reader;
	struct th_spare spare;
	struct th_stock_slot stock[TH_STOCK_SLOTS];
	struct th_rotation rotation;
	struct th_removal removal;
	struct th_log_sync log_sync;
	struct th_log_end log_end;
	struct th_drop drop;
	struct th_file_io open_io; /* opening a segment for reads */
	struct th_file_io close_io;
	struct th_segment *opening_segment;
	char opening_name[TH_SEGMENT_NAME_BYTES];
	bool spare_wanted; /* primary, or about to be */
	bool promoting; /* replay has ended, the new segment is being begun */
	bool demoting; /* writers are refused, what they wrote is made durable */
	bool cutting; /* no replay, no sweep */
	bool sweeps_held; /* no sweep begins */
	struct th_position cut_position;

	/* batches in LSN order; the one at batch_open is being filled */
	struct th_batch batches[TH_BATCHES_MAX + 1];
	uint32_t batch_first;
	uint32_t batch_count;
	uint32_t batches_under_way;
	bool batch_open;

	/* device requests */
	struct th_list reads;
	struct th_list writes; /* all that makes records, in order of arrival */
	struct th_list flushes;
	struct th_list appended_waiters;
	struct th_list flush_waiters; /* by barrier LSN */
	uint32_t reads_under_way;
	uint64_t throttle_until_ns;

	struct th_writeback writebacks[TH_WRITEBACK_DEPTH_MAX];
	struct th_sweep sweep;
	bool checkpoint_wanted; /* a sweep as soon as possible */

	/* calls */
	struct th_list calls; /* waiting; the first one is running */
	struct th_list calls_done; /* to be reported by the work */
	struct th_file_io call_io;
	struct {
		bool busy;
		int error;
		struct th_vec vec;
	} label_io;
	uint32_t label_step;
	void *call_memory;
	size_t call_memory_bytes;

	struct th_engine_status counters; /* only its counters are used */
};

static inline struct th_engine *th_engine_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct th_engine, brick);
}

static inline struct th_input *th_engine_disk(struct th_engine *engine)
{
	return &engine->brick.inputs[TH_ENGINE_INPUT_DISK];
}

static inline struct th_input *th_engine_log(struct th_engine *engine)
{
	return &engine->brick.inputs[TH_ENGINE_INPUT_LOG];
}

/* translog.c */
void th_engine_kick(struct th_engine *engine);
/* This run's steps ask to be run again at @when_ns. */
void th_engine_wake_at(struct th_engine *engine, uint64_t when_ns);
/* There was no memory in the log cache: the steps are run again a little later. */
void th_engine_wait_for_memory(struct th_engine *engine);
/* Tells the host that the status changed. */
void th_engine_changed(struct th_engine *engine);
void th_engine_event(struct th_engine *engine, enum th_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An error that concerns the whole replica: the first is kept for the status; an event says it. */
void th_engine_note_error(struct th_engine *engine, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The log can no longer be relied on: notes the error and refuses all writes from now on. */
void th_engine_log_failed(struct th_engine *engine, int code, const char *what);
void th_histogram_add(struct th_histogram *histogram, uint64_t duration_ns);
void th_engine_complete_device(struct th_engine *engine, struct th_request *request, int error);

/* gate.c */
enum th_gate { TH_GATE_OPEN, TH_GATE_HOLD, TH_GATE_REFUSE };
enum th_gate th_gate_write(struct th_engine *engine, int *error);
enum th_gate th_gate_read(struct th_engine *engine, int *error);
bool th_gate_lease_expired(const struct th_engine *engine);
/* From here on the replica is a prefix of the history: what its disk may hold is replayed then. */
uint64_t th_gate_consistent_lsn(const struct th_engine *engine);
/* After @bytes were admitted: when the next ones may be. */
void th_gate_throttle(struct th_engine *engine, uint64_t bytes);

/* append.c */
void th_append_step(struct th_engine *engine);
void th_acknowledge_step(struct th_engine *engine);
/* Nothing open, nothing under way. */
bool th_append_idle(const struct th_engine *engine);
/* Closes the open batch although the log is busy. */
void th_append_close(struct th_engine *engine);
/* Fails all that waits for an append. */
void th_append_fail_waiters(struct th_engine *engine, int error);
/* Drops batches that can no longer be appended. None is under way. */
void th_append_forget(struct th_engine *engine);
/* A record becomes the newest version of its range. The index has room. */
void th_index_record(struct th_engine *engine, const struct th_record *record, uint64_t batch_lsn);

/* durable.c */
void th_durable_step(struct th_engine *engine);
/* No operation of a sync, or ahead of one, is under way on a segment's file. */
bool th_durable_idle(const struct th_engine *engine);
/* Asks for the log to be durable up to @lsn; true when it is. */
bool th_durable_want(struct th_engine *engine, uint64_t lsn);
void th_durable_add_waiter(struct th_engine *engine, struct th_request *request,
			   uint64_t barrier_lsn);
void th_durable_fail_waiters(struct th_engine *engine, int error);

/* read.c */
void th_read_step(struct th_engine *engine);
/*
 * Starts reading payload bytes that are only in the log, for a device read (@parent) or for write-back (@target).
 * False: later (no request is free, or the segment's file is being opened), or never: *error is set.
 */
bool th_read_spilled(struct th_engine *engine, uint64_t lsn, uint64_t bytes,
		     const struct th_vec *vec, uint32_t vec_count, struct th_request *parent,
		     struct th_writeback *target, int *error);
void th_read_child_done(struct th_request *request, void *context);

/* reader.c */
/* Stands at @position from now on; what the cache holds from there is used. @scan_only: nothing is indexed. */
void th_reader_reset(struct th_engine *engine, const struct th_position *position,
		     uint64_t limit_lsn, bool scan_only);
/* Goes on; where it stands then is in engine->reader.result. */
void th_reader_run(struct th_engine *engine);
void th_replay_step(struct th_engine *engine);
/* After an error: tries again. */
void th_replay_restart(struct th_engine *engine);

/* writeback.c */
void th_writeback_step(struct th_engine *engine);
void th_writeback_child_done(struct th_engine *engine, struct th_writeback *writeback, int error);
bool th_writeback_idle(const struct th_engine *engine);
/* The sweep under way needs the disk no more. */
bool th_writeback_is_off_disk(const struct th_engine *engine);
int th_writeback_init(struct th_engine *engine);
void th_writeback_destroy(struct th_engine *engine);

/* log_end.c */
/* The scan has stopped: is that the end of the log? False: it is not, the call's error says why. */
bool th_log_end_judge(struct th_engine *engine, struct th_engine_call *call);
/* Without judgement: what lies behind what was replayed is not wanted. */
void th_log_end_begin(struct th_engine *engine);
/* Removes what lies behind, and syncs the rest. True: done, or the call has failed. */
bool th_log_end_step(struct th_engine *engine, struct th_engine_call *call);

/* segments.c */
struct th_segment *th_segment_add(struct th_engine *engine, uint64_t epoch, uint64_t start_lsn);
void th_segment_free(struct th_engine *engine, struct th_segment *segment);
struct th_segment *th_segment_of(const struct th_engine *engine, uint64_t lsn);
struct th_segment *th_segment_last(const struct th_engine *engine);
struct th_segment *th_segment_first(const struct th_engine *engine);
struct th_segment *th_segment_next(const struct th_engine *engine,
				   const struct th_segment *segment);
struct th_segment *th_segment_previous(const struct th_engine *engine,
				       const struct th_segment *segment);
/* True when the file can be used now; else it is being opened (or failed: *error). */
bool th_segment_open_for_read(struct th_engine *engine, struct th_segment *segment, int *error);
void th_segment_close(struct th_engine *engine, struct th_segment *segment, struct th_file_io *io);
void th_segments_step(struct th_engine *engine);
/*
 * Begins a new segment at the tail: false when there is no spare file yet. The batches of the new segment are
 * filled at once, and go out when its header is written and it has its name.
 */
bool th_segments_rotate(struct th_engine *engine, uint64_t epoch);
uint64_t th_segments_bytes(const struct th_engine *engine);
/* The first byte of the log that is kept; what is being removed is not. */
uint64_t th_segments_oldest_lsn(const struct th_engine *engine);
bool th_segments_idle(const struct th_engine *engine);

/* spare.c */
void th_spare_step(struct th_engine *engine);
/* The spare that is ready becomes a segment; @name: how its file is still called. */
void th_spare_take(struct th_engine *engine, char name[TH_SPARE_NAME_BYTES]);
/* It has been renamed. */
void th_spare_name_is_free(struct th_engine *engine, const char *name);
/* Is a former segment of use? @name: how it is to be called then. */
bool th_spare_has_room(struct th_engine *engine, char name[TH_SPARE_NAME_BYTES]);
/* A file of this name is in stock. False: it is no name of the stock. */
bool th_spare_stock(struct th_engine *engine, const char *name, uint64_t bytes);
uint64_t th_spare_bytes(const struct th_engine *engine);
void th_segments_set_log_full(struct th_engine *engine, bool full);

/* retention.c */
/* Log below is needed by nobody. */
uint64_t th_retention_floor(const struct th_engine *engine);
void th_retention_step(struct th_engine *engine);
struct th_meta_peer *th_peer_find(struct th_engine *engine, const struct th_uuid *uuid);
/* How far the @n-th best of the peers is durable; 0 when there are fewer. */
uint64_t th_peers_durable(const struct th_engine *engine, uint32_t n);
bool th_retention_idle(const struct th_engine *engine);

/* meta.c */
/* engine->meta changed: it is written; the result is the generation that holds the change. */
uint64_t th_meta_write(struct th_engine *engine);
/* A new entry of the epoch history (the oldest goes when it is full); asks for the write. */
void th_meta_add_epoch(struct th_engine *engine, uint64_t epoch, uint64_t start_lsn,
		       uint64_t chain);
bool th_meta_is_durable(const struct th_engine *engine, uint64_t generation);
void th_meta_step(struct th_engine *engine);
/* Nothing is to be written, or it fails at the moment. */
bool th_meta_settled(const struct th_engine *engine);
/* The last write failed; it is tried again. */
bool th_meta_is_failing(const struct th_engine *engine);

/* calls: true when done (call->error set or not) */
typedef bool th_call_step(struct th_engine *engine, struct th_engine_call *call);
th_call_step th_call_create, th_call_open, th_call_close, th_call_attach, th_call_detach,
	th_call_primary, th_call_secondary, th_call_cut;
/*
 * Is the connected disk large enough for @meta's device, and its label the right one? Writes it when the call says
 * so. True when decided; call->error says how. @step starts at 0.
 */
bool th_disk_check(struct th_engine *engine, struct th_engine_call *call, uint32_t *step,
		   const struct th_meta *meta);
void th_calls_step(struct th_engine *engine);
/* Memory that a call uses while it runs; freed when it is done. NULL: none (the call fails with -ENOMEM). */
void *th_call_alloc(struct th_engine *engine, size_t bytes);
/*
 * Failures so far of what calls wait for: a call that finds more than when it began has waited in vain. What failed is
 * tried again without it.
 */
uint64_t th_call_troubles(const struct th_engine *engine);
bool th_call_fail(struct th_engine_call *call, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
