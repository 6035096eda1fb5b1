/* SPDX-License-Identifier: GPL-2.0 */
/* The porting layer's types in the Linux kernel: its own, and names of C's <stdint.h> that it lacks. */
#ifndef THARSIS_PORT_TYPES_H
#define THARSIS_PORT_TYPES_H

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/spinlock.h>
#include <linux/stdarg.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#define INT32_MAX  S32_MAX
#define INT64_MAX  S64_MAX
#define UINT8_MAX  U8_MAX
#define UINT16_MAX U16_MAX
#define UINT32_MAX U32_MAX
#define UINT64_MAX U64_MAX

/* Also taken where I/O completes, so interrupts are off while it is held. */
struct th_lock {
	spinlock_t lock; /* the lock itself */
	unsigned long flags; /* of the holder */
};

void th_assert_report(const char *condition, const char *file, int line) __cold;

/* See TH_ASSERT. Inline, so that the kernel's checks of control flow see that it does not return. */
static __always_inline __noreturn void th_assert_failed(const char *condition, const char *file,
							int line)
{
	th_assert_report(condition, file, line);
	BUG();
}

#endif
