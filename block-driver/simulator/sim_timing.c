// SPDX-License-Identifier: GPL-2.0
#include "sim_timing.h"

void th_sim_timing_chance(struct th_sim_timing *timing, uint64_t delay_min_ns,
			  uint64_t delay_max_ns)
{
	*timing = (struct th_sim_timing){
		.model = TH_SIM_TIMING_CHANCE,
		.delay_min_ns = delay_min_ns,
		.delay_max_ns = delay_max_ns,
	};
}

void th_sim_timing_spinning(struct th_sim_timing *timing, uint64_t size_bytes)
{
	*timing = (struct th_sim_timing){
		.model = TH_SIM_TIMING_SPINNING,
		.size_bytes = size_bytes,
		.request_ns = 50 * TH_NS_PER_US,
		.seek_min_ns = 500 * TH_NS_PER_US,
		.seek_max_ns = 16 * TH_NS_PER_MS,
		.turn_ns = TH_NS_PER_S / 120,
		.flush_ns = 4 * TH_NS_PER_MS,
		.bytes_per_s = 200 * TH_MIB,
	};
}

static uint64_t by_chance_ns(struct th_sim_timing *timing, struct th_sim_random *random,
			     uint64_t now_ns)
{
	uint64_t start_ns = TH_MAX(now_ns, timing->busy_until_ns);
	uint64_t spread_ns = timing->delay_max_ns - timing->delay_min_ns;

	if (th_sim_random_chance(random, timing->hang_permille))
		timing->busy_until_ns = now_ns + th_sim_random_below(random, timing->hang_max_ns);
	return start_ns + timing->delay_min_ns + th_sim_random_skewed(random, spread_ns + 1);
}

static uint64_t square_root(uint64_t value)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ULL << 31; bit; bit >>= 1) {
		if ((root | bit) * (root | bit) <= value)
			root |= bit;
	}
	return root;
}

static uint64_t seek_ns(const struct th_sim_timing *timing, uint64_t position)
{
	uint64_t distance = position > timing->head_position ? position - timing->head_position :
							       timing->head_position - position;
	uint64_t part_ppm;

	if (!distance)
		return 0;
	distance = TH_MIN(distance, timing->size_bytes);
	part_ppm = square_root(distance) * 1000000 / TH_MAX(square_root(timing->size_bytes), 1);
	return timing->seek_min_ns +
	       (timing->seek_max_ns - timing->seek_min_ns) / 1000000 * part_ppm +
	       timing->turn_ns / 2;
}

static uint64_t serve_ns(struct th_sim_timing *timing, uint64_t now_ns, uint64_t cost_ns)
{
	timing->busy_until_ns = TH_MAX(now_ns, timing->busy_until_ns) + cost_ns;
	return timing->busy_until_ns;
}

uint64_t th_sim_timing_transfer_ns(struct th_sim_timing *timing, struct th_sim_random *random,
				   uint64_t now_ns, uint64_t position, uint64_t length)
{
	uint64_t cost_ns;

	if (timing->model == TH_SIM_TIMING_CHANCE)
		return by_chance_ns(timing, random, now_ns);
	cost_ns = timing->request_ns + seek_ns(timing, position) +
		  length * 1000 / TH_MAX(timing->bytes_per_s / 1000000, 1);
	timing->head_position = position + length;
	return serve_ns(timing, now_ns, cost_ns);
}

uint64_t th_sim_timing_flush_ns(struct th_sim_timing *timing, struct th_sim_random *random,
				uint64_t now_ns)
{
	if (timing->model == TH_SIM_TIMING_CHANCE)
		return by_chance_ns(timing, random, now_ns);
	return serve_ns(timing, now_ns, timing->flush_ns);
}
