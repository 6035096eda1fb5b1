// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include "aio_kernel.h"
#include "blk.h"
#include "sio.h"

#include <linux/random.h>

static const struct th_kernel_host *host_of(const struct th_control_host *control)
{
	return th_container_of(control, const struct th_kernel_host, control);
}

/* ---- bricks for places ---- */

static int make_place(const struct th_control_host *control, const char *name,
		      const struct th_place *place, enum th_io_kind kind, struct th_output **output,
		      struct th_error *error)
{
	const struct th_kernel_host *host = host_of(control);
	struct th_io_config io = {
		.path = place->path,
		.kind = kind,
		.direct = place->direct,
		.inline_writes = kind == TH_IO_DIRECTORY,
		.create_bytes = place->create_bytes,
		.thread_count = host->options.sio_threads,
	};
	const struct th_brick_type *type = &th_sio_type;
	struct th_brick *brick;
	int code;

	if (place->io == TH_PLACE_AIO) {
		type = &th_aio_type;
		io.thread_count = host->options.aio_threads;
	}
	code = th_brick_create(control->registry, type, name, control->executor, &io, &brick,
			       error);
	if (code)
		return code;
	*output =
		&brick->outputs[kind == TH_IO_TARGET ? TH_IO_OUTPUT_TARGET : TH_IO_OUTPUT_DIRECTORY];
	return 0;
}

static int make_log(const struct th_control_host *control, const char *name,
		    const struct th_place *place, struct th_output **output, struct th_error *error)
{
	return make_place(control, name, place, TH_IO_DIRECTORY, output, error);
}

static int make_disk(const struct th_control_host *control, const char *name,
		     const struct th_place *place, struct th_output **output,
		     struct th_error *error)
{
	return make_place(control, name, place, TH_IO_TARGET, output, error);
}

/* ---- exports ---- */

/* No resource, and so no other brick, can have a name with a colon. */
static void name_export(char text[TH_NAME_MAX + 1], const char *name)
{
	th_snprintf(text, TH_NAME_MAX + 1, "blk:%s", name);
}

static struct th_brick *find_export(const struct th_control_host *control, const char *name)
{
	char text[TH_NAME_MAX + 1];

	name_export(text, name);
	return th_registry_find_brick(control->registry, text);
}

/* The last step of taking an export away, or of one that could not be made: the ladder knows which. */
static void disconnected(struct th_input *input, void *context)
{
	struct th_ladder *ladder = context;
	struct th_brick *brick = input->brick;

	TH_ASSERT(th_brick_destroy(brick->registry, brick) == 0);
	th_ladder_stepped(ladder, ladder->rising ? ladder->error.code : 0);
}

static void disconnect(struct th_brick *brick, struct th_ladder *ladder)
{
	TH_ASSERT(th_disconnect(&brick->inputs[TH_BLK_INPUT_DEVICE], disconnected, ladder) == 0);
}

static void shown(struct th_brick *brick, void *context)
{
	struct th_ladder *ladder = context;

	if (brick->power == TH_ON) {
		th_ladder_stepped(ladder, 0);
		return;
	}
	th_error_set(&ladder->error, brick->error.code, "%s", brick->error.text);
	disconnect(brick, ladder);
}

static int export_device(const struct th_control_host *control, const char *name,
			 enum th_export_kind kind, bool read_only, struct th_output *device,
			 struct th_ladder *ladder)
{
	const struct th_kernel_host *host = host_of(control);
	const struct th_blk_config config = {
		.name = name,
		.resource = device->brick->name,
		.read_only = read_only,
		.queue_count = host->options.queue_count,
		.queue_depth = host->options.queue_depth,
	};
	char text[TH_NAME_MAX + 1];
	struct th_brick *brick;
	int code;

	if (kind != TH_EXPORT_USUAL)
		return th_error_set(
			&ladder->error, -EOPNOTSUPP,
			"the kernel driver shows devices as its own disks only: leave out as=");
	name_export(text, name);
	code = th_brick_create(control->registry, &th_blk_type, text, control->executor, &config,
			       &brick, &ladder->error);
	if (code)
		return code;
	code = th_connect(&brick->inputs[TH_BLK_INPUT_DEVICE], device);
	if (code) {
		TH_ASSERT(th_brick_destroy(control->registry, brick) == 0);
		return th_error_set(&ladder->error, code,
				    "%s cannot be connected with its device (errno %d)", name,
				    -code);
	}
	TH_ASSERT(th_brick_power(brick, true, shown, ladder) == 0);
	return TH_LADDER_LATER;
}

static void hidden(struct th_brick *brick, void *context)
{
	disconnect(brick, context);
}

static int unexport_device(const struct th_control_host *control, const char *name,
			   struct th_ladder *ladder)
{
	struct th_brick *brick = find_export(control, name);

	TH_ASSERT(brick && th_brick_power(brick, false, hidden, ladder) == 0);
	return TH_LADDER_LATER;
}

static uint32_t export_clients(const struct th_control_host *control, const char *name)
{
	const struct th_brick *brick = find_export(control, name);

	return brick ? th_blk_users(brick) : 0;
}

static void fill_random(const struct th_control_host *control, void *bytes, size_t count)
{
	get_random_bytes(bytes, count);
}

/* ---- the host ---- */

int th_kernel_host_init(struct th_kernel_host *host, struct th_kernel_loop *loop,
			const struct th_kernel_options *options)
{
	static const struct th_brick_type *const types[] = {
		&th_translog_type,
		&th_sio_type,
		&th_aio_type,
		&th_blk_type,
	};
	int code = 0;

	host->options = *options;
	th_registry_init(&host->registry);
	th_memory_budget_init(&host->memory, options->dirty_limit_bytes);
	host->control = (struct th_control_host){
		.name = "kernel",
		.version = THARSIS_VERSION,
		.executor = &loop->executor,
		.registry = &host->registry,
		.memory = &host->memory,
		.make_log = make_log,
		.make_disk = make_disk,
		.export_device = export_device,
		.unexport_device = unexport_device,
		.export_clients = export_clients,
		.random = fill_random,
	};
	for (size_t i = 0; !code && i < TH_ARRAY_COUNT(types); i++)
		code = th_registry_add_type(&host->registry, types[i]);
	return code;
}

void th_kernel_host_destroy(struct th_kernel_host *host)
{
	th_memory_budget_destroy(&host->memory);
}
