// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "block_fixer.h"
#include "recover_input.h"

#define META_RESOURCE_UUID	 24u
#define META_CHECKPOINT_LSN	 72u
#define META_CHECKPOINT_CHAIN	 80u
#define META_CHECKPOINT_EPOCH	 88u
#define SEGMENT_RESOURCE_UUID	 16u
#define SEGMENT_PREVIOUS_EPOCH	 48u
#define SEGMENT_PREVIOUS_END_LSN 56u
#define SEGMENT_CHAIN_BEFORE	 64u

static const uint8_t resource_uuid[TH_UUID_BYTES] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
						      0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
						      0xaa, 0xaa, 0xaa, 0xaa };

static size_t table_bytes(uint32_t count)
{
	return RECOVER_HEAD_BYTES + count * sizeof(struct recover_file);
}

void recover_input_read(struct recover_input *input, const uint8_t *data, size_t bytes)
{
	size_t at;

	*input = (struct recover_input){ 0 };
	if (bytes < RECOVER_HEAD_BYTES)
		return;
	input->count = TH_MIN(data[0], RECOVER_FILES_MAX);
	input->flags = data[1];
	while (table_bytes(input->count) > bytes)
		input->count--;
	at = table_bytes(input->count);
	for (uint32_t i = 0; i < input->count; i++) {
		struct recover_file *file = &input->file[i];

		memcpy(file, data + table_bytes(i), sizeof(*file));
		file->kind %= RECOVER_KIND_COUNT;
		file->bytes %= RECOVER_BYTES_MAX + 1;
		input->data[i] = data + at;
		input->data_bytes[i] = (uint32_t)TH_MIN(file->bytes, bytes - at);
		at += input->data_bytes[i];
	}
}

/* ---- to and from a directory ---- */

static void name_of(const struct recover_file *file, char name[TH_NAME_MAX + 1])
{
	static const char *const names[RECOVER_KIND_COUNT] = {
		[RECOVER_META] = "meta",
		[RECOVER_SPARE] = "spare",
		[RECOVER_BITMAP_NEW] = "bitmap.new",
		[RECOVER_OTHER] = "notes",
	};

	if (file->kind == RECOVER_SEGMENT)
		th_segment_name(name, file->epoch, file->start_lsn);
	else
		snprintf(name, TH_NAME_MAX + 1, "%s", names[file->kind]);
}

void recover_input_unpack(const struct recover_input *input, struct node *node)
{
	static uint8_t sectors[RECOVER_BYTES_MAX + TH_SECTOR_BYTES];
	char name[TH_NAME_MAX + 1];

	for (uint32_t i = 0; i < input->count; i++) {
		uint32_t bytes = input->data_bytes[i];

		name_of(&input->file[i], name);
		memcpy(sectors, input->data[i], bytes);
		memset(sectors + bytes, 0, TH_SECTOR_BYTES);
		file_write(node, name, 0, sectors, th_align_up(bytes, TH_SECTOR_BYTES));
		file_resize(node, name, input->file[i].bytes);
	}
}

static bool describe(const char *name, struct recover_file *file)
{
	*file = (struct recover_file){ .kind = RECOVER_SEGMENT };
	if (th_segment_name_parse(name, &file->epoch, &file->start_lsn))
		return true;
	file->kind = RECOVER_META;
	return strcmp(name, "meta") == 0;
}

static uint64_t without_zero_blocks(const uint8_t *data, uint64_t bytes)
{
	static const uint8_t zeroes[TH_BLOCK_BYTES];

	while (bytes >= TH_BLOCK_BYTES &&
	       memcmp(data + bytes - TH_BLOCK_BYTES, zeroes, TH_BLOCK_BYTES) == 0)
		bytes -= TH_BLOCK_BYTES;
	return bytes;
}

size_t recover_input_pack(const struct node *node, uint8_t *data, size_t bytes_max)
{
	const struct th_list *link;
	struct recover_file file;
	uint32_t count = 0, packed = 0;
	size_t at;

	th_list_for_each(link, &node->directory->names)
		count += describe(th_list_entry(link, struct th_sim_name, link)->name, &file);
	at = table_bytes(count);
	if (count > RECOVER_FILES_MAX || at > bytes_max)
		return 0;
	memset(data, 0, RECOVER_HEAD_BYTES);
	data[0] = (uint8_t)count;
	th_list_for_each(link, &node->directory->names) {
		const char *name = th_list_entry(link, struct th_sim_name, link)->name;
		const uint8_t *contents;
		uint64_t contents_bytes;

		if (!describe(name, &file))
			continue;
		contents = file_data(node, name, &contents_bytes);
		file.bytes = (uint32_t)without_zero_blocks(contents, contents_bytes);
		if (file.bytes > RECOVER_BYTES_MAX || file.bytes > bytes_max - at)
			return 0;
		memcpy(data + table_bytes(packed++), &file, sizeof(file));
		memcpy(data + at, contents, file.bytes);
		at += file.bytes;
	}
	return at;
}

