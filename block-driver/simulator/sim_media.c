// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "sim_media.h"

enum th_sim_fate th_sim_loss_decide(struct th_sim_loss *loss, bool can_tear)
{
	uint32_t number = loss->count++;

	switch (loss->mode) {
	case TH_SIM_LOSE_ALL:
		return TH_SIM_LOST;
	case TH_SIM_KEEP_ALL:
		return TH_SIM_KEPT;
	case TH_SIM_KEEP_ONE:
		return number == loss->one ? TH_SIM_KEPT : TH_SIM_LOST;
	case TH_SIM_LOSE_ONE:
		return number == loss->one ? TH_SIM_LOST : TH_SIM_KEPT;
	case TH_SIM_LOSE_SOME:
		break;
	}
	if (can_tear && th_sim_random_chance(loss->random, 250))
		return TH_SIM_TORN;
	return th_sim_random_chance(loss->random, loss->keep_permille) ? TH_SIM_KEPT : TH_SIM_LOST;
}

static void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	TH_ASSERT(memory != NULL);
	return memory;
}

static void make_room(struct th_sim_media *media, uint64_t bytes)
{
	uint64_t room = th_align_up(bytes, TH_SECTOR_BYTES);
	uint8_t *current;

	if (room <= media->room_bytes)
		return;
	room = TH_MAX(room, media->room_bytes + media->room_bytes / 2);
	room = th_align_up(room, TH_SECTOR_BYTES);
	current = allocate(room);
	if (media->room_bytes)
		memcpy(current, media->current, media->room_bytes);
	if (media->is_volatile) {
		uint8_t *durable = allocate(room);
		uint64_t *sequence = allocate(room / TH_SECTOR_BYTES * sizeof(*sequence));

		if (media->room_bytes) {
			memcpy(durable, media->durable, media->room_bytes);
			memcpy(sequence, media->durable_sequence,
			       media->room_bytes / TH_SECTOR_BYTES * sizeof(*sequence));
			free(media->durable);
			free(media->durable_sequence);
		}
		media->durable = durable;
		media->durable_sequence = sequence;
	}
	free(media->current);
	media->current = current;
	if (!media->is_volatile)
		media->durable = current;
	media->room_bytes = room;
}

void th_sim_media_init(struct th_sim_media *media, uint64_t bytes, bool is_volatile)
{
	*media = (struct th_sim_media){ .is_volatile = is_volatile };
	th_list_init(&media->in_flight);
	th_list_init(&media->pending);
	make_room(media, bytes);
	media->bytes = bytes;
	media->durable_bytes = bytes;
}

static void forget_writes(struct th_list *writes)
{
	struct th_list *link;

	while ((link = th_list_pop_front(writes)))
		free(th_list_entry(link, struct th_sim_write, link));
}

void th_sim_media_destroy(struct th_sim_media *media)
{
	forget_writes(&media->in_flight);
	forget_writes(&media->pending);
	free(media->current);
	if (media->is_volatile) {
		free(media->durable);
		free(media->durable_sequence);
	}
}

static void clone_writes(struct th_list *copies, const struct th_list *writes)
{
	const struct th_list *link;

	th_list_for_each(link, writes) {
		const struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);
		size_t bytes = sizeof(*write) + (write->resize ? 0 : write->length);
		struct th_sim_write *copy = allocate(bytes);

		memcpy(copy, write, bytes);
		th_list_push_back(copies, &copy->link);
	}
}

void th_sim_media_clone(struct th_sim_media *copy, const struct th_sim_media *media)
{
	th_sim_media_init(copy, media->room_bytes, media->is_volatile);
	if (media->room_bytes)
		memcpy(copy->current, media->current, media->room_bytes);
	if (media->room_bytes && media->is_volatile) {
		memcpy(copy->durable, media->durable, media->room_bytes);
		memcpy(copy->durable_sequence, media->durable_sequence,
		       media->room_bytes / TH_SECTOR_BYTES * sizeof(*media->durable_sequence));
	}
	copy->bytes = media->bytes;
	copy->durable_bytes = media->durable_bytes;
	copy->sequence = media->sequence;
	clone_writes(&copy->in_flight, &media->in_flight);
	clone_writes(&copy->pending, &media->pending);
}

