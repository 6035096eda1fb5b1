// SPDX-License-Identifier: GPL-2.0
/*
 * Watching: a session is told the state, and then again when it has changed since. Changes are numbers that grow
 * (control->change), so a session remembers one number, and however many changes it slept through, it gets the last.
 */
#include "handlers.h"
#include "session.h"
#include "status.h"

static void tell(struct th_session *session, uint64_t seen)
{
	struct th_executor *executor = session->control->host->executor;

	session->following = true;
	session->seen = seen;
	session->told_ns = th_executor_now_ns(executor);
	th_executor_disarm(executor, &session->timer);
	th_session_succeed(session);
}

/* Does it answer only later? @change: the number of the newest change of what it follows. */
static bool waits(struct th_session *session, uint64_t change)
{
	struct th_executor *executor = session->control->host->executor;

	if (!session->following || session->expired)
		return false;
	if (change <= session->seen)
		return true;
	if (th_executor_now_ns(executor) >= session->earliest_ns)
		return false;
	th_executor_arm(executor, &session->timer,
			TH_MIN(session->earliest_ns, session->deadline_ns));
	return true;
}

static void watch_host(struct th_session *session)
{
	const struct th_control *control = session->control;
	uint64_t seen = session->following ? session->seen : 0;
	struct th_list *link;

	if (waits(session, control->change))
		return;
	th_list_for_each(link, &control->resources) {
		const struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (resource->change > seen && !resource->creating)
			th_reply_text(&session->reply, "resource", resource->name);
	}
	if (session->following && control->set_change > seen)
		th_reply_text(&session->reply, "set", "changed");
	tell(session, control->change);
}

static void watch_resource(struct th_session *session)
{
	struct th_resource *resource = th_resource_find_id(session->control, session->follow_id);
	struct th_error error = { 0 };

	if (!resource) {
		session->following = false;
		th_executor_disarm(session->control->host->executor, &session->timer);
		th_error_set(&error, -ENOENT, "the resource was closed");
		th_session_fail(session, &error);
		return;
	}
	if (waits(session, resource->change))
		return;
	th_status_resource(&session->reply, resource);
	tell(session, resource->change);
}

static void look(struct th_session *session)
{
	if (session->follow_id)
		watch_resource(session);
	else
		watch_host(session);
}

static void set_times(struct th_session *session, const struct th_command *command)
{
	struct th_executor *executor = session->control->host->executor;
	uint64_t interval_ns = th_command_number(command, TH_KEY_MIN_INTERVAL_MS) * TH_NS_PER_MS;

	session->expired = false;
	session->earliest_ns = session->told_ns + interval_ns;
	session->deadline_ns = UINT64_MAX;
	if (!th_command_has(command, TH_KEY_TIMEOUT_MS))
		return;
	session->deadline_ns = th_executor_now_ns(executor) +
			       th_command_number(command, TH_KEY_TIMEOUT_MS) * TH_NS_PER_MS;
	th_executor_arm(executor, &session->timer, session->deadline_ns);
}

void th_handle_watch(struct th_session *session, const struct th_command *command)
{
	uint64_t follow_id = 0;

	if (command->resource) {
		struct th_resource *resource =
			th_resource_find(session->control, command->resource);
		struct th_error error = { 0 };

		if (!resource) {
			th_error_set(&error, -ENOENT, "resource %s is not open", command->resource);
			th_session_fail(session, &error);
			return;
		}
		follow_id = resource->id;
	}
	if (session->follow_id != follow_id)
		session->following = false;
	session->follow_id = follow_id;
	session->state = TH_SESSION_WATCHING;
	set_times(session, command);
	look(session);
}

void th_watch_notify(struct th_control *control)
{
	struct th_list *link;

	th_list_for_each(link, &control->sessions) {
		struct th_session *session = th_list_entry(link, struct th_session, link);

		if (session->state == TH_SESSION_WATCHING)
			look(session);
	}
}
