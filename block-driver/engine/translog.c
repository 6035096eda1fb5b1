// SPDX-License-Identifier: GPL-2.0
/*
 * The brick around the engine: takes requests and calls, runs the steps, reports.
 */
#include "engine_internal.h"

#define TH_LOG_POOL_REQUESTS   256u
#define TH_DISK_POOL_REQUESTS  256u
#define TH_ADMIN_POOL_REQUESTS 16u
#define MEMORY_RETRY_NS	       (10 * TH_NS_PER_MS)

#ifdef THARSIS_MUTATIONS
enum th_mutation th_mutation = TH_MUTATE_NONE;
#endif

void th_engine_kick(struct th_engine *engine)
{
	th_executor_post(engine->brick.executor, &engine->work);
}

void th_engine_wake_at(struct th_engine *engine, uint64_t when_ns)
{
	engine->wake_ns = TH_MIN(engine->wake_ns, when_ns);
}

/* Other resources, or others on this host, have it; nobody will say when they give it back. */
void th_engine_wait_for_memory(struct th_engine *engine)
{
	th_engine_wake_at(engine, engine->now_ns + MEMORY_RETRY_NS);
}

void th_engine_changed(struct th_engine *engine)
{
	if (engine->config.changed)
		engine->config.changed(engine->config.context);
}

__attribute__((format(printf, 3, 0))) static void
engine_event(struct th_engine *engine, enum th_log_level level, const char *format, va_list args)
{
	char text[TH_ERROR_TEXT_MAX];

	if (!engine->config.event)
		return;
	th_vsnprintf(text, sizeof(text), format, args);
	engine->config.event(engine->config.context, level, text);
}

void th_engine_event(struct th_engine *engine, enum th_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	engine_event(engine, level, format, args);
	va_end(args);
}

void th_engine_note_error(struct th_engine *engine, int code, const char *format, ...)
{
	va_list args;

	if (!engine->error.code) {
		engine->error.code = code;
		va_start(args, format);
		th_vsnprintf(engine->error.text, sizeof(engine->error.text), format, args);
		va_end(args);
	}
	va_start(args, format);
	engine_event(engine, TH_LOG_ERROR, format, args);
	va_end(args);
	th_engine_changed(engine);
}

void th_engine_log_failed(struct th_engine *engine, int code, const char *what)
{
	if (engine->log_failed)
		return;
	engine->log_failed = true;
	th_engine_note_error(
		engine, code,
		"the log cannot be written (%s, errno %d): writes are refused, reads go on. "
		"Repair the log's file system, then close and open the resource",
		what, -code);
	th_engine_kick(engine);
}

/* Bucket n counts 2^n to 2^(n+1) microseconds. */
void th_histogram_add(struct th_histogram *histogram, uint64_t duration_ns)
{
	uint64_t us = duration_ns / TH_NS_PER_US;
	uint32_t bucket = us ? 63u - (uint32_t)__builtin_clzll(us) : 0;

	histogram->bucket[TH_MIN(bucket, TH_HISTOGRAM_BUCKETS - 1)]++;
	histogram->count++;
	histogram->sum_us += us;
}

void th_engine_complete_device(struct th_engine *engine, struct th_request *request, int error)
{
	struct th_device_io *io = th_request_aspect(request, &engine->brick);
	struct th_engine_status *counters = &engine->counters;
	uint64_t duration_ns = engine->now_ns - io->start_ns;

	switch (request->operation) {
	case TH_READ:
		counters->reads++;
		counters->read_bytes += request->length;
		th_histogram_add(&counters->latency[TH_LATENCY_READ], duration_ns);
		break;
	case TH_FLUSH:
		counters->flushes++;
		th_histogram_add(&counters->latency[TH_LATENCY_FLUSH], duration_ns);
		break;
	default:
		counters->writes++;
		counters->write_bytes += request->length;
		th_histogram_add(&counters->latency[TH_LATENCY_WRITE], duration_ns);
		break;
	}
	/* A call may wait for the device to be quiet. */
	if (!th_list_empty(&engine->calls))
		th_engine_kick(engine);
	th_request_complete(request, error);
}

