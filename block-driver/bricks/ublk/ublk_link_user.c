// SPDX-License-Identifier: GPL-2.0
#include "ublk_link.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET_PREFIX "../ublkb"

struct link {
	char path[PATH_MAX];
	char fresh[PATH_MAX]; /* what becomes it */
	char target[sizeof(TARGET_PREFIX) + 10];
	char found[PATH_MAX]; /* what it leads to now; empty: it is no link */
};

static void look(struct link *link, const char *directory, const char *name, uint32_t number)
{
	ssize_t bytes;

	th_snprintf(link->path, sizeof(link->path), "%s/%s", directory, name);
	th_snprintf(link->fresh, sizeof(link->fresh), "%s/.%s.new", directory, name);
	th_snprintf(link->target, sizeof(link->target), TARGET_PREFIX "%u", number);
	bytes = readlink(link->path, link->found, sizeof(link->found) - 1);
	link->found[bytes > 0 ? bytes : 0] = 0;
}

static bool may_replace(const struct link *link)
{
	struct stat status;

	if (lstat(link->path, &status) < 0)
		return errno == ENOENT;
	return strncmp(link->found, TARGET_PREFIX, sizeof(TARGET_PREFIX) - 1) == 0;
}

void th_ublk_link_make(const char *directory, const char *name, uint32_t number)
{
	struct link link;

	mkdir(directory, 0755);
	look(&link, directory, name, number);
	if (!may_replace(&link)) {
		th_log(TH_LOG_WARNING,
		       "%s is something else, so it does not become a link to /dev/ublkb%u",
		       link.path, number);
		return;
	}
	unlink(link.fresh);
	if (symlink(link.target, link.fresh) < 0 || rename(link.fresh, link.path) < 0)
		th_log(TH_LOG_WARNING, "%s cannot be made a link to /dev/ublkb%u: %s", link.path,
		       number, strerror(errno));
}

void th_ublk_link_remove(const char *directory, const char *name, uint32_t number)
{
	struct link link;

	look(&link, directory, name, number);
	if (strcmp(link.found, link.target) == 0)
		unlink(link.path);
}
