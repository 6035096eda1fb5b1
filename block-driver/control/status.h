/* SPDX-License-Identifier: GPL-2.0 */
/* What a resource says of itself: the keys of docs/control-channel.md, into a reply. */
#ifndef THARSIS_STATUS_H
#define THARSIS_STATUS_H

#include "reply.h"
#include "resource.h"

void th_status_resource(struct th_reply *reply, struct th_resource *resource);
void th_status_options(struct th_reply *reply, const struct th_engine_options *options);

#endif
