// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that put resources together and take them apart.
 */
#include "handlers.h"
#include "session.h"

/* What was begun ends in th_session_ended(); what could not begin ends here. */
static void begun(struct th_session *session, int code, const struct th_error *error)
{
	if (code)
		th_session_fail(session, error);
}

static void read_place(const struct th_command *command, enum th_key_id path,
		       struct th_place *place)
{
	memset(place, 0, sizeof(*place));
	th_snprintf(place->path, sizeof(place->path), "%s", command->values[path].text);
	place->io = (enum th_place_io)th_command_number_or(command, TH_KEY_IO, TH_PLACE_AIO);
	place->direct = th_command_number_or(command, TH_KEY_DIRECT, false) != 0;
}

static void read_plan(struct th_session *session, const struct th_command *command)
{
	struct th_resource_plan *plan = &session->plan;

	memset(plan, 0, sizeof(*plan));
	plan->name = command->resource;
	plan->resource_uuid = command->values[TH_KEY_RESOURCE_UUID].uuid;
	read_place(command, TH_KEY_DIRECTORY, &plan->log);
	plan->until_lsn = th_command_number(command, TH_KEY_UNTIL_LSN);
	plan->until_ns = th_command_number(command, TH_KEY_UNTIL_TIME_NS);
	th_engine_options_default(&plan->options);
	plan->options.dirty_extents_max = (uint32_t)th_command_number_or(
		command, TH_KEY_DIRTY_EXTENTS_MAX, plan->options.dirty_extents_max);
}

/* ---- create ---- */

static void uuid_or_random(const struct th_session *session, const struct th_command *command,
			   enum th_key_id id, struct th_uuid *uuid)
{
	const struct th_control_host *host = session->control->host;

	*uuid = command->values[id].uuid;
	if (th_command_has(command, id))
		return;
	host->random(host, uuid->bytes, sizeof(uuid->bytes));
	/* RFC 4122: version 4, variant 1. */
	uuid->bytes[6] = (uuid->bytes[6] & 0x0f) | 0x40;
	uuid->bytes[8] = (uuid->bytes[8] & 0x3f) | 0x80;
}

static void created(struct th_session *session)
{
	th_reply_uuid(&session->reply, "resource-uuid", &session->plan.resource_uuid);
	th_reply_uuid(&session->reply, "node-uuid", &session->plan.node_uuid);
}

static int plan_device(struct th_resource_plan *plan, const struct th_command *command,
		       struct th_error *error)
{
	static const uint32_t blocks[] = { 512, 4096 };

	plan->block_bytes = blocks[th_command_number_or(command, TH_KEY_BLOCK, 1)];
	plan->device_bytes = th_command_number(command, TH_KEY_SIZE);
	if (plan->device_bytes % plan->block_bytes == 0)
		return 0;
	return th_error_set(error, -EINVAL, "size=%llu is not a multiple of the block size, %u",
			    (unsigned long long)plan->device_bytes, plan->block_bytes);
}

static int plan_start(struct th_resource_plan *plan, const struct th_command *command,
		      struct th_error *error)
{
	bool lsn = th_command_has(command, TH_KEY_START_LSN);
	bool epoch = th_command_has(command, TH_KEY_START_EPOCH);
	bool chain = th_command_has(command, TH_KEY_START_CHAIN);

	plan->start_lsn = th_command_number(command, TH_KEY_START_LSN);
	plan->start_epoch = th_command_number(command, TH_KEY_START_EPOCH);
	plan->start_chain = th_command_number(command, TH_KEY_START_CHAIN);
	plan->inconsistent_until_lsn = th_command_number(command, TH_KEY_INCONSISTENT_UNTIL_LSN);
	plan->inconsistent_until_epoch =
		th_command_number(command, TH_KEY_INCONSISTENT_UNTIL_EPOCH);
	if (lsn == epoch && lsn == chain)
		return 0;
	return th_error_set(error, -EINVAL,
			    "start-lsn, start-epoch and start-chain are one position: give all of "
			    "them or none");
}

