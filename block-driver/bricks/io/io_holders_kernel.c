// SPDX-License-Identifier: GPL-2.0
#include "io_holders_kernel.h"

#include <tharsis/port.h>

#include <linux/blkdev.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(lock);
static LIST_HEAD(lowers);
static LIST_HEAD(uppers);

static bool same_owner(const char *a, const char *b)
{
	size_t length = strcspn(a, "/");

	return length == strcspn(b, "/") && strncmp(a, b, length) == 0;
}

static struct block_device *find_lower(const char *owner)
{
	const struct th_lower_disk *lower;

	list_for_each_entry(lower, &lowers, link) {
		if (same_owner(lower->owner, owner))
			return lower->device;
	}
	return NULL;
}

static void unlink_disk(struct th_upper_disk *upper)
{
	if (upper->linked)
		bd_unlink_disk_holder(upper->linked, upper->disk);
	upper->linked = NULL;
}

static void link_disk(struct th_upper_disk *upper)
{
	struct block_device *device = find_lower(upper->owner);

	if (!device || upper->linked)
		return;
	if (bd_link_disk_holder(device, upper->disk))
		th_log(TH_LOG_WARNING, "%s: it cannot be shown as holder of the disk below",
		       upper->disk->disk_name);
	else
		upper->linked = device;
}

static void link_all(struct work_struct *work)
{
	struct th_upper_disk *upper;

	mutex_lock(&lock);
	list_for_each_entry(upper, &uppers, link)
		link_disk(upper);
	mutex_unlock(&lock);
}

static DECLARE_WORK(link_work, link_all);

void th_holders_add_lower(struct th_lower_disk *lower, const char *owner,
			  struct block_device *device)
{
	lower->owner = owner;
	lower->device = device;
	mutex_lock(&lock);
	list_add(&lower->link, &lowers);
	mutex_unlock(&lock);
	schedule_work(&link_work);
}

void th_holders_remove_lower(struct th_lower_disk *lower)
{
	struct th_upper_disk *upper;

	if (!lower->device)
		return;
	mutex_lock(&lock);
	list_del(&lower->link);
	list_for_each_entry(upper, &uppers, link) {
		if (upper->linked == lower->device)
			unlink_disk(upper);
	}
	mutex_unlock(&lock);
	lower->device = NULL;
}

void th_holders_add_upper(struct th_upper_disk *upper, const char *owner, struct gendisk *disk)
{
	upper->owner = owner;
	upper->disk = disk;
	upper->linked = NULL;
	mutex_lock(&lock);
	list_add(&upper->link, &uppers);
	mutex_unlock(&lock);
	schedule_work(&link_work);
}

void th_holders_remove_upper(struct th_upper_disk *upper)
{
	mutex_lock(&lock);
	list_del(&upper->link);
	unlink_disk(upper);
	mutex_unlock(&lock);
}

void th_holders_end(void)
{
	flush_work(&link_work);
}
