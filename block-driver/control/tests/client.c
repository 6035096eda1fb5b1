// SPDX-License-Identifier: GPL-2.0
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void take_output(void *context)
{
	struct client *client = context;
	size_t bytes;
	const char *text = th_session_output(client->session, &bytes);

	while (bytes) {
		size_t taken = client->take ? TH_MIN(bytes, client->take) : bytes;

		assert_true(client->bytes + taken < sizeof(client->reply));
		memcpy(client->reply + client->bytes, text, taken);
		client->bytes += taken;
		client->reply[client->bytes] = 0;
		th_session_sent(client->session, taken);
		text = th_session_output(client->session, &bytes);
	}
	client->reply_count++;
}

void client_open(struct client *client)
{
	memset(client, 0, sizeof(*client));
	client->session = th_session_open(&bench->control, take_output, client);
	assert_non_null(client->session);
}

void client_close(struct client *client)
{
	th_session_close(client->session);
	bench_run();
}

size_t client_send_bytes(struct client *client, const void *bytes, size_t count)
{
	size_t room;
	char *to = th_session_input(client->session, &room);

	room = TH_MIN(room, count);
	memcpy(to, bytes, room);
	th_session_received(client->session, room);
	return room;
}

const char *client_send(struct client *client, const char *line)
{
	client->bytes = 0;
	client->reply[0] = 0;
	client->reply_count = 0;
	assert_int_equal(client_send_bytes(client, line, strlen(line)), strlen(line));
	assert_int_equal(client_send_bytes(client, "\n", 1), 1);
	bench_run();
	return client->reply;
}

void client_expect(struct client *client, const char *line, const char *reply)
{
	assert_string_equal(client_send(client, line), reply);
}

void client_refused(struct client *client, const char *line, const char *code)
{
	const char *reply = client_send(client, line);
	char expected[64];

	snprintf(expected, sizeof(expected), "error %s ", code);
	if (strncmp(reply, expected, strlen(expected)) != 0)
		fail_msg("'%s' was answered by '%s', not by '%s...'", line, reply, expected);
	assert_int_equal(reply[strlen(reply) - 1], '\n');
}
