// SPDX-License-Identifier: GPL-2.0
#include "registry.h"

void th_registry_init(struct th_registry *registry)
{
	th_list_init(&registry->bricks);
	registry->type_count = 0;
}

bool th_brick_type_is_valid(const struct th_brick_type *type)
{
	uint32_t i;

	if (!type->name || !type->power || type->brick_bytes < sizeof(struct th_brick) ||
	    type->aspect_bytes > TH_ASPECT_BYTES_MAX || type->input_count > TH_BRICK_INPUTS_MAX ||
	    type->output_count > TH_BRICK_OUTPUTS_MAX || (type->output_count && !type->submit))
		return false;
	if (!type->inputs_alike && type->input_count > TH_BRICK_PORT_KINDS_MAX)
		return false;
	for (i = 0; i < (type->inputs_alike ? 1 : type->input_count); i++) {
		if (!type->inputs[i].name || !type->inputs[i].type)
			return false;
	}
	for (i = 0; i < type->output_count; i++) {
		if (!type->outputs[i].name || !type->outputs[i].type ||
		    (type->outputs[i].type == TH_PORT_BLOCK && !type->info))
			return false;
	}
	return true;
}

int th_registry_add_type(struct th_registry *registry, const struct th_brick_type *type)
{
	if (!th_brick_type_is_valid(type))
		return -EINVAL;
	if (th_registry_find_type(registry, type->name))
		return -EEXIST;
	if (registry->type_count == TH_BRICK_TYPES_MAX)
		return -ENOSPC;
	registry->types[registry->type_count++] = type;
	return 0;
}

const struct th_brick_type *th_registry_find_type(const struct th_registry *registry,
						  const char *name)
{
	uint32_t i;

	for (i = 0; i < registry->type_count; i++) {
		if (strcmp(registry->types[i]->name, name) == 0)
			return registry->types[i];
	}
	return NULL;
}

struct th_brick *th_registry_find_brick(const struct th_registry *registry, const char *name)
{
	const struct th_list *link;
	struct th_brick *brick;

	th_list_for_each(link, &registry->bricks) {
		brick = th_list_entry(link, struct th_brick, link);
		if (strcmp(brick->name, name) == 0)
			return brick;
	}
	return NULL;
}

void th_registry_add_brick(struct th_registry *registry, struct th_brick *brick)
{
	struct th_list *after;
	uint32_t id = 0;

	/* The list is in the order of ids, so the first gap shows. */
	th_list_for_each(after, &registry->bricks) {
		if (th_list_entry(after, struct th_brick, link)->id != id)
			break;
		id++;
	}
	brick->id = id;
	brick->registry = registry;
	th_list_insert_between(&brick->link, after->prev, after);
}

void th_registry_remove_brick(struct th_brick *brick)
{
	th_list_remove(&brick->link);
}
