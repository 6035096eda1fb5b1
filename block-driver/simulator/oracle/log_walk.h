/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle's own reader of a log: it looks at the files of a simulated log directory from outside, as they
 * are seen or as they would survive a crash, and goes from batch to batch by the rules for readers
 * (docs/log-format.md). It shares the codec with the engine, and nothing else.
 */
#ifndef THARSIS_LOG_WALK_H
#define THARSIS_LOG_WALK_H

#include "../sim_directory.h"
#include "log_format.h"

/* What a reader looks at: the directory as it is seen, or what would be left if all that is volatile were lost. */
struct th_log_view {
	const struct th_sim_directory *directory;
	bool durable;
};

/* The bytes of a file, but for zeroes at its end; NULL: no such name. */
const uint8_t *th_log_view_file(const struct th_log_view *view, const char *name, uint64_t *bytes);

/* The valid slot with the highest generation. False: there is none. */
bool th_log_view_meta(const struct th_log_view *view, struct th_meta *meta);

struct th_log_walk {
	struct th_log_view view;
	const struct th_uuid *resource_uuid;
	uint32_t block_bytes;
	struct th_position position; /* behind what was read last */
	bool in_segment;
	uint64_t segment_epoch; /* the file that the position is in, or at the end of */
	uint64_t segment_start_lsn;
};

enum th_log_walk_result { TH_WALK_END, TH_WALK_SEGMENT, TH_WALK_BATCH };

/* What th_log_walk_next() found, valid until the directory changes. */
struct th_log_walk_step {
	struct th_segment_header segment; /* for TH_WALK_SEGMENT */
	struct th_batch_header batch; /* for TH_WALK_BATCH */
	struct th_record records[TH_BATCH_RECORDS_MAX];
	const uint8_t *bytes; /* of the batch, header included */
};

/* Begins at a position that is known: of a checkpoint, or all zero for the beginning of a resource's log. */
void th_log_walk_init(struct th_log_walk *walk, const struct th_log_view *view,
		      const struct th_uuid *resource_uuid, uint32_t block_bytes,
		      const struct th_position *position);
/* One batch or segment header further. Fails the run when two continuations verify where only one may. */
enum th_log_walk_result th_log_walk_next(struct th_log_walk *walk, struct th_log_walk_step *step);

#endif
