/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes with an engine on simulated storage, for tests and fuzzers: one thread, virtual time, the same seed gives the
 * same run. A node's process is: user brick, translog, fault brick, sim brick; it comes and goes, the storage stays.
 *
 * What waits here is bounded: something that does not end within PATIENCE_NS of virtual time, or runs in circles, ends the
 * program with a message.
 */
#ifndef THARSIS_ENGINE_HARNESS_H
#define THARSIS_ENGINE_HARNESS_H

#include "engine.h"
#include "fault_brick.h"
#include "sim_brick.h"

#define PATIENCE_NS  (600 * TH_NS_PER_S)
#define IO_BYTES_MAX (4 * TH_MIB)
#define IO_PIECES    3u /* of memory, in requests that are long enough */
#define EVENTS_KEPT  64u
#define LONG_NS	     (30 * TH_NS_PER_S) /* for "does not happen": far longer than any retry or delay */

/* ---- the world ---- */

struct world {
	struct th_executor executor;
	struct th_registry registry;
	struct th_sim_environment environment;
	uint64_t now_ns;
	int64_t wall_offset_ns;
	uint32_t processes; /* so far, for the names of bricks */
};

void world_init(struct world *world, uint64_t seed);
/* Runs all that is due, then goes on to the next deadline. False: nothing will ever happen. */
bool world_step(struct world *world);
void world_run_for(struct world *world, uint64_t duration_ns);
/* Until @done says so. @what: for the message when it never does. */
void world_run_until(struct world *world, bool (*done)(void *context), void *context,
		     const char *what);

/* ---- nodes ---- */

struct node_shape {
	uint64_t device_bytes;
	uint64_t disk_bytes;
	uint64_t directory_bytes; /* room in the log's file system */
	uint64_t memory_bytes;
	uint32_t block_bytes;
	uint32_t disk_block_bytes;
};

/* 4 MiB device with a label behind it, 64 MiB of log, 8 MiB of memory, blocks of 4096. */
extern const struct node_shape node_shape_default;

struct process;

struct node {
	struct world *world;
	struct node_shape shape;
	struct th_uuid resource_uuid;
	struct th_uuid uuid;
	struct th_engine_options options; /* what node_open() sets; at first: a small log */
	struct th_sim_disk *disk;
	struct th_sim_directory *directory;
	struct process *process;
	/* of the process */
	struct th_brick *translog;
	struct fault_brick *faults;
	struct th_error error; /* of the last call that failed */
	/* said by the engine, in all of the node's life */
	uint32_t event_count;
	char events[EVENTS_KEPT][TH_ERROR_TEXT_MAX];
};

/* A node with empty storage, its process begun; nothing is created. All nodes of a world are of one resource. */
void node_init(struct node *node, struct world *world, const struct node_shape *shape);
/* The process ends as by kill -9, the storage goes. */
void node_destroy(struct node *node);

/*
 * The process is gone at once, by kill -9, and another one begins. What it had asked the storage for is done; what was not
 * durable is still not.
 */
void node_kill(struct node *node);
/* The same, and the storage loses what was not durable: all of it (TH_SIM_LOSE_ALL), or by chance (TH_SIM_LOSE_SOME). */
void node_power_cut(struct node *node, enum th_sim_loss_mode mode);

/* The input "disk" of the engine. */
void node_disconnect_disk(struct node *node);
void node_connect_disk(struct node *node);

void node_status(const struct node *node, struct th_engine_status *status);
/* Did an event hold this text? */
bool node_said(const struct node *node, const char *text);

/* ---- calls ---- */

struct call {
	struct th_engine_call call;
	struct node *node;
	bool done;
};

/* The fields that go in are set before, the rest is zero. */
void call_start(struct node *node, struct call *call);
int call_wait(struct call *call);
/* Both. */
int node_call(struct node *node, struct th_engine_call *call);
/* For calls that take nothing. */
int node_do(struct node *node, enum th_engine_operation operation);

int node_create(struct node *node);
/* Its log will begin at @start; up to @until, of which epoch and LSN count, it is not consistent. */
int node_create_at(struct node *node, const struct th_position *start,
		   const struct th_position *until);
