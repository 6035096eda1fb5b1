/* SPDX-License-Identifier: GPL-2.0 */
/* What the framework's tests have in common: cmocka, random numbers, and a look at what must abort. */
#ifndef THARSIS_TESTING_H
#define THARSIS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tharsis/brick.h>

/* SplitMix64 (Steele, Lea, Flood, 2014): the same numbers for the same seed on every machine. */
static inline uint64_t test_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint32_t test_random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(test_random(state) % bound);
}

/* Runs @function in a process of its own, silently. True when it aborted. */
bool test_aborts(void (*function)(void *context), void *context);

#endif
