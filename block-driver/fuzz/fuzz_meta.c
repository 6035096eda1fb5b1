// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile meta files, bitmap headers and disk labels: each block of the input is given to the reader of its magic. What
 * is taken must be what packing writes.
 */
#include "block_fixer.h"
#include "log_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t bytes_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed);

static uint8_t again[BLOCK_BYTES];

static void check_again(const uint8_t *block)
{
	TH_ASSERT(memcmp(again, block, BLOCK_BYTES) == 0);
}

static void read_meta(const uint8_t *block, uint32_t slot)
{
	static struct th_meta meta;

	if (th_meta_unpack(&meta, block, slot, NULL))
		return;
	TH_ASSERT(meta.epoch_count <= TH_EPOCHS_MAX && meta.peer_count <= TH_PEERS_MAX);
	TH_ASSERT(meta.generation % 2 == slot && meta.device_bytes % meta.block_bytes == 0);
	for (uint32_t i = 1; i < meta.epoch_count; i++)
		TH_ASSERT(meta.epochs[i - 1].epoch < meta.epochs[i].epoch);
	memset(again, 0, sizeof(again));
	th_meta_pack(&meta, again);
	check_again(block);
}

static void read_bitmap(const uint8_t *block)
{
	struct th_bitmap_header header;

	if (th_bitmap_header_unpack(&header, block, NULL, NULL))
		return;
	TH_ASSERT(header.region_bytes >= 4096 &&
		  !(header.region_bytes & (header.region_bytes - 1)));
	TH_ASSERT(th_bitmap_bits_bytes(header.device_bytes, header.region_bytes) % 4096 == 0);
	memset(again, 0, sizeof(again));
	th_bitmap_header_pack(&header, again);
	check_again(block);
}

static void read_label(const uint8_t *block)
{
	struct th_label label;

	if (th_label_unpack(&label, block))
		return;
	memset(again, 0, sizeof(again));
	th_label_pack(&label, again);
	check_again(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	for (uint32_t i = 0; bytes >= BLOCK_BYTES && i < 2; i++) {
		read_meta(data, i);
		read_bitmap(data);
		read_label(data);
		data += BLOCK_BYTES;
		bytes -= BLOCK_BYTES;
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed)
{
	bytes = LLVMFuzzerMutate(data, bytes, bytes_max);
	/* One in eight stays broken, to reach the checks of the checksums themselves. */
	for (size_t at = 0; seed % 8 && bytes - at >= BLOCK_BYTES; at += BLOCK_BYTES)
		fix_checksum(data + at);
	return bytes;
}
