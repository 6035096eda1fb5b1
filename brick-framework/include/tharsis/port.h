/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The porting layer: all that bricks may ask of the system they run in.
 *
 * A port is a directory with a "port_types.h" (fixed-width integers, bool, size_t, errno constants and
 * the functions of <string.h>, which the compiler itself assumes) and an implementation of what is
 * declared here. Ports: user (a process), bare (declarations only: proves that nothing else is used),
 * kernel. Code above the porting layer includes nothing but <tharsis/...> and its own headers.
 */
#ifndef THARSIS_PORT_H
#define THARSIS_PORT_H

#include "port_types.h"

#define TH_KIB	     1024ULL
#define TH_MIB	     (1024ULL * TH_KIB)
#define TH_GIB	     (1024ULL * TH_MIB)
#define TH_NS_PER_US 1000ULL
#define TH_NS_PER_MS 1000000ULL
#define TH_NS_PER_S  1000000000ULL

#define TH_ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TH_MIN(a, b)	  ((a) < (b) ? (a) : (b))
#define TH_MAX(a, b)	  ((a) > (b) ? (a) : (b))
#define th_container_of(ptr, type, member) \
	((type *)(void *)(((char *)(ptr)) - offsetof(type, member)))

/* @align must be a power of two. */
static inline uint64_t th_align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static inline uint64_t th_align_down(uint64_t value, uint64_t align)
{
	return value & ~(align - 1);
}

static inline bool th_is_aligned(uint64_t value, uint64_t align)
{
	return (value & (align - 1)) == 0;
}

/* Ends a case of a switch that goes on into the next one on purpose. A comment will not do: clang asks for it. */
#define th_fallthrough __attribute__((__fallthrough__))

/*
 * An invariant that, once broken, makes any further write a danger to data: says where, and stops the host
 * (user: abort; kernel: BUG) by th_assert_failed(), which port_types.h has. Never used to check input.
 */
#define TH_ASSERT(cond)                                              \
	do {                                                         \
		if (__builtin_expect(!(cond), 0))                    \
			th_assert_failed(#cond, __FILE__, __LINE__); \
	} while (0)

/* ---- memory: may block (kernel: GFP_NOIO); NULL when there is none; always zeroed ---- */

void *th_alloc(size_t bytes);
void th_free(void *memory);
/* For I/O: aligned to 4096, as direct I/O wants it. @bytes is a multiple of 4096. */
void *th_alloc_buffer(size_t bytes);
void th_free_buffer(void *buffer, size_t bytes);
/*
 * Others on this host need what memory there is: whoever can do with less takes no more now. Never blocks; costs about as much
 * as an allocation.
 */
bool th_memory_is_short(void);

/* ---- checksums: any context, never block ---- */

/* CRC32C (Castagnoli) of @bytes, continuing from @crc; begin with 0. */
uint32_t th_crc32c(uint32_t crc, const void *data, size_t bytes);
/* xxHash64 with @seed. */
uint64_t th_xxh64(uint64_t seed, const void *data, size_t bytes);

/* ---- text ---- */

/* As snprintf of C11; 64-bit integers are passed as (unsigned long long) with %llu or %llx. */
int th_snprintf(char *text, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int th_vsnprintf(char *text, size_t bytes, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

enum th_log_level { TH_LOG_ERROR, TH_LOG_WARNING, TH_LOG_INFO, TH_LOG_DEBUG };

/* One line, without a newline. Any context; never blocks on our own devices. */
void th_log(enum th_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- a lock for a few instructions; the holder never sleeps ---- */

void th_lock_init(struct th_lock *lock);
void th_lock(struct th_lock *lock);
void th_unlock(struct th_lock *lock);

#endif
