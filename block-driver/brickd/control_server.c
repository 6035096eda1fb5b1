// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE /* struct ucred, accept4 */
#include "control_server.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 64

struct client {
	struct th_list link; /* in server->clients */
	struct th_control_server *server;
	struct th_session *session;
	struct th_user_watch watch;
	int socket;
	bool ended; /* the peer sends no more */
};

/* ---- clients ---- */

static void client_free(struct client *client)
{
	th_user_loop_unwatch(client->server->loop, &client->watch);
	th_session_close(client->session);
	close(client->socket);
	th_list_remove(&client->link);
	client->server->turning_away = false;
	free(client);
}

/* Asks the loop for what can be used: input while there is room, output while there is something to send. */
static void client_settle(struct client *client)
{
	uint32_t events = 0;
	size_t room, bytes;

	if (client->ended && th_session_is_idle(client->session)) {
		client_free(client);
		return;
	}
	th_session_input(client->session, &room);
	th_session_output(client->session, &bytes);
	if (room && !client->ended)
		events |= EPOLLIN;
	if (bytes)
		events |= EPOLLOUT;
	th_user_loop_want(client->server->loop, &client->watch, events);
}

/* False: the connection is broken. */
static bool client_receive(struct client *client)
{
	size_t room;
	char *input = th_session_input(client->session, &room);
	ssize_t received;

	if (!room)
		return true;
	received = recv(client->socket, input, room, MSG_DONTWAIT);
	if (received > 0)
		th_session_received(client->session, (size_t)received);
	else if (received == 0)
		client->ended = true;
	else
		return errno == EAGAIN || errno == EINTR;
	return true;
}

static bool client_send(struct client *client)
{
	size_t bytes;
	const char *output = th_session_output(client->session, &bytes);
	ssize_t sent;

	if (!bytes)
		return true;
	sent = send(client->socket, output, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	th_session_sent(client->session, (size_t)sent);
	return true;
}

/* A peer that has gone may have left whole lines behind: as much as there is room for is taken. */
static void client_take_rest(struct client *client)
{
	size_t room;

	do {
		if (!client_receive(client))
			return;
		th_session_input(client->session, &room);
	} while (room && !client->ended);
}

static void client_run(struct th_user_watch *watch, uint32_t events)
{
	struct client *client = th_container_of(watch, struct client, watch);
	bool alive = true;

	if (events & (EPOLLHUP | EPOLLERR)) {
		client_take_rest(client);
		client_free(client);
		return;
	}
	if (events & EPOLLIN)
		alive = client_receive(client);
	if (alive && (events & EPOLLOUT))
		alive = client_send(client);
	if (alive)
		client_settle(client);
	else
		client_free(client);
}

static void client_output(void *context)
{
	struct client *client = context;

	if (client_send(client))
		client_settle(client);
	else
		client_free(client);
}

/* ---- who may connect ---- */

static bool may_connect(const struct th_control_server *server, int socket)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	if (server->has_group && peer.gid == server->group)
		return true;
	th_log(TH_LOG_WARNING,
	       "control: refused process %d of user %u: only root, user %u%s may give commands",
	       (int)peer.pid, (unsigned int)peer.uid, (unsigned int)geteuid(),
	       server->has_group ? " and the group of --group" : "");
	return false;
}

/*
 * What somebody is told who cannot get a session; the socket is empty, so it fits. A command that was sent already is
 * taken from the socket: closing it with bytes unread would reset the connection, and the peer would not see the reply.
 */
static void turn_away(int socket, const char *reply)
{
	char command[TH_VALUE_PATH_MAX];

	if (send(socket, reply, strlen(reply), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ||
	    recv(socket, command, sizeof(command), MSG_DONTWAIT) == 0)
		th_log(TH_LOG_DEBUG, "control: a client was gone before it was turned away");
	close(socket);
}

static void add_client(struct th_control_server *server, int socket)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client)
		client->session = th_session_open(server->control, client_output, client);
	if (!client || !client->session) {
		if (!server->turning_away)
			th_log(TH_LOG_WARNING,
			       "control: no more than %u sessions at a time: clients are turned away",
			       TH_SESSIONS_MAX);
		server->turning_away = true;
		turn_away(socket, "error no-memory too many sessions: close some\n");
		free(client);
		return;
	}
	client->server = server;
	client->socket = socket;
	th_list_push_back(&server->clients, &client->link);
	if (th_user_loop_watch(server->loop, &client->watch, socket, EPOLLIN, client_run) < 0)
		client_free(client);
}

