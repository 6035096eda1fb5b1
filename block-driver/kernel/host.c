// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include "aio_kernel.h"
#include "blk.h"
#include "export_brick.h"
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

	if (kind != TH_EXPORT_USUAL)
		return th_error_set(
			&ladder->error, -EOPNOTSUPP,
			"the kernel driver shows devices as its own disks only: leave out as=");
	return th_export_brick_show(control, &th_blk_type, name, &config, device, ladder);
}

static int unexport_device(const struct th_control_host *control, const char *name,
			   struct th_ladder *ladder)
{
	return th_export_brick_hide(th_export_brick_find(control, &th_blk_type, name), ladder);
}

static uint32_t export_clients(const struct th_control_host *control, const char *name)
{
	const struct th_brick *brick = th_export_brick_find(control, &th_blk_type, name);

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
