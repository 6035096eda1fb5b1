// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are calls of the engine. Each fills in the call and says what is answered when it ended well.
 */
#include "handlers.h"
#include "session.h"
#include "status.h"

static void called(struct th_engine_call *call, void *context)
{
	th_session_ended(context, &call->error);
}

/* The session's call, emptied; NULL, and the session answered: the resource is not open. */
static struct th_engine_call *call_of(struct th_session *session, const struct th_command *command,
				      enum th_engine_operation operation)
{
	struct th_error error = { 0 };
	struct th_resource *resource =
		th_resource_find_open(session->control, command->resource, &error);

	if (!resource) {
		th_session_fail(session, &error);
		return NULL;
	}
	memset(&session->call, 0, sizeof(session->call));
	session->call.operation = operation;
	session->call.done = called;
	session->call.context = session;
	session->resource_id = resource->id;
	return &session->call;
}

static void start(struct th_session *session, void (*finish)(struct th_session *session))
{
	struct th_resource *resource = th_resource_find_id(session->control, session->resource_id);

	session->finish = finish;
	th_engine_start(resource->translog, &session->call);
}

/* For calls without parameters and without an answer. */
static void simple_call(struct th_session *session, const struct th_command *command,
			enum th_engine_operation operation)
{
	if (call_of(session, command, operation))
		start(session, NULL);
}

static void answer_end(struct th_session *session)
{
	th_reply_number(&session->reply, "end-lsn", session->call.end_lsn);
	th_reply_chain(&session->reply, "end-chain", session->call.end_chain);
}

/* ---- roles and replay ---- */

static void answer_primary(struct th_session *session)
{
	th_reply_number(&session->reply, "epoch", session->call.epoch);
	answer_end(session);
}

void th_handle_primary(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_PRIMARY);

	if (!call)
		return;
	call->epoch = th_command_number(command, TH_KEY_EPOCH);
	call->chain_given = th_command_has(command, TH_KEY_CHAIN);
	call->chain = th_command_number(command, TH_KEY_CHAIN);
	start(session, answer_primary);
}

void th_handle_secondary(struct th_session *session, const struct th_command *command)
{
	if (call_of(session, command, TH_CALL_SECONDARY))
		start(session, answer_end);
}

void th_handle_received(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_RECEIVED);

	if (!call)
		return;
	call->epoch = th_command_number(command, TH_KEY_EPOCH);
	call->start_lsn = th_command_number(command, TH_KEY_START_LSN);
	call->lsn = th_command_number(command, TH_KEY_LSN);
	start(session, NULL);
}

void th_handle_replay_run(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_REPLAY);

	if (!call)
		return;
	call->run = true;
	call->until_lsn = th_command_number(command, TH_KEY_UNTIL_LSN);
	call->until_ns = th_command_number(command, TH_KEY_UNTIL_TIME_NS);
	start(session, NULL);
}

void th_handle_replay_pause(struct th_session *session, const struct th_command *command)
{
	simple_call(session, command, TH_CALL_REPLAY);
}

void th_handle_cut(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_CUT);

	if (!call)
		return;
	call->epoch = th_command_number(command, TH_KEY_EPOCH);
	call->lsn = th_command_number(command, TH_KEY_LSN);
	start(session, NULL);
}

/* ---- the log ---- */

static void answer_lsn(struct th_session *session)
{
	th_reply_number(&session->reply, "end-lsn", session->call.end_lsn);
}

void th_handle_rotate(struct th_session *session, const struct th_command *command)
{
	if (call_of(session, command, TH_CALL_ROTATE))
		start(session, answer_lsn);
}

static void answer_flush(struct th_session *session)
{
	th_reply_number(&session->reply, "epoch", session->call.epoch);
	answer_lsn(session);
}

void th_handle_flush(struct th_session *session, const struct th_command *command)
{
	if (call_of(session, command, TH_CALL_FLUSH))
		start(session, answer_flush);
}

void th_handle_checkpoint(struct th_session *session, const struct th_command *command)
{
	if (call_of(session, command, TH_CALL_CHECKPOINT))
		start(session, answer_lsn);
}

static void peer_call(struct th_session *session, const struct th_command *command,
		      enum th_engine_operation operation)
{
	struct th_engine_call *call = call_of(session, command, operation);

