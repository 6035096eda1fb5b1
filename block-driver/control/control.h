/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control channel of docs/control-channel.md, for any host: it parses and runs commands, puts resources together
 * from bricks and takes them apart, and formats what they say. The host gives it sessions (connections, open
 * descriptors), makes the bricks that differ from host to host, and knows where exports go.
 *
 * All functions: only on the executor. They do not block, except that bricks and memory are made in them.
 */
#ifndef THARSIS_CONTROL_H
#define THARSIS_CONTROL_H

#include "engine.h"
#include "ladder.h"
#include "value.h"

#define TH_SESSIONS_MAX 256u

/* ---- what the host does ---- */

enum th_place_io { TH_PLACE_AIO, TH_PLACE_SIO };

/* A disk or a log directory, and how it is read and written. */
struct th_place {
	char path[TH_VALUE_PATH_MAX + 1];
	enum th_place_io io;
	bool direct;
	uint64_t create_bytes; /* a disk that is missing becomes a sparse file of this size; 0: it must exist */
};

/* How a device is shown to users. The order is that of the choices in commands. */
enum th_export_kind {
	TH_EXPORT_NBD,
	TH_EXPORT_UBLK,
	TH_EXPORT_USUAL /* what the host does unless told */
};

#define TH_EXPORT_PLACE_MAX 64u

struct th_control_host {
	const char *name; /* "brickd", "kernel" */
	const char *version; /* of the driver */
	struct th_executor *executor;
	struct th_registry *registry; /* knows th_translog_type */
	struct th_memory_budget *memory;

	/* Make a brick, switched off, named @name, for a directory (output of type files) or a disk (type block). */
	int (*make_log)(const struct th_control_host *host, const char *name,
			const struct th_place *place, struct th_output **output,
			struct th_error *error);
	int (*make_disk)(const struct th_control_host *host, const char *name,
			 const struct th_place *place, struct th_output **output,
			 struct th_error *error);

	/* Show @device to users under @name, and take it away again: as a rung of @ladder, with what rungs return. */
	int (*export_device)(const struct th_control_host *host, const char *name,
			     enum th_export_kind kind, bool read_only, struct th_output *device,
			     struct th_ladder *ladder);
	int (*unexport_device)(const struct th_control_host *host, const char *name,
			       struct th_ladder *ladder);
	/* Users of the export now. */
	uint32_t (*export_clients)(const struct th_control_host *host, const char *name);
	/* Optional: the path of the block device, when the export is one of this machine; else the text is empty. */
	void (*export_place)(const struct th_control_host *host, const char *name,
			     char place[TH_EXPORT_PLACE_MAX]);

	void (*random)(const struct th_control_host *host, void *bytes, size_t count);
};

/* ---- the control channel ---- */

struct th_shutdown;

struct th_control {
	const struct th_control_host *host;
	uint64_t started_ns;
	struct th_list resources; /* in the order in which they were opened */
	uint32_t resource_count;
	uint64_t next_id;
	uint64_t change; /* counts every change of any resource */
	uint64_t set_change; /* its value when a resource was last opened or closed */
	struct th_list sessions;
	uint32_t session_count;
	struct th_work notify_work;
	bool stopping; /* for good: nothing is opened or changed any more */
	struct th_shutdown *shutdown; /* NULL: not begun, or done */
	struct th_engine_status status; /* scratch: too large for a kernel's stack */
};

/* @host stays as long as @control. */
void th_control_init(struct th_control *control, const struct th_control_host *host);
/* When no session and no resource is left. */
void th_control_destroy(struct th_control *control);

/*
 * Closes every resource, exports and all. @progress is told, now and then, what is being waited for; @done runs
 * at the end, never inside this call. Commands that change something are refused from now on.
 */
struct th_shutdown {
	void (*progress)(struct th_shutdown *shutdown, enum th_log_level level, const char *text);
	void (*done)(struct th_shutdown *shutdown);
	struct th_control *control;
	uint64_t resource_id; /* being closed; 0: none */
	uint32_t failed_count; /* resources that could not be closed */
	struct th_work work;
	struct th_timer timer;
};

void th_control_shutdown(struct th_control *control, struct th_shutdown *shutdown);

/* ---- sessions ---- */

struct th_session;

/*
 * @output runs, on the executor and never inside a call of the host, when there is a reply to be sent. NULL: there are
 * TH_SESSIONS_MAX already, or no memory.
 */
struct th_session *th_session_open(struct th_control *control, void (*output)(void *context),
				   void *context);
/* Whole lines that were received are still run, a watch ends; @output is not called any more. */
void th_session_close(struct th_session *session);

/* Where input goes, and how much now: 0 while a command runs and the buffer is full. */
char *th_session_input(struct th_session *session, size_t *room);
/* So much was put there. */
void th_session_received(struct th_session *session, size_t bytes);

/* What is to be sent: 0 bytes while there is no reply. */
const char *th_session_output(const struct th_session *session, size_t *bytes);
/* So much was sent; when it was the last of a reply, the next command runs. */
void th_session_sent(struct th_session *session, size_t bytes);

/* Nothing runs, nothing is to be sent, no whole line waits. */
bool th_session_is_idle(const struct th_session *session);

#endif