int node_tune(struct node *node); /* to node->options */
int node_open(struct node *node);
int node_close(struct node *node);
int node_close_undrained(struct node *node);
int node_attach(struct node *node); /* writes the label when there is none */
int node_primary(struct node *node, uint64_t epoch);
/* From empty storage to primary of epoch 1. Ends the program when it fails. */
void node_begin(struct node *node);
/* Opens, attaches, and runs until all is replayed. Ends the program when it fails. */
void node_reopen(struct node *node);
void node_wait_replayed(struct node *node);
int node_peer_add(struct node *node, const struct th_uuid *peer);
int node_peer_durable(struct node *node, const struct th_uuid *peer, uint64_t lsn);
int node_received(struct node *node, uint64_t epoch, uint64_t start_lsn, uint64_t lsn);
int node_cut(struct node *node, uint64_t epoch, uint64_t lsn);
int node_replay(struct node *node, bool run, uint64_t until_lsn, uint64_t until_ns);
int node_lease(struct node *node, uint64_t lease_ns);

/* ---- the device ---- */

struct io {
	struct node *node;
	enum th_operation operation;
	uint8_t flags;
	uint64_t position;
	uint64_t length;
	uint8_t *data;
	struct th_vec vec[IO_PIECES];
	bool done;
	int error;
	uint32_t order; /* among all answers of the world */
};

/* What version @version of [position, position + bytes) looks like; version 0: zeroes. */
void stamp(uint8_t *data, uint64_t position, uint64_t bytes, uint64_t version);

void io_start(struct node *node, struct io *io, enum th_operation operation, uint8_t flags,
	      uint64_t position, uint64_t length, uint64_t version);
/* Its result. */
int io_wait(struct io *io);
/* What a read got: is it this version there? Says on standard error what differs. */
bool io_holds(const struct io *io, uint64_t position, uint64_t length, uint64_t version);
/* Its result, and the memory of @io goes. */
int io_end(struct io *io);

int node_write(struct node *node, uint64_t position, uint64_t length, uint64_t version);
int node_write_fua(struct node *node, uint64_t position, uint64_t length, uint64_t version);
int node_zero(struct node *node, enum th_operation operation, uint64_t position, uint64_t length);
int node_flush(struct node *node);
int node_read(struct node *node, uint64_t position, uint64_t length);
/* Does the device read as this version there? */
bool node_holds(struct node *node, uint64_t position, uint64_t length, uint64_t version);
/* The same, of the disk behind the device. */
bool disk_holds(const struct node *node, uint64_t position, uint64_t length, uint64_t version);

/* ---- the log directory, seen from outside ---- */

#define SEGMENTS_LISTED_MAX 256u

struct segment_file {
	char name[TH_SEGMENT_NAME_BYTES];
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t bytes;
};

struct segment_list {
	uint32_t count;
	struct segment_file file[SEGMENTS_LISTED_MAX];
};

/* In the order of the log. */
void segments_list(const struct node *node, struct segment_list *list);
/* The bytes of a file; NULL: no such name. */
uint8_t *file_data(const struct node *node, const char *name, uint64_t *bytes);
/* These four act at once and durably. The file is made when it is not there. */
void file_write(struct node *node, const char *name, uint64_t offset, const void *data,
		uint64_t bytes);
void file_resize(struct node *node, const char *name, uint64_t bytes);
void file_remove(struct node *node, const char *name);
void file_flip(struct node *node, const char *name, uint64_t offset);

/* The same names with the same bytes? Says on standard error what differs. */
bool directory_equals(const struct th_sim_directory *a, const struct th_sim_directory *b);

/* The node, whose process has nothing open, gets these files instead of its own. */
void directory_copy(struct node *node, const struct th_sim_directory *from);

/* The newest meta as it stands in the file. */
void meta_read(const struct node *node, struct th_meta *meta);
/* Both slots, with everything around it made right. */
void meta_write(struct node *node, const struct th_meta *meta);

/* What the daemon does: brings the files of @to, from its oldest on, up to those of @from, up to @lsn, and announces them. */
int ship(struct node *from, struct node *to, uint64_t lsn);

#endif
