/* SPDX-License-Identifier: GPL-2.0 */
/* brickd's command line. docs/brickd.md explains the options. */
#ifndef THARSIS_OPTIONS_H
#define THARSIS_OPTIONS_H

#include "nbd.h"

#include <sys/types.h>

#define TH_OPTIONS_OPEN_MAX 64u

/* A resource to be opened at the start. */
struct th_option_open {
	const char *name;
	const char *directory;
};

struct th_options {
	const char *control_path;
	bool group_given;
	gid_t group;
	struct th_nbd_address addresses[TH_NBD_ADDRESSES_MAX];
	uint32_t address_count;
	bool ublk;
	uint64_t dirty_limit_bytes;
	uint64_t busy_poll_us;
	enum th_log_level log_level;
	bool lock_memory;
	struct th_option_open opens[TH_OPTIONS_OPEN_MAX];
	uint32_t open_count;
};

enum th_options_result {
	TH_OPTIONS_RUN,
	TH_OPTIONS_DONE, /* --help, --version: printed */
	TH_OPTIONS_WRONG /* said on stderr */
};

/* Points into @arguments, parts of which it overwrites. */
enum th_options_result th_options_read(struct th_options *options, int count, char **arguments);

#endif
