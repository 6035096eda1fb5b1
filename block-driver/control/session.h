/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What handlers see of a session: one command runs, ends in one reply, which is sent, then comes the next.
 */
#ifndef THARSIS_SESSION_H
#define THARSIS_SESSION_H

#include "command.h"
#include "reply.h"
#include "resource.h"

enum th_session_state {
	TH_SESSION_IDLE,
	TH_SESSION_RUNNING, /* a command; its reply is not ready */
	TH_SESSION_WATCHING, /* the same, but waiting for a change */
	TH_SESSION_REPLYING /* the reply is being sent */
};

struct th_session {
	struct th_list link; /* in control->sessions */
	struct th_control *control;
	enum th_session_state state;
	bool closed; /* by the host; freed when its command has ended */
	void (*output)(void *context);
	void *context;

	char input[TH_LINE_MAX];
	uint32_t input_bytes;
	uint32_t line_bytes; /* of the line whose command runs, with its line feed: still in input */
	bool skipping; /* the rest of a line that is too long */

	struct th_command_line line;
	struct th_command command;
	struct th_reply reply;
	size_t sent_bytes;
	struct th_work work;

	/* the command that runs */
	uint64_t resource_id;
	struct th_engine_call call;
	struct th_resource_plan plan; /* of open, create; attach uses the place in it */
	struct th_error error;
	/* Writes the lines of the reply when it ended well; NULL: there are none. */
	void (*finish)(struct th_session *session);
	bool ended; /* what runs has ended, with error */

	/* watch */
	bool following;
	uint64_t follow_id; /* resource; 0: the host */
	uint64_t seen; /* control->change when it was told last */
	uint64_t told_ns; /* when that was */
	uint64_t earliest_ns; /* what has changed is not told before */
	uint64_t deadline_ns; /* it answers then, changed or not */
	struct th_timer timer; /* for these two */
	bool expired; /* the deadline is over */
};

/* Ends the command at once, with what was written into session->reply. */
void th_session_succeed(struct th_session *session);
/* Ends it with an error: @error->code decides the code. */
void th_session_fail(struct th_session *session, const struct th_error *error);
/* Ends it with an error of the line itself. */
void th_session_refuse(struct th_session *session, const struct th_error *error);

/* For what ends later: a th_resource_done whose context is the session. The reply follows from a work. */
void th_session_ended(void *context, const struct th_error *error);

/* watch.c: control->notify_work and sessions that close. */
void th_watch_notify(struct th_control *control);

#endif
