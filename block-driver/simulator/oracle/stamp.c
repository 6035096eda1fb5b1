// SPDX-License-Identifier: GPL-2.0
#include "stamp.h"

#define WORDS  (TH_SECTOR_BYTES / 8)
#define SPREAD 0x9e3779b97f4a7c15ULL

static uint64_t word(uint64_t id, uint64_t sector, uint32_t index)
{
	return (id * SPREAD) ^ (sector + ((uint64_t)index << 48));
}

void th_stamp_sector(uint8_t *data, uint64_t id, uint64_t sector)
{
	uint64_t words[WORDS] = { id };

	for (uint32_t i = 1; i < WORDS; i++)
		words[i] = word(id, sector, i);
	memcpy(data, words, sizeof(words));
}

void th_stamp(uint8_t *data, uint64_t id, uint64_t position, uint64_t length)
{
	for (uint64_t at = 0; at < length; at += TH_SECTOR_BYTES)
		th_stamp_sector(data + at, id, (position + at) / TH_SECTOR_BYTES);
}

uint64_t th_stamp_id(const uint8_t *data, uint64_t sector)
{
	uint8_t expected[TH_SECTOR_BYTES] = { 0 };
	uint64_t id;

	memcpy(&id, data, sizeof(id));
	if (id != TH_ID_ZEROES)
		th_stamp_sector(expected, id, sector);
	return memcmp(data, expected, TH_SECTOR_BYTES) == 0 ? id : TH_ID_GARBAGE;
}
