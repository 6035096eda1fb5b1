/* SPDX-License-Identifier: GPL-2.0 */
/* Chance in these tests: always the same, unless a seed is given on the command line. */
#ifndef THARSIS_ENGINE_TESTS_SEED_H
#define THARSIS_ENGINE_TESTS_SEED_H

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

/* Call it first in main(). */
static inline uint64_t seed_given(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260101;

	printf("%s: seed %llu\n", argv[0], (unsigned long long)seed);
	return seed;
}

#endif
