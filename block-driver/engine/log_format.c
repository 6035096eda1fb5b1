// SPDX-License-Identifier: GPL-2.0
/*
 * The blocks of docs/log-format.md between memory and disk. Each unpack function reads from top to bottom in the
 * order of that page: magic, version, length, foreign, LSN, epoch, checksum, chain, content.
 */
#include "log_format_disk.h"

const char *th_format_check_name(enum th_format_check check)
{
	static const char *const names[] = {
		[TH_FORMAT_OK] = "ok",		 [TH_FORMAT_MAGIC] = "magic",
		[TH_FORMAT_VERSION] = "version", [TH_FORMAT_LENGTH] = "length",
		[TH_FORMAT_FOREIGN] = "foreign", [TH_FORMAT_LSN] = "LSN",
		[TH_FORMAT_EPOCH] = "epoch",	 [TH_FORMAT_CHECKSUM] = "checksum",
		[TH_FORMAT_CHAIN] = "chain",	 [TH_FORMAT_CONTENT] = "content",
	};

	return names[check];
}

/* ---- what all blocks have in common ---- */

static struct th_trailer_disk *trailer_of(uint8_t *block)
{
	return (void *)(block + TH_TRAILER_OFFSET);
}

static const struct th_trailer_disk *trailer_in(const uint8_t *block)
{
	return (const void *)(block + TH_TRAILER_OFFSET);
}

static uint32_t block_crc32c(const uint8_t *block)
{
	return th_crc32c(0, block, TH_TRAILER_OFFSET + offsetof(struct th_trailer_disk, crc32c));
}

/* The last step of packing: covers all that was put before. */
static void trailer_pack(uint8_t *block, uint64_t chain)
{
	struct th_trailer_disk *trailer = trailer_of(block);

	trailer->chain = th_le64_put(chain);
	trailer->zero = th_le32_put(0);
	trailer->crc32c = th_le32_put(block_crc32c(block));
}

static bool magic_matches(const uint8_t *block, const char *magic)
{
	return memcmp(block, magic, TH_MAGIC_BYTES) == 0;
}

/* From @offset (a multiple of 8) up to the trailer, and the trailer's own. */
static bool padding_is_zero(const uint8_t *block, size_t offset)
{
	const uint64_t *word = (const void *)(block + offset);
	const uint64_t *end = (const void *)(block + TH_TRAILER_OFFSET);
	uint64_t seen = trailer_in(block)->zero.raw;

	while (word + 4 <= end) {
		seen |= word[0] | word[1] | word[2] | word[3];
		word += 4;
	}
	while (word < end)
		seen |= *word++;
	return seen == 0;
}

/* For the short gaps between fields. */
static bool bytes_are_zero(const void *bytes, size_t count)
{
	const uint8_t *byte = bytes;
	uint8_t seen = 0;

	while (count-- > 0)
		seen |= *byte++;
	return seen == 0;
}

static bool checksum_matches(const uint8_t *block)
{
	return th_le32_get(trailer_in(block)->crc32c) == block_crc32c(block);
}

static bool block_bytes_valid(uint32_t block_bytes)
{
	return block_bytes == 512 || block_bytes == 4096;
}

/* @uuid: NULL accepts any. */
static bool is_foreign(const struct th_uuid *found, const struct th_uuid *uuid)
{
	return uuid && !th_uuid_equal(found, uuid);
}

/* ---- names ---- */

