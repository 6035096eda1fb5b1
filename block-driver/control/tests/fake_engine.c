// SPDX-License-Identifier: GPL-2.0
#include "fake_engine.h"

struct fake_engine_script fake_engine_script;

void fake_engine_reset(void)
{
	memset(&fake_engine_script, 0, sizeof(fake_engine_script));
}

struct fake_engine *fake_engine_of(struct th_brick *brick)
{
	return th_container_of(brick, struct fake_engine, brick);
}

void fake_engine_change(struct fake_engine *engine)
{
	engine->config.changed(engine->config.context);
}

void th_engine_options_default(struct th_engine_options *options)
{
	*options = (struct th_engine_options){
		.segment_bytes = 64 * TH_MIB,
		.log_limit_bytes = 4 * TH_GIB,
		.writeback_delay_ns = 2 * TH_NS_PER_S,
		.writeback_depth = 8,
		.batches_in_flight = 8,
		.dirty_extents_max = 65536,
	};
}

static void open_status(struct fake_engine *engine, const struct th_engine_call *call)
{
	engine->status = (struct th_engine_status){
		.role = TH_ROLE_SECONDARY,
		.consistent = true,
		.resource_uuid = call->resource_uuid,
		.node_uuid = { { 7 } },
		.device_bytes = 64 * TH_MIB,
		.block_bytes = 4096,
		.epoch = 3,
		.end_lsn = 8192,
		.end_chain = 0x0123456789abcdefULL,
	};
}

static void take_effect(struct fake_engine *engine, struct th_engine_call *call)
{
	if (call->operation == TH_CALL_OPEN)
		open_status(engine, call);
	else if (call->operation == TH_CALL_CLOSE)
		engine->status.role = TH_ROLE_CLOSED;
	else if (call->operation == TH_CALL_ATTACH)
		engine->status.disk_attached = true;
	else if (call->operation == TH_CALL_DETACH)
		engine->status.disk_attached = false;
	else if (call->operation == TH_CALL_PRIMARY)
		engine->status.role = TH_ROLE_PRIMARY;
	else if (call->operation == TH_CALL_FLUSH)
		call->epoch = engine->status.epoch;
	call->end_lsn = engine->status.end_lsn;
	call->end_chain = engine->status.end_chain;
}

static void end_call(struct fake_engine *engine, struct th_engine_call *call)
{
	if (fake_engine_script.fails[call->operation]) {
		call->error = fake_engine_script.error;
		if (call->operation == TH_CALL_CLOSE && !fake_engine_script.close_stays_open)
			take_effect(engine, call);
	} else {
		take_effect(engine, call);
	}
	call->done(call, call->context);
}

void fake_engine_release(struct fake_engine *engine)
{
	struct th_list *link;

	while ((link = th_list_pop_front(&engine->calls)) != NULL)
		end_call(engine, th_list_entry(link, struct th_engine_call, link));
}

static void run(struct th_work *work)
{
	struct fake_engine *engine = th_container_of(work, struct fake_engine, work);

	if (!fake_engine_script.hold)
		fake_engine_release(engine);
}

void th_engine_start(struct th_brick *translog, struct th_engine_call *call)
{
	struct fake_engine *engine = fake_engine_of(translog);

	call->error = (struct th_error){ 0 };
	fake_engine_script.call_count[call->operation]++;
	fake_engine_script.last = *call;
	th_list_push_back(&engine->calls, &call->link);
	th_executor_post(translog->executor, &engine->work);
}

void th_engine_status(const struct th_brick *translog, struct th_engine_status *status)
{
	*status = th_container_of(translog, const struct fake_engine, brick)->status;
}

static int create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct fake_engine *engine = fake_engine_of(brick);

	(void)error;
	engine->config = *(const struct th_engine_config *)config;
	th_list_init(&engine->calls);
	th_work_init(&engine->work, run);
	return 0;
}

static void destroy(struct th_brick *brick)
{
	TH_ASSERT(fake_engine_of(brick)->status.role == TH_ROLE_CLOSED);
	TH_ASSERT(th_list_empty(&fake_engine_of(brick)->calls));
}

static void power(struct th_brick *brick, bool on)
{
	if (on && fake_engine_script.power_fails) {
		th_error_set(&brick->error, -ENOMEM, "no memory for requests");
		on = false;
	}
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static void submit(struct th_output *output, struct th_request *request)
{
	th_request_complete_later(output->brick->executor, request, -EIO);
}

static void info(struct th_output *output, struct th_block_info *block_info)
{
	*block_info = (struct th_block_info){
		.size_bytes = fake_engine_of(output->brick)->status.device_bytes,
		.block_bytes = 4096,
		.memory_align_bytes = 1,
	};
}

const struct th_brick_type th_translog_type = {
	.name = "translog",
	.brick_bytes = sizeof(struct fake_engine),
	.input_count = 2,
	.output_count = 1,
	.inputs = { { "disk", TH_PORT_BLOCK }, { "log", TH_PORT_FILES } },
	.outputs = { { "device", TH_PORT_BLOCK } },
	.create = create,
	.destroy = destroy,
	.power = power,
	.submit = submit,
	.info = info,
};
