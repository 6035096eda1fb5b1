// SPDX-License-Identifier: GPL-2.0
#include <tharsis/brick.h>

#include "input.h"
#include "registry.h"

int th_error_set(struct th_error *error, int code, const char *format, ...)
{
	va_list args;

	if (error && error->code == 0) {
		error->code = code;
		va_start(args, format);
		th_vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return code;
}

/* So that a name is one word in a line of text, and needs no escape in a quoted one. */
static bool name_is_valid(const char *name)
{
	size_t length = strlen(name);
	size_t i;

	for (i = 0; i < length; i++) {
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
			return false;
	}
	return length > 0 && length <= TH_NAME_MAX;
}

static int check_creation(const struct th_registry *registry, const struct th_brick_type *type,
			  const char *name, struct th_error *error)
{
	if (!th_brick_type_is_valid(type))
		return th_error_set(error, -EINVAL,
				    "the description of a type of bricks is not complete");
	if (!name_is_valid(name))
		return th_error_set(error, -EINVAL,
				    "a brick's name must have 1 to %d printable ASCII characters, "
				    "without blanks, quotation marks and backslashes",
				    TH_NAME_MAX);
	if (th_registry_find_brick(registry, name))
		return th_error_set(error, -EEXIST, "there is already a brick named %s", name);
	return 0;
}

static void run_power_done(struct th_work *work)
{
	struct th_brick *brick = th_container_of(work, struct th_brick, power_work);

	if (brick->power_done)
		brick->power_done(brick, brick->power_context);
}

static void init_brick(struct th_brick *brick, const struct th_brick_type *type, const char *name,
		       struct th_executor *executor)
{
	uint32_t i;

	brick->type = type;
	memcpy(brick->name, name, strlen(name) + 1);
	brick->executor = executor;
	brick->power = TH_OFF;
	th_list_init(&brick->gathered);
	th_work_init(&brick->power_work, run_power_done);
	for (i = 0; i < type->input_count; i++)
		th_input_init(&brick->inputs[i], brick, &type->inputs[type->inputs_alike ? 0 : i]);
	for (i = 0; i < type->output_count; i++) {
		brick->outputs[i].brick = brick;
		brick->outputs[i].description = &type->outputs[i];
		th_list_init(&brick->outputs[i].inputs);
	}
}

/* Zeroed; NULL: no memory. */
static struct th_brick *alloc_brick(const struct th_brick_type *type)
{
	struct th_brick *brick = th_alloc(type->brick_bytes);

	if (!brick || !type->input_count)
		return brick;
	brick->inputs = th_alloc(type->input_count * sizeof(*brick->inputs));
	if (brick->inputs)
		return brick;
	th_free(brick);
	return NULL;
}

static void free_brick(struct th_brick *brick)
{
	th_free(brick->inputs);
	th_free(brick);
}

int th_brick_create(struct th_registry *registry, const struct th_brick_type *type,
		    const char *name, struct th_executor *executor, const void *config,
		    struct th_brick **result, struct th_error *error)
{
	struct th_brick *brick;
	int code;

	code = check_creation(registry, type, name, error);
	if (code)
		return code;
	brick = alloc_brick(type);
	if (!brick)
		return th_error_set(error, -ENOMEM, "no memory for brick %s", name);
	init_brick(brick, type, name, executor);
	th_registry_add_brick(registry, brick);
	code = type->create ? type->create(brick, config, error) : 0;
	if (code) {
		th_registry_remove_brick(brick);
		free_brick(brick);
		return th_error_set(error, code, "brick %s of type %s could not be created", name,
				    type->name);
	}
	*result = brick;
	return 0;
}

static bool is_busy(const struct th_brick *brick)
{
	uint32_t i;

	if (brick->power != TH_OFF || brick->power_work.posted)
		return true;
	for (i = 0; i < brick->type->input_count; i++) {
		if (brick->inputs[i].output || !th_list_empty(&brick->inputs[i].held))
			return true;
	}
	for (i = 0; i < brick->type->output_count; i++) {
		if (!th_list_empty(&brick->outputs[i].inputs))
			return true;
	}
	return false;
}

int th_brick_destroy(struct th_registry *registry, struct th_brick *brick)
{
	uint32_t i;

	TH_ASSERT(brick->registry == registry);
	if (is_busy(brick))
		return -EBUSY;
	if (brick->type->destroy)
		brick->type->destroy(brick);
	for (i = 0; i < brick->type->input_count; i++)
		TH_ASSERT(th_list_empty(&brick->inputs[i].pools));
	th_registry_remove_brick(brick);
	free_brick(brick);
	return 0;
}

int th_brick_power(struct th_brick *brick, bool on, void (*done)(struct th_brick *, void *),
		   void *context)
{
	if (brick->power == TH_SWITCHING_ON || brick->power == TH_SWITCHING_OFF ||
	    brick->power_work.posted)
		return -EBUSY;
	brick->power_done = done;
	brick->power_context = context;
	if (brick->power == (on ? TH_ON : TH_OFF)) {
		th_executor_post(brick->executor, &brick->power_work);
		return 0;
	}
	brick->error = (struct th_error){ 0 };
	brick->power_percent = 0;
	brick->power = on ? TH_SWITCHING_ON : TH_SWITCHING_OFF;
	brick->type->power(brick, on);
	return 0;
}

void th_brick_power_progress(struct th_brick *brick, uint32_t percent)
{
	TH_ASSERT(brick->power == TH_SWITCHING_ON || brick->power == TH_SWITCHING_OFF);
	brick->power_percent = TH_MIN(percent, 100);
}

void th_brick_power_reached(struct th_brick *brick, enum th_power power)
{
	enum th_power asked = brick->power == TH_SWITCHING_ON ? TH_ON : TH_OFF;

	TH_ASSERT(brick->power == TH_SWITCHING_ON || brick->power == TH_SWITCHING_OFF);
	TH_ASSERT(power == TH_ON || power == TH_OFF);
	if (power != asked)
		th_error_set(&brick->error, -EIO, "brick %s could not be switched %s", brick->name,
			     asked == TH_ON ? "on" : "off");
	else
		brick->power_percent = 100;
	brick->power = power;
	th_executor_post(brick->executor, &brick->power_work);
}
