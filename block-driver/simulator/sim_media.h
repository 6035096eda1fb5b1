/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated media: an array of bytes with a volatile write cache, the common part of simulated disks and files.
 *
 * Every write goes through three states. In flight: begun, not ended; reads do not see it, a crash may have
 * put any of its sectors on the media. Pending: ended, so reads see it, but not flushed; a crash may lose any
 * of its sectors, independently of what happens to other writes. Durable: flushed.
 *
 * So a crash chooses for each sector among its durable contents and all later versions. Sectors are atomic.
 * Media live outside bricks and survive the crash of the process that used them. Memory comes from malloc();
 * running out of it ends the program.
 */
#ifndef THARSIS_SIM_MEDIA_H
#define THARSIS_SIM_MEDIA_H

#include <tharsis/list.h>

#include "sim_random.h"

#define TH_SECTOR_BYTES 512u

/* What a crash does to that which is not durable. */
enum th_sim_loss_mode {
	TH_SIM_LOSE_ALL,
	TH_SIM_KEEP_ALL,
	TH_SIM_LOSE_SOME, /* each change by chance: kept, lost or, where it has several sectors, torn */
	TH_SIM_KEEP_ONE, /* all lost but change number @one */
	TH_SIM_LOSE_ONE /* all kept but change number @one */
};

enum th_sim_fate { TH_SIM_LOST, TH_SIM_KEPT, TH_SIM_TORN };

/* One crash. Changes are numbered in the order in which the crash comes across them. */
struct th_sim_loss {
	enum th_sim_loss_mode mode;
	struct th_sim_random *random;
	uint32_t keep_permille; /* LOSE_SOME: how many changes are kept */
	uint32_t one;
	uint32_t count; /* changes so far; after the crash: of all */
};

enum th_sim_fate th_sim_loss_decide(struct th_sim_loss *loss, bool can_tear);

/* A write or a change of size that is not durable. */
struct th_sim_write {
	struct th_list link;
	uint64_t sequence;
	bool resize;
	bool doomed; /* a flush of it failed: no later one covers it */
	uint64_t position; /* resize: the new size */
	uint64_t length;
	uint8_t data[];
};

struct th_sim_media {
	uint8_t *current; /* what reads see */
	uint8_t *durable; /* what survives; the same array when nothing is volatile */
	uint64_t *durable_sequence; /* by sector: the write that is durable */
	uint64_t bytes;
	uint64_t durable_bytes;
	uint64_t room_bytes; /* of the arrays; what media hold behind is zero and costs no memory */
	bool is_volatile;
	uint64_t sequence;
	struct th_list in_flight;
	struct th_list pending; /* in the order in which they ended */
};

/* @is_volatile false: every write is durable at once, and no memory is spent on crashes (for benchmarks). */
void th_sim_media_init(struct th_sim_media *media, uint64_t bytes, bool is_volatile);
void th_sim_media_destroy(struct th_sim_media *media);
/* @copy is initialised by this; writes in flight are in the copy too. */
void th_sim_media_clone(struct th_sim_media *copy, const struct th_sim_media *media);

bool th_sim_media_write_in_flight(const struct th_sim_media *media, uint64_t position,
				  uint64_t length);
/* A write is under way: the caller fills its data, then ends it. */
struct th_sim_write *th_sim_media_begin(struct th_sim_media *media, uint64_t position,
					uint64_t length);
/* Media grow where a write ends behind their end. @durable: force unit access. */
void th_sim_media_end(struct th_sim_media *media, struct th_sim_write *write, bool durable);
/* The write failed: some of its sectors, by chance, are written nevertheless. */
void th_sim_media_fail(struct th_sim_media *media, struct th_sim_write *write,
		       struct th_sim_random *random);
void th_sim_media_resize(struct th_sim_media *media, uint64_t bytes);
/* A sector that is being written reads as before or after, by chance. */
void th_sim_media_read(const struct th_sim_media *media, uint64_t position, uint64_t length,
		       uint8_t *data, struct th_sim_random *random);

/* A flush covers what has ended when it is begun; it becomes durable when the flush ends. */
uint64_t th_sim_media_flush_begin(const struct th_sim_media *media);
void th_sim_media_flush_end(struct th_sim_media *media, uint64_t covered);
/* The same of a flush of the first @bytes only: nothing that begins behind them becomes durable. */
void th_sim_media_flush_end_below(struct th_sim_media *media, uint64_t covered, uint64_t bytes);
/* The flush failed: as with real ones, what it covered is never reported again, and may be lost although later flushes succeed. */
void th_sim_media_flush_fail(struct th_sim_media *media, uint64_t covered);

/* The power fails. */
void th_sim_media_crash(struct th_sim_media *media, struct th_sim_loss *loss);
/* Only the process that wrote dies: each write under way ends, or was never begun, by chance. Nothing else is lost. */
void th_sim_media_abandon(struct th_sim_media *media, struct th_sim_random *random);

#endif
