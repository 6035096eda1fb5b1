// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile log directory: it is opened, replayed, and its owner becomes primary, writes and flushes, and is closed or
 * loses power. What is refused must be left as it was; what was flushed must be there when it is opened again. Nothing may
 * crash, hang or run in circles: the harness bounds each wait.
 */
#include <stdio.h>
#include <stdlib.h>

#include "recover_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t bytes_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed);

#define EPOCH	  (1ULL << 40)
#define VERSION	  7u
#define REPLAY_NS (5 * TH_NS_PER_S)

static const struct node_shape shape = {
	.device_bytes = 256 * TH_KIB,
	.disk_bytes = 256 * TH_KIB,
	.directory_bytes = 16 * TH_MIB,
	.memory_bytes = 4 * TH_MIB,
	.block_bytes = 4096,
	.disk_block_bytes = 512,
};

static void begin(struct node *node, struct world *world, uint64_t seed)
{
	world_init(world, seed);
	node_init(node, world, &shape);
	node->options.segment_bytes = 64 * TH_KIB;
	node->options.log_limit_bytes = 2 * TH_MIB;
	node->options.writeback_depth = 2;
}

/* ---- running an input ---- */

/* Refused as damaged or foreign: nothing may have changed. */
static bool open_or_leave_alone(struct node *node)
{
	struct th_sim_directory before;
	int error;

	th_sim_directory_clone(&before, node->directory);
	error = node_open(node);
	if (error)
		TH_ASSERT(directory_equals(&before, node->directory));
	th_sim_directory_destroy(&before);
	return error == 0;
}

/* Becomes primary and writes. True: it was acknowledged and flushed. */
static bool write_as_primary(struct node *node)
{
	return node_primary(node, EPOCH) == 0 &&
	       node_write(node, 0, TH_BLOCK_BYTES, VERSION) == 0 && node_flush(node) == 0;
}

/* What was flushed must be there. */
static void open_again(struct node *node, bool power_cut, bool attach)
{
	if (power_cut)
		node_power_cut(node, TH_SIM_LOSE_ALL);
	else
		node_close(node);
	if (node_open(node) || (attach && node_attach(node))) {
		fprintf(stderr, "%s\n", node->error.text);
		abort();
	}
	node_wait_replayed(node);
	TH_ASSERT(node_holds(node, 0, TH_BLOCK_BYTES, VERSION));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct recover_input input;
	struct world world;
	struct node node;

	recover_input_read(&input, data, bytes);
	begin(&node, &world, 1);
	recover_input_unpack(&input, &node);
	if (open_or_leave_alone(&node)) {
		bool attached = !(input.flags & RECOVER_NO_DISK) && node_attach(&node) == 0;

		world_run_for(&world, REPLAY_NS);
		if (write_as_primary(&node))
			open_again(&node, input.flags & RECOVER_POWER_CUT, attached);
	}
	node_destroy(&node);
	return 0;
}

/* ---- making inputs ---- */

/* The directory of a node that has lived for a while and died. */
static size_t make_log(uint8_t *data, size_t bytes_max, uint64_t seed)
{
	struct th_sim_random random;
	struct world world;
	struct node node;
	size_t bytes;

	th_sim_random_init(&random, seed);
	begin(&node, &world, seed);
	node_begin(&node);
	for (uint64_t i = th_sim_random_below(&random, 10); i > 0; i--) {
		uint64_t position = th_sim_random_below(&random, 60) * TH_BLOCK_BYTES;
		uint64_t action = th_sim_random_below(&random, 8);

		if (action == 0)
			node_do(&node, TH_CALL_ROTATE);
		else if (action == 1)
			node_do(&node, TH_CALL_CHECKPOINT);
		else if (action == 2)
			node_zero(&node, TH_DISCARD, position, 2 * TH_BLOCK_BYTES);
		else if (action == 3)
			node_flush(&node);
		else
			node_write(&node, position, action / 2 * TH_BLOCK_BYTES, i);
	}
	if (th_sim_random_chance(&random, 500))
		node_power_cut(&node, TH_SIM_LOSE_SOME);
	else if (th_sim_random_chance(&random, 500))
		node_close(&node);
	bytes = recover_input_pack(&node, data, bytes_max);
	node_destroy(&node);
	return bytes;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned int seed)
{
	if (bytes < RECOVER_HEAD_BYTES || seed % 256 == 0) {
		size_t made = make_log(data, bytes_max, seed);

		if (made)
			return made;
	}
	bytes = LLVMFuzzerMutate(data, bytes, bytes_max);
	/* One in eight stays broken, to reach the checks of the checksums themselves. */
	if (seed % 8)
		recover_input_fix(data, bytes, seed / 8);
	return bytes;
}
