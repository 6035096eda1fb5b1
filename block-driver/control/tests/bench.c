// SPDX-License-Identifier: GPL-2.0
#include "bench.h"

#define ROUNDS_MAX 100000u

struct bench *bench;

/* ---- the executor ---- */

static uint64_t now_ns(struct th_executor *executor)
{
	return th_container_of(executor, struct bench, executor)->now_ns;
}

static uint64_t wall_ns(struct th_executor *executor)
{
	return 1700000000ULL * TH_NS_PER_S + now_ns(executor);
}

static void wake(struct th_executor *executor)
{
	(void)executor;
}

static const struct th_executor_ops executor_ops = {
	.now_ns = now_ns,
	.wall_ns = wall_ns,
	.wake = wake,
};

void bench_run(void)
{
	uint32_t rounds = 0;

	while (th_executor_round(&bench->executor))
		TH_ASSERT(++rounds < ROUNDS_MAX);
}

void bench_pass(uint64_t duration_ns)
{
	bench->now_ns += duration_ns;
	bench_run();
}

/* ---- bricks that stand for places ---- */

static void place_submit(struct th_output *output, struct th_request *request)
{
	th_request_complete_later(output->brick->executor, request, -EIO);
}

static void place_power(struct th_brick *brick, bool on)
{
	bool is_log = brick->type->outputs[0].type == TH_PORT_FILES;
	bool fails = is_log ? bench->script.log_power_fails : bench->script.disk_power_fails;

	if (on && fails) {
		th_error_set(&brick->error, -ENOENT, "%s does not exist", brick->name);
		on = false;
	}
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static void disk_info(struct th_output *output, struct th_block_info *info)
{
	(void)output;
	*info = (struct th_block_info){ .size_bytes = TH_GIB, .block_bytes = 512 };
}

static const struct th_brick_type directory_type = {
	.name = "directory",
	.brick_bytes = sizeof(struct th_brick),
	.output_count = 1,
	.outputs = { { "directory", TH_PORT_FILES } },
	.power = place_power,
	.submit = place_submit,
};

static const struct th_brick_type disk_type = {
	.name = "disk",
	.brick_bytes = sizeof(struct th_brick),
	.output_count = 1,
	.outputs = { { "target", TH_PORT_BLOCK } },
	.power = place_power,
	.submit = place_submit,
	.info = disk_info,
};

static int make_place(const struct th_brick_type *type, const char *name,
		      const struct th_error *refusal, struct th_output **output,
		      struct th_error *error)
{
	struct th_brick *brick;
	int code;

	if (refusal->code)
		return th_error_set(error, refusal->code, "%s", refusal->text);
	code = th_brick_create(&bench->registry, type, name, &bench->executor, NULL, &brick, error);
	if (!code)
		*output = &brick->outputs[0];
	return code;
}

/* ---- the host ---- */

static int make_log(const struct th_control_host *host, const char *name,
		    const struct th_place *place, struct th_output **output, struct th_error *error)
{
	(void)host;
	(void)place;
	return make_place(&directory_type, name, &bench->script.make_log, output, error);
}

static int make_disk(const struct th_control_host *host, const char *name,
		     const struct th_place *place, struct th_output **output,
		     struct th_error *error)
{
	(void)host;
	(void)place;
	return make_place(&disk_type, name, &bench->script.make_disk, output, error);
}

static int export_device(const struct th_control_host *host, const char *name,
			 enum th_export_kind kind, bool read_only, struct th_output *device,
			 struct th_ladder *ladder)
{
	const struct th_error *refusal = &bench->script.export_device;

	(void)host;
	(void)name;
	(void)read_only;
	TH_ASSERT(device);
	bench->export_kind = kind;
	return refusal->code ? th_error_set(&ladder->error, refusal->code, "%s", refusal->text) : 0;
}

static int unexport_device(const struct th_control_host *host, const char *name,
			   struct th_ladder *ladder)
{
	(void)host;
	(void)name;
	if (!bench->script.export_later)
		return 0;
	bench->unexporting = ladder;
	return TH_LADDER_LATER;
}

void bench_end_unexport(void)
{
	th_ladder_stepped(bench->unexporting, 0);
	bench_run();
}

static uint32_t export_clients(const struct th_control_host *host, const char *name)
{
	(void)host;
	(void)name;
	return 3;
}

static void export_place(const struct th_control_host *host, const char *name,
			 char place[TH_EXPORT_PLACE_MAX])
{
	const char *text = bench->script.export_place;

	(void)host;
	(void)name;
	th_snprintf(place, TH_EXPORT_PLACE_MAX, "%s", text ? text : "");
}

static void fill_random(const struct th_control_host *host, void *bytes, size_t count)
{
	(void)host;
	memset(bytes, ++bench->random, count);
}

void bench_start(struct bench *started)
{
	memset(started, 0, sizeof(*started));
	fake_engine_reset();
	bench = started;
	bench->now_ns = TH_NS_PER_S;
	th_executor_init(&bench->executor, &executor_ops);
	th_registry_init(&bench->registry);
	bench->memory.chunk_count_max = 4 * TH_LOG_CACHE_CHUNKS_MIN + 1;
	bench->host = (struct th_control_host){
		.name = "bench",
		.version = "1.2.3",
		.executor = &bench->executor,
		.registry = &bench->registry,
		.memory = &bench->memory,
		.make_log = make_log,
		.make_disk = make_disk,
		.export_device = export_device,
		.unexport_device = unexport_device,
		.export_clients = export_clients,
		.export_place = export_place,
		.random = fill_random,
	};
	TH_ASSERT(th_registry_add_type(&bench->registry, &th_translog_type) == 0);
	TH_ASSERT(th_registry_add_type(&bench->registry, &directory_type) == 0);
	TH_ASSERT(th_registry_add_type(&bench->registry, &disk_type) == 0);
	th_control_init(&bench->control, &bench->host);
}

void bench_stop(void)
{
	bench_run();
	th_control_destroy(&bench->control);
	TH_ASSERT(bench_brick_count() == 0);
	TH_ASSERT(th_executor_next_deadline_ns(&bench->executor) == UINT64_MAX);
}

uint32_t bench_brick_count(void)
{
	struct th_list *link;
	uint32_t count = 0;

	th_list_for_each(link, &bench->registry.bricks)
		count++;
	return count;
}

struct fake_engine *bench_engine(const char *resource)
{
	return fake_engine_of(th_resource_find(&bench->control, resource)->translog);
}
