// SPDX-License-Identifier: GPL-2.0
/* The ublk brick as the framework sees it, and the requests of its disk. */
#include "ublk_disk.h"

#define SECTOR_SHIFT   9
#define COUNT_AGAIN_NS (1 * TH_NS_PER_S)

/* ---- requests ---- */

static void transfer(struct th_ublk_slot *slot, uint32_t operation, int result)
{
	const struct ublksrv_io_cmd command = {
		.tag = (uint16_t)slot->tag,
		.result = result,
		.addr = (uintptr_t)slot->vec.base,
	};
	struct th_ublk *ublk = slot->ublk;

	ublk->config.kernel->transfer(ublk->line, operation, &command);
}

void th_ublk_fetch_all(struct th_ublk *ublk)
{
	uint32_t i;

	for (i = 0; i < ublk->config.queue_depth; i++)
		transfer(&ublk->slots[i], UBLK_U_IO_FETCH_REQ, 0);
}

static void commit(struct th_ublk_slot *slot, int result)
{
	transfer(slot, UBLK_U_IO_COMMIT_AND_FETCH_REQ, result);
}

/* The block layer treats some errors as if they were its own, such as EAGAIN: it gets those that mean something to it. */
static int result_of(const struct th_request *request)
{
	switch (request->error) {
	case 0:
		return request->vec_count ? (int)request->length : 0;
	case -ENOSPC:
	case -EOPNOTSUPP:
		return request->error;
	default:
		return -EIO;
	}
}

static void returned(struct th_request *request, void *context)
{
	struct th_ublk_slot *slot = context;
	struct th_ublk *ublk = slot->ublk;
	int result = result_of(request);

	th_request_put(request);
	commit(slot, result);
	ublk->in_flight--;
	th_ublk_returned(ublk);
}

static uint8_t operation_of(const struct ublksrv_io_desc *descriptor)
{
	switch (ublksrv_get_op(descriptor)) {
	case UBLK_IO_OP_READ:
		return TH_READ;
	case UBLK_IO_OP_WRITE:
		return TH_WRITE;
	case UBLK_IO_OP_FLUSH:
		return TH_FLUSH;
	case UBLK_IO_OP_DISCARD:
		return TH_DISCARD;
	case UBLK_IO_OP_WRITE_ZEROES:
		return TH_WRITE_ZEROES;
	default:
		return 0;
	}
}

static uint8_t flags_of(const struct ublksrv_io_desc *descriptor, uint8_t operation)
{
	uint8_t flags = 0;

	if (descriptor->op_flags & UBLK_IO_F_FUA &&
	    (operation == TH_WRITE || operation == TH_WRITE_ZEROES))
		flags |= TH_FUA;
	if (descriptor->op_flags & UBLK_IO_F_NOUNMAP && operation == TH_WRITE_ZEROES)
		flags |= TH_NO_DEALLOCATE;
	return flags;
}

static bool fits(const struct th_ublk *ublk, uint8_t operation, uint64_t position, uint64_t length)
{
	bool has_payload = operation == TH_READ || operation == TH_WRITE;

	return length > 0 && position <= ublk->size_bytes &&
	       length <= ublk->size_bytes - position &&
	       th_is_aligned(position | length, ublk->device.block_bytes) &&
	       (!has_payload || length <= TH_UBLK_TRANSFER_BYTES);
}

static void submit(struct th_ublk_slot *slot, uint8_t operation,
		   const struct ublksrv_io_desc *descriptor)
{
	struct th_ublk *ublk = slot->ublk;
	struct th_request *request = th_request_get(ublk->pool);

	/* One for each slot. */
	TH_ASSERT(request);
	request->operation = operation;
	request->flags = flags_of(descriptor, operation);
	if (operation != TH_FLUSH) {
		request->position = descriptor->start_sector << SECTOR_SHIFT;
		request->length = (uint64_t)descriptor->nr_sectors << SECTOR_SHIFT;
	}
	if (operation == TH_READ || operation == TH_WRITE) {
		slot->vec.bytes = (uint32_t)request->length;
		request->vec = &slot->vec;
		request->vec_count = 1;
	}
	ublk->in_flight++;
	th_request_push(request, returned, slot);
	th_input_submit(th_ublk_device(ublk), request);
}

static void arrived(void *context, uint32_t tag, int result)
{
	struct th_ublk *ublk = context;
	struct th_ublk_slot *slot = &ublk->slots[tag];
	struct ublksrv_io_desc descriptor;
	uint8_t operation;

	if (result == UBLK_IO_RES_ABORT)
		return;
	if (result) {
		th_ublk_refused(ublk, tag, result);
		return;
	}
	descriptor = ublk->descriptors[tag];
	operation = operation_of(&descriptor);
	if (!operation)
		commit(slot, -EOPNOTSUPP);
	else if (operation != TH_FLUSH &&
		 !fits(ublk, operation, descriptor.start_sector << SECTOR_SHIFT,
		       (uint64_t)descriptor.nr_sectors << SECTOR_SHIFT))
		commit(slot, -EIO);
	else
		submit(slot, operation, &descriptor);
}

const struct th_ublk_events th_ublk_events = {
	.answered = th_ublk_answered,
	.arrived = arrived,
};

