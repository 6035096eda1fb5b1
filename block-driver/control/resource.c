// SPDX-License-Identifier: GPL-2.0
#include "resource.h"

static struct th_resource *of_ladder(struct th_ladder *ladder)
{
	return th_container_of(ladder, struct th_resource, ladder);
}

static struct th_resource *of_disk_ladder(struct th_ladder *ladder)
{
	return th_container_of(ladder, struct th_resource, disk_ladder);
}

static struct th_export *of_export_ladder(struct th_ladder *ladder)
{
	return th_container_of(ladder, struct th_export, ladder);
}

/* ---- rungs that several ladders have: switching a brick, taking it away, connecting, a call of the engine ---- */

static void switched_on(struct th_brick *brick, void *context)
{
	struct th_ladder *ladder = context;

	if (brick->power != TH_ON)
		th_error_set(&ladder->error, brick->error.code ? brick->error.code : -EIO, "%s",
			     brick->error.text);
	th_ladder_stepped(ladder, brick->power == TH_ON ? 0 : ladder->error.code);
}

static void switched_off(struct th_brick *brick, void *context)
{
	struct th_ladder *ladder = context;
	int error = 0;

	if (brick->power != TH_OFF)
		error = th_error_set(&ladder->error, brick->error.code ? brick->error.code : -EIO,
				     "%s", brick->error.text);
	th_ladder_stepped(ladder, error);
}

static int switch_brick(struct th_ladder *ladder, struct th_brick *brick, bool on)
{
	int error = th_brick_power(brick, on, on ? switched_on : switched_off, ladder);

	if (error)
		return th_error_set(&ladder->error, error, "brick %s is being switched already",
				    brick->name);
	return TH_LADDER_LATER;
}

static int destroy_brick(struct th_ladder *ladder, struct th_brick *brick)
{
	const struct th_brick *named = brick;
	int error = th_brick_destroy(brick->registry, brick);

	if (error)
		return th_error_set(&ladder->error, error, "brick %s is still in use", named->name);
	return 0;
}

static int connect_input(struct th_ladder *ladder, struct th_input *input, struct th_output *output)
{
	int error = th_connect(input, output);

	if (error)
		return th_error_set(&ladder->error, error,
				    "%s cannot be connected with %s (errno %d)", input->brick->name,
				    output->brick->name, -error);
	return 0;
}

static void drained(struct th_input *input, void *context)
{
	th_input_fail_held(input, -ENOTCONN);
	th_ladder_stepped(context, 0);
}

static int disconnect_input(struct th_ladder *ladder, struct th_input *input)
{
	int error = th_disconnect(input, drained, ladder);

	if (error)
		return th_error_set(&ladder->error, error, "%s cannot be disconnected (errno %d)",
				    input->brick->name, -error);
	return TH_LADDER_LATER;
}

static void called(struct th_engine_call *call, void *context)
{
	struct th_ladder *ladder = context;

	if (call->error.code)
		th_error_set(&ladder->error, call->error.code, "%s", call->error.text);
	th_ladder_stepped(ladder, call->error.code);
}

static int start_call(struct th_ladder *ladder, struct th_resource *resource,
		      struct th_engine_call *call, enum th_engine_operation operation)
{
	call->operation = operation;
	call->error = (struct th_error){ 0 };
	call->done = called;
	call->context = ladder;
	th_engine_start(resource->translog, call);
	return TH_LADDER_LATER;
}

/* ---- the log ---- */

static int make_log(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);
	const struct th_control_host *host = resource->control->host;
	char name[TH_NAME_MAX + 1];

	th_snprintf(name, sizeof(name), "%s/log", resource->name);
	return host->make_log(host, name, &resource->log_place, &resource->log, &ladder->error);
}

static int unmake_log(struct th_ladder *ladder)
{
	return destroy_brick(ladder, of_ladder(ladder)->log->brick);
}

static int switch_log_on(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_ladder(ladder)->log->brick, true);
}

static int switch_log_off(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_ladder(ladder)->log->brick, false);
}

/* ---- the translog ---- */

static void engine_changed(void *context)
{
	th_resource_changed(context);
}

static void engine_event(void *context, enum th_log_level level, const char *text)
{
	struct th_resource *resource = context;
	struct th_event *event = &resource->events[resource->event_count % TH_EVENTS_KEPT];

	event->level = level;
	th_snprintf(event->text, sizeof(event->text), "%s", text);
	resource->event_count++;
	th_log(level, "%s: %s", resource->name, text);
	th_resource_changed(resource);
}

