// SPDX-License-Identifier: GPL-2.0
/*
 * A whole connection of the NBD server: what a client may send, from the first byte to the end of the stream, over a
 * socket pair to a device in memory. The first byte of the input says how far the client behaves well before:
 * not at all, until it has asked for structured replies, or until transmission. The server must answer or end the
 * connection, forget the client, and be ready for the next.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory_brick.h"
#include "nbd.h"
#include "user_log.h"
#include "user_loop.h"

#define DEVICE_BYTES (256 * TH_KIB)
#define INPUT_BYTES_MAX \
	65536 /* fits in a socket's buffer, so that it can be sent without waiting */

static struct th_user_loop loop;
static struct th_registry registry;
static struct th_brick *nbd;
static struct th_user_watch client;
static bool client_done; /* the server has ended the connection */
static struct th_hook hook;

static const uint8_t hello[] = { 0, 0, 0, 3 };
static const uint8_t structured[] = {
	'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T', 0, 0, 0, 8, 0, 0, 0, 0
};
static const uint8_t meta[] = { 'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T', 0,   0,	  0,
				10,  0,	  0,   0,   28,	 0,   0,   0,	1,   'x', 0,
				0,   0,	  1,   0,   0,	 0,   15,  'b', 'a', 's', 'e',
				':', 'a', 'l', 'l', 'o', 'c', 'a', 't', 'i', 'o', 'n' };
static const uint8_t go[] = { 'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T', 0,   0, 0, 7,
			      0,   0,	0,   7,	  0,   0,   0,	 1,   'x', 0, 0 };

static void send_all(int socket, const void *data, size_t bytes)
{
	/* The server may have closed already. */
	if (send(socket, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)bytes)
		TH_ASSERT(errno == EPIPE || errno == ECONNRESET);
}

static void on_reply(struct th_user_watch *watch, uint32_t events)
{
	static uint8_t replies[TH_MIB];
	ssize_t bytes = recv(watch->fd, replies, sizeof(replies), MSG_DONTWAIT);

	(void)events;
	if (bytes > 0 || (bytes < 0 && errno == EAGAIN))
		return;
	th_user_loop_unwatch(&loop, watch);
	client_done = true;
}

/* Over when the server has forgotten the client, which it must in the round in which it closes, or soon after. */
static void look(struct th_hook *unused)
{
	struct th_nbd_export_status status;

	(void)unused;
	TH_ASSERT(th_nbd_export_status(nbd, 0, &status));
	if (client_done && status.clients == 0)
		th_user_loop_stop(&loop);
}

static void switched(struct th_brick *brick, void *context)
{
	(void)context;
	TH_ASSERT(brick->power == TH_ON);
	th_user_loop_stop(&loop);
}

static void switch_on(struct th_brick *brick)
{
	TH_ASSERT(th_brick_power(brick, true, switched, NULL) == 0);
	th_user_loop_run(&loop);
}

static void set_up(void)
{
	const struct th_memory_config memory_config = { .size_bytes = DEVICE_BYTES,
							.block_bytes = 512 };
	const struct th_nbd_config config = {
		.loop = &loop, .client_depth = 4, .requests_max = 3, .payload_bytes = 64 * TH_MIB
	};
	struct th_nbd_export export = { .name = "x", .fast_zero = true };
	struct th_brick *memory;

	th_user_log_limit(TH_LOG_ERROR);
	th_registry_init(&registry);
	TH_ASSERT(th_user_loop_init(&loop) == 0);
	TH_ASSERT(th_brick_create(&registry, &th_memory_type, "memory", &loop.executor,
				  &memory_config, &memory, NULL) == 0);
	TH_ASSERT(th_brick_create(&registry, &th_nbd_type, "nbd", &loop.executor, &config, &nbd,
				  NULL) == 0);
	switch_on(memory);
	switch_on(nbd);
	export.device = &memory->outputs[0];
	TH_ASSERT(th_nbd_export(nbd, &export, NULL) == 0);
	hook.run = look;
	th_executor_add_hook(&loop.executor, &hook);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	int sockets[2];

	if (!nbd)
		set_up();
	if (bytes < 1 || bytes > INPUT_BYTES_MAX)
		return 0;
	TH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0);
	TH_ASSERT(th_nbd_adopt(nbd, sockets[0], "fuzzer") == 0);
	if (data[0] & 3)
		send_all(sockets[1], hello, sizeof(hello));
	if (data[0] & 2) {
		send_all(sockets[1], structured, sizeof(structured));
		send_all(sockets[1], meta, sizeof(meta));
	}
	if ((data[0] & 3) == 3)
		send_all(sockets[1], go, sizeof(go));
	send_all(sockets[1], data + 1, bytes - 1);
	shutdown(sockets[1], SHUT_WR);
	client_done = false;
	TH_ASSERT(th_user_loop_watch(&loop, &client, sockets[1], EPOLLIN, on_reply) == 0);
	th_user_loop_run(&loop);
	close(sockets[1]);
	return 0;
}
