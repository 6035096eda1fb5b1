/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For fuzzers of checksummed blocks: makes what the checksums guard valid again after a mutation, so that the checks
 * behind them are reached. The layout is that of docs/log-format.md, written down here a second time on purpose.
 */
#ifndef THARSIS_BLOCK_FIXER_H
#define THARSIS_BLOCK_FIXER_H

#include <tharsis/port.h>

#define BLOCK_BYTES	   4096u
#define TRAILER_CHAIN	   4080u
#define SEGMENT_CHAINED	   112u
#define BATCH_CHAINED(n)   (64u + 32u * (n))
#define SEGMENT_START_LSN  40u
#define SEGMENT_EPOCH	   32u
#define BATCH_RECORD_COUNT 10u
#define BATCH_LENGTH	   12u
#define BATCH_LSN	   16u
#define BATCH_EPOCH	   24u
#define BATCH_CHAIN_BEFORE 40u
#define BATCH_DURABLE_LSN  48u
#define BATCH_RECORDS_MAX  125u
#define RECORD_WRITE	   1u

static inline uint64_t load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void store64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void fix_checksum(uint8_t *block)
{
	store32(block + 4092, th_crc32c(0, block, 4092));
}

/* The payload checksums in the header block of a batch, of what lies within @room. */
static inline void fix_payloads(uint8_t *batch, size_t room, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *descriptor = batch + BATCH_CHAINED(i);
		uint64_t length = load64(descriptor + 16);
		uint32_t offset = load32(descriptor + 24);

		if (descriptor[0] == RECORD_WRITE && offset <= room && length <= room - offset)
			store32(descriptor + 4, th_crc32c(0, batch + offset, (size_t)length));
	}
}

/* Returns the chain value behind the batch. */
static inline uint64_t fix_batch(uint8_t *batch, size_t room, uint64_t lsn, uint64_t epoch,
				 uint64_t chain)
{
	uint32_t count = batch[BATCH_RECORD_COUNT] | (uint32_t)batch[BATCH_RECORD_COUNT + 1] << 8;

	count = TH_MIN(count, BATCH_RECORDS_MAX);
	fix_payloads(batch, room, count);
	store64(batch + BATCH_LSN, lsn);
	store64(batch + BATCH_EPOCH, epoch);
	store64(batch + BATCH_CHAIN_BEFORE, chain);
	if (load64(batch + BATCH_DURABLE_LSN) > lsn)
		store64(batch + BATCH_DURABLE_LSN, lsn);
	chain = th_xxh64(chain, batch, BATCH_CHAINED(count));
	store64(batch + TRAILER_CHAIN, chain);
	fix_checksum(batch);
	return chain;
}

#endif