static void accept_client(struct th_user_watch *watch, uint32_t events)
{
	struct th_control_server *server = th_container_of(watch, struct th_control_server, watch);
	int socket = accept4(server->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (socket < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			th_log(TH_LOG_ERROR, "control: a connection could not be taken: %s",
			       strerror(errno));
		return;
	}
	if (may_connect(server, socket))
		add_client(server, socket);
	else
		turn_away(socket, "error denied you may not control this brickd\n");
}

/* ---- the socket ---- */

static int fail(struct th_error *error, int code, const char *what, const char *path)
{
	return th_error_set(error, code, "%s %s: %s", what, path, strerror(-code));
}

static void make_parent(const char *path)
{
	char *copy = strdup(path);

	/* When it cannot be made, opening the lock in it says why. */
	if (copy && mkdir(dirname(copy), 0755) == 0)
		th_log(TH_LOG_INFO, "made the directory of %s", path);
	free(copy);
}

/* The lock lives as long as the process, so whoever gets it knows that a socket beside it is dead. */
static int take_lock(struct th_control_server *server, const char *path, struct th_error *error)
{
	char lock_path[sizeof(server->address.sun_path) + 8];

	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	server->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (server->lock < 0)
		return fail(error, -errno, "cannot open the lock file", lock_path);
	if (flock(server->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(error, -errno, "cannot lock", lock_path);
	return th_error_set(error, -EADDRINUSE,
			    "another brickd serves %s: stop it first, or give this one another "
			    "--control",
			    path);
}

static int remove_dead_socket(const char *path, struct th_error *error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : fail(error, -errno, "cannot look at", path);
	if (!S_ISSOCK(status.st_mode))
		return th_error_set(error, -EEXIST,
				    "%s exists and is not a socket: it is left alone, give another "
				    "--control",
				    path);
	if (unlink(path) < 0)
		return fail(error, -errno, "cannot remove the dead socket", path);
	th_log(TH_LOG_INFO, "removed the socket %s that a dead brickd has left", path);
	return 0;
}

static int bind_socket(struct th_control_server *server, struct th_error *error)
{
	const char *path = server->address.sun_path;
	mode_t mask = umask(0117);
	int bound = bind(server->socket, (const struct sockaddr *)&server->address,
			 sizeof(server->address));
	int code = -errno;

	umask(mask);
	if (bound < 0)
		return fail(error, code, "cannot make the control socket", path);
	if (server->has_group && chown(path, (uid_t)-1, server->group) < 0)
		return fail(error, -errno, "cannot give its group to", path);
	if (listen(server->socket, BACKLOG) < 0)
		return fail(error, -errno, "cannot listen at", path);
	return 0;
}

static int listen_at(struct th_control_server *server, const char *path, struct th_error *error)
{
	int code;

	if (strlen(path) >= sizeof(server->address.sun_path))
		return th_error_set(error, -ENAMETOOLONG,
				    "the path of the control socket is longer than %zu bytes: %s",
				    sizeof(server->address.sun_path) - 1, path);
	server->address.sun_family = AF_UNIX;
	strcpy(server->address.sun_path, path);
	make_parent(path);
	code = take_lock(server, path, error);
	if (!code)
		code = remove_dead_socket(path, error);
	if (code)
		return code;
	server->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->socket < 0)
		return fail(error, -errno, "cannot open a socket for", path);
	code = bind_socket(server, error);
	if (!code)
		code = th_user_loop_watch(server->loop, &server->watch, server->socket, EPOLLIN,
					  accept_client);
	return code ? th_error_set(error, code, "cannot watch %s", path) : 0;
}

static void close_all(struct th_control_server *server)
{
	if (server->socket >= 0)
		close(server->socket);
	if (server->lock >= 0)
		close(server->lock);
}

int th_control_server_start(struct th_control_server *server, struct th_user_loop *loop,
			    struct th_control *control, const char *path, bool group_given,
			    gid_t group, struct th_error *error)
{
	int code;

	memset(server, 0, sizeof(*server));
	server->loop = loop;
	server->control = control;
	server->socket = -1;
	server->lock = -1;
	server->has_group = group_given;
	server->group = group;
	th_list_init(&server->clients);
	code = listen_at(server, path, error);
	if (code)
		close_all(server);
	return code;
}

void th_control_server_stop(struct th_control_server *server)
{
	struct th_list *link, *after;

	th_user_loop_unwatch(server->loop, &server->watch);
	th_list_for_each_safe(link, after, &server->clients)
		client_free(th_list_entry(link, struct client, link));
	unlink(server->address.sun_path);
	close_all(server);
}