	if (!call)
		return;
	call->peer = command->values[TH_KEY_PEER].uuid;
	call->lsn_given = th_command_has(command, TH_KEY_LSN);
	call->lsn = th_command_number(command, TH_KEY_LSN);
	start(session, NULL);
}

void th_handle_peer_add(struct th_session *session, const struct th_command *command)
{
	peer_call(session, command, TH_CALL_PEER_ADD);
}

void th_handle_peer_remove(struct th_session *session, const struct th_command *command)
{
	peer_call(session, command, TH_CALL_PEER_REMOVE);
}

void th_handle_remote_durable(struct th_session *session, const struct th_command *command)
{
	peer_call(session, command, TH_CALL_PEER_DURABLE);
}

/* ---- service ---- */

void th_handle_lease(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_LEASE);

	if (!call)
		return;
	call->lease_ns = th_command_number(command, TH_KEY_MILLISECONDS) * TH_NS_PER_MS;
	start(session, NULL);
}

void th_handle_suspend(struct th_session *session, const struct th_command *command)
{
	simple_call(session, command, TH_CALL_SUSPEND);
}

void th_handle_resume(struct th_session *session, const struct th_command *command)
{
	simple_call(session, command, TH_CALL_RESUME);
}

static void answer_resize(struct th_session *session)
{
	th_reply_number(&session->reply, "device-bytes", session->call.device_bytes);
}

void th_handle_resize(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_RESIZE);

	if (!call)
		return;
	call->device_bytes = th_command_number(command, TH_KEY_SIZE);
	start(session, answer_resize);
}

static void read_options(const struct th_command *command, struct th_engine_options *options)
{
	options->segment_bytes =
		th_command_number_or(command, TH_KEY_SEGMENT_BYTES, options->segment_bytes);
	options->log_limit_bytes =
		th_command_number_or(command, TH_KEY_LOG_LIMIT_BYTES, options->log_limit_bytes);
	options->log_full = (enum th_log_full_policy)th_command_number_or(command, TH_KEY_LOG_FULL,
									  options->log_full);
	options->durability_remote = (uint32_t)th_command_number_or(
		command, TH_KEY_DURABILITY_REMOTE, options->durability_remote);
	options->fencing_lease =
		th_command_number_or(command, TH_KEY_FENCING, options->fencing_lease) != 0;
	options->lease_reads =
		th_command_number_or(command, TH_KEY_LEASE_READS, options->lease_reads) != 0;
	options->log_sync_ns = th_command_number_or(command, TH_KEY_LOG_SYNC_MS,
						    options->log_sync_ns / TH_NS_PER_MS) *
			       TH_NS_PER_MS;
	options->writeback_delay_ns =
		th_command_number_or(command, TH_KEY_WRITEBACK_DELAY_MS,
				     options->writeback_delay_ns / TH_NS_PER_MS) *
		TH_NS_PER_MS;
	options->writeback_depth = (uint32_t)th_command_number_or(command, TH_KEY_WRITEBACK_DEPTH,
								  options->writeback_depth);
	options->batches_in_flight = (uint32_t)th_command_number_or(
		command, TH_KEY_BATCHES_IN_FLIGHT, options->batches_in_flight);
}

static void tuned(struct th_engine_call *call, void *context)
{
	struct th_session *session = context;
	struct th_resource *resource = th_resource_find_id(session->control, session->resource_id);

	/* It may have been closed meanwhile, by another session: then there is nothing to remember. */
	if (resource) {
		resource->tuning = false;
		if (!call->error.code)
			resource->options = call->options;
		th_resource_changed(resource);
	}
	th_session_ended(session, &call->error);
}

static void answer_tune(struct th_session *session)
{
	th_status_options(&session->reply, &session->call.options);
}

void th_handle_tune(struct th_session *session, const struct th_command *command)
{
	struct th_engine_call *call = call_of(session, command, TH_CALL_TUNE);
	struct th_error error = { 0 };
	struct th_resource *resource;

	if (!call)
		return;
	resource = th_resource_find_id(session->control, session->resource_id);
	if (resource->tuning) {
		th_error_set(&error, -EBUSY, "resource %s is being tuned by another session",
			     resource->name);
		th_session_fail(session, &error);
		return;
	}
	resource->tuning = true;
	call->options = resource->options;
	read_options(command, &call->options);
	call->done = tuned;
	start(session, answer_tune);
}
