// SPDX-License-Identifier: GPL-2.0
/* The sio brick: blocking I/O in threads. */
#include "io_brick.h"
#include "sio.h"

static int create(struct th_brick *brick, const void *config, struct th_error *error)
{
	return th_io_create(th_container_of(brick, struct th_io_brick, brick), config, error);
}

static void submit(struct th_output *output, struct th_request *request)
{
	struct th_io_aspect *aspect = th_io_admit(output, request);
	int error;

	if (!aspect)
		return;
	if (th_io_serve_inline(aspect, &error))
		th_io_finish_later(aspect, error);
	else
		th_io_give_to_thread(aspect);
}

const struct th_brick_type th_sio_type = {
	.name = "sio",
	.brick_bytes = sizeof(struct th_io_brick),
	.aspect_bytes = sizeof(struct th_io_aspect),
	.output_count = 2,
	.outputs = {
		[TH_IO_OUTPUT_TARGET] = { .name = "target", .type = TH_PORT_BLOCK },
		[TH_IO_OUTPUT_DIRECTORY] = { .name = "directory", .type = TH_PORT_FILES },
	},
	.create = create,
	.destroy = th_io_destroy,
	.power = th_io_power,
	.submit = submit,
	.info = th_io_info,
	.describe = th_io_describe,
};