static int make_translog(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);
	const struct th_control_host *host = resource->control->host;
	const struct th_engine_config config = {
		.memory = host->memory,
		.changed = engine_changed,
		.event = engine_event,
		.context = resource,
	};

	return th_brick_create(host->registry, &th_translog_type, resource->name, host->executor,
			       &config, &resource->translog, &ladder->error);
}

static int unmake_translog(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);
	int error = destroy_brick(ladder, resource->translog);

	if (!error)
		resource->translog = NULL;
	return error;
}

static int connect_log(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	return connect_input(ladder, &resource->translog->inputs[TH_ENGINE_INPUT_LOG],
			     resource->log);
}

static int disconnect_log(struct th_ladder *ladder)
{
	return disconnect_input(ladder, &of_ladder(ladder)->translog->inputs[TH_ENGINE_INPUT_LOG]);
}

static int switch_translog_on(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_ladder(ladder)->translog, true);
}

static int switch_translog_off(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_ladder(ladder)->translog, false);
}

/* ---- the engine ---- */

static int tune_engine(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	resource->call.options = resource->options;
	return start_call(ladder, resource, &resource->call, TH_CALL_TUNE);
}

static int create_replica(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	return start_call(ladder, resource, &resource->call, TH_CALL_CREATE);
}

static int open_replica(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	return start_call(ladder, resource, &resource->call, TH_CALL_OPEN);
}

/* It may have closed although it could not write all back: that is an error to report, but the way down goes on. */
static void closed(struct th_engine_call *call, void *context)
{
	struct th_ladder *ladder = context;
	struct th_resource *resource = of_ladder(ladder);
	struct th_engine_status *status = &resource->control->status;

	th_engine_status(resource->translog, status);
	if (call->error.code)
		th_error_set(&ladder->error, call->error.code, "%s", call->error.text);
	th_ladder_stepped(ladder, status->role == TH_ROLE_CLOSED ? 0 : call->error.code);
}

static int close_replica(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	start_call(ladder, resource, &resource->call, TH_CALL_CLOSE);
	resource->call.done = closed;
	return TH_LADDER_LATER;
}

/* ---- the disk's ladder as a rung of the resource's ---- */

static void disk_ladder_done(struct th_ladder *disk_ladder, void *context)
{
	struct th_ladder *ladder = context;

	if (disk_ladder->error.code)
		th_error_set(&ladder->error, disk_ladder->error.code, "%s",
			     disk_ladder->error.text);
	th_ladder_stepped(ladder, disk_ladder->error.code);
}

static int no_disk_yet(struct th_ladder *ladder)
{
	(void)ladder;
	return 0;
}

static int take_disk_down(struct th_ladder *ladder)
{
	struct th_resource *resource = of_ladder(ladder);

	if (!resource->disk_ladder.level)
		return 0;
	th_ladder_descend(&resource->disk_ladder, disk_ladder_done, ladder);
	return TH_LADDER_LATER;
}

static const struct th_rung open_rungs[] = {
	{ make_log, unmake_log },
	{ switch_log_on, switch_log_off },
	{ make_translog, unmake_translog },
	{ connect_log, disconnect_log },
	{ switch_translog_on, switch_translog_off },
	{ tune_engine, NULL },
	{ no_disk_yet, take_disk_down }, /* the disk leaves behind the engine, which drains to it */
	{ open_replica, close_replica },
};

static const struct th_rung create_rungs[] = {
	{ make_log, unmake_log },
	{ switch_log_on, switch_log_off },
	{ make_translog, unmake_translog },
	{ connect_log, disconnect_log },
	{ switch_translog_on, switch_translog_off },
	{ create_replica, NULL },
};

/* ---- the disk ---- */

static int make_disk(struct th_ladder *ladder)
{
	struct th_resource *resource = of_disk_ladder(ladder);
	const struct th_control_host *host = resource->control->host;
	char name[TH_NAME_MAX + 1];

	th_snprintf(name, sizeof(name), "%s/disk", resource->name);
	return host->make_disk(host, name, &resource->disk_place, &resource->disk, &ladder->error);
}

static int unmake_disk(struct th_ladder *ladder)
{
	return destroy_brick(ladder, of_disk_ladder(ladder)->disk->brick);
}

static int switch_disk_on(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_disk_ladder(ladder)->disk->brick, true);
}

static int switch_disk_off(struct th_ladder *ladder)
{
	return switch_brick(ladder, of_disk_ladder(ladder)->disk->brick, false);
}

