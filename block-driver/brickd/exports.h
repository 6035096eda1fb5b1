/* SPDX-License-Identifier: GPL-2.0 */
/* How brickd shows devices: to NBD clients, and as disks of this machine by ublk. */
#ifndef THARSIS_EXPORTS_H
#define THARSIS_EXPORTS_H

#include "control.h"

/* Fills in what a host of the control channel does for exports. @control is that of a struct th_host. */
void th_exports_init(struct th_control_host *control);

#endif
