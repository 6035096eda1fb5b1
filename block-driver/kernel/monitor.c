// SPDX-License-Identifier: GPL-2.0
#include "monitor.h"

#include "resource.h"

#include <linux/kobject.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#define LOOK_NS (100 * TH_NS_PER_MS)

/* What is shown of a resource. */
struct state {
	/* a change of these is an event */
	enum th_engine_role role;
	bool consistent;
	bool disk_attached;
	bool suspended;
	bool lease_expired;
	bool log_full;
	int error;

	uint64_t epoch;
	uint64_t device_bytes;
	uint64_t checkpoint_lsn;
	uint64_t replayed_lsn;
	uint64_t durable_lsn;
	uint64_t end_lsn;
	uint64_t dirty_bytes;
	uint64_t log_bytes;
	uint64_t writeback_errors;
};

struct entry {
	struct kobject object;
	struct th_list link; /* in monitor->entries; the executor's */
	uint64_t id; /* of the resource */
	char name[TH_VALUE_NAME_MAX + 1];
	struct work_struct tell;
	bool added; /* the work's */

	spinlock_t lock; /* for what follows */
	struct state state;
	bool changed; /* there is an event to be told */
	bool gone; /* the resource is closed */
};

static const char *const role_names[] = {
	[TH_ROLE_CLOSED] = "closed",
	[TH_ROLE_SECONDARY] = "secondary",
	[TH_ROLE_PRIMARY] = "primary",
};

/* ---- sysfs ---- */

enum field_kind { FIELD_ROLE, FIELD_FLAG, FIELD_ERROR, FIELD_NUMBER };

struct field {
	struct attribute attribute;
	enum field_kind kind;
	size_t offset; /* in struct state */
};

#define FIELD(member, what)                                                 \
	static struct field field_##member = {                              \
		.attribute = { .name = __stringify(member), .mode = 0444 }, \
		.kind = what,                                               \
		.offset = offsetof(struct state, member),                   \
	}

FIELD(role, FIELD_ROLE);
FIELD(consistent, FIELD_FLAG);
FIELD(disk_attached, FIELD_FLAG);
FIELD(suspended, FIELD_FLAG);
FIELD(lease_expired, FIELD_FLAG);
FIELD(log_full, FIELD_FLAG);
FIELD(error, FIELD_ERROR);
FIELD(epoch, FIELD_NUMBER);
FIELD(device_bytes, FIELD_NUMBER);
FIELD(checkpoint_lsn, FIELD_NUMBER);
FIELD(replayed_lsn, FIELD_NUMBER);
FIELD(durable_lsn, FIELD_NUMBER);
FIELD(end_lsn, FIELD_NUMBER);
FIELD(dirty_bytes, FIELD_NUMBER);
FIELD(log_bytes, FIELD_NUMBER);
FIELD(writeback_errors, FIELD_NUMBER);

static struct attribute *entry_attribute_attrs[] = {
	&field_role.attribute,
	&field_consistent.attribute,
	&field_disk_attached.attribute,
	&field_suspended.attribute,
	&field_lease_expired.attribute,
	&field_log_full.attribute,
	&field_error.attribute,
	&field_epoch.attribute,
	&field_device_bytes.attribute,
	&field_checkpoint_lsn.attribute,
	&field_replayed_lsn.attribute,
	&field_durable_lsn.attribute,
	&field_end_lsn.attribute,
	&field_dirty_bytes.attribute,
	&field_log_bytes.attribute,
	&field_writeback_errors.attribute,
	NULL,
};
ATTRIBUTE_GROUPS(entry_attribute);

static struct entry *entry_of(struct kobject *object)
{
	return container_of(object, struct entry, object);
}

static struct state state_of(struct entry *entry)
{
	struct state state;

	spin_lock(&entry->lock);
	state = entry->state;
	spin_unlock(&entry->lock);
	return state;
}

static ssize_t show_field(struct kobject *object, struct attribute *attribute, char *text)
{
	const struct field *field = container_of(attribute, struct field, attribute);
	const struct state state = state_of(entry_of(object));
	const void *member = (const char *)&state + field->offset;

	switch (field->kind) {
	case FIELD_ROLE:
		return sysfs_emit(text, "%s\n", role_names[*(const enum th_engine_role *)member]);
	case FIELD_FLAG:
		return sysfs_emit(text, "%d\n", *(const bool *)member);
	case FIELD_ERROR:
		return sysfs_emit(text, "%d\n", -*(const int *)member);
	case FIELD_NUMBER:
		return sysfs_emit(text, "%llu\n", (unsigned long long)*(const uint64_t *)member);
	}
	return -EINVAL;
}

