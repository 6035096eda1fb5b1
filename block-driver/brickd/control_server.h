/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control channel on a Unix socket: takes connections, checks who they are, and moves bytes between them and the
 * sessions of the control library.
 */
#ifndef THARSIS_CONTROL_SERVER_H
#define THARSIS_CONTROL_SERVER_H

#include "control.h"
#include "user_loop.h"

#include <sys/types.h>
#include <sys/un.h>

struct th_control_server {
	struct th_user_loop *loop;
	struct th_control *control;
	struct th_user_watch watch;
	int socket;
	int lock; /* held as long as the socket is ours */
	bool has_group;
	gid_t group; /* may connect, besides root and the user that runs this process */
	struct sockaddr_un address;
	struct th_list clients;
	bool turning_away; /* said in the log that there are too many */
};

/*
 * Listens at @path: one process per path, a socket left by a dead one is replaced. @group_given: members of @group may
 * connect. A negative errno, with @error saying what to do.
 */
int th_control_server_start(struct th_control_server *server, struct th_user_loop *loop,
			    struct th_control *control, const char *path, bool group_given,
			    gid_t group, struct th_error *error);
/* Ends all sessions and removes the socket. */
void th_control_server_stop(struct th_control_server *server);

#endif
