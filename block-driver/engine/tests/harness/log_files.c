// SPDX-License-Identifier: GPL-2.0
/* The log directory from outside: what the daemon does to it, and what may have happened to its files. */
#include <stdio.h>
#include <stdlib.h>

#include "harness_internal.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct segment_file *)a)->name,
		      ((const struct segment_file *)b)->name);
}

void segments_list(const struct node *node, struct segment_list *list)
{
	const struct th_list *link;

	list->count = 0;
	th_list_for_each(link, &node->directory->names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		struct segment_file *file = &list->file[list->count];

		if (!th_segment_name_parse(name->name, &file->epoch, &file->start_lsn))
			continue;
		TH_ASSERT(list->count < SEGMENTS_LISTED_MAX);
		memcpy(file->name, name->name, sizeof(file->name));
		file->bytes = name->inode->media.bytes;
		list->count++;
	}
	qsort(list->file, list->count, sizeof(list->file[0]), by_name);
}

/* The memory of all of the media, which hold only what was written. */
static uint8_t *all_of(struct th_sim_media *media)
{
	if (media->bytes > media->room_bytes) {
		struct th_sim_write *last = th_sim_media_begin(
			media, th_align_down(media->bytes - 1, TH_SECTOR_BYTES), TH_SECTOR_BYTES);

		th_list_remove(&last->link);
		free(last);
	}
	return media->current;
}

uint8_t *file_data(const struct node *node, const char *name, uint64_t *bytes)
{
	struct th_sim_inode *inode = th_sim_directory_find(node->directory, name);

	if (!inode)
		return NULL;
	*bytes = inode->media.bytes;
	return all_of(&inode->media);
}

static void make_durable(struct node *node, struct th_sim_inode *inode)
{
	th_sim_media_flush_end(&inode->media, th_sim_media_flush_begin(&inode->media));
	th_sim_directory_sync_end(node->directory, th_sim_directory_sync_begin(node->directory));
}

static struct th_sim_inode *find_or_create(struct node *node, const char *name)
{
	struct th_sim_inode *inode = th_sim_directory_find(node->directory, name);

	return inode ? inode : th_sim_directory_create(node->directory, name);
}

void file_write(struct node *node, const char *name, uint64_t offset, const void *data,
		uint64_t bytes)
{
	struct th_sim_inode *inode = find_or_create(node, name);
	struct th_sim_write *write;

	if (bytes) {
		write = th_sim_media_begin(&inode->media, offset, bytes);
		memcpy(write->data, data, bytes);
		th_sim_media_end(&inode->media, write, false);
	}
	make_durable(node, inode);
}

void file_resize(struct node *node, const char *name, uint64_t bytes)
{
	struct th_sim_inode *inode = find_or_create(node, name);

	th_sim_media_resize(&inode->media, bytes);
	make_durable(node, inode);
}

void file_remove(struct node *node, const char *name)
{
	TH_ASSERT(th_sim_directory_remove(node->directory, name) == 0);
	th_sim_directory_sync_end(node->directory, th_sim_directory_sync_begin(node->directory));
}

void file_flip(struct node *node, const char *name, uint64_t offset)
{
	uint64_t sector = th_align_down(offset, TH_SECTOR_BYTES);
	uint8_t data[TH_SECTOR_BYTES];
	uint64_t bytes;
	const uint8_t *file = file_data(node, name, &bytes);

	TH_ASSERT(file && offset < bytes);
	memcpy(data, file + sector, sizeof(data));
	data[offset - sector] ^= 0x10;
	file_write(node, name, sector, data, sizeof(data));
}

static bool holds_all_of(const struct th_sim_directory *a, const struct th_sim_directory *b)
{
	const struct th_list *link;

	th_list_for_each(link, &b->names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		struct th_sim_inode *other = th_sim_directory_find(a, name->name);
		struct th_sim_media *media = &name->inode->media;

		if (other && other->media.bytes == media->bytes &&
		    (!media->bytes ||
		     memcmp(all_of(&other->media), all_of(media), media->bytes) == 0))
			continue;
		fprintf(stderr, "%s differs, or is there only once\n", name->name);
		return false;
	}
	return true;
}

bool directory_equals(const struct th_sim_directory *a, const struct th_sim_directory *b)
{
	return holds_all_of(a, b) && holds_all_of(b, a);
}

void directory_copy(struct node *node, const struct th_sim_directory *from)
{
	th_sim_directory_destroy(node->directory);
	th_sim_directory_clone(node->directory, from);
}

void meta_read(const struct node *node, struct th_meta *meta)
{
	struct th_meta slot;
	uint64_t bytes;
	const uint8_t *file = file_data(node, "meta", &bytes);

	TH_ASSERT(file && bytes == TH_META_FILE_BYTES);
	*meta = (struct th_meta){ 0 };
	for (uint32_t i = 0; i < 2; i++)
		if (!th_meta_unpack(&slot, file + i * TH_BLOCK_BYTES, i, NULL) &&
		    slot.generation > meta->generation)
			*meta = slot;
	TH_ASSERT(meta->generation);
}

void meta_write(struct node *node, const struct th_meta *meta)
{
	static uint8_t blocks[TH_META_FILE_BYTES] __attribute__((aligned(8)));
	struct th_meta slot = *meta;

	th_meta_pack(&slot, blocks + th_meta_slot_offset(slot.generation));
	slot.generation++;
	th_meta_pack(&slot, blocks + th_meta_slot_offset(slot.generation));
	file_write(node, "meta", 0, blocks, sizeof(blocks));
}

int ship(struct node *from, struct node *to, uint64_t lsn)
{
	struct th_engine_status status;
	struct segment_list list;

	node_status(to, &status);
	segments_list(from, &list);
	for (uint32_t i = 0; i < list.count && list.file[i].start_lsn < lsn; i++) {
		const struct segment_file *file = &list.file[i];
		uint64_t end = TH_MIN(lsn, file->start_lsn + file->bytes);
		uint64_t bytes, have = 0;
		const uint8_t *data = file_data(from, file->name, &bytes);
		int error;

		if (file->start_lsn < status.oldest_lsn)
			continue;
		if (i + 1 < list.count)
			end = TH_MIN(end, list.file[i + 1].start_lsn);
		file_data(to, file->name, &have);
		bytes = end - file->start_lsn;
		if (bytes > have)
			file_write(to, file->name, have, data + have, bytes - have);
		error = node_received(to, file->epoch, file->start_lsn, end);
		if (error)
			return error;
	}
	return 0;
}
