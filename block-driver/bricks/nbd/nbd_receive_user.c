// SPDX-License-Identifier: GPL-2.0
/* Receiving: as much as there is with one system call, large payloads where they belong. */
#include "nbd_server.h"

/* First what is missing of a payload, then the next requests into the buffer. */
static uint32_t room(struct th_nbd_client *client, uint32_t *payload_bytes)
{
	struct th_nbd_slot *slot = client->incoming;
	struct th_vec buffer = {
		.base = client->buffer + client->end,
		.bytes = TH_MIN(client->window_bytes, TH_NBD_RECEIVE_BYTES - client->end),
	};
	uint64_t skip = client->incoming_bytes;
	uint32_t count = 0;

	*payload_bytes = 0;
	if (slot) {
		th_nbd_iov_add(client->server, &count, slot->payload.vec, slot->payload.vec_count,
			       &skip);
		*payload_bytes = slot->request.length - client->incoming_bytes;
	}
	skip = 0;
	th_nbd_iov_add(client->server, &count, &buffer, 1, &skip);
	return count;
}

static void submit_incoming(struct th_nbd_client *client)
{
	struct th_nbd_slot *slot = client->incoming;

	client->incoming = NULL;
	th_nbd_slot_submit(slot);
}

ssize_t th_nbd_receive(struct th_nbd_client *client, size_t *asked)
{
	struct msghdr message = { .msg_iov = client->server->iov };
	uint32_t payload_bytes;
	ssize_t received;

	message.msg_iovlen = room(client, &payload_bytes);
	*asked = payload_bytes + message.msg_iov[message.msg_iovlen - 1].iov_len;
	do
		received = recvmsg(client->socket, &message, MSG_DONTWAIT);
	while (received < 0 && errno == EINTR);
	if (received <= 0)
		return received < 0 ? -errno : 0;
	if ((size_t)received < payload_bytes) {
		client->incoming_bytes += (uint32_t)received;
		return received;
	}
	client->end += (uint32_t)received - payload_bytes;
	if (client->incoming)
		submit_incoming(client);
	return received;
}

void th_nbd_compact(struct th_nbd_client *client)
{
	uint32_t left = client->end - client->start;

	if (left && client->start)
		memmove(client->buffer, client->buffer + client->start, left);
	client->start = 0;
	client->end = left;
}

/* What of the payload came with the header is copied; the rest, if any, will be received where it belongs. */
static void take_payload(struct th_nbd_client *client, struct th_nbd_slot *slot)
{
	uint32_t there = TH_MIN(slot->request.length, client->end - client->start);
	uint32_t copied = 0;
	uint32_t i;

	for (i = 0; copied < there; i++) {
		struct th_vec *piece = &slot->payload.vec[i];
		uint32_t bytes = TH_MIN(piece->bytes, there - copied);

		memcpy(piece->base, client->buffer + client->start + copied, bytes);
		copied += bytes;
	}
	client->start += there;
	client->incoming = slot;
	client->incoming_bytes = there;
	if (there == slot->request.length)
		submit_incoming(client);
}

/* Takes one good request. False: not now. */
static bool take_good(struct th_nbd_client *client, const struct th_nbd_request *request)
{
	struct th_nbd_slot *slot;

	if (request->command == TH_NBD_CMD_BLOCK_STATUS) {
		slot = th_nbd_slot_take_bare(client, request);
		if (slot)
			th_nbd_slot_block_status(slot);
	} else {
		slot = th_nbd_slot_take(client, request);
	}
	if (!slot)
		return false;
	client->start += TH_NBD_REQUEST_BYTES;
	client->window_bytes = TH_NBD_RECEIVE_BYTES;
	if (request->command == TH_NBD_CMD_WRITE) {
		if (request->length >= TH_NBD_DIRECT_BYTES)
			client->window_bytes = TH_NBD_DIRECT_WINDOW_BYTES;
		take_payload(client, slot);
	} else if (request->command != TH_NBD_CMD_BLOCK_STATUS) {
		th_nbd_slot_submit(slot);
	}
	return true;
}

/* Answers one that is not. The payload of a bad write must be taken off the wire nevertheless. */
static bool take_bad(struct th_nbd_client *client, const struct th_nbd_request *request,
		     enum th_nbd_error error, const char *text)
{
	struct th_nbd_slot *slot = th_nbd_slot_take_bare(client, request);

	if (!slot)
		return false;
	client->start += TH_NBD_REQUEST_BYTES;
	if (request->command == TH_NBD_CMD_WRITE)
		client->skip_bytes = request->length;
	th_nbd_slot_refuse(slot, error, text);
	return true;
}

/* False: there is not a whole request, or it cannot be taken now. */
static bool take_request(struct th_nbd_client *client)
{
	struct th_nbd_request request;
	enum th_nbd_error error;
	const char *text;
	bool taken;

	if (client->end - client->start < TH_NBD_REQUEST_BYTES)
		return false;
	if (!th_nbd_parse_request(client->buffer + client->start, &request)) {
		th_nbd_client_close(client, "sent something that is not an NBD request");
		return false;
	}
	if (request.command == TH_NBD_CMD_DISC) {
		client->start = client->end;
		th_nbd_client_leave(client);
		return false;
	}
	error = th_nbd_judge(&request, &client->terms, &text);
	taken = error ? take_bad(client, &request, error, text) : take_good(client, &request);
	if (!taken)
		th_nbd_client_stall(client);
	return taken;
}

static void skip(struct th_nbd_client *client)
{
	uint32_t bytes = TH_MIN(client->skip_bytes, client->end - client->start);

	client->start += bytes;
	client->skip_bytes -= bytes;
}

void th_nbd_take_requests(struct th_nbd_client *client)
{
	do
		skip(client);
	while (!client->incoming && !client->skip_bytes && take_request(client));
	/* A stalled client keeps whole requests where they are: nothing is received until they are taken. */
	if (client->end - client->start < TH_NBD_REQUEST_BYTES)
		th_nbd_compact(client);
}
