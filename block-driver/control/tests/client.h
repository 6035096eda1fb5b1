/* SPDX-License-Identifier: GPL-2.0 */
/* A client of the bench that keeps what it is told; for cmocka tests. */
#ifndef THARSIS_TEST_CLIENT_H
#define THARSIS_TEST_CLIENT_H

#include "bench.h"

#define CLIENT_REPLY_MAX 65536u

struct client {
	struct th_session *session;
	char reply[CLIENT_REPLY_MAX];
	size_t bytes;
	uint32_t reply_count;
	uint32_t take; /* bytes taken at once; 0: all */
};

void client_open(struct client *client);
void client_close(struct client *client);
/* As much as the session takes; returns how much. */
size_t client_send_bytes(struct client *client, const void *bytes, size_t count);
/* The line feed is added. Forgets earlier replies, and runs. */
const char *client_send(struct client *client, const char *line);
/* Asserts that the reply to @line is @reply. */
void client_expect(struct client *client, const char *line, const char *reply);
/* Asserts that the reply to @line begins with "error CODE ". */
void client_refused(struct client *client, const char *line, const char *code);

#endif