static int connect_disk(struct th_ladder *ladder)
{
	struct th_resource *resource = of_disk_ladder(ladder);

	return connect_input(ladder, &resource->translog->inputs[TH_ENGINE_INPUT_DISK],
			     resource->disk);
}

static int disconnect_disk(struct th_ladder *ladder)
{
	return disconnect_input(ladder,
				&of_disk_ladder(ladder)->translog->inputs[TH_ENGINE_INPUT_DISK]);
}

static int attach_disk(struct th_ladder *ladder)
{
	struct th_resource *resource = of_disk_ladder(ladder);

	return start_call(ladder, resource, &resource->disk_call, TH_CALL_ATTACH);
}

static int detach_disk(struct th_ladder *ladder)
{
	struct th_resource *resource = of_disk_ladder(ladder);

	/* A closed engine has let go of its disk already. */
	if (!th_resource_is_open(resource))
		return 0;
	return start_call(ladder, resource, &resource->disk_call, TH_CALL_DETACH);
}

static const struct th_rung disk_rungs[] = {
	{ make_disk, unmake_disk },
	{ switch_disk_on, switch_disk_off },
	{ connect_disk, disconnect_disk },
	{ attach_disk, detach_disk },
};

/* ---- exports ---- */

static int export_up(struct th_ladder *ladder)
{
	struct th_export *export = of_export_ladder(ladder);
	const struct th_control_host *host = export->resource->control->host;

	return host->export_device(host, export->name, export->kind, export->read_only,
				   &export->resource->translog->outputs[0], ladder);
}

static int export_down(struct th_ladder *ladder)
{
	struct th_export *export = of_export_ladder(ladder);
	const struct th_control_host *host = export->resource->control->host;

	return host->unexport_device(host, export->name, ladder);
}

static const struct th_rung export_rungs[] = {
	{ export_up, export_down },
};

/* ---- looking at resources ---- */

bool th_resource_is_open(const struct th_resource *resource)
{
	return th_ladder_is_up(&resource->ladder) && resource->ladder.rungs == open_rungs;
}

bool th_resource_is_changing(const struct th_resource *resource)
{
	if (resource->ladder.moving || resource->disk_ladder.moving)
		return true;
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (resource->exports[i] && resource->exports[i]->ladder.moving)
			return true;
	}
	return false;
}

const char *th_resource_state(const struct th_resource *resource)
{
	if (th_resource_is_open(resource))
		return "open";
	return resource->ladder.rising ? "opening" : "closing";
}

struct th_resource *th_resource_find(const struct th_control *control, const char *name)
{
	struct th_list *link;

	th_list_for_each(link, &control->resources) {
		struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (strcmp(resource->name, name) == 0)
			return resource;
	}
	return NULL;
}

struct th_resource *th_resource_find_id(const struct th_control *control, uint64_t id)
{
	struct th_list *link;

	th_list_for_each(link, &control->resources) {
		struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (resource->id == id)
			return resource;
	}
	return NULL;
}

struct th_resource *th_resource_find_open(const struct th_control *control, const char *name,
					  struct th_error *error)
{
	struct th_resource *resource = th_resource_find(control, name);

	if (!resource) {
		th_error_set(
			error, -ENOENT,
			"resource %.40s is not open: open it first (list shows those that are)",
			name);
		return NULL;
	}
	if (th_resource_is_open(resource))
		return resource;
	th_error_set(error, -EBUSY, "resource %s is %s: try again later", name,
		     th_resource_state(resource));
	return NULL;
}

void th_resource_changed(struct th_resource *resource)
{
	struct th_control *control = resource->control;

	resource->change = ++control->change;
	th_executor_post(control->host->executor, &control->notify_work);
}

static void set_changed(struct th_resource *resource)
{
	th_resource_changed(resource);
	if (!resource->creating)
		resource->control->set_change = resource->change;
}

/* ---- beginning and ending ---- */

static void resource_free(struct th_resource *resource)
{
	set_changed(resource);
	resource->control->resource_count--;
	th_list_remove(&resource->link);
	th_free(resource);
}

static void report(struct th_resource *resource, const struct th_error *error)
{
	th_resource_done *done = resource->done;

	resource->done = NULL;
	th_resource_changed(resource);
	done(resource->context, error);
}

static void wait_for(struct th_resource *resource, th_resource_done *done, void *context)
{
	TH_ASSERT(!resource->done);
	resource->done = done;
	resource->context = context;
	th_resource_changed(resource);
}

