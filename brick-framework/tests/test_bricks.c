// SPDX-License-Identifier: GPL-2.0
#include "test_bricks.h"

#define FILLER_BYTES 40

static void be_at_once(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static void some_info(struct th_output *output, struct th_block_info *info)
{
	(void)output;
	info->size_bytes = TH_GIB;
	info->block_bytes = 4096;
}

/* ---- client ---- */

struct client_aspect {
	uint64_t cookie;
	uint64_t position;
	uint8_t more[FILLER_BYTES];
};

static int client_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct test_client *client = th_container_of(brick, struct test_client, brick);
	const struct test_client_config *wanted = config;
	int code = th_request_pool_create(&brick->inputs[0], wanted->capacity, &client->pool);

	return code ? th_error_set(error, code, "no pool") : 0;
}

static void client_destroy(struct th_brick *brick)
{
	th_request_pool_destroy(th_container_of(brick, struct test_client, brick)->pool);
}

static void client_done(struct th_request *request, void *context)
{
	struct test_client *client = context;
	struct client_aspect *aspect = th_request_aspect(request, &client->brick);

	TH_ASSERT(aspect->position == request->position);
	TH_ASSERT(aspect->cookie == ~request->position);
	TH_ASSERT(aspect->more[FILLER_BYTES - 1] == 0xc1);
	if (request->error) {
		client->failed++;
		client->last_error = request->error;
	} else {
		TH_ASSERT(request->length == request->position);
	}
	client->returned++;
	th_request_put(request);
}

bool test_client_send(struct test_client *client, uint64_t position)
{
	struct th_request *request = th_request_get(client->pool);
	struct client_aspect *aspect;

	if (!request)
		return false;
	aspect = th_request_aspect(request, &client->brick);
	aspect->position = position;
	aspect->cookie = ~position;
	memset(aspect->more, 0xc1, sizeof(aspect->more));
	request->operation = TH_READ;
	request->position = position;
	th_request_push(request, client_done, client);
	client->sent++;
	th_input_submit(&client->brick.inputs[0], request);
	return true;
}

const struct th_brick_type test_client_type = {
	.name = "client",
	.brick_bytes = sizeof(struct test_client),
	.aspect_bytes = sizeof(struct client_aspect),
	.input_count = 1,
	.inputs = { { "disk", TH_PORT_BLOCK } },
	.create = client_create,
	.destroy = client_destroy,
	.power = be_at_once,
};

/* ---- filter ---- */

struct filter_aspect {
	uint64_t cookie;
	uint8_t more[FILLER_BYTES];
};

static void filter_done(struct th_request *request, void *context)
{
	struct test_filter *filter = context;
	struct filter_aspect *aspect = th_request_aspect(request, &filter->brick);

	TH_ASSERT(aspect->cookie == (request->position ^ filter->brick.id));
	TH_ASSERT(aspect->more[FILLER_BYTES - 1] == 0xf1);
	filter->in_flight--;
	th_request_complete(request, request->error);
}

static void filter_submit(struct th_output *output, struct th_request *request)
{
	struct test_filter *filter = th_container_of(output->brick, struct test_filter, brick);
	struct filter_aspect *aspect = th_request_aspect(request, &filter->brick);

	aspect->cookie = request->position ^ filter->brick.id;
	memset(aspect->more, 0xf1, sizeof(aspect->more));
	filter->in_flight++;
	th_request_push(request, filter_done, filter);
	th_input_submit(&filter->brick.inputs[0], request);
}

static void filter_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	th_snprintf(text, bytes, "passes \"everything\"\non, as number %u", brick->id);
}

const struct th_brick_type test_filter_type = {
	.name = "filter",
	.brick_bytes = sizeof(struct test_filter),
	.aspect_bytes = sizeof(struct filter_aspect),
	.input_count = 2,
	.output_count = 1,
	.inputs = { { "below", TH_PORT_BLOCK }, { "beside", TH_PORT_BLOCK } },
	.outputs = { { "above", TH_PORT_BLOCK } },
	.power = be_at_once,
	.submit = filter_submit,
	.info = some_info,
	.describe = filter_describe,
};

/* ---- disk ---- */

