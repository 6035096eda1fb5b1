/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Showing a device by a brick of its own, one for each export: it is named TYPE:NAME, its first input is connected with the
 * device, and it is on while the device is shown.
 *
 * Owner: the executor.
 */
#ifndef THARSIS_EXPORT_BRICK_H
#define THARSIS_EXPORT_BRICK_H

#include "control.h"

/* NULL: nothing is shown so under this name. */
struct th_brick *th_export_brick_find(const struct th_control_host *host,
				      const struct th_brick_type *type, const char *name);

/* As export_device of a host: TH_LADDER_LATER, or a negative errno with ladder->error set and nothing left. */
int th_export_brick_show(const struct th_control_host *host, const struct th_brick_type *type,
			 const char *name, const void *config, struct th_output *device,
			 struct th_ladder *ladder);

/* As unexport_device of a host: TH_LADDER_LATER; the brick is gone then. */
int th_export_brick_hide(struct th_brick *brick, struct th_ladder *ladder);

#endif
