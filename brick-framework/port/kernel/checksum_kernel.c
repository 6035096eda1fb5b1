// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <linux/crc32c.h>
#include <linux/xxhash.h>

/* The kernel's function takes lengths of 32 bits. */
#define PIECE_BYTES_MAX ((size_t)1 << 30)

/* The kernel's function is the bare polynomial; that CRC32C begins and ends inverted is left to its caller. */
uint32_t th_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	const uint8_t *rest = data;
	uint32_t state = ~crc;

	while (bytes > 0) {
		size_t piece_bytes = TH_MIN(bytes, PIECE_BYTES_MAX);

		state = crc32c(state, rest, (unsigned int)piece_bytes);
		rest += piece_bytes;
		bytes -= piece_bytes;
	}
	return ~state;
}

uint64_t th_xxh64(uint64_t seed, const void *data, size_t bytes)
{
	return xxh64(data, bytes, seed);
}
