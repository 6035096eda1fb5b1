/* SPDX-License-Identifier: GPL-2.0 */
/* What th_brick_create() and th_brick_destroy() need of the registry. */
#ifndef THARSIS_REGISTRY_H
#define THARSIS_REGISTRY_H

#include <tharsis/brick.h>

bool th_brick_type_is_valid(const struct th_brick_type *type);
/* Enters @brick under the smallest id that is free. */
void th_registry_add_brick(struct th_registry *registry, struct th_brick *brick);
void th_registry_remove_brick(struct th_brick *brick);

#endif