void th_handle_create(struct th_session *session, const struct th_command *command)
{
	struct th_resource_plan *plan = &session->plan;
	struct th_error error = { 0 };

	read_plan(session, command);
	if (plan_device(plan, command, &error) || plan_start(plan, command, &error)) {
		th_session_refuse(session, &error);
		return;
	}
	uuid_or_random(session, command, TH_KEY_RESOURCE_UUID, &plan->resource_uuid);
	uuid_or_random(session, command, TH_KEY_NODE_UUID, &plan->node_uuid);
	session->finish = created;
	begun(session,
	      th_resource_create(session->control, plan, th_session_ended, session, &error),
	      &error);
}

/* ---- open, close ---- */

static void opened(struct th_session *session)
{
	struct th_engine_status *status = &session->control->status;
	struct th_resource *resource = th_resource_find_id(session->control, session->resource_id);
	struct th_reply *reply = &session->reply;

	/* It may be closed again already, by another session. */
	if (!resource || !resource->translog)
		return;
	th_engine_status(resource->translog, status);
	th_reply_text(reply, "role", "secondary");
	th_reply_uuid(reply, "resource-uuid", &status->resource_uuid);
	th_reply_uuid(reply, "node-uuid", &status->node_uuid);
	th_reply_number(reply, "device-bytes", status->device_bytes);
	th_reply_number(reply, "epoch", status->epoch);
	th_reply_number(reply, "end-lsn", status->end_lsn);
	th_reply_chain(reply, "end-chain", status->end_chain);
}

void th_handle_open(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource;
	struct th_error error = { 0 };
	int code;

	read_plan(session, command);
	session->finish = opened;
	code = th_resource_open(session->control, &session->plan, th_session_ended, session,
				&resource, &error);
	if (!code)
		session->resource_id = resource->id;
	begun(session, code, &error);
}

void th_handle_close(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource = th_resource_find(session->control, command->resource);
	bool drain = th_command_number_or(command, TH_KEY_DRAIN, true) != 0;
	struct th_error error = { 0 };
	int code;

	/* Also one whose closing has failed half-way may be closed: again. */
	if (resource)
		code = th_resource_close(resource, drain, th_session_ended, session, &error);
	else
		code = th_error_set(&error, -ENOENT, "resource %s is not open", command->resource);
	begun(session, code, &error);
}

/* ---- disk and exports ---- */

static struct th_resource *find_open(struct th_session *session, const struct th_command *command)
{
	struct th_error error = { 0 };
	struct th_resource *resource =
		th_resource_find_open(session->control, command->resource, &error);

	if (!resource)
		th_session_fail(session, &error);
	return resource;
}

void th_handle_attach(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource = find_open(session, command);
	struct th_error error = { 0 };
	bool write_label = th_command_number_or(command, TH_KEY_LABEL, false) != 0;
	struct th_place *place = &session->plan.log;

	if (!resource)
		return;
	read_place(command, TH_KEY_DISK, place);
	place->create_bytes = th_command_number_or(command, TH_KEY_CREATE_SIZE, 0);
	begun(session,
	      th_resource_attach(resource, place, write_label, th_session_ended, session, &error),
	      &error);
}

void th_handle_detach(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource = find_open(session, command);
	struct th_error error = { 0 };

	if (resource)
		begun(session, th_resource_detach(resource, th_session_ended, session, &error),
		      &error);
}

static const char *export_name(const struct th_command *command)
{
	return th_command_has(command, TH_KEY_NAME) ? command->values[TH_KEY_NAME].text :
						      command->resource;
}

void th_handle_export(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource = find_open(session, command);
	bool read_only = th_command_number_or(command, TH_KEY_READ_ONLY, false) != 0;
	uint64_t kind = th_command_number_or(command, TH_KEY_AS, TH_EXPORT_USUAL);
	struct th_error error = { 0 };

	if (resource)
		begun(session,
		      th_resource_export(resource, export_name(command), (enum th_export_kind)kind,
					 read_only, th_session_ended, session, &error),
		      &error);
}

void th_handle_unexport(struct th_session *session, const struct th_command *command)
{
	struct th_resource *resource = find_open(session, command);
	struct th_error error = { 0 };

	if (resource)
		begun(session,
		      th_resource_unexport(resource, export_name(command), th_session_ended,
					   session, &error),
		      &error);
}