bool th_sim_media_write_in_flight(const struct th_sim_media *media, uint64_t position,
				  uint64_t length)
{
	const struct th_list *link;

	th_list_for_each(link, &media->in_flight) {
		const struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);

		if (write->position < position + length &&
		    position < write->position + write->length)
			return true;
	}
	return false;
}

struct th_sim_write *th_sim_media_begin(struct th_sim_media *media, uint64_t position,
					uint64_t length)
{
	struct th_sim_write *write = allocate(sizeof(*write) + length);

	TH_ASSERT(th_is_aligned(position | length, TH_SECTOR_BYTES));
	make_room(media, position + length);
	write->position = position;
	write->length = length;
	th_list_push_back(&media->in_flight, &write->link);
	return write;
}

/* The sector at @offset of @write becomes durable, unless a later one is already. */
static void sector_durable(struct th_sim_media *media, const struct th_sim_write *write,
			   uint64_t offset)
{
	uint64_t position = write->position + offset;
	uint64_t *sequence = &media->durable_sequence[position / TH_SECTOR_BYTES];

	if (position >= media->durable_bytes || write->sequence < *sequence)
		return;
	memcpy(media->durable + position, write->data + offset, TH_SECTOR_BYTES);
	*sequence = write->sequence;
}

static void resize_durable(struct th_sim_media *media, const struct th_sim_write *write)
{
	uint64_t end = TH_MIN(media->durable_bytes, media->room_bytes);

	for (uint64_t position = th_align_up(write->position, TH_SECTOR_BYTES); position < end;
	     position += TH_SECTOR_BYTES) {
		memset(media->durable + position, 0, TH_SECTOR_BYTES);
		media->durable_sequence[position / TH_SECTOR_BYTES] = write->sequence;
	}
	media->durable_bytes = write->position;
}

static void write_durable(struct th_sim_media *media, const struct th_sim_write *write)
{
	if (write->resize) {
		resize_durable(media, write);
		return;
	}
	for (uint64_t offset = 0; offset < write->length; offset += TH_SECTOR_BYTES)
		sector_durable(media, write, offset);
}

static void queue_pending(struct th_sim_media *media, struct th_sim_write *write, bool durable)
{
	write->sequence = ++media->sequence;
	if (media->is_volatile && !durable) {
		th_list_push_back(&media->pending, &write->link);
		return;
	}
	if (media->is_volatile)
		write_durable(media, write);
	free(write);
}

void th_sim_media_resize(struct th_sim_media *media, uint64_t bytes)
{
	struct th_sim_write *write = allocate(sizeof(*write));
	uint64_t end = TH_MIN(media->bytes, media->room_bytes);

	if (bytes < end)
		memset(media->current + bytes, 0, end - bytes);
	media->bytes = bytes;
	if (!media->is_volatile)
		media->durable_bytes = bytes;
	th_list_init(&write->link);
	write->resize = true;
	write->position = bytes;
	queue_pending(media, write, false);
}

void th_sim_media_end(struct th_sim_media *media, struct th_sim_write *write, bool durable)
{
	th_list_remove(&write->link);
	if (write->position + write->length > media->bytes)
		th_sim_media_resize(media, write->position + write->length);
	memcpy(media->current + write->position, write->data, write->length);
	queue_pending(media, write, durable);
}

void th_sim_media_fail(struct th_sim_media *media, struct th_sim_write *write,
		       struct th_sim_random *random)
{
	for (uint64_t offset = 0; offset < write->length; offset += TH_SECTOR_BYTES) {
		uint64_t position = write->position + offset;
		struct th_sim_write *sector;

		if (position >= media->bytes || th_sim_random_chance(random, 500))
			continue;
		sector = th_sim_media_begin(media, position, TH_SECTOR_BYTES);
		memcpy(sector->data, write->data + offset, TH_SECTOR_BYTES);
		th_sim_media_end(media, sector, false);
	}
	th_list_remove(&write->link);
	free(write);
}

