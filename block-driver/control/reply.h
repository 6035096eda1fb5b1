/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reply being written: lines KEY=VALUE, then "ok" or "error CODE MESSAGE". Memory grows with it up to a bound; one
 * that does not fit turns into an error, for which room is always kept.
 *
 * May block (memory). Owner: the session.
 */
#ifndef THARSIS_REPLY_H
#define THARSIS_REPLY_H

#include "error_code.h"
#include "log_format.h"

#define TH_REPLY_MAX	 (1u << 20)
#define TH_REPLY_KEY_MAX 128u /* a composed key, with the final 0 */

struct th_reply {
	char *text;
	size_t used;
	size_t capacity;
	bool overflow;
};

/* -ENOMEM */
int th_reply_init(struct th_reply *reply);
void th_reply_destroy(struct th_reply *reply);
/* Empties it, and gives back what a long reply took. */
void th_reply_reset(struct th_reply *reply);

void th_reply_text(struct th_reply *reply, const char *key, const char *value);
void th_reply_number(struct th_reply *reply, const char *key, uint64_t value);
void th_reply_flag(struct th_reply *reply, const char *key, bool value);
void th_reply_uuid(struct th_reply *reply, const char *key, const struct th_uuid *value);
void th_reply_chain(struct th_reply *reply, const char *key, uint64_t value);

/* The last line. An error takes the place of all lines that were written. */
void th_reply_ok(struct th_reply *reply);
void th_reply_error(struct th_reply *reply, enum th_error_code code, const char *message);

#endif
