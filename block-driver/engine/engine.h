/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: the translog brick. Appends writes to a log, acknowledges them, keeps an index of what is dirty,
 * writes it back to the disk in disk order, and moves the checkpoint. docs/architecture.md has the picture,
 * docs/log-format.md what stands on disk, docs/control-channel.md what an operator can ask of it.
 *
 * A single-owner state machine: no threads, no clock, no I/O of its own. All functions run on its executor and
 * do not block. Inputs: 0 "disk" (block), 1 "log" (files: the log directory). Output: 0 "device" (block).
 *
 * The brick is switched on (which costs nothing) after its "log" input was connected with a brick that is on; all
 * that takes I/O is a call, see below. Calls run one at a time, in the order in which they were made; those that need no
 * I/O (RECEIVED, REPLAY, PEER_DURABLE, LEASE, RESUME, TUNE) overtake the others.
 */
#ifndef THARSIS_ENGINE_H
#define THARSIS_ENGINE_H

#include <tharsis/brick.h>

#include "log_cache.h"
#include "log_format.h"

extern const struct th_brick_type th_translog_type;

enum { TH_ENGINE_INPUT_DISK, TH_ENGINE_INPUT_LOG };

struct th_engine_config {
	struct th_memory_budget *memory;
	/* Something in the status changed; coalesced by the receiver. Runs on the executor, may not call the engine. */
	void (*changed)(void *context);
	/* An event for the operator: one line. The same rules. */
	void (*event)(void *context, enum th_log_level level, const char *text);
	void *context;
};

enum th_engine_role {
	TH_ROLE_CLOSED, /* not open, or opening */
	TH_ROLE_SECONDARY,
	TH_ROLE_PRIMARY
};

enum th_durability_policy_limits { TH_DURABILITY_REMOTE_MAX = TH_PEERS_MAX };

enum th_log_full_policy {
	TH_LOG_FULL_STOP, /* writers wait until a replica catches up */
	TH_LOG_FULL_DROP /* the replica furthest behind loses its log and gets a bitmap */
};

/* Options; changed by TH_CALL_TUNE at any time. Not kept across open: the control module sets them again. */
struct th_engine_options {
	uint64_t segment_bytes; /* a segment is rotated when it would grow beyond this */
	uint64_t log_limit_bytes; /* all segments together */
	enum th_log_full_policy log_full;
	uint32_t durability_remote; /* FLUSH and FUA wait for so many peers; 0: local only */
	bool fencing_lease; /* as primary: no I/O without a lease */
	bool lease_reads; /* reads are allowed when the lease has run out */
	uint64_t log_sync_ns; /* log that a peer lacks is synced after so long, without a FLUSH; 0: never */
	uint64_t writeback_delay_ns; /* dirty blocks stay so long in memory to be overwritten there */
	uint32_t writeback_depth; /* write-back I/Os under way, 1 to TH_WRITEBACK_DEPTH_MAX */
	uint32_t batches_in_flight; /* log appends under way, 1 to TH_BATCHES_MAX */
	uint32_t dirty_extents_max; /* writers wait when so many pieces are dirty; fixed when opened */
};

#define TH_WRITEBACK_DEPTH_MAX 32u
#define TH_BATCHES_MAX	       32u

void th_engine_options_default(struct th_engine_options *options);