struct disk_aspect {
	struct th_timer timer;
	struct th_request *request;
	struct test_disk *disk;
	uint8_t more[4 * FILLER_BYTES];
};

static void disk_power_step(struct th_work *work)
{
	struct test_disk *disk = th_container_of(work, struct test_disk, power_step);
	struct th_brick *brick = &disk->brick;

	if (brick->power == TH_SWITCHING_OFF) {
		if (disk->in_flight == 0)
			th_brick_power_reached(brick, TH_OFF);
	} else if (disk->config.power_on_error) {
		if (disk->config.power_on_error != TEST_DISK_SILENT_ERROR)
			th_error_set(&brick->error, disk->config.power_on_error,
				     "the disk is broken");
		th_brick_power_reached(brick, TH_OFF);
	} else if (brick->power_percent < 100) {
		th_brick_power_progress(brick, brick->power_percent + 50);
		th_executor_post(brick->executor, work);
	} else {
		th_brick_power_reached(brick, TH_ON);
	}
}

static int disk_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct test_disk *disk = th_container_of(brick, struct test_disk, brick);

	if (!config)
		return th_error_set(error, -EINVAL, "a disk needs a config");
	disk->config = *(const struct test_disk_config *)config;
	disk->random = disk->config.seed;
	th_work_init(&disk->power_step, disk_power_step);
	return 0;
}

static void disk_power(struct th_brick *brick, bool on)
{
	struct test_disk *disk = th_container_of(brick, struct test_disk, brick);

	disk->going_off = !on;
	th_executor_post(brick->executor, &disk->power_step);
}

static void disk_finish(struct th_timer *timer)
{
	struct disk_aspect *aspect = th_container_of(timer, struct disk_aspect, timer);
	struct test_disk *disk = aspect->disk;
	struct th_request *request = aspect->request;

	TH_ASSERT(aspect->more[sizeof(aspect->more) - 1] == 0xd1);
	request->length = request->position;
	disk->in_flight--;
	disk->served++;
	th_request_complete(request, 0);
	if (disk->going_off)
		th_executor_post(disk->brick.executor, &disk->power_step);
}

static void note_arrival(struct test_disk *disk, const struct th_request *request)
{
	size_t length = strlen(disk->arrivals);

	if (length < sizeof(disk->arrivals) - 1)
		disk->arrivals[length] = (char)('0' + request->position % 10);
}

static void disk_submit(struct th_output *output, struct th_request *request)
{
	struct test_disk *disk = th_container_of(output->brick, struct test_disk, brick);
	struct disk_aspect *aspect = th_request_aspect(request, &disk->brick);
	struct th_executor *executor = disk->brick.executor;
	uint64_t delay_ns = 0;

	TH_ASSERT(disk->brick.power == TH_ON);
	memset(aspect->more, 0xd1, sizeof(aspect->more));
	aspect->request = request;
	aspect->disk = disk;
	note_arrival(disk, request);
	disk->in_flight++;
	if (disk->config.delay_max_ns) {
		disk->random = disk->random * 6364136223846793005ULL + 1442695040888963407ULL;
		delay_ns = (disk->random >> 33) % disk->config.delay_max_ns;
	}
	th_timer_init(&aspect->timer, disk_finish);
	th_executor_arm(executor, &aspect->timer, th_executor_now_ns(executor) + delay_ns);
}

const struct th_brick_type test_disk_type = {
	.name = "disk",
	.brick_bytes = sizeof(struct test_disk),
	.aspect_bytes = sizeof(struct disk_aspect),
	.output_count = 1,
	.outputs = { { "disk", TH_PORT_BLOCK } },
	.create = disk_create,
	.power = disk_power,
	.submit = disk_submit,
	.info = some_info,
};

/* ---- files ---- */

static void files_submit(struct th_output *output, struct th_request *request)
{
	th_request_complete_later(output->brick->executor, request, -EOPNOTSUPP);
}

const struct th_brick_type test_files_type = {
	.name = "files",
	.brick_bytes = sizeof(struct th_brick),
	.input_count = 1,
	.output_count = 1,
	.inputs = { { "files", TH_PORT_FILES } },
	.outputs = { { "files", TH_PORT_FILES } },
	.power = be_at_once,
	.submit = files_submit,
};
