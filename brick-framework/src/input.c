// SPDX-License-Identifier: GPL-2.0
#include "graph.h"
#include "input.h"
#include "request_pool.h"

static struct th_request_level *top_level(struct th_request *request)
{
	TH_ASSERT(request->chain_depth - 1u < TH_CHAIN_MAX);
	return &request->chain[request->chain_depth - 1];
}

/* For a request that cannot go now. */
static void hold_or_refuse(struct th_input *input, struct th_request *request)
{
	if (!input->open && input->holding)
		th_list_push_back(&input->held, &request->link);
	else
		th_request_complete_later(input->brick->executor, request, -ENOTCONN);
}

void th_input_submit(struct th_input *input, struct th_request *request)
{
	struct th_request_level *level = top_level(request);
	struct th_output *output = input->output;

	TH_ASSERT(!level->input);
	if (__builtin_expect(!input->open || output->brick->power != TH_ON, 0)) {
		hold_or_refuse(input, request);
		return;
	}
	level->input = input;
	input->in_flight++;
	output->brick->type->submit(output, request);
}

bool th_input_info(const struct th_input *input, struct th_block_info *info)
{
	const struct th_brick_type *type;

	if (!input->output || input->output->brick->power != TH_ON)
		return false;
	type = input->output->brick->type;
	if (!type->info)
		return false;
	*info = (struct th_block_info){ 0 };
	type->info(input->output, info);
	return true;
}

static bool lies_behind(struct th_brick *brick, struct th_brick *start)
{
	struct th_list gathered;
	bool found;

	th_list_init(&gathered);
	th_graph_gather(&gathered, start);
	th_graph_gather_below(&gathered);
	found = th_graph_is_gathered(brick);
	th_graph_release(&gathered);
	return found;
}

static int check_connection(struct th_input *input, struct th_output *output)
{
	if (input->output)
		return -EISCONN;
	if (input->description->type != output->description->type)
		return -EPROTOTYPE;
	if (input->brick->executor != output->brick->executor ||
	    input->brick->registry != output->brick->registry)
		return -EXDEV;
	if (lies_behind(input->brick, output->brick))
		return -ELOOP;
	return 0;
}

static void link_to(struct th_input *input, struct th_output *output)
{
	input->output = output;
	th_list_push_back(&output->inputs, &input->link);
}

static void unlink_from_output(struct th_input *input)
{
	input->output = NULL;
	th_list_remove(&input->link);
}

/* Makes room for the aspects of the bricks that now lie behind @input: in all pools concerned or in none. */
static int grow_pools(struct th_input *input)
{
	void (*finish)(struct th_request_pool *) = th_request_pool_commit;
	struct th_list pools, *link;
	int error = 0;

	th_request_pools_above(input, &pools);
	th_list_for_each(link, &pools) {
		error = th_request_pool_prepare(
			th_list_entry(link, struct th_request_pool, changing));
		if (error) {
			finish = th_request_pool_abort;
			break;
		}
	}
	while ((link = th_list_pop_front(&pools)) != NULL)
		finish(th_list_entry(link, struct th_request_pool, changing));
	return error;
}

static void shrink_pools(struct th_input *input)
{
	struct th_list pools, *link;

	th_request_pools_above(input, &pools);
	while ((link = th_list_pop_front(&pools)) != NULL)
		th_request_pool_shrink(th_list_entry(link, struct th_request_pool, changing));
}

int th_connect(struct th_input *input, struct th_output *output)
{
	struct th_list held, *link;
	int error;

	error = check_connection(input, output);
	if (error)
		return error;
	link_to(input, output);
	error = grow_pools(input);
	if (error) {
		unlink_from_output(input);
		return error;
	}
	input->open = true;
	th_list_init(&held);
	th_list_splice_back(&held, &input->held);
	while ((link = th_list_pop_front(&held)) != NULL)
		th_input_submit(input, th_list_entry(link, struct th_request, link));
	return 0;
}

static void end_disconnection(struct th_work *work)
{
	struct th_input *input = th_container_of(work, struct th_input, drain);

	unlink_from_output(input);
	shrink_pools(input);
	if (input->drained)
		input->drained(input, input->drained_context);
}

int th_disconnect(struct th_input *input, void (*drained)(struct th_input *, void *), void *context)
{
	if (!input->output)
		return -ENOTCONN;
	if (!input->open)
		return -EALREADY;
	input->open = false;
	input->holding = true;
	input->drained = drained;
	input->drained_context = context;
	if (input->in_flight == 0)
		th_executor_post(input->brick->executor, &input->drain);
	return 0;
}

void th_input_fail_held(struct th_input *input, int error)
{
	struct th_list *link;

	input->holding = false;
	while ((link = th_list_pop_front(&input->held)) != NULL)
		th_request_complete_later(input->brick->executor,
					  th_list_entry(link, struct th_request, link), error);
}

void th_input_init(struct th_input *input, struct th_brick *brick,
		   const struct th_port_description *description)
{
	input->brick = brick;
	input->description = description;
	th_list_init(&input->link);
	th_list_init(&input->held);
	th_list_init(&input->pools);
	th_work_init(&input->drain, end_disconnection);
}
