// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include "value.h"

#include "log_cache.h"

#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>

#define CONTROL_PATH	  "/run/tharsis/brickd.sock"
#define DIRTY_LIMIT_BYTES (256 * TH_MIB)

enum {
	OPTION_CONTROL = 256,
	OPTION_GROUP,
	OPTION_NBD_UNIX,
	OPTION_NBD_TCP,
	OPTION_UBLK,
	OPTION_DIRTY_LIMIT,
	OPTION_LOG_LEVEL,
	OPTION_LOCK_MEMORY,
	OPTION_BUSY_POLL,
	OPTION_OPEN,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option long_options[] = {
	{ "control", required_argument, NULL, OPTION_CONTROL },
	{ "group", required_argument, NULL, OPTION_GROUP },
	{ "nbd-unix", required_argument, NULL, OPTION_NBD_UNIX },
	{ "nbd-tcp", required_argument, NULL, OPTION_NBD_TCP },
	{ "ublk", no_argument, NULL, OPTION_UBLK },
	{ "dirty-limit", required_argument, NULL, OPTION_DIRTY_LIMIT },
	{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
	{ "lock-memory", no_argument, NULL, OPTION_LOCK_MEMORY },
	{ "busy-poll", required_argument, NULL, OPTION_BUSY_POLL },
	{ "open", required_argument, NULL, OPTION_OPEN },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	printf("usage: brickd [OPTION]...\n"
	       "Serves replicated block devices over NBD, or as disks of this machine. Runs in the foreground, and writes what happens\n"
	       "to standard error. Commands come over the control socket: brickctl help.\n"
	       "\n"
	       "  --control PATH       the control socket (" CONTROL_PATH ")\n"
	       "  --group GROUP        processes of this group may give commands too\n"
	       "  --nbd-unix PATH      NBD clients connect at this Unix socket; may be given again\n"
	       "  --nbd-tcp HOST:PORT  NBD clients connect at this address (numeric; [::1]:10809); may be given\n"
	       "                       again. NBD knows no passwords: whoever reaches it reads and writes\n"
	       "  --ublk               may show devices as disks of this machine, /dev/ublkbN; the usual way when\n"
	       "                       there is no place for NBD clients\n"
	       "  --dirty-limit SIZE   memory for logged data of all resources together (%lluMiB)\n"
	       "  --log-level LEVEL    error, warning, info or debug (info)\n"
	       "  --lock-memory        keep all memory from being swapped out\n"
	       "  --busy-poll US       look for requests so many microseconds before sleeping: faster answers to\n"
	       "                       clients that wait for each, for a core that idles less (0)\n"
	       "  --open NAME=DIR      open the resource of this log directory at the start; may be given again\n"
	       "  --help, --version\n"
	       "\n"
	       "SIGTERM, SIGINT or SIGHUP: write back what is dirty, close all resources, end. Once more: end at once;\n"
	       "the log is safe, the next start replays it.\n",
	       DIRTY_LIMIT_BYTES / TH_MIB);
}

static bool complain(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "brickd: %s %s: %s\n", option, value, what);
	return false;
}

static bool read_group(struct th_options *options, const char *text)
{
	const struct group *group = getgrnam(text);
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (!group && (*end || end == text || number >= UINT32_MAX))
		return complain("--group", text, "there is no such group");
	options->group_given = true;
	options->group = group ? group->gr_gid : (gid_t)number;
	return true;
}

static struct th_nbd_address *next_address(struct th_options *options, const char *option,
					   const char *value)
{
	if (options->address_count == TH_NBD_ADDRESSES_MAX) {
		complain(option, value, "at most 8 places for NBD clients are possible");
		return NULL;
	}
	return &options->addresses[options->address_count++];
}

static bool read_nbd_unix(struct th_options *options, const char *path)
{
	struct th_nbd_address *address = next_address(options, "--nbd-unix", path);

	if (address)
		address->path = path;
	return address != NULL;
}

/* HOST:PORT; an IPv6 address stands in brackets; an empty host is every address. */
static bool read_nbd_tcp(struct th_options *options, char *text)
{
	struct th_nbd_address *address = next_address(options, "--nbd-tcp", text);
	char *colon = strrchr(text, ':');
	unsigned long port;
	char *end;

	if (!address)
		return false;
	port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!colon || end == colon + 1 || *end || port > UINT16_MAX)
		return complain("--nbd-tcp", text,
				"HOST:PORT is expected, such as 127.0.0.1:10809");
	*colon = 0;
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = 0;
		text++;
	}
	address->host = *text ? text : NULL;
	address->port = (uint16_t)port;
	return true;
}

