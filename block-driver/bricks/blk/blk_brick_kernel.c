// SPDX-License-Identifier: GPL-2.0
/* The brick behind a disk: takes the requests that the system queued, and passes them on. */
#include "blk_disk_kernel.h"
#include "blk_trace_kernel.h"

#include <linux/mm.h>

struct blk_brick {
	struct th_brick brick;
	struct th_list link; /* in following, while on */
	struct th_blk_config config; /* name, resource: our copies */
	char name[TH_BLK_NAME_MAX + 1];
	char resource[TH_BLK_NAME_MAX + 1];
	struct th_blk_disk *disk; /* while not off */
	struct th_request_pool *pool; /* while not off */
	struct th_hook hook;
};

/* All disks that are shown. The executor's. */
static struct th_list following = { &following, &following };

static struct blk_brick *blk_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct blk_brick, brick);
}

static struct th_input *device_of(struct blk_brick *blk)
{
	return &blk->brick.inputs[TH_BLK_INPUT_DEVICE];
}

/* ---- requests ---- */

static void returned(struct th_request *request, void *context)
{
	int error = request->error;

	th_request_put(request);
	th_blk_command_end(context, error);
}

static uint8_t operation_of(const struct request *request)
{
	switch (req_op(request)) {
	case REQ_OP_READ:
		return TH_READ;
	case REQ_OP_WRITE:
		return TH_WRITE;
	case REQ_OP_FLUSH:
		return TH_FLUSH;
	case REQ_OP_DISCARD:
		return TH_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return TH_WRITE_ZEROES;
	default:
		return 0;
	}
}

static uint8_t flags_of(const struct request *request)
{
	uint8_t flags = 0;

	if (request->cmd_flags & REQ_FUA)
		flags |= TH_FUA;
	if (req_op(request) == REQ_OP_WRITE_ZEROES && request->cmd_flags & REQ_NOUNMAP)
		flags |= TH_NO_DEALLOCATE;
	return flags;
}

/* Memory of the block layer is mapped for good: there is no other on machines of 64 bits. */
static uint32_t fill_vec(struct th_vec *vec, struct request *request)
{
	struct req_iterator iterator;
	struct bio_vec bvec;
	uint32_t count = 0;

	rq_for_each_bvec(bvec, request, iterator) {
		TH_ASSERT(count < TH_BLK_SEGMENTS_MAX);
		vec[count].base = page_address(bvec.bv_page) + bvec.bv_offset;
		vec[count].bytes = bvec.bv_len;
		count++;
	}
	return count;
}

static void submit_command(struct blk_brick *blk, struct th_blk_command *command)
{
	struct request *from = blk_mq_rq_from_pdu(command);
	uint8_t operation = operation_of(from);
	struct th_request *request;

	trace_tharsis_request_taken(from);
	if (!operation) {
		th_blk_command_end(command, -EOPNOTSUPP);
		return;
	}
	request = th_request_get(blk->pool);
	TH_ASSERT(request);
	request->operation = operation;
	request->flags = flags_of(from);
	if (operation != TH_FLUSH) {
		request->position = blk_rq_pos(from) << SECTOR_SHIFT;
		request->length = blk_rq_bytes(from);
	}
	if (operation == TH_READ || operation == TH_WRITE) {
		request->vec = command->vec;
		request->vec_count = fill_vec(command->vec, from);
	}
	th_request_push(request, returned, command);
	th_input_submit(device_of(blk), request);
}

static void take_arrived(struct th_work *work)
{
	struct th_blk_disk *disk = th_container_of(work, struct th_blk_disk, arrived);
	struct th_blk_command *command, *after;
	struct llist_node *list;

	clear_bit(0, &disk->notified);
	/* Whoever puts something on a list from here on notifies again. */
	smp_mb__after_atomic();
	for (uint32_t i = 0; i < disk->queue_count; i++) {
		list = llist_reverse_order(llist_del_all(&disk->queues[i].arrived));
		llist_for_each_entry_safe(command, after, list, node)
			submit_command(blk_of(disk->brick), command);
	}
}

/* ---- size, and whether it can be written to ---- */

static void follow_device(struct blk_brick *blk)
{
	struct th_blk_disk *disk = blk->disk;
	struct th_block_info info;
	bool read_only;

	if (!th_input_info(device_of(blk), &info))
		return;
	read_only = blk->config.read_only || info.read_only;
	/* While it is closed it has no size; whoever has the disk open gets errors, not a disk without bytes. */
	if (info.size_bytes == 0)
		info.size_bytes = disk->size_bytes;
	if (read_only == disk->read_only && info.size_bytes == disk->size_bytes)
		return;
	WRITE_ONCE(disk->read_only, read_only);
	WRITE_ONCE(disk->size_bytes, info.size_bytes);
	th_blk_disk_follow(disk);
}

void th_blk_follow_devices(void)
{
	struct th_list *link;

	th_list_for_each(link, &following)
		follow_device(th_list_entry(link, struct blk_brick, link));
}

static void run_hook(struct th_hook *hook)
{
	follow_device(th_container_of(hook, struct blk_brick, hook));
}

