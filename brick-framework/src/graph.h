/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks through the graph of bricks. A walk gathers bricks in a list; a brick can be in one such list at a time, which
 * is also how a walk knows where it has been. Below: where requests go to. Above: where they come from.
 */
#ifndef THARSIS_GRAPH_H
#define THARSIS_GRAPH_H

#include <tharsis/brick.h>

/* Gathers @brick alone, unless it is gathered already. */
void th_graph_gather(struct th_list *gathered, struct th_brick *brick);
/* Gathers all bricks behind those that are gathered. */
void th_graph_gather_below(struct th_list *gathered);
/* Gathers all bricks in front of those that are gathered. */
void th_graph_gather_above(struct th_list *gathered);
/* Ends a walk. */
void th_graph_release(struct th_list *gathered);

static inline bool th_graph_is_gathered(const struct th_brick *brick)
{
	return !th_list_empty(&brick->gathered);
}

#endif
