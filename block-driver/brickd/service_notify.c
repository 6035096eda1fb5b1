// SPDX-License-Identifier: GPL-2.0
#include "service_notify.h"

#include <tharsis/port.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or a name in the abstract space: '@' stands for the zero byte. 0: not a usable address. */
static socklen_t read_address(struct sockaddr_un *address)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t bytes = name ? strlen(name) : 0;

	if (bytes < 2 || bytes >= sizeof(address->sun_path) || !strchr("/@", *name))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, bytes);
	if (*name == '@')
		address->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
}

void th_service_notify(const char *state)
{
	struct sockaddr_un address;
	socklen_t address_bytes = read_address(&address);
	int socket_fd;

	if (!address_bytes)
		return;
	socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0)
		return;
	if (sendto(socket_fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&address, address_bytes) < 0)
		th_log(TH_LOG_WARNING, "the service manager could not be told '%s': %s", state,
		       strerror(errno));
	close(socket_fd);
}
