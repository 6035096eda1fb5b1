// SPDX-License-Identifier: GPL-2.0
#include "scenario.h"

void th_exhaustive_run(uint64_t seed)
{
	(void)seed;
}
