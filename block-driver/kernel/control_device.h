/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/tharsis-control: the control channel as a character device, for privileged users. Each open descriptor is a session:
 * write(2) gives lines, read(2) replies, poll(2) tells when.
 */
#ifndef THARSIS_CONTROL_DEVICE_H
#define THARSIS_CONTROL_DEVICE_H

#include "control.h"
#include "kernel_loop.h"

/*
 * Once in the module. @settle is called, on the executor, before a reply can be read. May block; a negative errno.
 */
int th_control_device_start(struct th_kernel_loop *loop, struct th_control *control,
			    void (*settle)(void));
/* When nobody has it open. Waits for sessions whose last command still runs. Blocks. */
void th_control_device_stop(void);

#endif
