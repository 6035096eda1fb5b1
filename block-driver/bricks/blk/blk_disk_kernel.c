// SPDX-License-Identifier: GPL-2.0
/* A disk as the system sees it: /dev/tharsisN, its queues, its life, its place in sysfs. */
#include "blk_disk_kernel.h"

#include <linux/blkdev.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/wait.h>

#include "blk_compat_kernel.h"

#define CREATE_TRACE_POINTS
#include "blk_trace_kernel.h"

#define PHYSICAL_BLOCK_BYTES 4096u /* less is copied up to a whole one in the log */
#define TRANSFER_SECTORS_MAX 2048u /* 1 MiB */
#define DISCARD_SECTORS_MAX  (1u << 21) /* 1 GiB: no payload, and still a request that ends soon */

static DEFINE_IDA(numbers);
static atomic_t disk_count = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(disks_gone);

/* ---- requests ---- */

static void notify(struct th_blk_disk *disk)
{
	if (!test_and_set_bit(0, &disk->notified))
		th_executor_post_remote(disk->executor, &disk->arrived);
}

static blk_status_t queue_request(struct blk_mq_hw_ctx *context,
				  const struct blk_mq_queue_data *data)
{
	struct th_blk_command *command = blk_mq_rq_to_pdu(data->rq);
	struct th_blk_disk *disk = context->queue->queuedata;

	trace_tharsis_request_queued(data->rq);
	blk_mq_start_request(data->rq);
	llist_add(&command->node, &disk->queues[context->queue_num].arrived);
	if (data->last)
		notify(disk);
	return BLK_STS_OK;
}

/* Those before were queued as not the last of their batch, but no other follows. */
static void commit_requests(struct blk_mq_hw_ctx *context)
{
	notify(context->queue->queuedata);
}

void th_blk_command_end(struct th_blk_command *command, int error)
{
	struct request *request = blk_mq_rq_from_pdu(command);

	trace_tharsis_request_ended(request, error);
	blk_mq_end_request(request, errno_to_blk_status(error));
}

static const struct blk_mq_ops queue_operations = {
	.queue_rq = queue_request,
	.commit_rqs = commit_requests,
};

/* ---- openers ---- */

static void forget(struct th_blk_disk *disk)
{
	th_free(disk);
	if (atomic_dec_and_test(&disk_count))
		wake_up_all(&disks_gone);
}

void th_blk_disk_put(struct th_blk_disk *disk)
{
	if (refcount_dec_and_test(&disk->holders))
		forget(disk);
}

/* A change that was told of already is seen by whoever opens now. */
static int open_disk(struct th_blk_disk *disk, bool write)
{
	flush_work(&disk->follow);
	if (write && READ_ONCE(disk->read_only))
		return -EROFS;
	atomic_inc(&disk->users);
	return 0;
}

static void release_disk(struct th_blk_disk *disk)
{
	atomic_dec(&disk->users);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)

static int open(struct block_device *device, fmode_t mode)
{
	return open_disk(device->bd_disk->private_data, mode & FMODE_WRITE);
}

static void release(struct gendisk *gendisk, fmode_t mode)
{
	release_disk(gendisk->private_data);
}

#else

static int open(struct gendisk *gendisk, blk_mode_t mode)
{
	return open_disk(gendisk->private_data, mode & BLK_OPEN_WRITE);
}

static void release(struct gendisk *gendisk)
{
	release_disk(gendisk->private_data);
}

#endif

static void free_disk(struct gendisk *gendisk)
{
	th_blk_disk_put(gendisk->private_data);
}

static const struct block_device_operations disk_operations = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.free_disk = free_disk,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	.rw_page = th_blk_compat_rw_page,
#endif
};

/* ---- sysfs: what udev names it by ---- */

static struct th_blk_disk *of_device(struct device *device)
{
	return dev_to_disk(device)->private_data;
}

static ssize_t name_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%s\n", of_device(device)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t resource_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%s\n", of_device(device)->resource);
}
static DEVICE_ATTR_RO(resource);

static ssize_t users_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%d\n", atomic_read(&of_device(device)->users));
}
static DEVICE_ATTR_RO(users);

static struct attribute *disk_attributes[] = {
	&dev_attr_name.attr,
	&dev_attr_resource.attr,
	&dev_attr_users.attr,
	NULL,
};

static const struct attribute_group disk_group = {
	.name = "tharsis",
	.attrs = disk_attributes,
};

static const struct attribute_group *disk_groups[] = { &disk_group, NULL };

/* ---- appearing ---- */

static int make_tags(struct th_blk_disk *disk)
{
	disk->tags.ops = &queue_operations;
	disk->tags.nr_hw_queues = disk->queue_count;
	disk->tags.numa_node = NUMA_NO_NODE;
	disk->tags.cmd_size = sizeof(struct th_blk_command);
	/* The log is appended to in any order of the writes, so there is nothing that a scheduler could gain. */
	disk->tags.flags = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	return blk_mq_alloc_tag_set(&disk->tags);
}

