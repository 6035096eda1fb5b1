/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ublk brick: shows what is behind its input as a block device of the system, /dev/ublkbN, by Linux' own driver for
 * devices that a process serves. docs/ublk.md says what such a disk can do, and what happens to it when the process dies.
 *
 * User space only. All functions: only on the brick's executor; they do not block unless they say so.
 */
#ifndef THARSIS_UBLK_H
#define THARSIS_UBLK_H

#include <tharsis/brick.h>

#include "ublk_kernel.h"

#define TH_UBLK_NAME_MAX  40u
#define TH_UBLK_PLACE_MAX 32u /* of /dev/ublkbN */

struct th_ublk_config {
	const struct th_ublk_kernel *kernel; /* &th_ublk_linux */
	struct th_user_loop *loop; /* which runs the brick's executor */
	const char *name; /* copied: what operators call it, and the link in @link_directory */
	const char *link_directory; /* of links to the disks by their names; stays. NULL: none */
	uint32_t place_id; /* by which a process that died is succeeded: who shows it, under which name */
	uint32_t content_id; /* and what is shown: a disk that was left behind with another content is removed */
	bool read_only; /* also when the device could be written to */
	uint32_t queue_depth; /* requests under way: 1 to TH_UBLK_DEPTH_MAX; each has TH_UBLK_TRANSFER_BYTES */
	uint64_t patience_ns; /* for the kernel to notice that the process before has died */
};

enum { TH_UBLK_INPUT_DEVICE };

/*
 * Switching on makes the disk appear, or takes over the one that a process of the same place and content left behind when it
 * died; switching off makes it vanish: what the system holds for it is written, requests under way end, and
 * whoever has it open still gets errors.
 */
extern const struct th_brick_type th_ublk_type;

/* Who uses the disk, as far as the system tells: counted once a second at most. */
uint32_t th_ublk_users(struct th_brick *brick);
/* The path of the disk; empty while there is none. */
void th_ublk_place(const struct th_brick *brick, char place[TH_UBLK_PLACE_MAX]);

#endif