/* Exactly @digits lower-case hexadecimal digits. */
static bool hex_parse(const char *text, uint32_t digits, uint64_t *value)
{
	uint32_t i;

	*value = 0;
	for (i = 0; i < digits; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

void th_segment_name(char name[TH_SEGMENT_NAME_BYTES], uint64_t epoch, uint64_t start_lsn)
{
	th_snprintf(name, TH_SEGMENT_NAME_BYTES, "%016llx-%016llx.log", (unsigned long long)epoch,
		    (unsigned long long)start_lsn);
}

bool th_segment_name_parse(const char *name, uint64_t *epoch, uint64_t *start_lsn)
{
	/* Each step sees the final 0 of a name that is too short, and stops there. */
	return hex_parse(name, 16, epoch) && name[16] == '-' &&
	       hex_parse(name + 17, 16, start_lsn) && name[33] == '.' && name[34] == 'l' &&
	       name[35] == 'o' && name[36] == 'g' && name[37] == 0;
}

void th_bitmap_name(char name[TH_BITMAP_NAME_BYTES], const struct th_uuid *peer_uuid)
{
	static const char hex_digits[] = "0123456789abcdef";
	uint32_t i;

	for (i = 0; i < TH_UUID_BYTES; i++) {
		name[2 * i] = hex_digits[peer_uuid->bytes[i] >> 4];
		name[2 * i + 1] = hex_digits[peer_uuid->bytes[i] & 15];
	}
	memcpy(name + 2 * TH_UUID_BYTES, ".bitmap", sizeof(".bitmap"));
}

/* ---- segment ---- */

void th_segment_header_pack(struct th_segment_header *header, uint8_t *block)
{
	struct th_segment_disk *disk = (void *)block;

	memset(block, 0, TH_BLOCK_BYTES);
	memcpy(disk->magic, TH_SEGMENT_MAGIC, TH_MAGIC_BYTES);
	disk->version = th_le32_put(TH_FORMAT_VERSION_1);
	disk->header_bytes = th_le32_put(TH_BLOCK_BYTES);
	disk->resource_uuid = header->resource_uuid;
	disk->epoch = th_le64_put(header->epoch);
	disk->start_lsn = th_le64_put(header->start_lsn);
	disk->previous_epoch = th_le64_put(header->previous_epoch);
	disk->previous_end_lsn = th_le64_put(header->start_lsn);
	disk->chain_before = th_le64_put(header->chain_before);
	disk->created_ns = th_le64_put(header->created_ns);
	disk->creator_uuid = header->creator_uuid;
	disk->block_bytes = th_le32_put(header->block_bytes);
	header->chain = th_xxh64(header->chain_before, disk, sizeof(*disk));
	trailer_pack(block, header->chain);
}

static bool segment_content_valid(const struct th_segment_header *header)
{
	bool first = header->start_lsn == 0;

	if (!block_bytes_valid(header->block_bytes) || header->previous_epoch > header->epoch)
		return false;
	return first ? header->previous_epoch == 0 && header->chain_before == 0 :
		       header->previous_epoch != 0;
}

enum th_format_check th_segment_header_unpack(struct th_segment_header *header,
					      const uint8_t *block, uint64_t epoch,
					      uint64_t start_lsn,
					      const struct th_uuid *resource_uuid)
{
	const struct th_segment_disk *disk = (const void *)block;

	if (!magic_matches(block, TH_SEGMENT_MAGIC))
		return TH_FORMAT_MAGIC;
	if (th_le32_get(disk->version) != TH_FORMAT_VERSION_1)
		return TH_FORMAT_VERSION;
	if (th_le32_get(disk->header_bytes) != TH_BLOCK_BYTES ||
	    !bytes_are_zero(disk->zero, sizeof(disk->zero)) ||
	    !padding_is_zero(block, sizeof(*disk)))
		return TH_FORMAT_LENGTH;

	header->resource_uuid = disk->resource_uuid;
	header->epoch = th_le64_get(disk->epoch);
	header->start_lsn = th_le64_get(disk->start_lsn);
	header->previous_epoch = th_le64_get(disk->previous_epoch);
	header->chain_before = th_le64_get(disk->chain_before);
	header->created_ns = th_le64_get(disk->created_ns);
	header->creator_uuid = disk->creator_uuid;
	header->block_bytes = th_le32_get(disk->block_bytes);
	header->chain = th_le64_get(trailer_in(block)->chain);

	if (is_foreign(&header->resource_uuid, resource_uuid))
		return TH_FORMAT_FOREIGN;
	if (header->start_lsn != start_lsn || !th_is_aligned(start_lsn, TH_BLOCK_BYTES) ||
	    start_lsn > TH_LSN_MAX - TH_BLOCK_BYTES ||
	    th_le64_get(disk->previous_end_lsn) != start_lsn)
		return TH_FORMAT_LSN;
	if (header->epoch != epoch || epoch == 0)
		return TH_FORMAT_EPOCH;
	if (!checksum_matches(block))
		return TH_FORMAT_CHECKSUM;
	if (header->chain != th_xxh64(header->chain_before, disk, sizeof(*disk)))
		return TH_FORMAT_CHAIN;
	return segment_content_valid(header) ? TH_FORMAT_OK : TH_FORMAT_CONTENT;
}

/* ---- batch ---- */

static size_t batch_used_bytes(uint32_t record_count)
{
	return offsetof(struct th_batch_disk, records) +
	       record_count * sizeof(struct th_record_disk);
}

void th_batch_record_pack(const struct th_record *record, uint32_t index, uint8_t *block)
{
	struct th_batch_disk *batch = (void *)block;
	struct th_record_disk *disk;

	TH_ASSERT(index < TH_BATCH_RECORDS_MAX);
	disk = &batch->records[index];
	disk->operation = (uint8_t)record->operation;
	disk->payload_crc32c = th_le32_put(record->payload_crc32c);
	disk->position = th_le64_put(record->position);
	disk->length = th_le64_put(record->length);
	disk->payload_offset = th_le32_put(record->payload_offset);
}

void th_batch_header_pack(struct th_batch_header *header, uint8_t *block)
{
	struct th_batch_disk *disk = (void *)block;

	TH_ASSERT(header->record_count > 0 && header->record_count <= TH_BATCH_RECORDS_MAX);
	memcpy(disk->magic, TH_BATCH_MAGIC, TH_MAGIC_BYTES);
	disk->version = th_le16_put(TH_FORMAT_VERSION_1);
	disk->record_count = th_le16_put((uint16_t)header->record_count);
	disk->length = th_le32_put(header->length);
	disk->lsn = th_le64_put(header->lsn);
	disk->epoch = th_le64_put(header->epoch);
	disk->time_ns = th_le64_put(header->time_ns);
	disk->chain_before = th_le64_put(header->chain_before);
	disk->durable_lsn = th_le64_put(header->durable_lsn);
	header->chain =
		th_xxh64(header->chain_before, disk, batch_used_bytes(header->record_count));
	trailer_pack(block, header->chain);
}

static bool batch_length_valid(const struct th_batch_header *header, const uint8_t *block)
{
	const struct th_batch_disk *disk = (const void *)block;
	uint32_t i;

	if (header->record_count == 0 || header->record_count > TH_BATCH_RECORDS_MAX ||
	    header->length < TH_BLOCK_BYTES || header->length > TH_BATCH_BYTES_MAX ||
	    !th_is_aligned(header->length, TH_BLOCK_BYTES) || disk->zero.raw != 0)
		return false;
	for (i = 0; i < header->record_count; i++) {
		if (disk->records[i].zero_1 != 0 || disk->records[i].zero_28.raw != 0)
			return false;
	}
	return padding_is_zero(block, batch_used_bytes(header->record_count));
}

/* All checks that need nothing but the place where the block was found. */
static enum th_format_check batch_header_check(struct th_batch_header *header, const uint8_t *block,
					       uint64_t lsn, uint64_t epoch)
{
	const struct th_batch_disk *disk = (const void *)block;

	if (!magic_matches(block, TH_BATCH_MAGIC))
		return TH_FORMAT_MAGIC;
	if (th_le16_get(disk->version) != TH_FORMAT_VERSION_1)
		return TH_FORMAT_VERSION;
	header->record_count = th_le16_get(disk->record_count);
	header->length = th_le32_get(disk->length);
	header->lsn = th_le64_get(disk->lsn);
	header->epoch = th_le64_get(disk->epoch);
	header->time_ns = th_le64_get(disk->time_ns);
	header->chain_before = th_le64_get(disk->chain_before);
	header->durable_lsn = th_le64_get(disk->durable_lsn);
	header->chain = th_le64_get(trailer_in(block)->chain);
	if (!batch_length_valid(header, block))
		return TH_FORMAT_LENGTH;
	if (header->lsn != lsn || lsn > TH_LSN_MAX - header->length)
		return TH_FORMAT_LSN;
	if (header->epoch != epoch)
		return TH_FORMAT_EPOCH;
	return checksum_matches(block) ? TH_FORMAT_OK : TH_FORMAT_CHECKSUM;
}

static void record_unpack(struct th_record *record, const struct th_record_disk *disk)
{
	record->operation = disk->operation;
	record->payload_crc32c = th_le32_get(disk->payload_crc32c);
	record->position = th_le64_get(disk->position);
	record->length = th_le64_get(disk->length);
	record->payload_offset = th_le32_get(disk->payload_offset);
}

static bool record_range_valid(const struct th_record *record, uint32_t block_bytes,
			       uint64_t device_bytes)
{
	uint64_t limit = device_bytes ? device_bytes : UINT64_MAX;

	return record->length > 0 &&
	       th_is_aligned(record->position | record->length, block_bytes) &&
	       record->position <= limit && record->length <= limit - record->position;
}

/* @payload_end: where the payload of the record before ended; moved on. */
static bool record_payload_valid(const struct th_record *record, uint32_t *payload_end)
{
	switch (record->operation) {
	case TH_RECORD_WRITE:
		if (record->length > TH_BATCH_PAYLOAD_MAX || record->payload_offset != *payload_end)
			return false;
		*payload_end += (uint32_t)record->length;
		return true;
	case TH_RECORD_WRITE_ZEROES:
	case TH_RECORD_DISCARD:
		return record->payload_offset == 0 && record->payload_crc32c == 0;
	}
	return false;
}

static bool batch_records_unpack(struct th_record *records, const struct th_batch_disk *disk,
				 const struct th_batch_header *header, uint32_t block_bytes,
				 uint64_t device_bytes)
{
	uint32_t payload_end = TH_BLOCK_BYTES; /* at most 125 MiB: cannot overflow */
	uint32_t i;

	for (i = 0; i < header->record_count; i++) {
		record_unpack(&records[i], &disk->records[i]);
		if (th_le16_get(disk->records[i].volume) != 0 ||
		    !record_range_valid(&records[i], block_bytes, device_bytes) ||
		    !record_payload_valid(&records[i], &payload_end))
			return false;
	}
	return th_align_up(payload_end, TH_BLOCK_BYTES) == header->length;
}

enum th_format_check th_batch_header_unpack(struct th_batch_header *header,
					    struct th_record *records, const uint8_t *block,
					    const struct th_position *position,
					    uint32_t block_bytes, uint64_t device_bytes)
{
	const struct th_batch_disk *disk = (const void *)block;
	enum th_format_check check;

	check = batch_header_check(header, block, position->lsn, position->epoch);
	if (check != TH_FORMAT_OK)
		return check;
	if (header->chain_before != position->chain ||
	    header->chain !=
		    th_xxh64(header->chain_before, disk, batch_used_bytes(header->record_count)))
		return TH_FORMAT_CHAIN;
	if (header->durable_lsn > header->lsn || header->time_ns < position->time_ns ||
	    !batch_records_unpack(records, disk, header, block_bytes, device_bytes))
		return TH_FORMAT_CONTENT;
	return TH_FORMAT_OK;
}

uint32_t th_batch_payload_end(const struct th_batch_header *header, const struct th_record *records)
{
	uint32_t i = header->record_count;

	while (i-- > 0) {
		if (records[i].operation == TH_RECORD_WRITE)
			return records[i].payload_offset + (uint32_t)records[i].length;
	}
	return TH_BLOCK_BYTES;
}

bool th_batch_header_plausible(struct th_batch_header *header, const uint8_t *block, uint64_t lsn,
			       uint64_t epoch)
{
	return batch_header_check(header, block, lsn, epoch) == TH_FORMAT_OK;
}

/* ---- meta file ---- */

static void meta_epoch_pack(const struct th_meta_epoch *epoch, struct th_meta_epoch_disk *disk)
{
	disk->epoch = th_le64_put(epoch->epoch);
	disk->start_lsn = th_le64_put(epoch->start_lsn);
	disk->chain = th_le64_put(epoch->chain);
}

static void meta_peer_pack(const struct th_meta_peer *peer, struct th_meta_peer_disk *disk)
{
	disk->peer_uuid = peer->peer_uuid;
	disk->durable_lsn = th_le64_put(peer->durable_lsn);
	disk->state = th_le32_put(peer->state);
	disk->bitmap_from_lsn = th_le64_put(peer->bitmap_from_lsn);
	disk->bitmap_to_lsn = th_le64_put(peer->bitmap_to_lsn);
}

void th_meta_pack(const struct th_meta *meta, uint8_t *block)
{
	struct th_meta_disk *disk = (void *)block;
	uint32_t i;

	TH_ASSERT(meta->epoch_count <= TH_EPOCHS_MAX && meta->peer_count <= TH_PEERS_MAX);
	memset(block, 0, TH_BLOCK_BYTES);
	memcpy(disk->magic, TH_META_MAGIC, TH_MAGIC_BYTES);
	disk->version = th_le32_put(TH_FORMAT_VERSION_1);
	disk->slot_bytes = th_le32_put(TH_BLOCK_BYTES);
	disk->generation = th_le64_put(meta->generation);
	disk->resource_uuid = meta->resource_uuid;
	disk->node_uuid = meta->node_uuid;
	disk->device_bytes = th_le64_put(meta->device_bytes);
	disk->block_bytes = th_le32_put(meta->block_bytes);
	disk->flags = th_le32_put(meta->clean ? TH_META_CLEAN : 0);
	disk->checkpoint_lsn = th_le64_put(meta->checkpoint_lsn);
	disk->checkpoint_chain = th_le64_put(meta->checkpoint_chain);
	disk->checkpoint_epoch = th_le64_put(meta->checkpoint_epoch);
	disk->applied_limit_lsn = th_le64_put(meta->applied_limit_lsn);
	disk->inconsistent_until_lsn = th_le64_put(meta->inconsistent_until_lsn);
	disk->inconsistent_until_epoch = th_le64_put(meta->inconsistent_until_epoch);
	disk->written_ns = th_le64_put(meta->written_ns);
	disk->epoch_count = th_le16_put((uint16_t)meta->epoch_count);
	disk->peer_count = th_le16_put((uint16_t)meta->peer_count);
	for (i = 0; i < meta->epoch_count; i++)
		meta_epoch_pack(&meta->epochs[i], &disk->epochs[i]);
	for (i = 0; i < meta->peer_count; i++)
		meta_peer_pack(&meta->peers[i], &disk->peers[i]);
	trailer_pack(block, 0);
}

static bool meta_length_valid(const struct th_meta_disk *disk, uint32_t slot)
{
	uint32_t epochs = th_le16_get(disk->epoch_count);
	uint32_t peers = th_le16_get(disk->peer_count);
	uint64_t generation = th_le64_get(disk->generation);
	uint32_t i;

	if (th_le32_get(disk->slot_bytes) != TH_BLOCK_BYTES || generation == 0 ||
	    generation % 2 != slot || epochs > TH_EPOCHS_MAX || peers > TH_PEERS_MAX ||
	    (th_le32_get(disk->flags) & ~TH_META_CLEAN) != 0 || disk->zero_124.raw != 0 ||
	    !bytes_are_zero(disk->zero_136, sizeof(disk->zero_136)))
		return false;
	for (i = 0; i < epochs; i++) {
		if (disk->epochs[i].zero.raw != 0)
			return false;
	}
	for (i = 0; i < peers; i++) {
		if (disk->peers[i].zero_28.raw != 0 ||
		    !bytes_are_zero(disk->peers[i].zero_48, sizeof(disk->peers[i].zero_48)))
			return false;
	}
	return bytes_are_zero(disk->epochs + epochs,
			      (TH_EPOCHS_MAX - epochs) * sizeof(*disk->epochs)) &&
	       bytes_are_zero(disk->peers + peers, (TH_PEERS_MAX - peers) * sizeof(*disk->peers)) &&
	       padding_is_zero((const uint8_t *)disk, sizeof(*disk));
}

/* The counts are known to be valid. */
static void meta_read(struct th_meta *meta, const struct th_meta_disk *disk)
{
	uint32_t i;

	meta->generation = th_le64_get(disk->generation);
	meta->resource_uuid = disk->resource_uuid;
	meta->node_uuid = disk->node_uuid;
	meta->device_bytes = th_le64_get(disk->device_bytes);
	meta->block_bytes = th_le32_get(disk->block_bytes);
	meta->clean = th_le32_get(disk->flags) & TH_META_CLEAN;
	meta->checkpoint_lsn = th_le64_get(disk->checkpoint_lsn);
	meta->checkpoint_chain = th_le64_get(disk->checkpoint_chain);
	meta->checkpoint_epoch = th_le64_get(disk->checkpoint_epoch);
	meta->applied_limit_lsn = th_le64_get(disk->applied_limit_lsn);
	meta->inconsistent_until_lsn = th_le64_get(disk->inconsistent_until_lsn);
	meta->inconsistent_until_epoch = th_le64_get(disk->inconsistent_until_epoch);
	meta->written_ns = th_le64_get(disk->written_ns);
	meta->epoch_count = th_le16_get(disk->epoch_count);
	meta->peer_count = th_le16_get(disk->peer_count);
	for (i = 0; i < meta->epoch_count; i++) {
		meta->epochs[i].epoch = th_le64_get(disk->epochs[i].epoch);
		meta->epochs[i].start_lsn = th_le64_get(disk->epochs[i].start_lsn);
		meta->epochs[i].chain = th_le64_get(disk->epochs[i].chain);
	}
	for (i = 0; i < meta->peer_count; i++) {
		meta->peers[i].peer_uuid = disk->peers[i].peer_uuid;
		meta->peers[i].durable_lsn = th_le64_get(disk->peers[i].durable_lsn);
		meta->peers[i].state = th_le32_get(disk->peers[i].state);
		meta->peers[i].bitmap_from_lsn = th_le64_get(disk->peers[i].bitmap_from_lsn);
		meta->peers[i].bitmap_to_lsn = th_le64_get(disk->peers[i].bitmap_to_lsn);
	}
}

static bool meta_content_valid(const struct th_meta *meta)
{
	uint64_t epoch_before = 0;
	uint32_t i;

	if (!block_bytes_valid(meta->block_bytes) ||
	    !th_is_aligned(meta->device_bytes, meta->block_bytes))
		return false;
	for (i = 0; i < meta->epoch_count; i++) {
		if (meta->epochs[i].epoch <= epoch_before)
			return false;
		epoch_before = meta->epochs[i].epoch;
	}
	for (i = 0; i < meta->peer_count; i++) {
		if (meta->peers[i].state != TH_PEER_FOLLOWING &&
		    meta->peers[i].state != TH_PEER_BITMAP)
			return false;
	}
	return true;
}

enum th_format_check th_meta_unpack(struct th_meta *meta, const uint8_t *block, uint32_t slot,
				    const struct th_uuid *resource_uuid)
{
	const struct th_meta_disk *disk = (const void *)block;

	if (!magic_matches(block, TH_META_MAGIC))
		return TH_FORMAT_MAGIC;
	if (th_le32_get(disk->version) != TH_FORMAT_VERSION_1)
		return TH_FORMAT_VERSION;
	if (!meta_length_valid(disk, slot))
		return TH_FORMAT_LENGTH;
	if (is_foreign(&disk->resource_uuid, resource_uuid))
		return TH_FORMAT_FOREIGN;
	if (!checksum_matches(block))
		return TH_FORMAT_CHECKSUM;
	if (trailer_in(block)->chain.raw != 0)
		return TH_FORMAT_CHAIN;
	meta_read(meta, disk);
	return meta_content_valid(meta) ? TH_FORMAT_OK : TH_FORMAT_CONTENT;
}

/* ---- bitmap ---- */

/* @value / 2^@shift, rounded up. */
static uint64_t shift_up(uint64_t value, uint32_t shift)
{
	return (value >> shift) + !th_is_aligned(value, 1ull << shift);
}

uint64_t th_bitmap_bits_bytes(uint64_t device_bytes, uint64_t region_bytes)
{
	uint64_t regions = shift_up(device_bytes, (uint32_t)__builtin_ctzll(region_bytes));

	return th_align_up(shift_up(regions, 3), TH_BLOCK_BYTES);
}

void th_bitmap_header_pack(const struct th_bitmap_header *header, uint8_t *block)
{
	struct th_bitmap_disk *disk = (void *)block;

	memset(block, 0, TH_BLOCK_BYTES);
	memcpy(disk->magic, TH_BITMAP_MAGIC, TH_MAGIC_BYTES);
	disk->version = th_le32_put(TH_FORMAT_VERSION_1);
	disk->header_bytes = th_le32_put(TH_BLOCK_BYTES);
	disk->resource_uuid = header->resource_uuid;
	disk->peer_uuid = header->peer_uuid;
	disk->device_bytes = th_le64_put(header->device_bytes);
	disk->region_bytes = th_le64_put(header->region_bytes);
	disk->from_lsn = th_le64_put(header->from_lsn);
	disk->to_lsn = th_le64_put(header->to_lsn);
	disk->bits_crc32c = th_le32_put(header->bits_crc32c);
	trailer_pack(block, 0);
}

static bool region_bytes_valid(uint64_t region_bytes)
{
	return region_bytes >= TH_BLOCK_BYTES && th_is_aligned(region_bytes, region_bytes);
}

enum th_format_check th_bitmap_header_unpack(struct th_bitmap_header *header, const uint8_t *block,
					     const struct th_uuid *resource_uuid,
					     const struct th_uuid *peer_uuid)
{
	const struct th_bitmap_disk *disk = (const void *)block;

	if (!magic_matches(block, TH_BITMAP_MAGIC))
		return TH_FORMAT_MAGIC;
	if (th_le32_get(disk->version) != TH_FORMAT_VERSION_1)
		return TH_FORMAT_VERSION;
	if (th_le32_get(disk->header_bytes) != TH_BLOCK_BYTES ||
	    !bytes_are_zero(disk->zero_84, sizeof(disk->zero_84)) ||
	    !padding_is_zero(block, sizeof(*disk)))
		return TH_FORMAT_LENGTH;
	if (is_foreign(&disk->resource_uuid, resource_uuid) ||
	    is_foreign(&disk->peer_uuid, peer_uuid))
		return TH_FORMAT_FOREIGN;
	if (!checksum_matches(block))
		return TH_FORMAT_CHECKSUM;
	if (trailer_in(block)->chain.raw != 0)
		return TH_FORMAT_CHAIN;

	header->resource_uuid = disk->resource_uuid;
	header->peer_uuid = disk->peer_uuid;
	header->device_bytes = th_le64_get(disk->device_bytes);
	header->region_bytes = th_le64_get(disk->region_bytes);
	header->from_lsn = th_le64_get(disk->from_lsn);
	header->to_lsn = th_le64_get(disk->to_lsn);
	header->bits_crc32c = th_le32_get(disk->bits_crc32c);
	return region_bytes_valid(header->region_bytes) ? TH_FORMAT_OK : TH_FORMAT_CONTENT;
}

/* ---- label ---- */

uint64_t th_label_offset(uint64_t disk_bytes, uint64_t device_bytes)
{
	uint64_t end = th_align_down(disk_bytes, TH_BLOCK_BYTES);

	if (end < TH_BLOCK_BYTES || end - TH_BLOCK_BYTES < device_bytes)
		return 0;
	return end - TH_BLOCK_BYTES;
}

void th_label_pack(const struct th_label *label, uint8_t *block)
{
	struct th_label_disk *disk = (void *)block;

	memset(block, 0, TH_BLOCK_BYTES);
	memcpy(disk->magic, TH_LABEL_MAGIC, TH_MAGIC_BYTES);
	disk->version = th_le32_put(TH_FORMAT_VERSION_1);
	disk->label_bytes = th_le32_put(TH_BLOCK_BYTES);
	disk->resource_uuid = label->resource_uuid;
	disk->node_uuid = label->node_uuid;
	disk->device_bytes = th_le64_put(label->device_bytes);
	disk->created_ns = th_le64_put(label->created_ns);
	trailer_pack(block, 0);
}

enum th_format_check th_label_unpack(struct th_label *label, const uint8_t *block)
{
	const struct th_label_disk *disk = (const void *)block;

	if (!magic_matches(block, TH_LABEL_MAGIC))
		return TH_FORMAT_MAGIC;
	if (th_le32_get(disk->version) != TH_FORMAT_VERSION_1)
		return TH_FORMAT_VERSION;
	if (th_le32_get(disk->label_bytes) != TH_BLOCK_BYTES ||
	    !padding_is_zero(block, sizeof(*disk)))
		return TH_FORMAT_LENGTH;
	if (!checksum_matches(block))
		return TH_FORMAT_CHECKSUM;
	if (trailer_in(block)->chain.raw != 0)
		return TH_FORMAT_CHAIN;

	label->resource_uuid = disk->resource_uuid;
	label->node_uuid = disk->node_uuid;
	label->device_bytes = th_le64_get(disk->device_bytes);
	label->created_ns = th_le64_get(disk->created_ns);
	return TH_FORMAT_OK;
}
