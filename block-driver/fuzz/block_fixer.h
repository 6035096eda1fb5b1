/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For fuzzers of checksummed blocks: makes what the checksums guard valid again after a mutation, so that the checks
 * behind them are reached. The layout is that of docs/log-format.md, written down here a second time on purpose.
 */
#ifndef THARSIS_BLOCK_FIXER_H
#define THARSIS_BLOCK_FIXER_H

#include <tharsis/port.h>

#define BLOCK_BYTES 4096u

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

#endif
