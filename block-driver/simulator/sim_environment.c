// SPDX-License-Identifier: GPL-2.0
#include "sim_environment.h"

void th_sim_misuse(struct th_sim_environment *environment, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	th_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (environment->misuse)
		environment->misuse(environment->context, text);
	th_assert_failed(text, __FILE__, __LINE__);
}

int th_sim_faults_transfer(const struct th_sim_faults *faults, struct th_sim_random *random,
			   bool is_write, uint64_t position, uint64_t length)
{
	uint32_t permille = is_write ? faults->write_permille : faults->read_permille;

	if (faults->bad_length && position < faults->bad_position + faults->bad_length &&
	    faults->bad_position < position + length)
		return -EIO;
	return permille && th_sim_random_chance(random, permille) ? -EIO : 0;
}

int th_sim_faults_flush(const struct th_sim_faults *faults, struct th_sim_random *random)
{
	return faults->flush_permille && th_sim_random_chance(random, faults->flush_permille) ?
		       -EIO :
		       0;
}
