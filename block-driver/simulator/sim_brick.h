/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sim brick: takes the place of sio and aio, with the same outputs, in front of simulated storage. Every request
 * takes time, and what was begun later may end earlier. It is driven by the executor's timers only, so it runs on
 * virtual time (the simulator) as well as on real time (benchmarks of what a slow disk would do).
 *
 * The storage belongs to the creator of the brick and must outlive it. The brick checks its users strictly;
 * what the contract of bricks forbids is reported through the storage's environment and does not return:
 * transfers out of bounds or unaligned (to a sector, writes of files to 4096 bytes), two writes under way to the same
 * sector, memory changed while a write is under way, reads of a file where a write is under way, use of files that are
 * not open, and operations a port does not have.
 */
#ifndef THARSIS_SIM_BRICK_H
#define THARSIS_SIM_BRICK_H

#include <tharsis/brick.h>

#include "sim_directory.h"
#include "sim_disk.h"

extern const struct th_brick_type th_sim_type;

enum { TH_SIM_OUTPUT_DISK, TH_SIM_OUTPUT_FILES };

struct th_sim_config {
	struct th_sim_disk *disk; /* NULL: requests for the output "disk" are refused */
	struct th_sim_directory *directory; /* NULL: the same for "files" */
};

#endif
