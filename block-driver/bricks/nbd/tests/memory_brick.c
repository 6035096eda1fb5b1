// SPDX-License-Identifier: GPL-2.0
#include "memory_brick.h"

struct memory {
	struct th_brick brick;
	struct th_memory_config config;
	uint8_t *data;
	uint64_t data_bytes;
	bool holding;
	uint32_t held_count;
	struct th_list held;
	struct th_list due; /* not held: the work does them, one after the other */
	struct th_work work;
	int fail_error[TH_OPERATION_COUNT];
	uint32_t record_first;
	uint32_t record_count;
	struct th_memory_record records[TH_MEMORY_RECORDS_MAX];
};

static struct memory *memory_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct memory, brick);
}

static void memory_destroy(struct th_brick *brick)
{
	th_free_buffer(memory_of(brick)->data, memory_of(brick)->data_bytes);
}

static void memory_power(struct th_brick *brick, bool on)
{
	TH_ASSERT(on || memory_of(brick)->held_count == 0);
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static void memory_info(struct th_output *output, struct th_block_info *info)
{
	const struct memory *memory = memory_of(output->brick);

	info->size_bytes = memory->config.size_bytes;
	info->block_bytes = memory->config.block_bytes;
	info->memory_align_bytes = 4096;
	info->read_only = memory->config.read_only;
}

static void copy(struct memory *memory, struct th_request *request, bool write)
{
	uint8_t *at = memory->data + request->position;
	uint32_t i;

	for (i = 0; i < request->vec_count; i++) {
		struct th_vec *vec = &request->vec[i];

		TH_ASSERT(th_is_aligned((uintptr_t)vec->base, 4096));
		if (write)
			memcpy(at, vec->base, vec->bytes);
		else
			memcpy(vec->base, at, vec->bytes);
		at += vec->bytes;
	}
	TH_ASSERT(at == memory->data + request->position + request->length);
}

static void execute(struct memory *memory, struct th_request *request)
{
	switch (request->operation) {
	case TH_READ:
	case TH_WRITE:
		copy(memory, request, request->operation == TH_WRITE);
		break;
	case TH_DISCARD:
	case TH_WRITE_ZEROES:
		memset(memory->data + request->position, 0, request->length);
		break;
	default:
		TH_ASSERT(request->operation == TH_FLUSH);
	}
}

static void keep_record(struct memory *memory, const struct th_request *request)
{
	uint32_t next = (memory->record_first + memory->record_count) % TH_MEMORY_RECORDS_MAX;

	if (memory->record_count == TH_MEMORY_RECORDS_MAX)
		return;
	memory->records[next] = (struct th_memory_record){ .operation = request->operation,
							   .flags = request->flags,
							   .position = request->position,
							   .length = request->length };
	memory->record_count++;
}

static void finish(struct memory *memory, struct th_request *request)
{
	int error = memory->fail_error[request->operation];

	memory->fail_error[request->operation] = 0;
	if (!error)
		execute(memory, request);
	th_request_complete(request, error);
}

static void do_due(struct th_work *work)
{
	struct memory *memory = th_container_of(work, struct memory, work);
	struct th_list *link;

	while ((link = th_list_pop_front(&memory->due)) != NULL)
		finish(memory, th_list_entry(link, struct th_request, link));
}

static int memory_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct memory *memory = memory_of(brick);

	memory->config = *(const struct th_memory_config *)config;
	memory->data_bytes = memory->config.size_bytes;
	th_list_init(&memory->held);
	th_list_init(&memory->due);
	th_work_init(&memory->work, do_due);
	memory->data = th_alloc_buffer(memory->data_bytes);
	return memory->data ? 0 : th_error_set(error, -ENOMEM, "no memory for the device");
}

static void memory_submit(struct th_output *output, struct th_request *request)
{
	struct memory *memory = memory_of(output->brick);

	TH_ASSERT(request->position <= memory->data_bytes &&
		  request->length <= memory->data_bytes - request->position);
	keep_record(memory, request);
	if (memory->holding) {
		th_list_push_back(&memory->held, &request->link);
		memory->held_count++;
	} else {
		th_list_push_back(&memory->due, &request->link);
		th_executor_post(memory->brick.executor, &memory->work);
	}
}

void th_memory_hold(struct th_brick *brick, bool hold)
{
	struct memory *memory = memory_of(brick);

	memory->holding = hold;
	if (hold)
		return;
	memory->held_count = 0;
	th_list_splice_back(&memory->due, &memory->held);
	th_executor_post(brick->executor, &memory->work);
}

uint32_t th_memory_held(const struct th_brick *brick)
{
	return memory_of(brick)->held_count;
}

void th_memory_fail_next(struct th_brick *brick, enum th_operation operation, int error)
{
	memory_of(brick)->fail_error[operation] = error;
}

bool th_memory_take_record(struct th_brick *brick, struct th_memory_record *record)
{
	struct memory *memory = memory_of(brick);

	if (memory->record_count == 0)
		return false;
	*record = memory->records[memory->record_first];
	memory->record_first = (memory->record_first + 1) % TH_MEMORY_RECORDS_MAX;
	memory->record_count--;
	return true;
}

void th_memory_resize(struct th_brick *brick, uint64_t size_bytes)
{
	TH_ASSERT(size_bytes <= memory_of(brick)->data_bytes);
	memory_of(brick)->config.size_bytes = size_bytes;
}

const struct th_brick_type th_memory_type = {
	.name = "memory",
	.brick_bytes = sizeof(struct memory),
	.output_count = 1,
	.outputs = { { .name = "device", .type = TH_PORT_BLOCK } },
	.create = memory_create,
	.destroy = memory_destroy,
	.power = memory_power,
	.submit = memory_submit,
	.info = memory_info,
};
