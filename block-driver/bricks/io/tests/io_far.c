// SPDX-License-Identifier: GPL-2.0
/* Brick types that stand for the kernel's: each request goes there and back in a thread of its own. */
#include "io_house.h"

#include "io_far.h"
#include "io_workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FAR_DEVICE	   "/dev/tharsis-io-test"
#define REQUESTS_THERE_MAX 16u /* the others wait here */

struct far_brick {
	struct th_brick brick;
	int fd;
	struct th_io_workers workers;
	uint32_t in_flight;
	bool switching_off; /* when nothing is in flight */
	struct far_power power;
	struct th_io_job power_job;
	struct th_work power_done;
};

struct far_aspect {
	struct th_io_job job;
	struct th_work done;
	struct far_brick *far;
	struct th_request *request;
	struct far_request wish;
	struct far_vec vec[TH_VEC_MAX + 1];
};

static struct far_brick *far_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct far_brick, brick);
}

bool far_is_here(void)
{
	return access(FAR_DEVICE, R_OK | W_OK) == 0;
}

/* ---- switching ---- */

static void power_there(struct th_io_job *job, struct th_io_worker *worker)
{
	struct far_brick *far = th_container_of(job, struct far_brick, power_job);

	(void)worker;
	assert_int_equal(ioctl(far->fd, FAR_POWER, &far->power), 0);
	th_executor_post_remote(far->brick.executor, &far->power_done);
}

static void power_reached(struct th_work *work)
{
	struct far_brick *far = th_container_of(work, struct far_brick, power_done);
	const struct far_error *error = &far->power.error;

	if (error->code)
		th_error_set(&far->brick.error, error->code, "%s", error->text);
	th_brick_power_reached(&far->brick, far->power.on && !error->code ? TH_ON : TH_OFF);
}

static void begin_power(struct far_brick *far, bool on)
{
	far->power.on = on;
	far->power_job.run = power_there;
	th_work_init(&far->power_done, power_reached);
	th_io_workers_give(&far->workers, &far->power_job);
}

static void far_power(struct th_brick *brick, bool on)
{
	struct far_brick *far = far_of(brick);

	if (on || far->in_flight == 0)
		begin_power(far, on);
	else
		far->switching_off = true;
}

/* ---- requests ---- */

static void describe_vec(struct far_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	aspect->wish.vec = (uintptr_t)aspect->vec;
	aspect->wish.vec_count = request->vec_count;
	for (uint32_t i = 0; i < TH_MIN(request->vec_count, TH_ARRAY_COUNT(aspect->vec)); i++) {
		aspect->vec[i].base = (uintptr_t)request->vec[i].base;
		aspect->vec[i].bytes = request->vec[i].bytes;
	}
}

static void describe(struct far_aspect *aspect, const struct th_output *output)
{
	const struct th_request *request = aspect->request;
	struct far_request *wish = &aspect->wish;

	*wish = (struct far_request){
		.output = (uint32_t)(output - output->brick->outputs),
		.operation = request->operation,
		.flags = request->flags,
		.position = request->position,
		.length = request->length,
		.file = request->file,
		.has_name = request->name != NULL,
		.has_new_name = request->new_name != NULL,
	};
	describe_vec(aspect);
	if (request->name)
		snprintf(wish->name, sizeof(wish->name), "%s", request->name);
	if (request->new_name)
		snprintf(wish->new_name, sizeof(wish->new_name), "%s", request->new_name);
	if (request->directory) {
		wish->entries = (uintptr_t)request->directory->entries;
		wish->entry_capacity = request->directory->capacity;
	}
}

static void request_there(struct th_io_job *job, struct th_io_worker *worker)
{
	struct far_aspect *aspect = th_container_of(job, struct far_aspect, job);

	(void)worker;
	if (ioctl(aspect->far->fd, FAR_REQUEST, &aspect->wish))
		aspect->wish.error = -ENOTRECOVERABLE; /* no brick says that: the test fails */
	th_executor_post_remote(aspect->far->brick.executor, &aspect->done);
}

