/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integers as they stand on disk. Types of their own, so that the compiler refuses to mix them up with numbers; on a
 * little-endian machine get and put are plain loads and stores.
 */
#ifndef THARSIS_LITTLE_ENDIAN_H
#define THARSIS_LITTLE_ENDIAN_H

#include <tharsis/port.h>

struct th_le16 {
	uint16_t raw;
};

struct th_le32 {
	uint32_t raw;
};

struct th_le64 {
	uint64_t raw;
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TH_LE_SWAP(bits, value) (value)
#else
#define TH_LE_SWAP(bits, value) __builtin_bswap##bits(value)
#endif

static inline uint16_t th_le16_get(struct th_le16 value)
{
	return TH_LE_SWAP(16, value.raw);
}

static inline uint32_t th_le32_get(struct th_le32 value)
{
	return TH_LE_SWAP(32, value.raw);
}

static inline uint64_t th_le64_get(struct th_le64 value)
{
	return TH_LE_SWAP(64, value.raw);
}

static inline struct th_le16 th_le16_put(uint16_t value)
{
	return (struct th_le16){ TH_LE_SWAP(16, value) };
}

static inline struct th_le32 th_le32_put(uint32_t value)
{
	return (struct th_le32){ TH_LE_SWAP(32, value) };
}

static inline struct th_le64 th_le64_put(uint64_t value)
{
	return (struct th_le64){ TH_LE_SWAP(64, value) };
}

#endif