/* ---- one operation on the log directory ---- */

static void file_io_done(struct th_request *request, void *context)
{
	struct th_file_io *io = context;

	io->error = request->error;
	io->file = request->file;
	io->length = request->length;
	io->finished = true;
	th_request_put(request);
	th_engine_kick(io->engine);
}

void th_file_io_start(struct th_engine *engine, struct th_file_io *io,
		      const struct th_file_command *command)
{
	struct th_request *request = th_request_get(engine->admin_pool);

	/* Each th_file_io has one operation at a time, and the pool has one request for each. */
	TH_ASSERT(request && !io->busy);
	io->engine = engine;
	io->busy = true;
	io->finished = false;
	request->operation = (uint8_t)command->operation;
	request->flags = command->flags;
	request->file = command->file;
	request->position = command->position;
	request->length = command->length;
	request->name = command->name;
	request->new_name = command->new_name;
	request->directory = command->directory;
	if (command->buffer) {
		io->vec[0].base = command->buffer;
		io->vec[0].bytes = (uint32_t)command->length;
		request->vec = io->vec;
		request->vec_count = 1;
	}
	th_request_push(request, file_io_done, io);
	th_input_submit(th_engine_log(engine), request);
}

bool th_file_io_finished(struct th_file_io *io)
{
	if (!io->busy || !io->finished)
		return false;
	io->busy = false;
	io->finished = false;
	/* The steps that ran before this one may have waited for what it changes. */
	th_engine_kick(io->engine);
	return true;
}

/* ---- the brick ---- */

static void translog_free_pool(struct th_request_pool **pool)
{
	if (*pool)
		th_request_pool_destroy(*pool);
	*pool = NULL;
}

static void translog_free_pools(struct th_engine *engine)
{
	translog_free_pool(&engine->writeback_pool);
	translog_free_pool(&engine->disk_pool);
	translog_free_pool(&engine->admin_pool);
	translog_free_pool(&engine->log_pool);
}

static void switch_off(struct th_engine *engine)
{
	engine->switching_off = false;
	th_executor_disarm(engine->brick.executor, &engine->timer);
	translog_free_pools(engine);
	th_brick_power_reached(&engine->brick, TH_OFF);
}

static void engine_run(struct th_work *work)
{
	struct th_engine *engine = th_container_of(work, struct th_engine, work);

	engine->now_ns = th_executor_now_ns(engine->brick.executor);
	engine->wake_ns = UINT64_MAX;
	th_calls_step(engine);
	th_read_step(engine);
	if (!engine->opened) {
		th_append_fail_waiters(engine, -ESHUTDOWN);
		th_durable_fail_waiters(engine, -ESHUTDOWN);
	} else {
		th_replay_step(engine);
		th_acknowledge_step(engine);
		th_segments_step(engine);
		th_append_step(engine);
		th_durable_step(engine);
		th_writeback_step(engine);
		th_retention_step(engine);
	}
	th_meta_step(engine);
	if (engine->switching_off) {
		switch_off(engine);
		return;
	}
	if (engine->wake_ns == UINT64_MAX)
		th_executor_disarm(engine->brick.executor, &engine->timer);
	else
		th_executor_arm(engine->brick.executor, &engine->timer, engine->wake_ns);
}

static void engine_timer(struct th_timer *timer)
{
	th_engine_kick(th_container_of(timer, struct th_engine, timer));
}

static struct th_list *translog_queue(struct th_engine *engine, uint8_t operation)
{
	if (operation == TH_READ)
		return &engine->reads;
	return operation == TH_FLUSH ? &engine->flushes : &engine->writes;
}

static void translog_submit(struct th_output *output, struct th_request *request)
{
	struct th_engine *engine = th_engine_of(output->brick);
	struct th_device_io *io = th_request_aspect(request, &engine->brick);

	memset(io, 0, sizeof(*io));
	io->start_ns = th_executor_now_ns(engine->brick.executor);
	th_list_push_back(translog_queue(engine, request->operation), &request->link);
	th_engine_kick(engine);
}