static void request_done(struct th_work *work)
{
	struct far_aspect *aspect = th_container_of(work, struct far_aspect, done);
	const struct far_request *wish = &aspect->wish;
	struct th_request *request = aspect->request;
	struct far_brick *far = aspect->far;

	request->position = wish->position;
	request->length = wish->length;
	request->file = wish->file;
	if (request->directory)
		request->directory->count = wish->entry_count;
	far->in_flight--;
	th_request_complete(request, wish->error);
	if (far->switching_off && far->in_flight == 0) {
		far->switching_off = false;
		begin_power(far, false);
	}
}

static void far_submit(struct th_output *output, struct th_request *request)
{
	struct far_brick *far = far_of(output->brick);
	struct far_aspect *aspect = th_request_aspect(request, output->brick);

	aspect->far = far;
	aspect->request = request;
	aspect->job.run = request_there;
	th_work_init(&aspect->done, request_done);
	describe(aspect, output);
	far->in_flight++;
	th_io_workers_give(&far->workers, &aspect->job);
}

/* ---- what it is ---- */

static void far_info(struct th_output *output, struct th_block_info *info)
{
	struct far_info there;

	assert_int_equal(ioctl(far_of(output->brick)->fd, FAR_INFO, &there), 0);
	*info = (struct th_block_info){
		.size_bytes = there.size_bytes,
		.block_bytes = there.block_bytes,
		.memory_align_bytes = there.memory_align_bytes,
		.read_only = there.read_only,
		.rotational = there.rotational,
	};
}

static void far_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	struct far_text there;

	assert_int_equal(ioctl(far_of(brick)->fd, FAR_DESCRIBE, &there), 0);
	snprintf(text, bytes, "%s", there.text);
}

/* ---- life ---- */

static int far_create(struct th_brick *brick, const void *argument, struct th_error *error)
{
	const struct th_io_config *config = argument;
	struct far_brick *far = far_of(brick);
	struct far_create wish = {
		.path = (uintptr_t)config->path,
		.create_bytes = config->create_bytes,
		.aio = brick->type == &far_aio_type,
		.kind = config->kind,
		.thread_count = config->thread_count,
		.direct = config->direct,
		.direct_devices = config->direct_devices,
		.read_only = config->read_only,
		.inline_writes = config->inline_writes,
	};

	far->fd = open(FAR_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(far->fd >= 0);
	assert_int_equal(ioctl(far->fd, FAR_CREATE, &wish), 0);
	if (wish.error.code) {
		close(far->fd);
		return th_error_set(error, wish.error.code, "%s", wish.error.text);
	}
	return th_io_workers_start(&far->workers, REQUESTS_THERE_MAX);
}

static void far_destroy(struct th_brick *brick)
{
	struct far_brick *far = far_of(brick);

	th_io_workers_stop(&far->workers);
	close(far->fd);
}

#define FAR_TYPE(variable, text) \
	const struct th_brick_type variable = {                                            \
		.name = text,                                                              \
		.brick_bytes = sizeof(struct far_brick),                                   \
		.aspect_bytes = sizeof(struct far_aspect),                                 \
		.output_count = 2,                                                         \
		.outputs = {                                                               \
			[TH_IO_OUTPUT_TARGET] = { .name = "target", .type = TH_PORT_BLOCK },       \
			[TH_IO_OUTPUT_DIRECTORY] = { .name = "directory", .type = TH_PORT_FILES }, \
		},                                                                         \
		.create = far_create,                                                      \
		.destroy = far_destroy,                                                    \
		.power = far_power,                                                        \
		.submit = far_submit,                                                      \
		.info = far_info,                                                          \
		.describe = far_describe,                                                  \
	}

FAR_TYPE(far_sio_type, "far sio");
FAR_TYPE(far_aio_type, "far aio");