uint32_t th_blk_users(const struct th_brick *brick)
{
	const struct blk_brick *blk = blk_of(brick);

	return brick->power == TH_ON ? (uint32_t)atomic_read(&blk->disk->users) : 0;
}

/* ---- on and off ---- */

static void reached_off(struct blk_brick *blk)
{
	if (blk->pool)
		th_request_pool_destroy(blk->pool);
	if (blk->disk)
		th_blk_disk_put(blk->disk);
	blk->pool = NULL;
	blk->disk = NULL;
	th_brick_power_reached(&blk->brick, TH_OFF);
}

static void appeared(struct th_work *work)
{
	struct th_blk_disk *disk = th_container_of(work, struct th_blk_disk, done);
	struct blk_brick *blk = blk_of(disk->brick);

	if (disk->error) {
		th_error_set(&blk->brick.error, disk->error,
			     "the disk for %s cannot be made (errno %d): see dmesg", blk->name,
			     -disk->error);
		reached_off(blk);
		return;
	}
	th_list_push_back(&following, &blk->link);
	blk->hook.run = run_hook;
	th_executor_add_hook(blk->brick.executor, &blk->hook);
	th_log(TH_LOG_INFO, "%s: shown as /dev/%s", blk->name, disk->gendisk->disk_name);
	th_brick_power_reached(&blk->brick, TH_ON);
}

static void vanished(struct th_work *work)
{
	struct th_blk_disk *disk = th_container_of(work, struct th_blk_disk, done);

	reached_off(blk_of(disk->brick));
}

static int prepare(struct blk_brick *blk)
{
	struct th_block_info device;
	struct th_blk_disk *disk;

	if (!th_input_info(device_of(blk), &device) || device.size_bytes == 0)
		return th_error_set(&blk->brick.error, -ENXIO,
				    "%s: there is no open device to show", blk->name);
	/* Each queue has, beside its tags, a flush of its own. */
	if (th_request_pool_create(device_of(blk),
				   blk->config.queue_count * (blk->config.queue_depth + 2),
				   &blk->pool))
		return th_error_set(&blk->brick.error, -ENOMEM, "%s: no memory for requests",
				    blk->name);
	disk = th_blk_disk_new(&blk->config, &device);
	if (!disk)
		return th_error_set(&blk->brick.error, -ENOMEM, "%s: no memory for the disk",
				    blk->name);
	disk->brick = &blk->brick;
	disk->executor = blk->brick.executor;
	th_work_init(&disk->arrived, take_arrived);
	blk->disk = disk;
	return 0;
}

static void switch_on(struct blk_brick *blk)
{
	if (prepare(blk)) {
		reached_off(blk);
		return;
	}
	th_work_init(&blk->disk->done, appeared);
	th_blk_disk_appear(blk->disk);
}

static void switch_off(struct blk_brick *blk)
{
	th_executor_remove_hook(blk->brick.executor, &blk->hook);
	th_list_remove(&blk->link);
	th_work_init(&blk->disk->done, vanished);
	th_blk_disk_vanish(blk->disk);
}

static void blk_power(struct th_brick *brick, bool on)
{
	if (on)
		switch_on(blk_of(brick));
	else
		switch_off(blk_of(brick));
}

/* ---- the brick ---- */

static int check_config(const struct th_blk_config *config, struct th_error *error)
{
	if (strlen(config->name) > TH_BLK_NAME_MAX || strlen(config->resource) > TH_BLK_NAME_MAX)
		return th_error_set(error, -EINVAL, "the name of a disk has at most %u bytes",
				    TH_BLK_NAME_MAX);
	if (config->queue_count < 1 || config->queue_count > TH_BLK_QUEUES_MAX ||
	    config->queue_depth < 1 || config->queue_depth > TH_BLK_DEPTH_MAX)
		return th_error_set(error, -EINVAL,
				    "1 to %u queues of 1 to %u requests are possible, not %u of %u",
				    TH_BLK_QUEUES_MAX, TH_BLK_DEPTH_MAX, config->queue_count,
				    config->queue_depth);
	return 0;
}

static int blk_create(struct th_brick *brick, const void *argument, struct th_error *error)
{
	const struct th_blk_config *config = argument;
	struct blk_brick *blk = blk_of(brick);
	int code = check_config(config, error);

	if (code)
		return code;
	th_snprintf(blk->name, sizeof(blk->name), "%s", config->name);
	th_snprintf(blk->resource, sizeof(blk->resource), "%s", config->resource);
	blk->config = *config;
	blk->config.name = blk->name;
	blk->config.resource = blk->resource;
	return 0;
}

static void blk_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	const struct blk_brick *blk = blk_of(brick);

	if (brick->power == TH_ON)
		th_snprintf(text, bytes, "/dev/%s, %u users", blk->disk->gendisk->disk_name,
			    th_blk_users(brick));
	else
		th_snprintf(text, bytes, "%s", blk->name);
}

const struct th_brick_type th_blk_type = {
	.name = "blk",
	.brick_bytes = sizeof(struct blk_brick),
	.input_count = 1,
	.inputs = { { "device", TH_PORT_BLOCK } },
	.create = blk_create,
	.power = blk_power,
	.describe = blk_describe,
};