static void translog_info(struct th_output *output, struct th_block_info *info)
{
	const struct th_engine *engine = th_engine_of(output->brick);

	info->size_bytes = engine->device_bytes;
	info->block_bytes = engine->meta.block_bytes;
	info->memory_align_bytes = 1;
	info->read_only = engine->role != TH_ROLE_PRIMARY;
	info->rotational = false;
}

static int translog_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct th_engine *engine = th_engine_of(brick);

	if (!config)
		return th_error_set(error, -EINVAL, "translog %s: no configuration", brick->name);
	engine->config = *(const struct th_engine_config *)config;
	th_engine_options_default(&engine->options);
	th_work_init(&engine->work, engine_run);
	th_timer_init(&engine->timer, engine_timer);
	th_list_init(&engine->segments);
	th_list_init(&engine->reads);
	th_list_init(&engine->writes);
	th_list_init(&engine->flushes);
	th_list_init(&engine->appended_waiters);
	th_list_init(&engine->flush_waiters);
	th_list_init(&engine->calls);
	th_list_init(&engine->calls_done);
	for (uint32_t i = 0; i < TH_ARRAY_COUNT(engine->batches); i++) {
		engine->batches[i].engine = engine;
		th_list_init(&engine->batches[i].waiters);
	}
	return 0;
}

static void translog_destroy(struct th_brick *brick)
{
	struct th_engine *engine = th_engine_of(brick);

	TH_ASSERT(!engine->opened && th_list_empty(&engine->calls));
	th_executor_disarm(brick->executor, &engine->timer);
	th_call_alloc(engine, 0);
}

static int translog_make_pools(struct th_engine *engine)
{
	int error;

	error = th_request_pool_create(th_engine_log(engine), TH_LOG_POOL_REQUESTS,
				       &engine->log_pool);
	if (!error)
		error = th_request_pool_create(th_engine_log(engine), TH_ADMIN_POOL_REQUESTS,
					       &engine->admin_pool);
	if (!error)
		error = th_request_pool_create(th_engine_disk(engine), TH_DISK_POOL_REQUESTS,
					       &engine->disk_pool);
	if (!error)
		error = th_request_pool_create(th_engine_disk(engine), TH_WRITEBACK_DEPTH_MAX + 1,
					       &engine->writeback_pool);
	return error;
}

static void translog_power(struct th_brick *brick, bool on)
{
	struct th_engine *engine = th_engine_of(brick);
	int error = 0;

	if (!on) {
		if (engine->opened || !th_list_empty(&engine->calls)) {
			th_error_set(
				&brick->error, -EBUSY,
				"resource %s is open: close it before its brick is switched off",
				brick->name);
			th_brick_power_reached(brick, TH_ON);
			return;
		}
		/* From its own run: so no run is due any more when the brick may be destroyed. */
		engine->switching_off = true;
		th_engine_kick(engine);
		return;
	}
	error = translog_make_pools(engine);
	if (error) {
		translog_free_pools(engine);
		th_error_set(&brick->error, error, "resource %s: no memory for requests",
			     brick->name);
	}
	th_brick_power_reached(brick, error ? TH_OFF : TH_ON);
}

static void translog_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	static const char *const roles[] = { "closed", "secondary", "primary" };
	const struct th_engine *engine = th_container_of(brick, const struct th_engine, brick);

	th_snprintf(text, bytes, "%s, end %llu", roles[engine->role],
		    (unsigned long long)engine->appended.lsn);
}

const struct th_brick_type th_translog_type = {
	.name = "translog",
	.brick_bytes = sizeof(struct th_engine),
	.aspect_bytes = TH_MAX(sizeof(struct th_device_io), sizeof(struct th_child_io)),
	.input_count = 2,
	.output_count = 1,
	.inputs = { { "disk", TH_PORT_BLOCK }, { "log", TH_PORT_FILES } },
	.outputs = { { "device", TH_PORT_BLOCK } },
	.create = translog_create,
	.destroy = translog_destroy,
	.power = translog_power,
	.submit = translog_submit,
	.info = translog_info,
	.describe = translog_describe,
};