static const struct sysfs_ops entry_operations = { .show = show_field };

static void release_entry(struct kobject *object)
{
	th_free(entry_of(object));
}

static const struct kobj_type entry_type = {
	.release = release_entry,
	.sysfs_ops = &entry_operations,
	.default_groups = entry_attribute_groups,
};

/* ---- telling: on the queue ---- */

static void send_event(struct entry *entry, enum kobject_action action)
{
	const struct state state = state_of(entry);
	char resource[TH_VALUE_NAME_MAX + 32], role[32], consistent[32], attached[32], full[32];
	char lease[32], error[32];
	char *variables[] = { resource, role, consistent, attached, full, lease, error, NULL };

	th_snprintf(resource, sizeof(resource), "THARSIS_RESOURCE=%s", entry->name);
	th_snprintf(role, sizeof(role), "THARSIS_ROLE=%s", role_names[state.role]);
	th_snprintf(consistent, sizeof(consistent), "THARSIS_CONSISTENT=%d", state.consistent);
	th_snprintf(attached, sizeof(attached), "THARSIS_DISK_ATTACHED=%d", state.disk_attached);
	th_snprintf(full, sizeof(full), "THARSIS_LOG_FULL=%d", state.log_full);
	th_snprintf(lease, sizeof(lease), "THARSIS_LEASE_EXPIRED=%d", state.lease_expired);
	th_snprintf(error, sizeof(error), "THARSIS_ERROR=%d", -state.error);
	kobject_uevent_env(&entry->object, action, variables);
}

static void add_entry(struct entry *entry)
{
	if (kobject_add(&entry->object, NULL, "%s", entry->name)) {
		th_log(TH_LOG_WARNING, "%s: it cannot be shown in sysfs", entry->name);
		return;
	}
	entry->added = true;
	send_event(entry, KOBJ_ADD);
}

static void tell(struct work_struct *work)
{
	struct entry *entry = container_of(work, struct entry, tell);
	bool changed, gone;

	spin_lock(&entry->lock);
	changed = entry->changed;
	gone = entry->gone;
	entry->changed = false;
	spin_unlock(&entry->lock);
	if (!entry->added && !gone)
		add_entry(entry);
	else if (changed && entry->added)
		send_event(entry, KOBJ_CHANGE);
	if (!gone)
		return;
	if (entry->added) {
		send_event(entry, KOBJ_REMOVE);
		kobject_del(&entry->object);
	}
	kobject_put(&entry->object);
}

/* ---- looking: on the executor ---- */

static struct entry *find_entry(struct th_monitor_host *monitor, uint64_t id)
{
	struct th_list *link;

	th_list_for_each(link, &monitor->entries) {
		struct entry *entry = th_list_entry(link, struct entry, link);

		if (entry->id == id)
			return entry;
	}
	return NULL;
}

/*
 * NULL: no memory; it is tried again at the next change. Its state is none yet, which that of an open resource always differs
 * from: so it is told of as soon as that is known.
 */
static struct entry *new_entry(struct th_monitor_host *monitor, const struct th_resource *resource)
{
	struct entry *entry = th_alloc(sizeof(*entry));

	if (!entry)
		return NULL;
	kobject_init(&entry->object, &entry_type);
	entry->object.kset = monitor->folder;
	entry->id = resource->id;
	th_snprintf(entry->name, sizeof(entry->name), "%s", resource->name);
	spin_lock_init(&entry->lock);
	INIT_WORK(&entry->tell, tell);
	th_list_push_back(&monitor->entries, &entry->link);
	return entry;
}

static void drop_entry(struct th_monitor_host *monitor, struct entry *entry)
{
	th_list_remove(&entry->link);
	spin_lock(&entry->lock);
	entry->gone = true;
	spin_unlock(&entry->lock);
	queue_work(monitor->queue, &entry->tell);
}

