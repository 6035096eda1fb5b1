// SPDX-License-Identifier: GPL-2.0
#include "graph.h"

void th_graph_gather(struct th_list *gathered, struct th_brick *brick)
{
	if (!th_graph_is_gathered(brick))
		th_list_push_back(gathered, &brick->gathered);
}

void th_graph_gather_below(struct th_list *gathered)
{
	struct th_list *link;
	struct th_brick *brick;
	uint32_t i;

	th_list_for_each(link, gathered) {
		brick = th_list_entry(link, struct th_brick, gathered);
		for (i = 0; i < brick->type->input_count; i++) {
			if (brick->inputs[i].output)
				th_graph_gather(gathered, brick->inputs[i].output->brick);
		}
	}
}

void th_graph_gather_above(struct th_list *gathered)
{
	struct th_list *link, *input;
	struct th_brick *brick;
	uint32_t i;

	th_list_for_each(link, gathered) {
		brick = th_list_entry(link, struct th_brick, gathered);
		for (i = 0; i < brick->type->output_count; i++) {
			th_list_for_each(input, &brick->outputs[i].inputs)
				th_graph_gather(gathered,
						th_list_entry(input, struct th_input, link)->brick);
		}
	}
}

void th_graph_release(struct th_list *gathered)
{
	while (th_list_pop_front(gathered))
		;
}
