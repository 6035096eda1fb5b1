// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <isa-l/crc.h>
#include <xxhash.h>

/* ISA-L takes lengths as int. */
#define PIECE_BYTES_MAX ((size_t)1 << 30)

/* ISA-L's function is the bare polynomial; that CRC32C begins and ends inverted is left to its caller. */
uint32_t th_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	const unsigned char *rest = data;
	uint32_t state = ~crc;
	size_t piece_bytes;

	while (bytes > 0) {
		piece_bytes = TH_MIN(bytes, PIECE_BYTES_MAX);
		state = crc32_iscsi((unsigned char *)rest, (int)piece_bytes, state);
		rest += piece_bytes;
		bytes -= piece_bytes;
	}
	return ~state;
}

uint64_t th_xxh64(uint64_t seed, const void *data, size_t bytes)
{
	return XXH64(data, bytes, seed);
}
