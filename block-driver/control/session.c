// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: lines come in, one command runs at a time, its reply goes out. What follows something that ends later is
 * done in the session's work, so nothing is called back into.
 */
#include "session.h"

static void post(struct th_session *session)
{
	th_executor_post(session->control->host->executor, &session->work);
}

static void session_free(struct th_session *session)
{
	struct th_control *control = session->control;

	th_executor_disarm(control->host->executor, &session->timer);
	th_list_remove(&session->link);
	control->session_count--;
	th_reply_destroy(&session->reply);
	th_free(session);
}

/* ---- ending a command ---- */

static void reply_ready(struct th_session *session)
{
	TH_ASSERT(session->state == TH_SESSION_RUNNING || session->state == TH_SESSION_WATCHING);
	session->state = TH_SESSION_REPLYING;
	session->sent_bytes = 0;
	post(session);
}

void th_session_succeed(struct th_session *session)
{
	th_reply_ok(&session->reply);
	reply_ready(session);
}

void th_session_fail(struct th_session *session, const struct th_error *error)
{
	bool recovering = session->command.description &&
			  (session->command.given & TH_KEY_BIT(TH_KEY_DIRECTORY));

	th_reply_error(&session->reply, th_error_code_of(error->code, recovering), error->text);
	reply_ready(session);
}

void th_session_refuse(struct th_session *session, const struct th_error *error)
{
	th_reply_error(&session->reply, TH_CODE_USAGE, error->text);
	reply_ready(session);
}

void th_session_ended(void *context, const struct th_error *error)
{
	struct th_session *session = context;

	TH_ASSERT(session->state == TH_SESSION_RUNNING && !session->ended);
	session->error = *error;
	session->ended = true;
	post(session);
}

/* ---- lines ---- */

/* Takes the line that was run, and its line feed, out of the buffer. */
static void drop_line(struct th_session *session)
{
	session->input_bytes -= session->line_bytes;
	memmove(session->input, session->input + session->line_bytes, session->input_bytes);
	session->line_bytes = 0;
}

/* What needs a resource changes it. */
static int check_not_stopping(const struct th_session *session, struct th_error *error)
{
	if (!session->control->stopping ||
	    session->command.description->resource != TH_SUBJECT_REQUIRED)
		return 0;
	return th_error_set(error, -ESHUTDOWN, "%s is being stopped: its resources are closed",
			    session->control->host->name);
}

static void run_line(struct th_session *session)
{
	struct th_error error = { 0 };

	session->state = TH_SESSION_RUNNING;
	session->error = error;
	session->ended = false;
	session->finish = NULL;
	session->command.description = NULL;
	if (th_command_line_parse(&session->line, session->input, session->line_bytes - 1,
				  &error) ||
	    th_command_match(&session->command, &session->line, &error))
		th_session_refuse(session, &error);
	else if (check_not_stopping(session, &error))
		th_session_fail(session, &error);
	else
		session->command.description->handle(session, &session->command);
}

static void refuse_long_line(struct th_session *session)
{
	struct th_error error = { 0 };

	session->state = TH_SESSION_RUNNING;
	session->skipping = true;
	session->line_bytes = session->input_bytes;
	th_error_set(&error, -EINVAL, "the line is longer than %u bytes: all of it is ignored",
		     TH_LINE_MAX);
	th_session_refuse(session, &error);
}

/* Of a line that was refused for its length, as much as is there. */
static void skip_long_line(struct th_session *session)
{
	const char *feed = memchr(session->input, '\n', session->input_bytes);

	session->line_bytes = feed ? (uint32_t)(feed - session->input) + 1 : session->input_bytes;
	session->skipping = !feed;
	drop_line(session);
}

static void next_line(struct th_session *session)
{
	const char *feed = memchr(session->input, '\n', session->input_bytes);

	if (feed) {
		session->line_bytes = (uint32_t)(feed - session->input) + 1;
		run_line(session);
	} else if (session->input_bytes == TH_LINE_MAX) {
		refuse_long_line(session);
	}
}