/* ---- making it right after a mutation ---- */

/* Behind each block that was made right. */
struct boundaries {
	uint32_t count;
	struct th_position position[64];
};

static void note(struct boundaries *boundaries, const struct th_position *position)
{
	if (boundaries->count < TH_ARRAY_COUNT(boundaries->position))
		boundaries->position[boundaries->count++] = *position;
}

/* @position: where the segment before ended; moved on. At most @blocks batches are made right. */
static void fix_segment(uint8_t *data, size_t bytes, const struct recover_file *file,
			uint32_t blocks, struct th_position *position,
			struct boundaries *boundaries)
{
	size_t at = BLOCK_BYTES;

	if (bytes < BLOCK_BYTES)
		return;
	memcpy(data + SEGMENT_RESOURCE_UUID, resource_uuid, TH_UUID_BYTES);
	store64(data + SEGMENT_EPOCH, file->epoch);
	store64(data + SEGMENT_START_LSN, file->start_lsn);
	store64(data + SEGMENT_PREVIOUS_EPOCH, position->epoch);
	store64(data + SEGMENT_PREVIOUS_END_LSN, file->start_lsn);
	store64(data + SEGMENT_CHAIN_BEFORE, position->chain);
	position->epoch = file->epoch;
	position->chain = th_xxh64(position->chain, data, SEGMENT_CHAINED);
	store64(data + TRAILER_CHAIN, position->chain);
	fix_checksum(data);
	for (; bytes - at >= BLOCK_BYTES && blocks; blocks--) {
		uint32_t length = load32(data + at + BATCH_LENGTH);

		position->lsn = file->start_lsn + at;
		note(boundaries, position);
		position->chain = fix_batch(data + at, bytes - at, position->lsn, file->epoch,
					    position->chain);
		at += TH_MIN(th_align_up(TH_MAX(length, BLOCK_BYTES), BLOCK_BYTES), bytes - at);
	}
	position->lsn = file->start_lsn + at;
	note(boundaries, position);
}

/* @tied: its checkpoint is the boundary next below it. */
static void fix_meta(uint8_t *data, size_t bytes, const struct boundaries *boundaries, bool tied)
{
	for (; bytes >= BLOCK_BYTES; data += BLOCK_BYTES, bytes -= BLOCK_BYTES) {
		uint64_t checkpoint = load64(data + META_CHECKPOINT_LSN);
		const struct th_position *found = NULL;

		for (uint32_t i = 0; i < boundaries->count && tied; i++)
			if (boundaries->position[i].lsn <= checkpoint)
				found = &boundaries->position[i];
		if (found) {
			store64(data + META_CHECKPOINT_LSN, found->lsn);
			store64(data + META_CHECKPOINT_CHAIN, found->chain);
			store64(data + META_CHECKPOINT_EPOCH, found->epoch);
		}
		memcpy(data + META_RESOURCE_UUID, resource_uuid, TH_UUID_BYTES);
		fix_checksum(data);
	}
}

void recover_input_fix(uint8_t *data, size_t bytes, uint32_t chance)
{
	struct boundaries boundaries = { 0 };
	struct th_position position = { 0 };
	struct recover_input input;

	recover_input_read(&input, data, bytes);
	for (uint32_t i = 0; i < input.count; i++) {
		struct recover_file *file = &input.file[i];

		if (file->kind != RECOVER_SEGMENT)
			continue;
		/* Mostly it joins the one before. */
		if (chance % 8 && position.lsn)
			file->start_lsn = position.lsn;
		memcpy(data + table_bytes(i), file, sizeof(*file));
		fix_segment(data + (input.data[i] - data), input.data_bytes[i], file,
			    chance / 8 % 16 ? UINT32_MAX : chance / 128 % 16, &position,
			    &boundaries);
	}
	for (uint32_t i = 0; i < input.count; i++)
		if (input.file[i].kind == RECOVER_META)
			fix_meta(data + (input.data[i] - data), input.data_bytes[i], &boundaries,
				 chance / 2048 % 4);
}
