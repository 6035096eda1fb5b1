/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The truth about a resource: which requests were issued, which versions each sector has had, at which LSN, and what
 * was promised. The order of versions is that of the log, which the oracle reads itself; so concurrent writes need
 * no guessing.
 *
 * Fails the run when the log holds what nobody wrote.
 */
#ifndef THARSIS_HISTORY_H
#define THARSIS_HISTORY_H

#include <tharsis/request.h>

#include "log_walk.h"
#include "stamp.h"

/* What the disks held before the resource was created. */
#define TH_ID_INITIAL 1u

/* A request that changes the device. */
struct th_issue {
	enum th_operation operation;
	uint64_t position;
	uint64_t length;
	uint64_t logged_bytes;
	uint64_t lsn; /* of the first batch that holds some of it */
	uint64_t end_lsn; /* behind the last one */
	uint64_t issued_ns;
	bool under_way; /* its record may still appear in the log */
	bool acknowledged;
};

struct th_version {
	uint64_t lsn; /* of its batch; 0: initial */
	uint64_t id;
};

struct th_versions {
	struct th_version *items;
	uint32_t count;
	uint32_t capacity;
};

/* Behind a batch or a segment header: where a log can end. */
struct th_boundary {
	struct th_position position;
	bool after_header;
};

struct th_history {
	struct th_uuid resource_uuid;
	uint32_t block_bytes;
	uint64_t device_bytes;
	uint64_t sector_count; /* for which there is room: the device may grow */
	struct th_versions *sectors;
	uint64_t *floors; /* by sector: LSN of the version that every later read must see, or a newer one */
	struct th_issue *issues;
	uint64_t issue_count;
	uint64_t issue_capacity;
	struct th_boundary *boundaries;
	uint32_t boundary_count;
	uint32_t boundary_capacity;
	uint64_t acknowledged_lsn; /* all acknowledged requests are in the log below */
	uint64_t promised_lsn; /* no crash may lose anything below: it was flushed */
	uint64_t promised_remote_lsn; /* nor may the loss of the primary */
};

void th_history_init(struct th_history *history, const struct th_uuid *resource_uuid,
		     uint32_t block_bytes, uint64_t device_bytes, uint64_t device_bytes_max,
		     bool stamped_at_first);
/* @copy is initialised by this. */
void th_history_clone(struct th_history *copy, const struct th_history *history);
void th_history_destroy(struct th_history *history);

/* Returns the request's id. */
uint64_t th_history_issue(struct th_history *history, enum th_operation operation,
			  uint64_t position, uint64_t length, uint64_t now_ns);
/* The request @id was completed without an error: all of it must be in the log by now. */
void th_history_acknowledge(struct th_history *history, uint64_t id);
/* The process that had the requests is gone: none of those under way will be answered. */
void th_history_abandon(struct th_history *history);

/* Appends what @walk found. */
void th_history_append(struct th_history *history, const struct th_log_walk *walk,
		       enum th_log_walk_result result, const struct th_log_walk_step *step);
/* Forgets what stands at or above @lsn; fails when that was promised. */
void th_history_truncate(struct th_history *history, uint64_t lsn);

static inline const struct th_position *th_history_end(const struct th_history *history)
{
	return &history->boundaries[history->boundary_count - 1].position;
}

/* The boundary at @lsn; NULL: none. */
const struct th_boundary *th_history_boundary(const struct th_history *history, uint64_t lsn);

/* The last boundary at or below @lsn. */
const struct th_boundary *th_history_boundary_below(const struct th_history *history, uint64_t lsn);

/* The newest version below @lsn. */
const struct th_version *th_history_at(const struct th_history *history, uint64_t sector,
				       uint64_t lsn);
/* The newest version by @id; NULL: there is none in the log. */
const struct th_version *th_history_find(const struct th_history *history, uint64_t sector,
					 uint64_t id);

/*
 * Linearizability of reads: a read that began when the sector's floor was @floor_lsn found @id there. Fails when
 * that is too old, or was never there; raises the floor for reads that begin later.
 */
void th_history_check_read(struct th_history *history, uint64_t sector, uint64_t floor_lsn,
			   uint64_t id);

#endif
