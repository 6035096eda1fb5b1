/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user of a device: issues requests of all kinds by chance, several at a time, overlapping as it comes, and
 * checks every answer against the history. It outlives the process of its node; requests that were under way when that
 * died stay unanswered.
 */
#ifndef THARSIS_CLIENT_H
#define THARSIS_CLIENT_H

#include <tharsis/brick.h>

#include "../oracle/history.h"

#define TH_CLIENT_DEPTH_MAX  16u
#define TH_CLIENT_PIECES_MAX 4u

struct th_node;
struct th_client_brick;

/* What to issue: weights of the kinds of requests, and how. */
struct th_client_mix {
	uint32_t write, read, write_zeroes, discard, flush;
	uint32_t invalid; /* unaligned, out of bounds */
	uint32_t fua_permille; /* of writes and write-zeroes */
	uint64_t length_max_bytes; /* of one request */
	uint64_t hot_bytes; /* half of the requests go to the first so many bytes; 0: none */
	uint32_t depth; /* requests at a time */
	uint64_t think_ns; /* between two, at most */
};

/* What a client asks the oracle at the moments that matter; all may be NULL. */
struct th_client_watch {
	/* Before a request is issued, and when one was answered. The log may have grown. */
	void (*look)(void *context);
	/* A request that changes the device, or a flush, was acknowledged: all below is promised if @promised. */
	void (*acknowledged)(void *context, uint64_t end_lsn, bool promised);
	/* A read that was issued then was answered. */
	void (*read)(void *context, uint64_t issued_ns);
	void *context;
};

struct th_client_slot {
	struct th_client *client;
	bool busy;
	bool exact; /* READ: the contents must be those at exact_lsn */
	bool must_fail; /* it is invalid */
	enum th_operation operation;
	uint8_t flags;
	uint64_t position;
	uint64_t length;
	uint64_t issued_ns;
	uint64_t id; /* of what changes the device */
	uint64_t covered_lsn; /* FLUSH: acknowledged before it was issued */
	uint64_t exact_lsn;
	uint64_t floors_count;
	uint64_t *floors; /* READ: of each sector when it was issued */
	uint8_t *buffer;
	struct th_vec vec[TH_CLIENT_PIECES_MAX];
};

struct th_client {
	struct th_node *node;
	struct th_history *history;
	struct th_client_mix mix;
	struct th_client_watch watch;
	bool running; /* issues requests */
	bool errors_allowed; /* not every request succeeds: storage fails, or roles change */
	struct th_client_brick *brick; /* NULL: the process does not run */
	uint32_t outstanding;
	struct th_client_slot slots[TH_CLIENT_DEPTH_MAX];

	uint64_t *budget; /* requests that may still be issued by chance */
	uint64_t issued;
	uint64_t answered;
	uint64_t errors;
	int last_error;
};

extern const struct th_brick_type th_client_type;

/* Lengths are up to @length_max_bytes whatever the mix says later. */
void th_client_init(struct th_client *client, struct th_node *node, struct th_history *history,
		    uint64_t length_max_bytes);
void th_client_destroy(struct th_client *client);
/* By the node: the process is gone. */
void th_client_killed(struct th_client *client);

/* Issues requests from now on. */
void th_client_run(struct th_client *client);
/* Issues no more, and runs the world until all are answered. 0 or TH_CRASHED. */
int th_client_stop(struct th_client *client);
/* One request, answered: its error, or TH_CRASHED. For sequences that are not by chance. */
int th_client_request(struct th_client *client, enum th_operation operation, uint8_t flags,
		      uint64_t position, uint64_t length);
/* The same, but it is only issued. */
void th_client_issue(struct th_client *client, enum th_operation operation, uint8_t flags,
		     uint64_t position, uint64_t length);
/*
 * Reads the whole device, which has to be as it was at @lsn; fails the run when not. 0, TH_CRASHED, or the error of a
 * read if errors are allowed.
 */
int th_client_verify(struct th_client *client, uint64_t lsn);

#endif
