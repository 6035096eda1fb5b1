// SPDX-License-Identifier: GPL-2.0
/*
 * Commands about the host, and those that only look.
 */
#include "handlers.h"
#include "session.h"
#include "status.h"

#define PROTOCOL_VERSION   1u
#define LOG_FORMAT_VERSION 1u
#define WIRE_LINE_MAX	   512u

void th_handle_version(struct th_session *session, const struct th_command *command)
{
	const struct th_control_host *host = session->control->host;

	(void)command;
	th_reply_number(&session->reply, "protocol", PROTOCOL_VERSION);
	th_reply_text(&session->reply, "driver", host->version);
	th_reply_text(&session->reply, "host", host->name);
	th_reply_number(&session->reply, "log-format", LOG_FORMAT_VERSION);
	th_session_succeed(session);
}

void th_handle_help(struct th_session *session, const struct th_command *command)
{
	const char *verb =
		th_command_has(command, TH_KEY_VERB) ? command->values[TH_KEY_VERB].text : NULL;
	struct th_error error = { 0 };
	char usage[TH_USAGE_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < th_command_count; i++) {
		if (verb && strcmp(verb, th_commands[i].verb) != 0)
			continue;
		th_command_usage(&th_commands[i], usage, sizeof(usage));
		th_reply_text(&session->reply, "usage", usage);
		count++;
	}
	if (count) {
		th_session_succeed(session);
		return;
	}
	th_error_set(&error, -EINVAL, "unknown verb '%s'; help lists the commands", verb);
	th_session_refuse(session, &error);
}

void th_handle_list(struct th_session *session, const struct th_command *command)
{
	struct th_list *link;

	(void)command;
	th_list_for_each(link, &session->control->resources) {
		const struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (!resource->creating)
			th_reply_text(&session->reply, "resource", resource->name);
	}
	th_session_succeed(session);
}

static void status_of_host(struct th_session *session)
{
	const struct th_control *control = session->control;
	const struct th_control_host *host = control->host;
	uint64_t uptime_ns = th_executor_now_ns(host->executor) - control->started_ns;
	struct th_reply *reply = &session->reply;

	th_reply_text(reply, "host", host->name);
	th_reply_text(reply, "driver", host->version);
	th_reply_number(reply, "uptime-ms", uptime_ns / TH_NS_PER_MS);
	th_reply_number(reply, "resources", control->resource_count);
	th_reply_number(reply, "sessions", control->session_count);
	th_reply_number(reply, "dirty-limit-bytes",
			(uint64_t)host->memory->chunk_count_max * TH_CHUNK_BYTES);
	th_reply_number(reply, "dirty-memory-bytes",
			(uint64_t)host->memory->chunk_count * TH_CHUNK_BYTES);
}

void th_handle_status(struct th_session *session, const struct th_command *command)
{
	struct th_error error = { 0 };
	struct th_resource *resource;

	if (!command->resource) {
		status_of_host(session);
		th_session_succeed(session);
		return;
	}
	resource = th_resource_find(session->control, command->resource);
	if (!resource) {
		th_error_set(&error, -ENOENT, "resource %s is not open", command->resource);
		th_session_fail(session, &error);
		return;
	}
	th_status_resource(&session->reply, resource);
	th_session_succeed(session);
}

/* Gathers the pieces of the dump into lines. */
struct wire_lines {
	struct th_reply *reply;
	char line[WIRE_LINE_MAX];
	size_t used;
};

static void put_wire(void *context, const char *text, size_t bytes)
{
	struct wire_lines *lines = context;

	for (size_t i = 0; i < bytes; i++) {
		if (text[i] != '\n') {
			if (lines->used < sizeof(lines->line) - 1)
				lines->line[lines->used++] = text[i];
			continue;
		}
		lines->line[lines->used] = 0;
		th_reply_text(lines->reply, "wire", lines->line);
		lines->used = 0;
	}
}

void th_handle_wire(struct th_session *session, const struct th_command *command)
{
	static const enum th_wire_format formats[] = { TH_WIRE_TEXT, TH_WIRE_GRAPHVIZ };
	struct wire_lines lines = { .reply = &session->reply };

	th_registry_wire(session->control->host->registry,
			 formats[th_command_number_or(command, TH_KEY_FORMAT, 0)], put_wire,
			 &lines);
	th_session_succeed(session);
}