enum th_engine_operation {
	/*
	 * A new replica in an empty log directory: meta file, and, when a disk is attached that is larger than
	 * the device, its label. -EEXIST when the directory already has a meta file or segments.
	 * @start_lsn, @epoch, @chain: the position at which its log will begin, where a segment of another replica ends; all 0:
	 * at the beginning. Its disk holds what stands before, and perhaps effects of records up to
	 * @inconsistent_until_lsn (0: none) of @inconsistent_until_epoch (0: of the first segment that arrives).
	 */
	TH_CALL_CREATE,
	/* Recovery, then secondary. -ENOENT no meta file, -EUCLEAN damaged log, -EXDEV foreign. */
	TH_CALL_OPEN,
	/* @drain: everything is written back first, and the replica marked clean. Then closed. */
	TH_CALL_CLOSE,
	/*
	 * The brick on the input "disk" is taken: size and label are checked. -ENOSPC too small, -EXDEV label of another
	 * replica, -ENODATA no label where one belongs (@write_label: it is written), -ENXIO nothing connected.
	 */
	TH_CALL_ATTACH,
	/* Ends write-back and reads from the disk; the input may be disconnected afterwards. */
	TH_CALL_DETACH,
	/*
	 * @epoch must be above every epoch of this log (-ESTALE), all received records replayed (waits for
	 * it), the replica consistent (-EUCLEAN). @chain_given: @chain must be the chain value at the end. A
	 * new segment is begun. Repeated with the epoch it already has as primary: done.
	 */
	TH_CALL_PRIMARY,
	/* Writers are refused (-EROFS) from now on, the log is made durable; results: end_lsn, chain. */
	TH_CALL_SECONDARY,
	/*
	 * The segment file (@epoch, @start_lsn) holds durable bytes up to @lsn: replay may go so far. Segments are
	 * announced in log order; the one before ends where this one starts. Repeating it is harmless. -EINVAL as
	 * primary, backwards, or not joining.
	 */
	TH_CALL_RECEIVED,
	/* @until_lsn or @until_ns (0: none): replay does not pass it. @run false: pause now. */
	TH_CALL_REPLAY,
	TH_CALL_ROTATE, /* a new segment is begun (primary) */
	TH_CALL_FLUSH, /* the log is durable up to now; results: end_lsn, epoch */
	TH_CALL_CHECKPOINT, /* everything dirty now is written back, the checkpoint moved */
	/*
	 * @peer has the log durable up to @lsn, and it is kept from there on: -ENODATA when it is gone. Also of a peer that was
	 * further, but has lost it. Not @lsn_given: nothing is known of it, and what is there is kept (a peer that is
	 * known stays as it is).
	 */
	TH_CALL_PEER_ADD,
	TH_CALL_PEER_REMOVE, /* @peer: given up; its bitmap goes */
	TH_CALL_PEER_DURABLE, /* @peer has the log durable up to @lsn */
	TH_CALL_LEASE, /* @lease_ns from now; 0: runs out now */
	TH_CALL_SUSPEND, /* new requests wait, those under way are completed, the log is durable */
	TH_CALL_RESUME,
	TH_CALL_RESIZE, /* @device_bytes: larger only; the disk must be large enough */
	/*
	 * The log's tail from @lsn of @epoch on is cut off: it is another history than the primary's. Only as secondary and only above
	 * what touched the disk (-EUCLEAN otherwise). The files of the tail are removed.
	 */
	TH_CALL_CUT,
	TH_CALL_TUNE /* @options */
};

struct th_engine_call {
	struct th_list link;
	enum th_engine_operation operation;
	/* in */
	struct th_uuid resource_uuid; /* CREATE; OPEN: must match */
	struct th_uuid node_uuid; /* CREATE */
	struct th_uuid peer;
	uint64_t device_bytes;
	uint32_t block_bytes;
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t lsn;
	uint64_t chain;
	uint64_t inconsistent_until_lsn; /* CREATE */
	uint64_t inconsistent_until_epoch; /* CREATE */
	bool lsn_given;
	bool chain_given;
	bool write_label;
	bool run;
	bool drain;
	uint64_t until_lsn;
	uint64_t until_ns;
	uint64_t lease_ns;
	struct th_engine_options options;
	/* out */
	uint64_t end_lsn;
	uint64_t end_chain;
	struct th_error error;
	/* Runs once, never inside th_engine_start(). */
	void (*done)(struct th_engine_call *call, void *context);
	void *context;
	uint32_t step; /* the engine's own: how far the call has got */
	uint64_t troubles; /* the engine's own: failures before it began */
};

/* The caller keeps @call until done. */
void th_engine_start(struct th_brick *translog, struct th_engine_call *call);

