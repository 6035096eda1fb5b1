// SPDX-License-Identifier: GPL-2.0
#include "sim_random.h"

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void th_sim_random_init(struct th_sim_random *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix64(&seed);
}

static uint64_t rotate_left(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

uint64_t th_sim_random_next(struct th_sim_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t th_sim_random_skewed(struct th_sim_random *random, uint64_t bound)
{
	uint32_t magnitudes = 0;

	while (magnitudes < 63 && (1ULL << magnitudes) < bound)
		magnitudes++;
	magnitudes = (uint32_t)th_sim_random_below(random, magnitudes + 1);
	return th_sim_random_below(random, TH_MIN(bound, 1ULL << magnitudes));
}
