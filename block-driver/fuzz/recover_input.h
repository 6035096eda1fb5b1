/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The input of fuzz_recover: a log directory in a few bytes.
 *
 *   8 bytes   the first is the number of files, the second says how the run goes on (enum recover_flags)
 *   24 each   struct recover_file, little-endian
 *   the rest  the contents of the files, one after the other; what is missing at the end is zero
 */
#ifndef THARSIS_RECOVER_INPUT_H
#define THARSIS_RECOVER_INPUT_H

#include "engine_harness.h"

#define RECOVER_FILES_MAX  12u
#define RECOVER_BYTES_MAX  (128u * 1024u) /* of one file */
#define RECOVER_HEAD_BYTES 8u

enum recover_kind {
	RECOVER_SEGMENT,
	RECOVER_META,
	RECOVER_SPARE,
	RECOVER_BITMAP_NEW,
	RECOVER_OTHER,
	RECOVER_KIND_COUNT
};

enum recover_flags {
	RECOVER_POWER_CUT = 1 << 0, /* instead of closing before it is opened again */
	RECOVER_NO_DISK = 1 << 1,
};

struct recover_file {
	uint64_t epoch; /* of a segment, as in its name */
	uint64_t start_lsn;
	uint32_t kind; /* modulo RECOVER_KIND_COUNT */
	uint32_t bytes; /* modulo RECOVER_BYTES_MAX + 1 */
};

struct recover_input {
	uint32_t count;
	uint8_t flags;
	struct recover_file file[RECOVER_FILES_MAX];
	const uint8_t *data[RECOVER_FILES_MAX];
	uint32_t data_bytes[RECOVER_FILES_MAX]; /* that are there; the others are zero */
};

/* Any bytes are an input. */
void recover_input_read(struct recover_input *input, const uint8_t *data, size_t bytes);
/* The files, durable in the directory of a node that has none yet. */
void recover_input_unpack(const struct recover_input *input, struct node *node);
/* The files of @node as an input. 0: they do not fit. */
size_t recover_input_pack(const struct node *node, uint8_t *data, size_t bytes_max);
/*
 * Makes checksums, chain values and positions of @data right after a mutation, so far that the engine believes them;
 * @chance decides how much of it stays wrong.
 */
void recover_input_fix(uint8_t *data, size_t bytes, uint32_t chance);

#endif
