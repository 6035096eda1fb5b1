// SPDX-License-Identifier: GPL-2.0
#include "user_log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 1024

/* Of syslog, as the journal reads it at the beginning of a line. */
static const int journal_priorities[] = {
	[TH_LOG_ERROR] = 3,
	[TH_LOG_WARNING] = 4,
	[TH_LOG_INFO] = 6,
	[TH_LOG_DEBUG] = 7,
};

static const char *const level_names[] = {
	[TH_LOG_ERROR] = "error",
	[TH_LOG_WARNING] = "warning",
	[TH_LOG_INFO] = "info",
	[TH_LOG_DEBUG] = "debug",
};

static _Atomic int level_max = TH_LOG_INFO;
static pthread_once_t journal_once = PTHREAD_ONCE_INIT;
static bool to_journal;

/* The variable alone does not tell: it is inherited by processes whose stderr leads elsewhere. */
static void look_for_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	to_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		     status.st_ino == inode;
}

static int write_prefix(char *line, enum th_log_level level)
{
	struct timespec now;

	if (to_journal)
		return snprintf(line, LINE_BYTES, "<%d>", journal_priorities[level]);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return snprintf(line, LINE_BYTES, "%6lld.%06ld %s: ", (long long)now.tv_sec,
			now.tv_nsec / 1000, level_names[level]);
}

void th_user_log_limit(enum th_log_level level)
{
	atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

void th_log(enum th_log_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	size_t length;
	int prefix;

	if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
		return;
	pthread_once(&journal_once, look_for_journal);
	prefix = write_prefix(line, level);
	va_start(args, format);
	vsnprintf(line + prefix, sizeof(line) - (size_t)prefix, format, args);
	va_end(args);

	/* One call, so that lines of several threads do not mix; what is too long for a line is cut off. */
	length = strnlen(line, sizeof(line) - 1);
	line[length] = '\n';
	if (write(STDERR_FILENO, line, length + 1) < 0)
		return; /* there is nobody left to tell */
}
