/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one source of chance of a simulation: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", 2021), its state filled from the seed by SplitMix64. The same seed gives the same run.
 *
 * Pure functions; no two threads on one generator.
 */
#ifndef THARSIS_SIM_RANDOM_H
#define THARSIS_SIM_RANDOM_H

#include <tharsis/port.h>

struct th_sim_random {
	uint64_t state[4];
};

void th_sim_random_init(struct th_sim_random *random, uint64_t seed);
uint64_t th_sim_random_next(struct th_sim_random *random);

/* 0 to @bound - 1; 0 for a bound of 0. The bias of the remainder is far below what a simulation can notice. */
static inline uint64_t th_sim_random_below(struct th_sim_random *random, uint64_t bound)
{
	return bound ? th_sim_random_next(random) % bound : 0;
}

/* @low to @high, both included. */
static inline uint64_t th_sim_random_between(struct th_sim_random *random, uint64_t low,
					     uint64_t high)
{
	return low + th_sim_random_below(random, high - low + 1);
}

static inline bool th_sim_random_chance(struct th_sim_random *random, uint32_t permille)
{
	return th_sim_random_below(random, 1000) < permille;
}

/* Below @bound, small values far more often than large ones: each magnitude is about as likely as another. */
uint64_t th_sim_random_skewed(struct th_sim_random *random, uint64_t bound);

#endif