/* For what changes the shape of an open resource. */
static int check_shape_free(const struct th_resource *resource, struct th_error *error)
{
	if (th_resource_is_changing(resource))
		return th_error_set(error, -EBUSY,
				    "resource %s is being changed by another command: try again "
				    "later",
				    resource->name);
	return 0;
}

static void moved(struct th_ladder *ladder, void *context)
{
	struct th_resource *resource = of_ladder(ladder);
	struct th_error error = ladder->error;

	(void)context;
	report(resource, &error);
	if (!ladder->level)
		resource_free(resource);
}

static void replica_created(struct th_ladder *ladder, void *context)
{
	if (ladder->error.code)
		moved(ladder, context);
	else
		th_ladder_descend(ladder, moved, context);
}

/* Each engine must be sure of its least memory. */
static int check_room(const struct th_control *control, struct th_error *error)
{
	uint32_t max = control->host->memory->chunk_count_max / TH_LOG_CACHE_CHUNKS_MIN;

	if (control->resource_count < max)
		return 0;
	return th_error_set(
		error, -ENOMEM,
		"%u resources are open, more do not fit into the memory for logged data "
		"(%llu bytes): start the host with a higher dirty limit",
		control->resource_count,
		(unsigned long long)control->host->memory->chunk_count_max * TH_CHUNK_BYTES);
}

static int resource_new(struct th_control *control, const struct th_resource_plan *plan,
			bool creating, struct th_resource **result, struct th_error *error)
{
	struct th_resource *resource;
	int code = check_room(control, error);

	if (code)
		return code;
	if (th_resource_find(control, plan->name))
		return th_error_set(error, -EEXIST, "there is already an open resource %s",
				    plan->name);
	resource = th_alloc(sizeof(*resource));
	if (!resource)
		return th_error_set(error, -ENOMEM, "no memory for resource %s", plan->name);
	resource->control = control;
	resource->id = ++control->next_id;
	resource->creating = creating;
	th_snprintf(resource->name, sizeof(resource->name), "%s", plan->name);
	resource->log_place = plan->log;
	resource->options = plan->options;
	resource->call.resource_uuid = plan->resource_uuid;
	resource->call.node_uuid = plan->node_uuid;
	resource->call.device_bytes = plan->device_bytes;
	resource->call.block_bytes = plan->block_bytes;
	resource->call.start_lsn = plan->start_lsn;
	resource->call.epoch = plan->start_epoch;
	resource->call.chain = plan->start_chain;
	resource->call.inconsistent_until_lsn = plan->inconsistent_until_lsn;
	resource->call.inconsistent_until_epoch = plan->inconsistent_until_epoch;
	resource->call.run = true;
	resource->call.until_lsn = plan->until_lsn;
	resource->call.until_ns = plan->until_ns;
	th_list_push_back(&control->resources, &resource->link);
	control->resource_count++;
	set_changed(resource);
	*result = resource;
	return 0;
}

int th_resource_open(struct th_control *control, const struct th_resource_plan *plan,
		     th_resource_done *done, void *context, struct th_resource **result,
		     struct th_error *error)
{
	struct th_executor *executor = control->host->executor;
	struct th_resource *resource;
	int code = resource_new(control, plan, false, &resource, error);

	if (code)
		return code;
	th_ladder_init(&resource->ladder, executor, open_rungs, TH_ARRAY_COUNT(open_rungs));
	th_ladder_init(&resource->disk_ladder, executor, disk_rungs, TH_ARRAY_COUNT(disk_rungs));
	wait_for(resource, done, context);
	th_ladder_climb(&resource->ladder, moved, NULL);
	*result = resource;
	return 0;
}

int th_resource_create(struct th_control *control, const struct th_resource_plan *plan,
		       th_resource_done *done, void *context, struct th_error *error)
{
	struct th_executor *executor = control->host->executor;
	struct th_resource *resource;
	int code = resource_new(control, plan, true, &resource, error);

	if (code)
		return code;
	th_ladder_init(&resource->ladder, executor, create_rungs, TH_ARRAY_COUNT(create_rungs));
	wait_for(resource, done, context);
	th_ladder_climb(&resource->ladder, replica_created, NULL);
	return 0;
}

static int check_not_exported(const struct th_resource *resource, struct th_error *error)
{
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (resource->exports[i])
			return th_error_set(error, -EBUSY,
					    "resource %s is exported as %s: unexport it first",
					    resource->name, resource->exports[i]->name);
	}
	return 0;
}