static void run_hook(struct th_hook *hook)
{
	th_ublk_follow(th_container_of(hook, struct th_ublk, hook));
}

void th_ublk_place(const struct th_brick *brick, char place[TH_UBLK_PLACE_MAX])
{
	const struct th_ublk *ublk = th_ublk_of(brick);

	place[0] = 0;
	if (brick->power == TH_ON)
		th_snprintf(place, TH_UBLK_PLACE_MAX, "/dev/ublkb%u", ublk->number);
}

uint32_t th_ublk_users(struct th_brick *brick)
{
	struct th_ublk *ublk = th_ublk_of(brick);
	uint64_t now_ns = th_executor_now_ns(brick->executor);

	if (brick->power != TH_ON)
		return 0;
	if (!ublk->counted_ns || now_ns - ublk->counted_ns >= COUNT_AGAIN_NS) {
		ublk->users = ublk->config.kernel->users(ublk->config.kernel, ublk->number);
		ublk->counted_ns = now_ns;
	}
	return ublk->users;
}

/* ---- on and off ---- */

static size_t memory_bytes(const struct th_ublk *ublk)
{
	return (size_t)ublk->config.queue_depth * TH_UBLK_TRANSFER_BYTES;
}

static void free_all(struct th_ublk *ublk)
{
	if (ublk->pool)
		th_request_pool_destroy(ublk->pool);
	th_free(ublk->slots);
	th_free(ublk->numbers);
	th_free_buffer(ublk->memory, memory_bytes(ublk));
	ublk->pool = NULL;
	ublk->slots = NULL;
	ublk->numbers = NULL;
	ublk->memory = NULL;
}

void th_ublk_reached(struct th_ublk *ublk, enum th_power power)
{
	if (power == TH_ON) {
		ublk->counted_ns = 0;
		ublk->hook.run = run_hook;
		th_executor_add_hook(ublk->brick.executor, &ublk->hook);
	} else {
		free_all(ublk);
	}
	th_brick_power_reached(&ublk->brick, power);
}

static bool allocate(struct th_ublk *ublk)
{
	uint32_t depth = ublk->config.queue_depth;
	uint32_t i;

	ublk->memory = th_alloc_buffer(memory_bytes(ublk));
	ublk->slots = th_alloc(depth * sizeof(*ublk->slots));
	ublk->numbers = th_alloc(TH_UBLK_NUMBERS_MAX * sizeof(*ublk->numbers));
	if (!ublk->memory || !ublk->slots || !ublk->numbers ||
	    th_request_pool_create(th_ublk_device(ublk), depth, &ublk->pool))
		return false;
	for (i = 0; i < depth; i++) {
		ublk->slots[i].ublk = ublk;
		ublk->slots[i].tag = i;
		ublk->slots[i].vec.base = ublk->memory + (size_t)i * TH_UBLK_TRANSFER_BYTES;
	}
	return true;
}

static void switch_on(struct th_ublk *ublk)
{
	struct th_error *error = &ublk->brick.error;

	if (!th_input_info(th_ublk_device(ublk), &ublk->device) || ublk->device.size_bytes == 0)
		th_error_set(error, -ENXIO, "%s: there is no open device to show", ublk->name);
	else if (!allocate(ublk))
		th_error_set(error, -ENOMEM, "%s: no memory for a disk of ublk (%zu MiB)",
			     ublk->name, memory_bytes(ublk) / (size_t)TH_MIB);
	if (error->code)
		th_ublk_reached(ublk, TH_OFF);
	else
		th_ublk_appear(ublk);
}

static void ublk_power(struct th_brick *brick, bool on)
{
	struct th_ublk *ublk = th_ublk_of(brick);

	if (on) {
		switch_on(ublk);
		return;
	}
	th_executor_remove_hook(brick->executor, &ublk->hook);
	th_ublk_vanish(ublk);
}

/* ---- the brick ---- */

static int ublk_create(struct th_brick *brick, const void *argument, struct th_error *error)
{
	const struct th_ublk_config *config = argument;
	struct th_ublk *ublk = th_ublk_of(brick);

	if (strlen(config->name) > TH_UBLK_NAME_MAX)
		return th_error_set(error, -EINVAL, "the name of a disk has at most %u bytes",
				    TH_UBLK_NAME_MAX);
	if (config->queue_depth < 1 || config->queue_depth > TH_UBLK_DEPTH_MAX)
		return th_error_set(error, -EINVAL, "1 to %u requests are possible, not %u",
				    TH_UBLK_DEPTH_MAX, config->queue_depth);
	th_snprintf(ublk->name, sizeof(ublk->name), "%s", config->name);
	ublk->config = *config;
	ublk->config.name = ublk->name;
	return 0;
}

static void ublk_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	char place[TH_UBLK_PLACE_MAX];

	th_ublk_place(brick, place);
	th_snprintf(text, bytes, "%s", place[0] ? place : th_ublk_of(brick)->name);
}

const struct th_brick_type th_ublk_type = {
	.name = "ublk",
	.brick_bytes = sizeof(struct th_ublk),
	.input_count = 1,
	.inputs = { { "device", TH_PORT_BLOCK } },
	.create = ublk_create,
	.power = ublk_power,
	.describe = ublk_describe,
};
