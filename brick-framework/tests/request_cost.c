// SPDX-License-Identifier: GPL-2.0
/*
 * Sends requests through one brick, one after the other, for request-cost to count the instructions. What is counted is
 * what the framework costs each request: get, aspect of the sender, push, submit, aspect of the taker, complete, put.
 */
#include "test_host.h"

#include <tharsis/brick.h>

#include <stdio.h>
#include <stdlib.h>

void pass_requests(struct th_request_pool *pool, struct th_brick *sender, uint32_t count);

static struct th_request *taken;

static void take(struct th_output *output, struct th_request *request)
{
	*(uint64_t *)th_request_aspect(request, output->brick) = 1;
	taken = request;
}

static void give_back(struct th_request *request, void *context)
{
	(void)context;
	th_request_put(request);
}

static void be_at_once(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static const struct th_brick_type type = {
	.name = "part",
	.brick_bytes = sizeof(struct th_brick),
	.aspect_bytes = 64,
	.input_count = 1,
	.output_count = 1,
	.inputs = { { "in", TH_PORT_FILES } },
	.outputs = { { "out", TH_PORT_FILES } },
	.power = be_at_once,
	.submit = take,
};

__attribute__((noinline)) void pass_requests(struct th_request_pool *pool, struct th_brick *sender,
					     uint32_t count)
{
	struct th_request *request;

	while (count-- > 0) {
		request = th_request_get(pool);
		*(uint64_t *)th_request_aspect(request, sender) = 1;
		th_request_push(request, give_back, NULL);
		th_input_submit(&sender->inputs[0], request);
		th_request_complete(taken, 0);
	}
}

int main(int argc, char **argv)
{
	struct th_brick *sender, *taker;
	struct th_request_pool *pool;
	struct th_registry registry;
	struct test_host host;

	test_host_init(&host);
	th_registry_init(&registry);
	if (argc != 2 ||
	    th_brick_create(&registry, &type, "sender", &host.executor, NULL, &sender, NULL) ||
	    th_brick_create(&registry, &type, "taker", &host.executor, NULL, &taker, NULL) ||
	    th_request_pool_create(&sender->inputs[0], 16, &pool) ||
	    th_connect(&sender->inputs[0], &taker->outputs[0]) ||
	    th_brick_power(taker, true, NULL, NULL)) {
		fprintf(stderr, "usage: request_cost COUNT\n");
		return EXIT_FAILURE;
	}
	pass_requests(pool, sender, (uint32_t)strtoul(argv[1], NULL, 10));
	return EXIT_SUCCESS;
}
