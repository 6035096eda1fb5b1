/* SPDX-License-Identifier: GPL-2.0 */
/* The porting layer's types in a process: those of the C library. */
#ifndef THARSIS_PORT_TYPES_H
#define THARSIS_PORT_TYPES_H

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A mutex, not a spinlock: the holder may lose its processor, and the others should not burn theirs meanwhile. */
struct th_lock {
	pthread_mutex_t mutex;
};

/* See TH_ASSERT. */
void th_assert_failed(const char *condition, const char *file, int line)
	__attribute__((noreturn, cold));

#endif