/* ---- the work ---- */

static void finish_command(struct th_session *session)
{
	session->ended = false;
	if (session->error.code) {
		th_session_fail(session, &session->error);
		return;
	}
	if (session->finish)
		session->finish(session);
	th_session_succeed(session);
}

/* The reply was sent, or nobody wants it any more. */
static void end_reply(struct th_session *session)
{
	session->sent_bytes = 0;
	th_reply_reset(&session->reply);
	drop_line(session);
	session->state = TH_SESSION_IDLE;
}

/* Nobody is there for replies; what was sent in whole lines is run. */
static void run_closed(struct th_session *session)
{
	if (session->state == TH_SESSION_WATCHING || session->state == TH_SESSION_REPLYING)
		end_reply(session);
	if (session->state == TH_SESSION_IDLE)
		next_line(session);
	if (session->state == TH_SESSION_WATCHING)
		post(session); /* nobody waits for this either */
	else if (session->state == TH_SESSION_IDLE && !session->work.posted)
		session_free(session);
}

static void run(struct th_work *work)
{
	struct th_session *session = th_container_of(work, struct th_session, work);

	if (session->ended)
		finish_command(session);
	if (session->closed)
		run_closed(session);
	else if (session->state == TH_SESSION_IDLE)
		next_line(session);
	else if (session->state == TH_SESSION_REPLYING && !session->sent_bytes)
		session->output(session->context);
}

static void timed_out(struct th_timer *timer)
{
	struct th_session *session = th_container_of(timer, struct th_session, timer);

	session->expired = th_executor_now_ns(session->control->host->executor) >=
			   session->deadline_ns;
	th_watch_notify(session->control);
}

/* ---- the host's side ---- */

struct th_session *th_session_open(struct th_control *control, void (*output)(void *context),
				   void *context)
{
	struct th_session *session;

	if (control->session_count == TH_SESSIONS_MAX)
		return NULL;
	session = th_alloc(sizeof(*session));
	if (!session)
		return NULL;
	if (th_reply_init(&session->reply)) {
		th_free(session);
		return NULL;
	}
	session->control = control;
	session->output = output;
	session->context = context;
	th_work_init(&session->work, run);
	th_timer_init(&session->timer, timed_out);
	th_list_push_back(&control->sessions, &session->link);
	control->session_count++;
	return session;
}

void th_session_close(struct th_session *session)
{
	TH_ASSERT(!session->closed);
	session->closed = true;
	post(session);
}

char *th_session_input(struct th_session *session, size_t *room)
{
	*room = TH_LINE_MAX - session->input_bytes;
	return session->input + session->input_bytes;
}

void th_session_received(struct th_session *session, size_t bytes)
{
	TH_ASSERT(bytes <= TH_LINE_MAX - session->input_bytes);
	session->input_bytes += (uint32_t)bytes;
	/* At once, so that there is room again when the host asks next. */
	if (session->skipping && session->state == TH_SESSION_IDLE)
		skip_long_line(session);
	post(session);
}

const char *th_session_output(const struct th_session *session, size_t *bytes)
{
	*bytes = 0;
	if (session->state == TH_SESSION_REPLYING)
		*bytes = session->reply.used - session->sent_bytes;
	return session->reply.text + session->sent_bytes;
}

void th_session_sent(struct th_session *session, size_t bytes)
{
	TH_ASSERT(session->state == TH_SESSION_REPLYING &&
		  bytes <= session->reply.used - session->sent_bytes);
	session->sent_bytes += bytes;
	if (session->sent_bytes < session->reply.used)
		return;
	end_reply(session);
	post(session);
}

bool th_session_is_idle(const struct th_session *session)
{
	return session->state == TH_SESSION_IDLE &&
	       !memchr(session->input, '\n', session->input_bytes);
}
