// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a disk and giving it back; its label.
 */
#include "engine_internal.h"

static void label_done(struct th_request *request, void *context)
{
	struct th_engine *engine = context;

	engine->label_io.busy = false;
	engine->label_io.error = request->error;
	th_request_put(request);
	th_engine_kick(engine);
}

static void label_start(struct th_engine *engine, enum th_operation operation, uint64_t offset)
{
	struct th_request *request = th_request_get(engine->writeback_pool);

	TH_ASSERT(request && !engine->label_io.busy);
	engine->label_io.busy = true;
	engine->label_io.vec.base = engine->call_memory;
	engine->label_io.vec.bytes = TH_BLOCK_BYTES;
	request->operation = (uint8_t)operation;
	request->flags = operation == TH_WRITE ? TH_FUA : 0;
	request->position = offset;
	request->length = TH_BLOCK_BYTES;
	request->vec = &engine->label_io.vec;
	request->vec_count = 1;
	th_request_push(request, label_done, engine);
	th_input_submit(th_engine_disk(engine), request);
}

/* True when the label forbids to use the disk: the call's error is set. */
static bool label_refused(struct th_engine_call *call, const uint8_t *block,
			  const struct th_uuid *resource_uuid, const struct th_uuid *node_uuid)
{
	static const uint8_t magic[8] = { 'T', 'H', 'A', 'R', 'L', 'A', 'B', '1' };
	struct th_label label;
	enum th_format_check check = th_label_unpack(&label, block);

	if (check == TH_FORMAT_OK) {
		if (th_uuid_equal(&label.resource_uuid, resource_uuid) &&
		    th_uuid_equal(&label.node_uuid, node_uuid))
			return false;
		return th_call_fail(
			call, -EXDEV,
			"the disk's label says that it belongs to another %s: if it is really free, "
			"wipe its last 4096-byte block",
			th_uuid_equal(&label.resource_uuid, resource_uuid) ? "node's replica" :
									     "resource");
	}
	if (call->write_label)
		return false;
	if (memcmp(block, magic, sizeof(magic)) == 0)
		return th_call_fail(
			call, -EUCLEAN,
			"the disk's label is damaged (%s): if the disk is the right one, attach it "
			"with label=write",
			th_format_check_name(check));
	return th_call_fail(
		call, -ENODATA,
		"the disk has no label: if it is the right one, attach it with label=write");
}

static void label_prepare(struct th_engine *engine, const struct th_uuid *resource_uuid,
			  const struct th_uuid *node_uuid, uint64_t device_bytes)
{
	struct th_label label = {
		.resource_uuid = *resource_uuid,
		.node_uuid = *node_uuid,
		.device_bytes = device_bytes,
		.created_ns = th_executor_wall_ns(engine->brick.executor),
	};

	memset(engine->call_memory, 0, TH_BLOCK_BYTES);
	th_label_pack(&label, engine->call_memory);
}

bool th_disk_check(struct th_engine *engine, struct th_engine_call *call, uint32_t *step,
		   const struct th_meta *meta)
{
	struct th_block_info info;
	uint64_t offset;

	if (!th_input_info(th_engine_disk(engine), &info))
		return th_call_fail(call, -ENXIO, "no disk is connected");
	if (info.size_bytes < meta->device_bytes)
		return th_call_fail(call, -ENOSPC,
				    "the disk has %llu bytes, the device %llu: take a larger disk",
				    (unsigned long long)info.size_bytes,
				    (unsigned long long)meta->device_bytes);
	if (info.block_bytes > meta->block_bytes)
		return th_call_fail(
			call, -EINVAL,
			"the disk's blocks are %u bytes, those of the device %u: a disk with smaller "
			"blocks is needed",
			info.block_bytes, meta->block_bytes);
	offset = th_label_offset(info.size_bytes, meta->device_bytes);
	switch (*step) {
	case 0:
		if (!offset)
			return true;
		if (!th_call_alloc(engine, TH_BLOCK_BYTES))
			return th_call_fail(call, -ENOMEM, "no memory for the disk's label");
		label_start(engine, TH_READ, offset);
		*step = 1;
		return false;
	case 1:
		if (engine->label_io.busy)
			return false;
		if (engine->label_io.error)
			return th_call_fail(call, engine->label_io.error,
					    "the disk's label cannot be read (errno %d)",
					    -engine->label_io.error);
		if (label_refused(call, engine->call_memory, &meta->resource_uuid,
				  &meta->node_uuid))
			return true;
		call->error = (struct th_error){ 0 };
		if (!call->write_label)
			return true;
		label_prepare(engine, &meta->resource_uuid, &meta->node_uuid, meta->device_bytes);
		label_start(engine, TH_WRITE, offset);
		*step = 2;
		return false;
	default:
		if (engine->label_io.busy)
			return false;
		if (engine->label_io.error)
			return th_call_fail(call, engine->label_io.error,
					    "the disk's label cannot be written (errno %d)",
					    -engine->label_io.error);
		return true;
	}
}

bool th_call_attach(struct th_engine *engine, struct th_engine_call *call)
{
	if (engine->disk_attached)
		return call->step ? true :
				    th_call_fail(call, -EEXIST,
						 "a disk is attached already: detach it first");
	if (!th_disk_check(engine, call, &call->step, &engine->meta))
		return false;
	if (call->error.code)
		return true;
	engine->disk_attached = true;
	engine->disk_leaving = false;
	engine->sweep.retry_ns = 0;
	return true;
}

bool th_call_detach(struct th_engine *engine, struct th_engine_call *call)
{
	(void)call;
	if (!engine->disk_attached)
		return true;
	/* The sweep under way ends; none begins. Reads under way return. */
	engine->disk_leaving = true;
	if (!th_writeback_is_off_disk(engine) || engine->reads_under_way)
		return false;
	engine->disk_attached = false;
	engine->disk_leaving = false;
	return true;
}