static struct state summary_of(const struct th_engine_status *status)
{
	return (struct state){
		.role = status->role,
		.consistent = status->consistent,
		.disk_attached = status->disk_attached,
		.suspended = status->suspended,
		.lease_expired = status->lease_expired,
		.log_full = status->log_full,
		.error = status->error.code,
		.epoch = status->epoch,
		.device_bytes = status->device_bytes,
		.checkpoint_lsn = status->checkpoint_lsn,
		.replayed_lsn = status->replayed_lsn,
		.durable_lsn = status->durable_lsn,
		.end_lsn = status->end_lsn,
		.dirty_bytes = status->dirty_bytes,
		.log_bytes = status->log_bytes,
		.writeback_errors = status->writeback_errors,
	};
}

static bool is_event(const struct state *before, const struct state *now)
{
	return before->role != now->role || before->consistent != now->consistent ||
	       before->disk_attached != now->disk_attached || before->suspended != now->suspended ||
	       before->lease_expired != now->lease_expired || before->log_full != now->log_full ||
	       before->error != now->error || before->device_bytes != now->device_bytes;
}

static void look_at(struct th_monitor_host *monitor, const struct th_resource *resource)
{
	struct th_engine_status *status = &monitor->control->status;
	struct entry *entry = find_entry(monitor, resource->id);
	struct state now;
	bool event;

	if (!entry)
		entry = new_entry(monitor, resource);
	if (!entry)
		return;
	th_engine_status(resource->translog, status);
	now = summary_of(status);
	spin_lock(&entry->lock);
	event = is_event(&entry->state, &now);
	entry->state = now;
	entry->changed |= event;
	spin_unlock(&entry->lock);
	if (event)
		queue_work(monitor->queue, &entry->tell);
}

static void drop_closed(struct th_monitor_host *monitor)
{
	struct th_list *link, *after;

	th_list_for_each_safe(link, after, &monitor->entries) {
		struct entry *entry = th_list_entry(link, struct entry, link);
		const struct th_resource *resource =
			th_resource_find_id(monitor->control, entry->id);

		if (!resource || !th_resource_is_open(resource))
			drop_entry(monitor, entry);
	}
}

static void look(struct th_timer *timer)
{
	struct th_monitor_host *monitor = th_container_of(timer, struct th_monitor_host, timer);
	struct th_list *link;

	drop_closed(monitor);
	th_list_for_each(link, &monitor->control->resources) {
		const struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (th_resource_is_open(resource) && resource->change > monitor->seen)
			look_at(monitor, resource);
	}
	monitor->seen = monitor->control->change;
}

static void run_hook(struct th_hook *hook)
{
	struct th_monitor_host *monitor = th_container_of(hook, struct th_monitor_host, hook);
	struct th_executor *executor = monitor->control->host->executor;

	if (monitor->seen != monitor->control->change && !monitor->timer.deadline_ns)
		th_executor_arm(executor, &monitor->timer, th_executor_now_ns(executor) + LOOK_NS);
}

void th_monitor_host_follow(struct th_monitor_host *monitor, struct th_control *control)
{
	monitor->control = control;
	monitor->seen = control->change;
	th_list_init(&monitor->entries);
	th_timer_init(&monitor->timer, look);
	monitor->hook.run = run_hook;
	th_executor_add_hook(control->host->executor, &monitor->hook);
}

void th_monitor_host_end(struct th_monitor_host *monitor)
{
	struct th_executor *executor = monitor->control->host->executor;
	struct th_list *link;

	th_executor_remove_hook(executor, &monitor->hook);
	th_executor_disarm(executor, &monitor->timer);
	while ((link = th_list_pop_front(&monitor->entries)) != NULL)
		drop_entry(monitor, th_list_entry(link, struct entry, link));
}

/* ---- life ---- */

int th_monitor_host_init(struct th_monitor_host *monitor)
{
	monitor->folder = kset_create_and_add("tharsis", NULL, kernel_kobj);
	if (!monitor->folder)
		return -ENOMEM;
	monitor->queue = alloc_ordered_workqueue("tharsis", 0);
	if (monitor->queue)
		return 0;
	kset_unregister(monitor->folder);
	return -ENOMEM;
}

void th_monitor_host_destroy(struct th_monitor_host *monitor)
{
	destroy_workqueue(monitor->queue);
	kset_unregister(monitor->folder);
}
