/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated disk: media, what it costs to use them, and what goes wrong. It lives outside the brick that gives access to
 * it (sim_brick.h), so it survives the crash of the process that the brick belongs to.
 */
#ifndef THARSIS_SIM_DISK_H
#define THARSIS_SIM_DISK_H

#include <tharsis/request.h>

#include "sim_environment.h"
#include "sim_media.h"
#include "sim_timing.h"

struct th_sim_disk {
	struct th_sim_environment *environment;
	struct th_sim_media media;
	struct th_sim_timing timing;
	struct th_sim_faults faults;
	uint32_t block_bytes;
	/* Optional: sees each write before it begins. @data: NULL for zeroes. */
	void (*writing)(void *context, uint64_t position, uint64_t length, const uint8_t *data);
	void *writing_context;
};

void th_sim_disk_init(struct th_sim_disk *disk, struct th_sim_environment *environment,
		      uint64_t bytes, uint32_t block_bytes, bool is_volatile);
void th_sim_disk_destroy(struct th_sim_disk *disk);
void th_sim_disk_crash(struct th_sim_disk *disk, struct th_sim_loss *loss);
void th_sim_disk_clone(struct th_sim_disk *copy, const struct th_sim_disk *disk);

#endif
