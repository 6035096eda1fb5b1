// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include "exports.h"
#include "sio.h"
#include "ublk.h"

#include <sys/prctl.h>
#include <sys/random.h>

#ifndef THARSIS_VERSION
#error "THARSIS_VERSION comes from the build"
#endif

#define AIO_RING_DEPTH	1024u
#define AIO_BRICK_DEPTH 512u
#define AIO_THREADS	2u /* for the rare operations that block */
#define SIO_THREADS	8u

static const struct th_host *host_of(const struct th_control_host *control)
{
	return th_container_of(control, const struct th_host, control);
}

/* ---- bricks for places ---- */

static int make_sio(const struct th_host *host, const char *name, struct th_io_config *io,
		    struct th_brick **brick, struct th_error *error)
{
	io->thread_count = SIO_THREADS;
	return th_brick_create(host->control.registry, &th_sio_type, name, &host->loop->executor,
			       io, brick, error);
}

static int make_aio(const struct th_host *host, const char *name, struct th_io_config *io,
		    struct th_brick **brick, struct th_error *error)
{
	struct th_aio_config config = {
		.io = *io,
		.ring = host->ring,
		.in_flight_max = AIO_BRICK_DEPTH,
	};

	if (!host->ring)
		return th_error_set(error, -EOPNOTSUPP, "no io_uring here (%s): use io=sio",
				    host->ring_error.text);
	config.io.thread_count = AIO_THREADS;
	return th_brick_create(host->control.registry, &th_aio_type, name, &host->loop->executor,
			       &config, brick, error);
}

static int make_place(const struct th_control_host *control, const char *name,
		      const struct th_place *place, enum th_io_kind kind, struct th_output **output,
		      struct th_error *error)
{
	const struct th_host *host = host_of(control);
	struct th_io_config io = {
		.path = place->path,
		.kind = kind,
		.direct = place->direct,
		.inline_writes = kind == TH_IO_DIRECTORY,
		.create_bytes = place->create_bytes,
	};
	struct th_brick *brick;
	int code;

	if (place->io == TH_PLACE_SIO)
		code = make_sio(host, name, &io, &brick, error);
	else
		code = make_aio(host, name, &io, &brick, error);
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

/* ---- the host ---- */

static void fill_random(const struct th_control_host *control, void *bytes, size_t count)
{
	(void)control;
	/* Up to 256 bytes come whole or not at all; without them nothing unique can be made. */
	TH_ASSERT(count <= 256 && getrandom(bytes, count, 0) == (ssize_t)count);
}

static int add_types(struct th_registry *registry)
{
	static const struct th_brick_type *const types[] = {
		&th_translog_type, &th_sio_type, &th_aio_type, &th_nbd_type, &th_ublk_type,
	};
	int code = 0;

	for (size_t i = 0; !code && i < TH_ARRAY_COUNT(types); i++)
		code = th_registry_add_type(registry, types[i]);
	return code;
}

int th_host_init(struct th_host *host, struct th_user_loop *loop, uint64_t dirty_limit_bytes,
		 struct th_error *error)
{
	int code;

	memset(host, 0, sizeof(*host));
	host->loop = loop;
	th_registry_init(&host->registry);
	th_memory_budget_init(&host->memory, dirty_limit_bytes);
	host->control = (struct th_control_host){
		.name = "brickd",
		.version = THARSIS_VERSION,
		.executor = &loop->executor,
		.registry = &host->registry,
		.memory = &host->memory,
		.make_log = make_log,
		.make_disk = make_disk,
		.random = fill_random,
	};
	th_exports_init(&host->control);
	code = add_types(&host->registry);
	if (code)
		return th_error_set(error, code, "the types of bricks do not fit");
	if (th_aio_ring_create(loop, AIO_RING_DEPTH, &host->ring, &host->ring_error))
		th_log(TH_LOG_WARNING, "only io=sio is possible: %s", host->ring_error.text);
	return 0;
}

int th_host_add_nbd(struct th_host *host, const struct th_nbd_address *addresses,
		    uint32_t address_count, struct th_error *error)
{
	struct th_nbd_config config = {
		.loop = host->loop,
		.addresses = addresses,
		.address_count = address_count,
	};

	/* No resource can have a name with a slash. */
	return th_brick_create(&host->registry, &th_nbd_type, "brickd/nbd", &host->loop->executor,
			       &config, &host->nbd, error);
}

void th_host_allow_ublk(struct th_host *host, const char *instance)
{
	host->ublk = true;
	host->instance = th_xxh64(0, instance, strlen(instance));
	/*
	 * Memory that this process needs to serve its disks is not to be had by writing to these disks. What is
	 * started from here on inherits that.
	 */
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) < 0)
		th_log(TH_LOG_WARNING,
		       "brickd may wait for its own disks when memory is short (PR_SET_IO_FLUSHER: "
		       "%s): it needs CAP_SYS_RESOURCE",
		       strerror(errno));
}

void th_host_destroy(struct th_host *host)
{
	if (host->nbd)
		TH_ASSERT(th_brick_destroy(&host->registry, host->nbd) == 0);
	if (host->ring)
		th_aio_ring_destroy(host->ring);
	th_memory_budget_destroy(&host->memory);
}
