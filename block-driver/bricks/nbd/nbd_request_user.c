// SPDX-License-Identifier: GPL-2.0
/* A client's request on its way to the device and back. */
#include "nbd_server.h"

struct th_nbd_slot *th_nbd_slot_take_bare(struct th_nbd_client *client,
					  const struct th_nbd_request *request)
{
	struct th_list *link = th_list_pop_front(&client->free_slots);
	struct th_nbd_slot *slot;

	if (!link)
		return NULL;
	slot = th_list_entry(link, struct th_nbd_slot, link);
	slot->request = *request;
	slot->body_bytes = 0;
	slot->body_count = 0;
	return slot;
}

static void put_back(struct th_nbd_slot *slot)
{
	struct th_nbd_client *client = slot->client;

	if (slot->work)
		th_request_put(slot->work);
	slot->work = NULL;
	th_nbd_pool_give(&client->server->pool, &client->share, &slot->payload);
	th_list_push_front(&client->free_slots, &slot->link);
}

void th_nbd_slot_free(struct th_nbd_slot *slot)
{
	put_back(slot);
	th_nbd_wake_stalled(slot->client->server);
}

static bool has_payload(uint16_t command)
{
	return command == TH_NBD_CMD_READ || command == TH_NBD_CMD_WRITE;
}

struct th_nbd_slot *th_nbd_slot_take(struct th_nbd_client *client,
				     const struct th_nbd_request *request)
{
	struct th_nbd_slot *slot = th_nbd_slot_take_bare(client, request);

	if (!slot)
		return NULL;
	slot->work = th_request_get(client->door->pool);
	if (slot->work && (!has_payload(request->command) ||
			   th_nbd_pool_take(&client->server->pool, &client->share, &slot->payload,
					    request->length)))
		return slot;
	put_back(slot);
	return NULL;
}

static struct th_nbd_writer head_of(struct th_nbd_slot *slot)
{
	return (struct th_nbd_writer){ .base = slot->head, .capacity = sizeof(slot->head) };
}

static void reply(struct th_nbd_slot *slot, const struct th_nbd_writer *head)
{
	struct th_nbd_client *client = slot->client;

	slot->head_bytes = head->bytes;
	client->reply_bytes += head->bytes + slot->body_bytes;
	th_list_push_back(&client->replies, &slot->link);
	th_nbd_client_ready(client);
}

void th_nbd_slot_refuse(struct th_nbd_slot *slot, enum th_nbd_error error, const char *text)
{
	bool structured = slot->client->terms.structured;
	struct th_nbd_writer head = head_of(slot);
	uint16_t text_bytes = structured ? (uint16_t)strlen(text) : 0;

	slot->text = (struct th_vec){ .base = (void *)(uintptr_t)text, .bytes = text_bytes };
	slot->body = &slot->text;
	slot->body_bytes = text_bytes;
	slot->body_count = text_bytes ? 1 : 0;
	th_nbd_put_error(&head, slot->request.cookie, error, text_bytes, structured);
	reply(slot, &head);
}

/* A device does not say what is allocated, so all is reported as data: always right, if not always all one could know. */
void th_nbd_slot_block_status(struct th_nbd_slot *slot)
{
	struct th_nbd_writer head = head_of(slot);

	th_nbd_put_block_status(&head, slot->request.cookie, slot->request.length, 0);
	reply(slot, &head);
}

static void succeed(struct th_nbd_slot *slot)
{
	struct th_nbd_writer head = head_of(slot);

	if (slot->request.command == TH_NBD_CMD_READ) {
		slot->body = slot->payload.vec;
		slot->body_count = slot->payload.vec_count;
		slot->body_bytes = slot->request.length;
		th_nbd_put_data(&head, &slot->request, slot->client->terms.structured);
	} else {
		th_nbd_put_done(&head, slot->request.cookie);
	}
	reply(slot, &head);
}

/* A trim that must be durable takes two steps, as a discard of ours knows no FUA: the second is a flush. */
static bool needs_flush(const struct th_nbd_slot *slot, uint8_t operation)
{
	return operation == TH_DISCARD && (slot->request.flags & TH_NBD_CMD_FLAG_FUA) &&
	       slot->client->state != TH_NBD_GONE;
}

static void send_to_device(struct th_nbd_slot *slot, uint8_t operation, uint8_t flags);

static void flush_next(struct th_nbd_slot *slot)
{
	struct th_request_pool *pool = slot->work->pool;

	th_request_put(slot->work);
	slot->work = th_request_get(pool);
	TH_ASSERT(slot->work);
	slot->request.offset = 0;
	slot->request.length = 0;
	send_to_device(slot, TH_FLUSH, 0);
}

static void returned(struct th_request *request, void *context)
{
	struct th_nbd_slot *slot = context;
	struct th_nbd_client *client = slot->client;
	int error = request->error;

	client->in_flight--;
	if (!error && needs_flush(slot, request->operation)) {
		flush_next(slot);
		return;
	}
	if (client->state == TH_NBD_GONE) {
		th_nbd_slot_free(slot);
		th_nbd_client_ready(client);
		return;
	}
	th_request_put(request);
	slot->work = NULL;
	if (error || slot->request.command != TH_NBD_CMD_READ)
		th_nbd_pool_give(&client->server->pool, &client->share, &slot->payload);
	if (error)
		th_nbd_slot_refuse(slot, th_nbd_error_of(error), "reported by the device");
	else
		succeed(slot);
	if (client->reply_bytes >= TH_NBD_SEND_EARLY_BYTES)
		th_nbd_client_send(client);
	th_nbd_wake_stalled(client->server);
}

static void send_to_device(struct th_nbd_slot *slot, uint8_t operation, uint8_t flags)
{
	struct th_request *request = slot->work;

	request->operation = operation;
	request->flags = flags;
	request->position = slot->request.offset;
	request->length = slot->request.length;
	if (slot->payload.vec) {
		request->vec = slot->payload.vec;
		request->vec_count = slot->payload.vec_count;
	}
	slot->client->in_flight++;
	th_request_push(request, returned, slot);
	th_input_submit(slot->client->door->input, request);
}

void th_nbd_slot_submit(struct th_nbd_slot *slot)
{
	uint8_t fua = slot->request.flags & TH_NBD_CMD_FLAG_FUA ? TH_FUA : 0;

	switch (slot->request.command) {
	case TH_NBD_CMD_READ:
		send_to_device(slot, TH_READ, 0);
		break;
	case TH_NBD_CMD_WRITE:
		send_to_device(slot, TH_WRITE, fua);
		break;
	case TH_NBD_CMD_FLUSH:
		send_to_device(slot, TH_FLUSH, 0);
		break;
	case TH_NBD_CMD_TRIM:
		send_to_device(slot, TH_DISCARD, 0);
		break;
	default:
		TH_ASSERT(slot->request.command == TH_NBD_CMD_WRITE_ZEROES);
		if (slot->request.flags & TH_NBD_CMD_FLAG_NO_HOLE)
			fua |= TH_NO_DEALLOCATE;
		send_to_device(slot, TH_WRITE_ZEROES, fua);
	}
}