/* A latency histogram: bucket n counts what took from 2^n to 2^(n+1) microseconds; bucket 0 also less. */
#define TH_HISTOGRAM_BUCKETS 24u
struct th_histogram {
	uint64_t bucket[TH_HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_us;
};

enum th_engine_latency {
	TH_LATENCY_READ,
	TH_LATENCY_WRITE,
	TH_LATENCY_FLUSH,
	TH_LATENCY_LOG_APPEND,
	TH_LATENCY_LOG_SYNC,
	TH_LATENCY_WRITEBACK,
	TH_LATENCY_COUNT
};

struct th_engine_status {
	enum th_engine_role role;
	bool consistent;
	bool disk_attached;
	bool suspended; /* by command */
	bool lease_expired; /* I/O waits for a lease */
	bool replay_paused;
	bool log_full; /* writers wait for log space */
	uint64_t epoch;
	struct th_uuid resource_uuid;
	struct th_uuid node_uuid;
	uint64_t device_bytes;
	uint32_t block_bytes;
	uint64_t oldest_lsn; /* first byte of the log that is kept */
	uint64_t checkpoint_lsn;
	uint64_t replayed_lsn; /* in the dirty index */
	uint64_t received_lsn; /* secondary: may be replayed up to here */
	uint64_t durable_lsn;
	uint64_t end_lsn; /* appended */
	uint64_t end_chain;
	uint64_t end_time_ns; /* of the last replayed or appended batch */
	uint64_t applied_limit_lsn;
	uint64_t consistent_from_lsn; /* a prefix of the history once replayed to here */
	uint64_t dirty_bytes;
	uint32_t dirty_extents;
	uint64_t cache_bytes;
	uint64_t log_bytes;
	uint64_t log_limit_bytes;
	uint64_t lease_remaining_ns;
	uint32_t segment_count;
	uint32_t epoch_count;
	uint32_t peer_count;
	struct th_meta_epoch epochs[TH_EPOCHS_MAX];
	struct th_meta_peer peers[TH_PEERS_MAX];
	struct th_error error; /* sticky: the first one; code 0: none */
	uint64_t reads, writes, flushes, batches, log_syncs, writebacks, writeback_errors;
	uint64_t read_bytes, write_bytes, log_write_bytes, writeback_bytes, spill_read_bytes;
	uint64_t throttled_ns; /* time writers were made to wait */
	struct th_histogram latency[TH_LATENCY_COUNT];
};

void th_engine_status(const struct th_brick *translog, struct th_engine_status *status);

#ifdef THARSIS_MUTATIONS
/*
 * For tests of the tests: each switch breaks one rule of docs/log-format.md or docs/engine.md; the simulator must notice.
 */
enum th_mutation {
	TH_MUTATE_NONE,
	TH_MUTATE_WRITE_AHEAD, /* rule 1: write-back does not wait for the log */
	TH_MUTATE_ACK_ORDER, /* rule 2: a write is acknowledged before earlier batches are appended */
	TH_MUTATE_READER_TAIL, /* rule 2: a reader takes a payload whose checksum is wrong */
	TH_MUTATE_CHECKPOINT_FLUSH, /* rule 3: the disk is not flushed before the checkpoint moves */
	TH_MUTATE_CHECKPOINT_EARLY, /* rule 3: the checkpoint moves before the sweep has ended */
	TH_MUTATE_META_SLOT, /* rule 3: the newer slot is overwritten */
	TH_MUTATE_SEAL, /* rule 4: recovery goes on in the old segment, without cutting it */
	TH_MUTATE_DELETE_EARLY, /* rule 5: a segment is deleted above the checkpoint */
	TH_MUTATE_BITMAP_LATE, /* rule 5: the log is dropped before the bitmap has it */
	TH_MUTATE_REPLAY_ORDER, /* rule 6: replay takes the records of a batch in reverse order */
	TH_MUTATE_DISCARD_LOCAL, /* rule 7: a discard is not logged */
	TH_MUTATE_FULL_IGNORED, /* rule 8: the log grows beyond its limit */
	TH_MUTATE_WRITEBACK_ERROR, /* rule 9: a block whose write-back failed counts as clean */
	TH_MUTATE_FLUSH_EARLY, /* a FLUSH completes before the log is synced */
	TH_MUTATE_FLUSH_SHORT, /* a sync of the log leaves out the last block that it is for */
	TH_MUTATE_CONSISTENT_EARLY, /* a replica counts as consistent before what its disk may hold is replayed */
	TH_MUTATE_COUNT
};

extern enum th_mutation th_mutation;
#define th_mutated(m) (th_mutation == (m))
#else
#define th_mutated(m) false
#endif

#endif
