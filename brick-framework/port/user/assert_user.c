// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <stdlib.h>

void th_assert_failed(const char *condition, const char *file, int line)
{
	th_log(TH_LOG_ERROR,
	       "%s:%d: \"%s\" does not hold: stopped before any more data is written; "
	       "please report this as a bug, with the core dump and the lines above",
	       file, line, condition);
	abort();
}