void th_sim_media_read(const struct th_sim_media *media, uint64_t position, uint64_t length,
		       uint8_t *data, struct th_sim_random *random)
{
	uint64_t held =
		position < media->room_bytes ? TH_MIN(length, media->room_bytes - position) : 0;
	const struct th_list *link;

	if (held)
		memcpy(data, media->current + position, held);
	memset(data + held, 0, length - held);
	th_list_for_each(link, &media->in_flight) {
		const struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);
		uint64_t end = TH_MIN(position + length, write->position + write->length);

		for (uint64_t at = TH_MAX(position, write->position); at < end;
		     at += TH_SECTOR_BYTES) {
			if (th_sim_random_chance(random, 500))
				memcpy(data + (at - position), write->data + (at - write->position),
				       TH_SECTOR_BYTES);
		}
	}
}

uint64_t th_sim_media_flush_begin(const struct th_sim_media *media)
{
	return media->sequence;
}

void th_sim_media_flush_end(struct th_sim_media *media, uint64_t covered)
{
	th_sim_media_flush_end_below(media, covered, UINT64_MAX);
}

void th_sim_media_flush_end_below(struct th_sim_media *media, uint64_t covered, uint64_t bytes)
{
	struct th_list *link, *after;

	th_list_for_each_safe(link, after, &media->pending) {
		struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);

		if (write->sequence > covered)
			return;
		if (write->doomed || (!write->resize && write->position >= bytes))
			continue;
		write_durable(media, write);
		th_list_remove(&write->link);
		free(write);
	}
}

void th_sim_media_flush_fail(struct th_sim_media *media, uint64_t covered)
{
	struct th_list *link;

	th_list_for_each(link, &media->pending) {
		struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);

		write->doomed = write->doomed || write->sequence <= covered;
	}
}

static void write_torn(struct th_sim_media *media, const struct th_sim_write *write,
		       struct th_sim_random *random)
{
	for (uint64_t offset = 0; offset < write->length; offset += TH_SECTOR_BYTES) {
		if (th_sim_random_chance(random, 500))
			sector_durable(media, write, offset);
	}
}

void th_sim_media_abandon(struct th_sim_media *media, struct th_sim_random *random)
{
	while (!th_list_empty(&media->in_flight)) {
		struct th_sim_write *write =
			th_list_first(&media->in_flight, struct th_sim_write, link);

		if (th_sim_random_chance(random, 500)) {
			th_sim_media_end(media, write, false);
		} else {
			th_list_remove(&write->link);
			free(write);
		}
	}
}

void th_sim_media_crash(struct th_sim_media *media, struct th_sim_loss *loss)
{
	bool sizes_kept = true;
	struct th_list *link;

	TH_ASSERT(media->is_volatile);
	th_list_for_each(link, &media->in_flight)
		th_list_entry(link, struct th_sim_write, link)->sequence = ++media->sequence;
	th_list_splice_back(&media->pending, &media->in_flight);
	while ((link = th_list_pop_front(&media->pending))) {
		struct th_sim_write *write = th_list_entry(link, struct th_sim_write, link);
		enum th_sim_fate fate = th_sim_loss_decide(loss, write->length > TH_SECTOR_BYTES);

		/* Sizes are metadata, which file systems journal: what survives is a prefix of the changes. */
		if (write->resize)
			sizes_kept = sizes_kept && fate == TH_SIM_KEPT;
		if (fate == TH_SIM_TORN)
			write_torn(media, write, loss->random);
		else if (write->resize ? sizes_kept : fate == TH_SIM_KEPT)
			write_durable(media, write);
		free(write);
	}
	if (media->room_bytes)
		memcpy(media->current, media->durable, media->room_bytes);
	media->bytes = media->durable_bytes;
}
