/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Typed values of the control channel: from text, with bounds, and to text.
 *
 * Pure functions: any context.
 */
#ifndef THARSIS_VALUE_H
#define THARSIS_VALUE_H

#include <tharsis/brick.h>

#include "log_format.h"

enum th_value_type {
	TH_VALUE_NUMBER,
	TH_VALUE_SIZE, /* a number of bytes; KiB, MiB, GiB, TiB may follow */
	TH_VALUE_CHAIN, /* 16 hexadecimal digits */
	TH_VALUE_UUID,
	TH_VALUE_FLAG, /* yes, no */
	TH_VALUE_CHOICE,
	TH_VALUE_NAME,
	TH_VALUE_PATH
};

#define TH_VALUE_NAME_MAX    40u
#define TH_VALUE_PATH_MAX    1023u
#define TH_VALUE_CHOICES_MAX 3u
#define TH_UUID_TEXT_BYTES   37u /* with the dashes and the final 0 */
#define TH_CHAIN_TEXT_BYTES  17u

struct th_key {
	const char *name;
	enum th_value_type type;
	uint64_t min, max; /* NUMBER, SIZE */
	const char *choices[TH_VALUE_CHOICES_MAX]; /* CHOICE; NULL where there are fewer */
};

struct th_value {
	uint64_t number; /* NUMBER, SIZE, CHAIN, FLAG (0, 1), CHOICE (index) */
	const char *text; /* NAME, PATH: as given */
	struct th_uuid uuid;
};

/* 0, or -EINVAL with a sentence that names the key and what it takes. @text must stay as long as @value. */
int th_value_parse(const struct th_key *key, const char *text, struct th_value *value,
		   struct th_error *error);

/* One to TH_VALUE_NAME_MAX letters, digits, '.', '_', '-'; the first is a letter or digit. */
bool th_name_is_valid(const char *name);

void th_uuid_print(const struct th_uuid *uuid, char text[TH_UUID_TEXT_BYTES]);
void th_chain_print(uint64_t chain, char text[TH_CHAIN_TEXT_BYTES]);

/* How a value of this key is written, for help: "NUMBER", "yes|no", ... */
void th_key_describe(const struct th_key *key, char *text, size_t bytes);

#endif
