// SPDX-License-Identifier: GPL-2.0
/* The nbd brick as the framework sees it: made, switched and shown. */
#include "nbd_server.h"

#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_CLIENTS	      128u
#define DEFAULT_DEPTH	      128u
#define DEFAULT_REQUESTS      1024u
#define DEFAULT_PAYLOAD_BYTES (128 * TH_MIB)
#define DEFAULT_PATIENCE_NS   (10 * TH_NS_PER_S)

/* ---- create and destroy ---- */

static int check_address(const struct th_nbd_address *address, struct th_error *error)
{
	const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (address->path && (address->path[0] == 0 || strlen(address->path) > path_max))
		return th_error_set(
			error, -ENAMETOOLONG,
			"a socket's path has 1 to %zu bytes, not %zu: choose a shorter one",
			path_max, strlen(address->path));
	return 0;
}

static int check_config(const struct th_nbd_config *config, struct th_error *error)
{
	uint32_t i;
	int code;

	if (config->address_count > TH_NBD_ADDRESSES_MAX)
		return th_error_set(error, -EINVAL, "at most %u addresses to listen on, not %u",
				    TH_NBD_ADDRESSES_MAX, config->address_count);
	for (i = 0; i < config->address_count; i++) {
		code = check_address(&config->addresses[i], error);
		if (code)
			return code;
	}
	if (config->clients_max > TH_NBD_CLIENTS_MAX ||
	    config->client_depth > TH_NBD_CLIENT_DEPTH_MAX)
		return th_error_set(error, -EINVAL, "at most %u clients with %u requests each",
				    TH_NBD_CLIENTS_MAX, TH_NBD_CLIENT_DEPTH_MAX);
	if (config->payload_bytes && config->payload_bytes < TH_NBD_POOL_BYTES_MIN)
		return th_error_set(error, -EINVAL, "at least %u bytes of memory for payloads",
				    TH_NBD_POOL_BYTES_MIN);
	return 0;
}

/* @text may be NULL. False: no memory. */
static bool copy_text(const char *text, char **copy)
{
	size_t bytes;

	if (!text)
		return true;
	bytes = strlen(text) + 1;
	*copy = th_alloc(bytes);
	if (*copy)
		memcpy(*copy, text, bytes);
	return *copy;
}

static bool copy_addresses(struct th_nbd_server *server, const struct th_nbd_config *config)
{
	uint32_t i;

	for (i = 0; i < config->address_count; i++) {
		struct th_nbd_listener *listener = &server->listeners[i];

		listener->server = server;
		listener->socket = -1;
		listener->port = config->addresses[i].port;
		server->listener_count++;
		if (!copy_text(config->addresses[i].path, &listener->path) ||
		    !copy_text(config->addresses[i].host, &listener->host))
			return false;
	}
	return true;
}

static void nbd_destroy(struct th_brick *brick)
{
	struct th_nbd_server *server = th_nbd_server_of(brick);
	uint32_t i;

	for (i = 0; i < server->listener_count; i++) {
		th_free(server->listeners[i].path);
		th_free(server->listeners[i].host);
	}
	th_nbd_pool_destroy(&server->pool);
}

static void init_server(struct th_nbd_server *server, const struct th_nbd_config *config)
{
	uint32_t i;

	server->loop = config->loop;
	server->clients_max = config->clients_max ? config->clients_max : DEFAULT_CLIENTS;
	server->client_depth = config->client_depth ? config->client_depth : DEFAULT_DEPTH;
	server->requests_max = config->requests_max ? config->requests_max : DEFAULT_REQUESTS;
	server->payload_bytes = config->payload_bytes ? config->payload_bytes :
							DEFAULT_PAYLOAD_BYTES;
	server->patience_ns = config->patience_ns ? config->patience_ns : DEFAULT_PATIENCE_NS;
	server->catalog.offer = th_nbd_offer;
	server->catalog.context = server;
	server->hook.run = th_nbd_look_after_clients;
	th_work_init(&server->work, th_nbd_resume_stalled);
	th_list_init(&server->clients);
	th_list_init(&server->ready);
	th_list_init(&server->stalled);
	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		server->doors[i].server = server;
		server->doors[i].input = &server->brick.inputs[i];
	}
}

static int nbd_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct th_nbd_server *server = th_nbd_server_of(brick);
	int code;

	code = check_config(config, error);
	if (code)
		return code;
	init_server(server, config);
	if (copy_addresses(server, config) &&
	    th_nbd_pool_create(&server->pool, server->payload_bytes) == 0)
		return 0;
	nbd_destroy(brick);
	return th_error_set(error, -ENOMEM, "no memory for the payloads of requests (%llu MiB)",
			    (unsigned long long)(server->payload_bytes / TH_MIB));
}

/* ---- power ---- */

static void switch_on(struct th_nbd_server *server)
{
	if (th_nbd_listen(server, &server->brick.error)) {
		th_brick_power_reached(&server->brick, TH_OFF);
		return;
	}
	th_executor_add_hook(server->brick.executor, &server->hook);
	th_brick_power_reached(&server->brick, TH_ON);
}

void th_nbd_server_left(struct th_nbd_server *server)
{
	if (server->brick.power != TH_SWITCHING_OFF || server->client_count)
		return;
	th_executor_remove_hook(server->brick.executor, &server->hook);
	th_brick_power_reached(&server->brick, TH_OFF);
}

static void nbd_power(struct th_brick *brick, bool on)
{
	struct th_nbd_server *server = th_nbd_server_of(brick);
	struct th_list *link;

	if (on) {
		switch_on(server);
		return;
	}
	th_nbd_stop_listening(server);
	th_list_for_each(link, &server->clients)
		th_nbd_client_leave(th_list_entry(link, struct th_nbd_client, link));
	th_nbd_server_left(server);
}

int th_nbd_adopt(struct th_brick *nbd, int socket, const char *peer)
{
	if (nbd->power == TH_ON)
		return th_nbd_client_accept(th_nbd_server_of(nbd), socket, peer);
	close(socket);
	return -ESHUTDOWN;
}

static void nbd_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	const struct th_nbd_server *server = th_nbd_server_of(brick);
	const struct th_nbd_listener *first = &server->listeners[0];

	if (server->listener_count == 0)
		th_snprintf(text, bytes, "%u clients", server->client_count);
	else if (first->path)
		th_snprintf(text, bytes, "%s, %u clients", first->path, server->client_count);
	else
		th_snprintf(text, bytes, "%s:%u, %u clients", first->host ? first->host : "*",
			    first->port, server->client_count);
}

const struct th_brick_type th_nbd_type = {
	.name = "nbd",
	.brick_bytes = sizeof(struct th_nbd_server),
	.input_count = TH_NBD_OFFERS_MAX,
	.inputs_alike = true,
	.inputs = { { "export", TH_PORT_BLOCK } },
	.create = nbd_create,
	.destroy = nbd_destroy,
	.power = nbd_power,
	.describe = nbd_describe,
};
