/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the I/O bricks share: switching on and off, the table of open files, the checks of a request, and carrying one
 * out in a thread. A brick type adds how it does its hot operations.
 *
 * The way of a request: the type's submit calls th_io_admit(), decides who does it, and th_io_finish_later() or
 * a thread brings it to th_io_finish(), on the executor.
 */
#ifndef THARSIS_IO_BRICK_H
#define THARSIS_IO_BRICK_H

#include <tharsis/brick.h>

#include "io_file.h"
#include "io_workers.h"

enum th_io_slot_state { TH_IO_SLOT_FREE, TH_IO_SLOT_OPENING, TH_IO_SLOT_OPEN, TH_IO_SLOT_CLOSING };

/* A file of a directory. The executor's. */
struct th_io_slot {
	enum th_io_slot_state state;
	uint32_t id; /* what the submitter knows: number of the slot, and how often it was used */
	uint32_t in_flight;
	struct th_io_file *file;
};

struct th_io_brick {
	struct th_brick brick;
	struct th_io_config config; /* path: our copy */
	struct th_io_workers workers; /* while not off */
	struct th_io_file *root; /* target or directory; while on */
	/* On the executor: the root is there, or about to go. NULL when nobody wants to know. */
	void (*root_changed)(struct th_io_brick *io, bool there);
	struct th_io_slot slots[TH_IO_FILES_MAX];
	uint32_t in_flight;
	bool failure_logged; /* since it was switched on */
	uint32_t fallbacks_logged; /* a bit for each enum th_io_fallback */

	/* Switching on or off: opening or closing in a thread, then the rest on the executor. */
	struct th_io_job transition;
	struct th_work transition_done;
	struct th_error transition_error;
	bool closing;
};

/* What a request took instead of what was asked: something to tell the operator once. */
enum th_io_fallback {
	TH_IO_AS_ASKED,
	TH_IO_WITHOUT_DIRECT, /* the file system refuses direct I/O */
	TH_IO_WITHOUT_SPACE /* the file system cannot reserve space */
};

/* The part of a request that belongs to an I/O brick. */
struct th_io_aspect {
	struct th_io_job job; /* to a thread */
	struct th_work work; /* from there, or from submit, to the executor */
	struct th_io_brick *io;
	struct th_request *request;
	struct th_io_slot *slot; /* NULL: the request is not about a file */
	struct th_io_file *file; /* that it reads and writes; OPEN: the new one */
	enum th_io_fallback fallback;
	int error; /* for work */
};

/* For the types' tables. */
int th_io_create(struct th_io_brick *io, const struct th_io_config *config, struct th_error *error);
void th_io_destroy(struct th_brick *brick);
void th_io_power(struct th_brick *brick, bool on);
void th_io_info(struct th_output *output, struct th_block_info *info);
void th_io_describe(const struct th_brick *brick, char *text, size_t bytes);

/*
 * Checks a request that arrived at @output, and counts it. NULL: refused; it is completed later and no more ours.
 * @request's aspect must begin with struct th_io_aspect.
 */
struct th_io_aspect *th_io_admit(struct th_output *output, struct th_request *request);
/*
 * Does at once what the page cache can do at once: reads that it holds, and writes where the configuration says so.
 * True: done, *error is the result.
 */
bool th_io_serve_inline(const struct th_io_aspect *aspect, int *error);
/* Has a thread carry it out and finish it. */
void th_io_give_to_thread(struct th_io_aspect *aspect);
/* Uncounts it, and completes it. Executor only, and never inside submit. */
void th_io_finish(struct th_io_aspect *aspect, int error);
/* The same from a posted work: for submit. */
void th_io_finish_later(struct th_io_aspect *aspect, int error);

/* Can direct I/O use the memory of this READ or WRITE as it is? Always true when not direct. */
bool th_io_memory_fits(const struct th_io_file *file, const struct th_request *request);

/* Does what the request asks; blocks. In a thread of the pool. (io_perform.c) */
int th_io_perform(struct th_io_aspect *aspect, struct th_io_worker *worker);

#endif
