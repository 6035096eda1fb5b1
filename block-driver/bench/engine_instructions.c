// SPDX-License-Identifier: GPL-2.0
/*
 * Writes random blocks of 4 KiB through the engine, on simulated storage and in virtual time, for callgrind to count
 * what the engine costs. DEPTH writes are sent at once; when all have been answered, the next ones follow. What
 * is counted ends when everything is on the disk.
 *
 *   engine_instructions DEPTH WRITES
 */
#include "engine_harness.h"
#include "harness_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES 4096u
#define DEPTH_MAX   128u
#define WRITES_MAX  1000000u

void write_all(struct node *node, uint32_t depth, uint32_t writes);

struct slot {
	uint32_t *under_way;
	struct th_vec vec;
};

static void written(struct th_request *request, void *context)
{
	struct slot *slot = context;

	if (request->error)
		abort();
	th_request_put(request);
	(*slot->under_way)--;
}

static void send(struct node *node, struct slot *slot)
{
	struct user_brick *user = node->process->user;
	struct th_request *request = th_request_get(user->pool);
	uint64_t block = th_sim_random_below(&node->world->environment.random,
					     node->shape.device_bytes / BLOCK_BYTES);

	request->operation = TH_WRITE;
	request->position = block * BLOCK_BYTES;
	request->length = BLOCK_BYTES;
	request->vec = &slot->vec;
	request->vec_count = 1;
	(*slot->under_way)++;
	th_request_push(request, written, slot);
	th_input_submit(&user->brick.inputs[0], request);
}

static bool none_under_way(void *under_way)
{
	return *(uint32_t *)under_way == 0;
}

/* What is counted: all that is called from here. */
__attribute__((noinline)) void write_all(struct node *node, uint32_t depth, uint32_t writes)
{
	static struct slot slots[DEPTH_MAX];
	static uint8_t data[BLOCK_BYTES] __attribute__((aligned(BLOCK_BYTES)));
	uint32_t under_way = 0;

	for (uint32_t i = 0; i < depth; i++)
		slots[i] = (struct slot){ &under_way, { .base = data, .bytes = BLOCK_BYTES } };
	for (uint32_t done = 0; done < writes; done += depth) {
		for (uint32_t i = 0; i < depth; i++)
			send(node, &slots[i]);
		world_run_until(node->world, none_under_way, &under_way, "a round of writes");
	}
	if (node_do(node, TH_CALL_CHECKPOINT))
		abort();
}

static uint32_t number(const char *text, uint32_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value < 1 || value > max) {
		fprintf(stderr, "engine_instructions: %s: 1 to %u is possible\n", text, max);
		exit(2);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	struct node_shape shape = node_shape_default;
	static struct world world;
	static struct node node;
	uint32_t depth, writes;

	if (argc != 3) {
		fprintf(stderr, "usage: engine_instructions DEPTH WRITES\n");
		return 2;
	}
	depth = number(argv[1], DEPTH_MAX);
	writes = number(argv[2], WRITES_MAX);
	shape.device_bytes = 64 * TH_MIB;
	shape.disk_bytes = shape.device_bytes + TH_BLOCK_BYTES;
	shape.directory_bytes = 512 * TH_MIB;
	shape.memory_bytes = 64 * TH_MIB;
	world_init(&world, 1);
	node_init(&node, &world, &shape);
	th_engine_options_default(&node.options);
	node.options.segment_bytes = 16 * TH_MIB;
	node.options.log_limit_bytes = 256 * TH_MIB;
	node_begin(&node);
	write_all(&node, depth, writes);
	return EXIT_SUCCESS;
}