static bool read_number(const struct th_key *key, const char *text, uint64_t *number)
{
	struct th_error error = { 0 };
	struct th_value value;

	if (th_value_parse(key, text, &value, &error)) {
		fprintf(stderr, "brickd: %s\n", error.text);
		return false;
	}
	*number = value.number;
	return true;
}

static bool read_dirty_limit(struct th_options *options, const char *text)
{
	static const struct th_key key = {
		.name = "--dirty-limit",
		.type = TH_VALUE_SIZE,
		.min = (uint64_t)TH_LOG_CACHE_CHUNKS_MIN * TH_CHUNK_BYTES,
		.max = 1ULL << 40,
	};

	return read_number(&key, text, &options->dirty_limit_bytes);
}

static bool read_busy_poll(struct th_options *options, const char *text)
{
	static const struct th_key key = {
		.name = "--busy-poll",
		.type = TH_VALUE_NUMBER,
		.max = 1000000,
	};

	return read_number(&key, text, &options->busy_poll_us);
}

static bool read_log_level(struct th_options *options, const char *text)
{
	static const char *const levels[] = {
		[TH_LOG_ERROR] = "error",
		[TH_LOG_WARNING] = "warning",
		[TH_LOG_INFO] = "info",
		[TH_LOG_DEBUG] = "debug",
	};

	for (uint32_t level = 0; level < TH_ARRAY_COUNT(levels); level++) {
		if (strcmp(levels[level], text) == 0) {
			options->log_level = (enum th_log_level)level;
			return true;
		}
	}
	return complain("--log-level", text, "error, warning, info or debug is expected");
}

static bool read_open(struct th_options *options, char *text)
{
	char *equals = strchr(text, '=');

	if (options->open_count == TH_OPTIONS_OPEN_MAX)
		return complain("--open", text,
				"at most 64 are possible: open the others by command");
	if (!equals || equals[1] != '/')
		return complain("--open", text,
				"NAME=DIRECTORY is expected, the directory with its full path");
	*equals = 0;
	if (!th_name_is_valid(text))
		return complain("--open", text, "is not a name of a resource");
	options->opens[options->open_count].name = text;
	options->opens[options->open_count].directory = equals + 1;
	options->open_count++;
	return true;
}

static bool read_option(struct th_options *options, int option)
{
	switch (option) {
	case OPTION_CONTROL:
		options->control_path = optarg;
		return true;
	case OPTION_GROUP:
		return read_group(options, optarg);
	case OPTION_NBD_UNIX:
		return read_nbd_unix(options, optarg);
	case OPTION_NBD_TCP:
		return read_nbd_tcp(options, optarg);
	case OPTION_UBLK:
		options->ublk = true;
		return true;
	case OPTION_DIRTY_LIMIT:
		return read_dirty_limit(options, optarg);
	case OPTION_LOG_LEVEL:
		return read_log_level(options, optarg);
	case OPTION_LOCK_MEMORY:
		options->lock_memory = true;
		return true;
	case OPTION_BUSY_POLL:
		return read_busy_poll(options, optarg);
	case OPTION_OPEN:
		return read_open(options, optarg);
	default:
		fprintf(stderr, "brickd: try brickd --help\n");
		return false;
	}
}

enum th_options_result th_options_read(struct th_options *options, int count, char **arguments)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->control_path = CONTROL_PATH;
	options->dirty_limit_bytes = DIRTY_LIMIT_BYTES;
	options->log_level = TH_LOG_INFO;
	while ((option = getopt_long(count, arguments, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			print_help();
			return TH_OPTIONS_DONE;
		}
		if (option == OPTION_VERSION) {
			printf("brickd %s\n", THARSIS_VERSION);
			return TH_OPTIONS_DONE;
		}
		if (!read_option(options, option))
			return TH_OPTIONS_WRONG;
	}
	if (optind == count)
		return TH_OPTIONS_RUN;
	complain("", arguments[optind], "is not an option; try brickd --help");
	return TH_OPTIONS_WRONG;
}
