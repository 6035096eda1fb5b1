// SPDX-License-Identifier: GPL-2.0
/* Where clients connect: Unix sockets and TCP. */
#define _GNU_SOURCE
#include "nbd_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG	    128
#define ACCEPTS_MAX 16u /* before others have their turn */
#define SHORTAGE_NS TH_NS_PER_S
#define SOCKET_MODE 0660

/* ---- accepting ---- */

static void name_unix_peer(int socket, char *text, size_t bytes)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);

	getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	th_snprintf(text, bytes, "process %d", (int)peer.pid);
}

static void name_tcp_peer(const struct sockaddr_storage *address, socklen_t length, char *text,
			  size_t bytes)
{
	char host[INET6_ADDRSTRLEN];
	char port[8];

	if (getnameinfo((const struct sockaddr *)address, length, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		th_snprintf(text, bytes, "unknown address");
	else
		th_snprintf(text, bytes, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static void want_connections(struct th_nbd_server *server, bool wanted)
{
	uint32_t i;

	for (i = 0; i < server->listener_count; i++) {
		if (server->listeners[i].socket >= 0)
			th_user_loop_want(server->loop, &server->listeners[i].watch,
					  wanted ? EPOLLIN : 0);
	}
}

static void end_of_pause(struct th_timer *timer)
{
	want_connections(th_container_of(timer, struct th_nbd_server, accept_timer), true);
}

/* Out of descriptors or memory: waiting clients stay in the backlog, so this is not asked for again at once. */
static void pause_listening(struct th_nbd_server *server, int error)
{
	struct th_executor *executor = server->brick.executor;

	th_log(TH_LOG_ERROR,
	       "nbd %s: new clients have to wait: %s; the limit may need to be raised",
	       server->brick.name, strerror(error));
	want_connections(server, false);
	th_executor_arm(executor, &server->accept_timer,
			th_executor_now_ns(executor) + SHORTAGE_NS);
}

/* False: no more clients now. */
static bool accept_client(struct th_nbd_listener *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char peer[TH_NBD_PEER_MAX];
	int socket;

	socket = accept4(listener->socket, (struct sockaddr *)&address, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (socket < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_listening(listener->server, errno);
		return errno == EINTR || errno == ECONNABORTED;
	}
	if (listener->path)
		name_unix_peer(socket, peer, sizeof(peer));
	else
		name_tcp_peer(&address, length, peer, sizeof(peer));
	th_nbd_client_accept(listener->server, socket, peer);
	return true;
}

static void on_connections(struct th_user_watch *watch, uint32_t events)
{
	struct th_nbd_listener *listener = th_container_of(watch, struct th_nbd_listener, watch);
	uint32_t i;

	(void)events;
	for (i = 0; i < ACCEPTS_MAX && accept_client(listener); i++)
		;
}

/* ---- Unix sockets ---- */

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

/* Does somebody answer at @path? What cannot be found out counts as yes. */
static bool is_served(const char *path)
{
	struct sockaddr_un address = unix_address(path);
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool served;

	if (probe < 0)
		return true;
	served = connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0 ||
		 errno != ECONNREFUSED;
	close(probe);
	return served;
}

/* The file that a dead server left behind is removed; anything else stays. */
static int clear_path(const char *path, struct th_error *error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ?
			       0 :
			       th_error_set(error, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return th_error_set(error, -EEXIST,
				    "%s exists and is no socket: choose another path", path);
	if (is_served(path))
		return th_error_set(error, -EADDRINUSE,
				    "another server listens on %s: stop it, or choose another path",
				    path);
	th_log(TH_LOG_INFO, "nbd: %s was left behind by a server that is gone; it is replaced",
	       path);
	return unlink(path) == 0 ? 0 :
				   th_error_set(error, -errno, "%s cannot be replaced: %s", path,
						strerror(errno));
}

static int bind_unix(struct th_nbd_listener *listener, struct th_error *error)
{
	struct sockaddr_un address = unix_address(listener->path);
	struct stat status;
	int code;

	code = clear_path(listener->path, error);
	if (code)
		return code;
	/* The file is made with the rights of the socket: at no time it is open to others. */
	if (fchmod(listener->socket, SOCKET_MODE) < 0 ||
	    bind(listener->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
		return th_error_set(error, -errno, "cannot listen on %s: %s", listener->path,
				    strerror(errno));
	/* The umask may have taken the group's. */
	if (chmod(listener->path, SOCKET_MODE) < 0 || lstat(listener->path, &status) < 0)
		return th_error_set(error, -errno, "cannot set the rights of %s: %s",
				    listener->path, strerror(errno));
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	return 0;
}

static void remove_socket_file(const struct th_nbd_listener *listener)
{
	struct stat status;

	if (lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
	    status.st_ino == listener->inode)
		unlink(listener->path);
}

/* ---- TCP ---- */

union tcp_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* False: @host is no numeric address. */
static bool tcp_address(const char *host, uint16_t port, union tcp_address *address,
			socklen_t *length)
{
	memset(address, 0, sizeof(*address));
	if (!host || inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
		*length = sizeof(address->v6);
		return true;
	}
	if (inet_pton(AF_INET, host, &address->v4.sin_addr) != 1)
		return false;
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = htons(port);
	*length = sizeof(address->v4);
	return true;
}

static int tcp_error(const struct th_nbd_listener *listener, int code, struct th_error *error)
{
	const char *host = listener->host ? listener->host : "any address";
	const char *advice = "";

	if (code == EADDRINUSE)
		advice = "; stop the other server (see ss -ltnp), or choose another port";
	else if (code == EADDRNOTAVAIL)
		advice = "; this machine does not have this address (see ip address)";
	else if (code == EACCES)
		advice = "; ports below 1024 are for root only";
	return th_error_set(error, -code, "cannot listen on %s, port %u: %s%s", host,
			    listener->port, strerror(code), advice);
}

static void remember_port(struct th_nbd_listener *listener)
{
	union tcp_address address;
	socklen_t length = sizeof(address);

	if (getsockname(listener->socket, &address.any, &length) == 0)
		listener->port = ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port :
									   address.v4.sin_port);
}

static int bind_tcp(struct th_nbd_listener *listener, const union tcp_address *address,
		    socklen_t length, struct th_error *error)
{
	const int only_v6 = listener->host != NULL;
	const int yes = 1;

	/* So that the port can be used again while old connections linger. */
	setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->any.sa_family == AF_INET6)
		setsockopt(listener->socket, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
	if (bind(listener->socket, &address->any, length) < 0)
		return tcp_error(listener, errno, error);
	remember_port(listener);
	return 0;
}

/* ---- listening ---- */

static int open_socket(struct th_nbd_listener *listener, int family)
{
	listener->socket = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return listener->socket < 0 ? -errno : 0;
}

static int open_tcp(struct th_nbd_listener *listener, struct th_error *error)
{
	union tcp_address address;
	socklen_t length;
	int code;

	if (!tcp_address(listener->host, listener->port, &address, &length))
		return th_error_set(
			error, -EINVAL,
			"%s is no numeric IPv4 or IPv6 address: names are not looked up",
			listener->host);
	code = open_socket(listener, address.any.sa_family);
	if (code == -EAFNOSUPPORT && !listener->host) {
		tcp_address("0.0.0.0", listener->port, &address, &length);
		code = open_socket(listener, AF_INET);
	}
	return code ? tcp_error(listener, -code, error) :
		      bind_tcp(listener, &address, length, error);
}

static int open_unix(struct th_nbd_listener *listener, struct th_error *error)
{
	int code = open_socket(listener, AF_UNIX);

	return code ? th_error_set(error, code, "no socket for %s: %s", listener->path,
				   strerror(-code)) :
		      bind_unix(listener, error);
}

static int start(struct th_nbd_listener *listener, struct th_error *error)
{
	int code = listener->path ? open_unix(listener, error) : open_tcp(listener, error);

	if (code)
		return code;
	if (listen(listener->socket, BACKLOG) < 0)
		return listener->path ? th_error_set(error, -errno, "cannot listen on %s: %s",
						     listener->path, strerror(errno)) :
					tcp_error(listener, errno, error);
	code = th_user_loop_watch(listener->server->loop, &listener->watch, listener->socket,
				  EPOLLIN, on_connections);
	return code ? th_error_set(error, code, "cannot wait for clients: %s", strerror(-code)) : 0;
}

/* After a start that failed half-way: closes what it opened. */
static void abandon(struct th_nbd_listener *listener)
{
	if (listener->path && listener->inode)
		remove_socket_file(listener);
	listener->inode = 0;
	if (listener->socket >= 0)
		close(listener->socket);
	listener->socket = -1;
}

static void stop(struct th_nbd_listener *listener)
{
	if (listener->socket < 0)
		return;
	th_user_loop_unwatch(listener->server->loop, &listener->watch);
	abandon(listener);
}

int th_nbd_listen(struct th_nbd_server *server, struct th_error *error)
{
	uint32_t i;
	int code;

	th_timer_init(&server->accept_timer, end_of_pause);
	for (i = 0; i < server->listener_count; i++) {
		code = start(&server->listeners[i], error);
		if (code) {
			abandon(&server->listeners[i]);
			th_nbd_stop_listening(server);
			return code;
		}
	}
	return 0;
}

void th_nbd_stop_listening(struct th_nbd_server *server)
{
	uint32_t i;

	th_executor_disarm(server->brick.executor, &server->accept_timer);
	for (i = 0; i < server->listener_count; i++)
		stop(&server->listeners[i]);
}

uint16_t th_nbd_port(const struct th_brick *nbd, uint32_t index)
{
	const struct th_nbd_server *server = th_nbd_server_of(nbd);

	TH_ASSERT(index < server->listener_count);
	return server->listeners[index].path ? 0 : server->listeners[index].port;
}