static int make_gendisk(struct th_blk_disk *disk)
{
	const struct th_blk_limits limits = {
		.block_bytes = disk->device.block_bytes,
		.physical_block_bytes = TH_MAX(disk->device.block_bytes, PHYSICAL_BLOCK_BYTES),
		.transfer_sectors_max = TRANSFER_SECTORS_MAX,
		.segments_max = TH_BLK_SEGMENTS_MAX,
		.discard_sectors_max = DISCARD_SECTORS_MAX,
		.rotational = disk->device.rotational,
	};
	struct gendisk *gendisk = th_blk_compat_alloc(&disk->tags, &limits, disk);

	if (IS_ERR(gendisk))
		return (int)PTR_ERR(gendisk);
	disk->gendisk = gendisk;
	gendisk->fops = &disk_operations;
	gendisk->private_data = disk;
	snprintf(gendisk->disk_name, sizeof(gendisk->disk_name), "tharsis%d", disk->number);
	set_capacity(gendisk, disk->size_bytes >> SECTOR_SHIFT);
	set_disk_ro(gendisk, disk->read_only);
	return 0;
}

/*
 * Partitions are looked for by the first who opens the disk, not here: the device may hold I/O back (suspended, without a
 * lease), which is no reason for an export to wait.
 */
static int add_disk_without_scan(struct th_blk_disk *disk)
{
	int error;

	refcount_inc(&disk->holders);
	set_bit(GD_SUPPRESS_PART_SCAN, &disk->gendisk->state);
	error = device_add_disk(NULL, disk->gendisk, disk_groups);
	if (error) {
		put_disk(disk->gendisk);
		refcount_dec(&disk->holders);
		return error;
	}
	set_bit(GD_NEED_PART_SCAN, &disk->gendisk->state);
	clear_bit(GD_SUPPRESS_PART_SCAN, &disk->gendisk->state);
	th_holders_add_upper(&disk->upper, disk->resource, disk->gendisk);
	return 0;
}

static int make(struct th_blk_disk *disk)
{
	int error;

	disk->number = ida_alloc(&numbers, GFP_KERNEL);
	if (disk->number < 0)
		return disk->number;
	error = make_tags(disk);
	if (error)
		goto free_number;
	error = make_gendisk(disk);
	if (!error)
		error = add_disk_without_scan(disk);
	if (!error)
		return 0;
	blk_mq_free_tag_set(&disk->tags);
free_number:
	ida_free(&numbers, disk->number);
	return error;
}

static void appear(struct work_struct *work)
{
	struct th_blk_disk *disk = container_of(work, struct th_blk_disk, appear);

	disk->error = make(disk);
	th_executor_post_remote(disk->executor, &disk->done);
}

/* ---- vanishing ---- */

static void vanish(struct work_struct *work)
{
	struct th_blk_disk *disk = container_of(work, struct th_blk_disk, vanish);

	th_holders_remove_upper(&disk->upper);
	/* Writes back what is cached, then waits for all requests, which the executor ends meanwhile. */
	del_gendisk(disk->gendisk);
	cancel_work_sync(&disk->follow);
	blk_mq_free_tag_set(&disk->tags);
	ida_free(&numbers, disk->number);
	put_disk(disk->gendisk);
	disk->error = 0;
	th_executor_post_remote(disk->executor, &disk->done);
}

/* ---- following the device ---- */

static void follow(struct work_struct *work)
{
	struct th_blk_disk *disk = container_of(work, struct th_blk_disk, follow);
	bool read_only = READ_ONCE(disk->read_only);
	sector_t sectors = READ_ONCE(disk->size_bytes) >> SECTOR_SHIFT;

	if (get_capacity(disk->gendisk) != sectors)
		set_capacity_and_notify(disk->gendisk, sectors);
	if (get_disk_ro(disk->gendisk) == read_only)
		return;
	/* What was read while others wrote, on the primary, may be old. */
	if (!read_only)
		invalidate_bdev(disk->gendisk->part0);
	set_disk_ro(disk->gendisk, read_only);
}

void th_blk_disk_follow(struct th_blk_disk *disk)
{
	queue_work(system_long_wq, &disk->follow);
}

/* ---- life ---- */

void th_blk_disk_appear(struct th_blk_disk *disk)
{
	queue_work(system_long_wq, &disk->appear);
}

void th_blk_disk_vanish(struct th_blk_disk *disk)
{
	queue_work(system_long_wq, &disk->vanish);
}

struct th_blk_disk *th_blk_disk_new(const struct th_blk_config *config,
				    const struct th_block_info *device)
{
	struct th_blk_disk *disk = th_alloc(struct_size(disk, queues, config->queue_count));

	if (!disk)
		return NULL;
	atomic_inc(&disk_count);
	refcount_set(&disk->holders, 1);
	th_snprintf(disk->name, sizeof(disk->name), "%s", config->name);
	th_snprintf(disk->resource, sizeof(disk->resource), "%s", config->resource);
	disk->device = *device;
	disk->size_bytes = device->size_bytes;
	disk->read_only = config->read_only || device->read_only;
	disk->number = -1;
	disk->queue_count = config->queue_count;
	disk->tags.queue_depth = config->queue_depth;
	INIT_WORK(&disk->appear, appear);
	INIT_WORK(&disk->vanish, vanish);
	INIT_WORK(&disk->follow, follow);
	for (uint32_t i = 0; i < config->queue_count; i++)
		init_llist_head(&disk->queues[i].arrived);
	return disk;
}

void th_blk_wait_for_users(void)
{
	wait_event(disks_gone, atomic_read(&disk_count) == 0);
}
