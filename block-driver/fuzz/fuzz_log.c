// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile segment file, read as a reader does it: header, then batch after batch until one does not verify. What is
 * taken must be what packing writes: unpack and pack are inverse.
 */
#include "block_fixer.h"
#include "log_format.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t bytes_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed);

/* ---- reading ---- */

static void check_header_repacks(const struct th_segment_header *header, const uint8_t *block)
{
	static uint8_t again[BLOCK_BYTES];
	struct th_segment_header copy = *header;

	memset(again, 0, sizeof(again));
	th_segment_header_pack(&copy, again);
	TH_ASSERT(memcmp(again, block, BLOCK_BYTES) == 0);
	TH_ASSERT(copy.chain == header->chain);
}

static void check_batch_repacks(const struct th_batch_header *header,
				const struct th_record *records, const uint8_t *block)
{
	static uint8_t again[BLOCK_BYTES];
	struct th_batch_header copy = *header;

	memset(again, 0, sizeof(again));
	for (uint32_t i = 0; i < header->record_count; i++)
		th_batch_record_pack(&records[i], i, again);
	th_batch_header_pack(&copy, again);
	TH_ASSERT(memcmp(again, block, BLOCK_BYTES) == 0);
	TH_ASSERT(copy.chain == header->chain);
}

/* What a reader relies on when it goes from the header to the payloads. */
static void check_batch(const struct th_batch_header *header, const struct th_record *records,
			uint32_t block_bytes)
{
	uint64_t end = BLOCK_BYTES;

	TH_ASSERT(header->record_count >= 1 && header->record_count <= TH_BATCH_RECORDS_MAX);
	TH_ASSERT(header->length >= BLOCK_BYTES && header->length <= TH_BATCH_BYTES_MAX);
	TH_ASSERT(header->durable_lsn <= header->lsn);
	for (uint32_t i = 0; i < header->record_count; i++) {
		const struct th_record *record = &records[i];

		TH_ASSERT(record->length && record->length % block_bytes == 0);
		TH_ASSERT(record->position % block_bytes == 0);
		TH_ASSERT(record->position + (record->length - 1) >= record->position);
		if (record->operation != TH_RECORD_WRITE)
			continue;
		TH_ASSERT(record->payload_offset == end);
		end += record->length;
	}
	TH_ASSERT(th_align_up(end, BLOCK_BYTES) == header->length);
}

static bool payloads_verify(const struct th_record *records, uint32_t count, const uint8_t *batch)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct th_record *record = &records[i];

		if (record->operation == TH_RECORD_WRITE &&
		    th_crc32c(0, batch + record->payload_offset, (size_t)record->length) !=
			    record->payload_crc32c)
			return false;
	}
	return true;
}

static void read_batches(const struct th_segment_header *segment, const uint8_t *data, size_t bytes)
{
	static struct th_record records[TH_BATCH_RECORDS_MAX];
	struct th_position position = { segment->start_lsn + BLOCK_BYTES, segment->epoch,
					segment->chain, 0 };
	struct th_batch_header header, other;
	size_t at = BLOCK_BYTES;

	while (bytes - at >= BLOCK_BYTES) {
		const uint8_t *batch = data + at;

		if (th_batch_header_unpack(&header, records, batch, &position, segment->block_bytes,
					   0))
			break;
		check_batch(&header, records, segment->block_bytes);
		check_batch_repacks(&header, records, batch);
		TH_ASSERT(th_batch_header_plausible(&other, batch, position.lsn, position.epoch));
		if (header.length > bytes - at ||
		    !payloads_verify(records, header.record_count, batch))
			break;
		at += header.length;
		position = (struct th_position){ position.lsn + header.length, header.epoch,
						 header.chain, header.time_ns };
	}
	for (; bytes - at >= BLOCK_BYTES; at += BLOCK_BYTES)
		th_batch_header_plausible(&other, data + at, segment->start_lsn + at,
					  segment->epoch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct th_segment_header header;

	if (bytes < BLOCK_BYTES)
		return 0;
	if (th_segment_header_unpack(&header, data, load64(data + SEGMENT_EPOCH),
				     load64(data + SEGMENT_START_LSN), NULL))
		return 0;
	check_header_repacks(&header, data);
	read_batches(&header, data, bytes);
	return 0;
}

/* ---- mutating ---- */

/* The first @blocks header blocks become valid, as far as checksums and positions go. */
static void fix(uint8_t *data, size_t bytes, uint32_t blocks)
{
	uint64_t chain = th_xxh64(load64(data + 64), data, SEGMENT_CHAINED);
	uint64_t start_lsn = load64(data + SEGMENT_START_LSN);
	size_t at = BLOCK_BYTES;

	store64(data + TRAILER_CHAIN, chain);
	fix_checksum(data);
	while (blocks-- && at <= bytes && bytes - at >= BLOCK_BYTES) {
		uint32_t length = load32(data + at + BATCH_LENGTH);

		chain = fix_batch(data + at, bytes - at, start_lsn + at,
				  load64(data + SEGMENT_EPOCH), chain);
		at += TH_MAX(length, BLOCK_BYTES);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed)
{
	bytes = LLVMFuzzerMutate(data, bytes, bytes_max);
	/* One in eight stays broken, to reach the checks of the checksums themselves. */
	if (bytes >= BLOCK_BYTES && seed % 8)
		fix(data, bytes, seed % 8);
	return bytes;
}
