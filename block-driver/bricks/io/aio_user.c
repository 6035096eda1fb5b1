// SPDX-License-Identifier: GPL-2.0
/* The aio brick in user space: hot operations by io_uring, all others by threads. */
#include "aio_ring_user.h"
#include "io_brick.h"

struct aio_brick {
	struct th_io_brick io;
	struct th_aio_client client;
	int kept; /* by the ring; negative: nothing */
};

struct aio_aspect {
	struct th_io_aspect io;
	struct th_aio_operation operation;
};

/*
 * What the kernel has taken it carries out, also when this process was killed and waited for. So long nobody else may believe that the
 * log is free, or its disk, which nobody touches before the log: the lock of the directory lives as long as the ring.
 */
static void keep_lock(struct th_io_brick *io, bool there)
{
	struct aio_brick *aio = th_container_of(io, struct aio_brick, io);

	if (io->config.kind != TH_IO_DIRECTORY)
		return;
	if (there)
		aio->kept = th_aio_ring_keep(aio->client.ring, io->root);
	else if (aio->kept >= 0)
		th_aio_ring_let_go(aio->client.ring, aio->kept);
}

static int create(struct th_brick *brick, const void *argument, struct th_error *error)
{
	const struct th_aio_config *config = argument;
	struct aio_brick *aio = th_container_of(brick, struct aio_brick, io.brick);

	if (!config->ring)
		return th_error_set(error, -EINVAL,
				    "an aio brick needs a ring; use sio without one");
	if (config->in_flight_max < 1 || config->in_flight_max > TH_AIO_DEPTH_MAX)
		return th_error_set(error, -EINVAL,
				    "1 to %u requests in flight are possible, not %u",
				    TH_AIO_DEPTH_MAX, config->in_flight_max);
	th_aio_client_init(&aio->client, config->ring, config->in_flight_max);
	aio->io.root_changed = keep_lock;
	return th_io_create(&aio->io, &config->io, error);
}

static bool goes_to_ring(const struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	switch (request->operation) {
	case TH_READ:
	case TH_WRITE:
		return request->length > 0 && th_io_memory_fits(aspect->file, request);
	case TH_FLUSH:
		return true;
	default:
		return false;
	}
}

static void operation_done(struct th_aio_operation *operation, int error)
{
	th_io_finish(&th_container_of(operation, struct aio_aspect, operation)->io, error);
}

static void submit(struct th_output *output, struct th_request *request)
{
	struct aio_brick *aio = th_container_of(output->brick, struct aio_brick, io.brick);
	struct th_io_aspect *io = th_io_admit(output, request);
	struct th_aio_operation *operation;
	int error;

	if (!io)
		return;
	/* Reads are cheaper through the ring, many at a time, also when the page cache has them. */
	if (request->operation == TH_WRITE && th_io_serve_inline(io, &error)) {
		th_io_finish_later(io, error);
		return;
	}
	if (!goes_to_ring(io)) {
		th_io_give_to_thread(io);
		return;
	}
	operation = &th_container_of(io, struct aio_aspect, io)->operation;
	operation->request = request;
	operation->file = io->file;
	operation->done = operation_done;
	th_aio_start(&aio->client, operation);
}

const struct th_brick_type th_aio_type = {
	.name = "aio",
	.brick_bytes = sizeof(struct aio_brick),
	.aspect_bytes = sizeof(struct aio_aspect),
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
