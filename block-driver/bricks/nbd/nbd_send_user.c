// SPDX-License-Identifier: GPL-2.0
/* Sending: all replies that a round brought in as few system calls as possible. */
#include "nbd_server.h"

void th_nbd_iov_add(struct th_nbd_server *server, uint32_t *count, const struct th_vec *vec,
		    uint32_t vec_count, uint64_t *skip)
{
	uint32_t i;

	for (i = 0; i < vec_count && *count < TH_NBD_IOV_MAX; i++) {
		if (*skip >= vec[i].bytes) {
			*skip -= vec[i].bytes;
			continue;
		}
		server->iov[*count].iov_base = (char *)vec[i].base + *skip;
		server->iov[*count].iov_len = vec[i].bytes - *skip;
		*skip = 0;
		(*count)++;
	}
}

static size_t iov_bytes(const struct th_nbd_server *server, uint32_t count)
{
	size_t bytes = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		bytes += server->iov[i].iov_len;
	return bytes;
}

static uint32_t gather(struct th_nbd_client *client)
{
	struct th_nbd_server *server = client->server;
	uint64_t skip = client->reply_sent;
	struct th_list *link;
	uint32_t count = 0;

	th_list_for_each(link, &client->replies) {
		struct th_nbd_slot *slot = th_list_entry(link, struct th_nbd_slot, link);
		struct th_vec head = { .base = slot->head, .bytes = slot->head_bytes };

		if (count == TH_NBD_IOV_MAX)
			break;
		th_nbd_iov_add(server, &count, &head, 1, &skip);
		th_nbd_iov_add(server, &count, slot->body, slot->body_count, &skip);
	}
	return count;
}

/* @bytes were sent: the slots that this completes are free. */
static void retire(struct th_nbd_client *client, size_t bytes)
{
	bytes += client->reply_sent;
	while (!th_list_empty(&client->replies)) {
		struct th_nbd_slot *slot =
			th_list_first(&client->replies, struct th_nbd_slot, link);

		if (bytes < slot->head_bytes + slot->body_bytes)
			break;
		bytes -= slot->head_bytes + slot->body_bytes;
		client->reply_bytes -= slot->head_bytes + slot->body_bytes;
		th_list_remove(&slot->link);
		th_nbd_slot_free(slot);
	}
	client->reply_sent = (uint32_t)bytes;
}

/* Sends the server's iov. Bytes, 0 when the socket takes nothing now, or a negative errno. */
static ssize_t send_iov(struct th_nbd_client *client, uint32_t count)
{
	struct msghdr message = { .msg_iov = client->server->iov, .msg_iovlen = count };
	ssize_t sent;

	do
		sent = sendmsg(client->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN ? 0 : -errno;
}

int th_nbd_send_replies(struct th_nbd_client *client)
{
	client->blocked = false;
	while (!th_list_empty(&client->replies) && !client->blocked) {
		uint32_t count = gather(client);
		size_t bytes = iov_bytes(client->server, count);
		ssize_t sent = send_iov(client, count);

		if (sent < 0)
			return (int)sent;
		retire(client, (size_t)sent);
		client->blocked = (size_t)sent < bytes;
	}
	return 0;
}

int th_nbd_send_answer(struct th_nbd_client *client)
{
	struct th_vec rest = { .base = client->answer.base, .bytes = client->answer.bytes };
	uint64_t skip = client->answer_sent;
	uint32_t count = 0;
	ssize_t sent;

	client->blocked = false;
	th_nbd_iov_add(client->server, &count, &rest, 1, &skip);
	if (count == 0)
		return 0;
	sent = send_iov(client, count);
	if (sent < 0)
		return (int)sent;
	client->answer_sent += (uint32_t)sent;
	client->blocked = client->answer_sent < client->answer.bytes;
	return 0;
}
