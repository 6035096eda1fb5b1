/* SPDX-License-Identifier: GPL-2.0 */
/* The handlers that the table of commands names. Each ends, now or later, in one reply of the session. */
#ifndef THARSIS_HANDLERS_H
#define THARSIS_HANDLERS_H

#include "command.h"

typedef void th_handler(struct th_session *session, const struct th_command *command);

/* handle_host.c: the host itself, what is to be seen */
th_handler th_handle_version, th_handle_help, th_handle_list, th_handle_status, th_handle_wire,
	th_handle_watch;

/* handle_shape.c: making and taking apart */
th_handler th_handle_create, th_handle_open, th_handle_close, th_handle_attach, th_handle_detach,
	th_handle_export, th_handle_unexport;

/* handle_calls.c: what the engine does */
th_handler th_handle_primary, th_handle_secondary, th_handle_received, th_handle_replay_run,
	th_handle_replay_pause, th_handle_cut, th_handle_rotate, th_handle_flush,
	th_handle_checkpoint, th_handle_peer_add, th_handle_peer_remove, th_handle_remote_durable,
	th_handle_lease, th_handle_suspend, th_handle_resume, th_handle_resize, th_handle_tune;

#endif