int th_resource_close(struct th_resource *resource, bool drain, th_resource_done *done,
		      void *context, struct th_error *error)
{
	int code = check_shape_free(resource, error);

	if (!code)
		code = check_not_exported(resource, error);
	if (code)
		return code;
	resource->call.drain = drain;
	wait_for(resource, done, context);
	th_ladder_descend(&resource->ladder, moved, NULL);
	return 0;
}

static void disk_moved(struct th_ladder *ladder, void *context)
{
	(void)context;
	report(of_disk_ladder(ladder), &ladder->error);
}

int th_resource_attach(struct th_resource *resource, const struct th_place *place, bool write_label,
		       th_resource_done *done, void *context, struct th_error *error)
{
	int code = check_shape_free(resource, error);

	if (code)
		return code;
	if (resource->disk_ladder.level)
		return th_error_set(error, -EEXIST, "resource %s has a disk already: %s",
				    resource->name, resource->disk_place.path);
	resource->disk_place = *place;
	resource->disk_call.write_label = write_label;
	wait_for(resource, done, context);
	th_ladder_climb(&resource->disk_ladder, disk_moved, NULL);
	return 0;
}

int th_resource_detach(struct th_resource *resource, th_resource_done *done, void *context,
		       struct th_error *error)
{
	int code = check_shape_free(resource, error);

	if (code)
		return code;
	if (!resource->disk_ladder.level)
		return th_error_set(error, -ENXIO, "resource %s has no disk", resource->name);
	wait_for(resource, done, context);
	th_ladder_descend(&resource->disk_ladder, disk_moved, NULL);
	return 0;
}

static void export_moved(struct th_ladder *ladder, void *context)
{
	struct th_export *export = of_export_ladder(ladder);
	struct th_resource *resource = export->resource;
	struct th_error error = ladder->error;

	(void)context;
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (resource->exports[i] == export && !ladder->level) {
			resource->exports[i] = NULL;
			th_free(export);
			break;
		}
	}
	report(resource, &error);
}

static struct th_export **find_export(struct th_resource *resource, const char *name)
{
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (resource->exports[i] && strcmp(resource->exports[i]->name, name) == 0)
			return &resource->exports[i];
	}
	return NULL;
}

static struct th_export **free_export(struct th_resource *resource)
{
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (!resource->exports[i])
			return &resource->exports[i];
	}
	return NULL;
}

/* Names of exports are one space for the whole host. */
static int check_export_name(const struct th_control *control, const char *name,
			     struct th_error *error)
{
	struct th_list *link;

	th_list_for_each(link, &control->resources) {
		struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (find_export(resource, name))
			return th_error_set(error, -EEXIST, "%s is exported as %s already",
					    resource->name, name);
	}
	return 0;
}

int th_resource_export(struct th_resource *resource, const char *name, enum th_export_kind kind,
		       bool read_only, th_resource_done *done, void *context,
		       struct th_error *error)
{
	struct th_export **slot = free_export(resource);
	struct th_export *export;
	int code = check_shape_free(resource, error);

	if (!code)
		code = check_export_name(resource->control, name, error);
	if (code)
		return code;
	if (!slot)
		return th_error_set(error, -ENFILE,
				    "resource %s has %u exports, more are not possible",
				    resource->name, TH_EXPORTS_MAX);
	export = th_alloc(sizeof(*export));
	if (!export)
		return th_error_set(error, -ENOMEM, "no memory for export %s", name);
	export->resource = resource;
	export->kind = kind;
	export->read_only = read_only;
	th_snprintf(export->name, sizeof(export->name), "%s", name);
	th_ladder_init(&export->ladder, resource->control->host->executor, export_rungs,
		       TH_ARRAY_COUNT(export_rungs));
	*slot = export;
	wait_for(resource, done, context);
	th_ladder_climb(&export->ladder, export_moved, NULL);
	return 0;
}

int th_resource_unexport(struct th_resource *resource, const char *name, th_resource_done *done,
			 void *context, struct th_error *error)
{
	struct th_export **export = find_export(resource, name);
	int code = check_shape_free(resource, error);

	if (code)
		return code;
	if (!export)
		return th_error_set(error, -ENOENT, "resource %s is not exported as %s",
				    resource->name, name);
	wait_for(resource, done, context);
	th_ladder_descend(&(*export)->ladder, export_moved, NULL);
	return 0;
}
