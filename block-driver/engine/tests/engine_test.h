/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the engine have in common: each has a world of its own, with up to three nodes in it. */
#ifndef THARSIS_ENGINE_TEST_H
#define THARSIS_ENGINE_TEST_H

#include "engine_harness.h"
#include "seed.h"

#define NODES 3u
#define BLOCK ((uint64_t)TH_BLOCK_BYTES)

struct scene {
	struct world world;
	struct node nodes[NODES];
};

static uint64_t seed;

static inline int scene_begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	world_init(&scene->world, seed);
	*state = scene;
	return 0;
}

static inline int scene_end(void **state)
{
	struct scene *scene = *state;

	for (uint32_t i = 0; i < NODES; i++)
		if (scene->nodes[i].process)
			node_destroy(&scene->nodes[i]);
	free(scene);
	return 0;
}

#define engine_test(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

/* The next node of the scene, with nothing on it. */
static inline struct node *new_node(void **state, const struct node_shape *shape)
{
	struct scene *scene = *state;
	uint32_t i = 0;

	while (scene->nodes[i].process)
		assert_true(++i < NODES);
	node_init(&scene->nodes[i], &scene->world, shape);
	return &scene->nodes[i];
}

/* The same, created, open, with its disk, and primary of epoch 1. */
static inline struct node *new_primary(void **state)
{
	struct node *node = new_node(state, &node_shape_default);

	node_begin(node);
	return node;
}

/* The same, but a secondary without any log. */
static inline struct node *new_follower(void **state)
{
	struct node *node = new_node(state, &node_shape_default);

	assert_int_equal(node_create(node), 0);
	assert_int_equal(node_open(node), 0);
	assert_int_equal(node_attach(node), 0);
	return node;
}

static inline struct th_engine_status status_of(const struct node *node)
{
	struct th_engine_status status;

	node_status(node, &status);
	return status;
}

/* A rule for the node's storage: requests are held. More of the rule's fields may be set before the first comes. */
static inline struct fault_rule *hold(struct node *node, enum fault_port port,
				      enum th_operation operation, const char *name)
{
	return fault_add(node->faults, &(struct fault_rule){ .port = port,
							     .operation = operation,
							     .name = name });
}

/* The same: requests fail. */
static inline struct fault_rule *refuse(struct node *node, enum fault_port port,
					enum th_operation operation, const char *name, int error)
{
	struct fault_rule *rule = hold(node, port, operation, name);

	rule->error = error;
	return rule;
}

/* All that @from has goes to @to, and is replayed there. */
static inline void follow(struct node *from, struct node *to)
{
	assert_int_equal(ship(from, to, status_of(from).end_lsn), 0);
	node_wait_replayed(to);
}

#endif
