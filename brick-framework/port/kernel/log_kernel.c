// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <linux/printk.h>
#include <linux/ratelimit.h>

/* More would be noise, and printing it takes the time of who prints. The kernel says how many it left out. */
#define LINES_AT_ONCE 100
#define WINDOW	      (5 * HZ)

void th_log(enum th_log_level level, const char *format, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, WINDOW, LINES_AT_ONCE);
	struct va_format line = { .fmt = format };
	va_list args;

	if (!__ratelimit(&limit))
		return;
	va_start(args, format);
	line.va = &args;
	switch (level) {
	case TH_LOG_ERROR:
		pr_err("tharsis: %pV\n", &line);
		break;
	case TH_LOG_WARNING:
		pr_warn("tharsis: %pV\n", &line);
		break;
	case TH_LOG_INFO:
		pr_info("tharsis: %pV\n", &line);
		break;
	case TH_LOG_DEBUG:
		pr_debug("tharsis: %pV\n", &line);
		break;
	}
	va_end(args);
}

void th_assert_report(const char *condition, const char *file, int line)
{
	pr_emerg(
		"tharsis: %s:%d: \"%s\" does not hold: stopped before any more data is written; please report this as a bug, with the lines above and below\n",
		file, line, condition);
}
