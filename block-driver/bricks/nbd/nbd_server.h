/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the nbd brick share: the server, its exports, its clients and their requests.
 *
 * Memory: a client is two allocations, made when it connects: itself with its slots (one per request under way), and
 * its receive buffer. Payloads come from the server's pool (nbd_pool.h). A slot holds the head of its reply, so until a
 * reply is sent nothing that it consists of is moved or copied. Nothing is allocated per request.
 *
 * A slot's way: free -> (its payload is being received) -> in flight (the device has it) -> in client->replies ->
 * free. A slot in flight keeps its client's memory: a client whose socket is closed is freed when the last one is back.
 *
 * Clients are freed in one place only, the server's hook at the end of a round; everybody else may go on using a client
 * that was closed under his hands.
 */
#ifndef THARSIS_NBD_SERVER_H
#define THARSIS_NBD_SERVER_H

#include "nbd.h"
#include "nbd_pool.h"
#include "user_loop.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct th_nbd_client;
struct th_nbd_server;

#define TH_NBD_RECEIVE_BYTES (256u * 1024)
/* A write of at least this length has its payload received where it belongs; that of a shorter one is copied there. */
#define TH_NBD_DIRECT_BYTES (32u * 1024)
/* So much is received behind a payload that is received directly: the next header, and little to copy. */
#define TH_NBD_DIRECT_WINDOW_BYTES 1024u
#define TH_NBD_IOV_MAX		   1024u
/* So much to send is sent without waiting for more: the client works on it while we work on the rest. */
#define TH_NBD_SEND_EARLY_BYTES (128u * 1024)
#define TH_NBD_PEER_MAX		80u

struct th_nbd_slot {
	struct th_list link; /* in free_slots or replies of the client */
	struct th_nbd_client *client;
	struct th_request *work; /* while its payload is received, or in flight */
	struct th_nbd_request request;
	struct th_nbd_payload payload;
	/* The reply: head, then body. */
	uint8_t head[TH_NBD_REPLY_BYTES_MAX];
	uint32_t head_bytes;
	uint32_t body_bytes;
	uint32_t body_count;
	const struct th_vec *body;
	struct th_vec text;
};

enum th_nbd_client_state {
	TH_NBD_HANDSHAKE,
	TH_NBD_TRANSMISSION,
	TH_NBD_LEAVING, /* no more is read; what is under way is answered */
	TH_NBD_GONE /* the socket is closed; requests may be in flight */
};

struct th_nbd_client {
	struct th_list link; /* in server->clients */
	struct th_list ready_link; /* in server->ready */
	struct th_list stalled_link; /* in server->stalled */
	struct th_nbd_server *server;
	struct th_nbd_door *door; /* from TRANSMISSION on */
	enum th_nbd_client_state state;
	uint64_t number;
	char peer[TH_NBD_PEER_MAX];
	struct th_timer timer; /* handshake: it must be over; later: replies must be read */

	/* The socket. */
	struct th_user_watch watch;
	int socket;
	bool blocked; /* it takes no more; sending goes on when it is writable */

	/* The handshake, and what was agreed in it. */
	struct th_nbd_handshake handshake;
	enum th_nbd_step step; /* what follows when the answer is sent */
	struct th_nbd_writer answer;
	uint32_t answer_sent;
	struct th_nbd_terms terms;

	/* Receiving: first the rest of a payload, then the buffer. */
	struct th_nbd_slot *incoming; /* its payload is not complete */
	uint32_t incoming_bytes; /* so much of it is there */
	uint32_t skip_bytes; /* of a payload that nobody wants */
	uint32_t window_bytes; /* how much of the buffer is offered to the socket */
	uint32_t start; /* of what is not yet taken, in the buffer */
	uint32_t end;
	uint8_t *buffer;

	/* Requests. */
	uint32_t in_flight;
	struct th_nbd_share share;
	struct th_list free_slots;
	struct th_list replies;
	uint64_t reply_bytes; /* of all replies */
	uint32_t reply_sent; /* bytes of the first reply that are sent already */
	uint8_t answer_bytes[TH_NBD_HANDSHAKE_REPLY_MAX];
	struct th_nbd_slot slots[];
};

/* An export: the input of the same index, and what clients are told about it. */
struct th_nbd_door {
	struct th_nbd_server *server;
	struct th_input *input;
	struct th_request_pool *pool; /* NULL: no export here */
	bool leaving;
	bool read_only;
	bool fast_zero;
	uint32_t serial;
	uint32_t clients;
	char name[TH_NBD_NAME_MAX + 1];
	char description[TH_NBD_DESCRIPTION_MAX + 1];
	void (*removed)(struct th_brick *nbd, void *context);
	void *removed_context;
};

struct th_nbd_listener {
	struct th_nbd_server *server;
	char *path; /* NULL: TCP */
	char *host;
	uint16_t port;
	int socket; /* -1: closed */
	dev_t device; /* of the socket's file, so that only our own is removed */
	ino_t inode;
	struct th_user_watch watch;
};

struct th_nbd_server {
	struct th_brick brick;
	struct th_user_loop *loop;
	struct th_nbd_listener listeners[TH_NBD_ADDRESSES_MAX];
	uint32_t listener_count;
	uint32_t clients_max;
	uint32_t client_depth;
	uint32_t requests_max;
	uint64_t payload_bytes;
	uint64_t patience_ns;

	struct th_nbd_door doors[TH_NBD_OFFERS_MAX];
	uint32_t next_serial;
	struct th_nbd_catalog catalog;

	struct th_nbd_pool pool;
	struct th_list clients;
	struct th_list ready; /* clients to be looked after at the end of the round */
	struct th_list stalled; /* clients that wait for a slot, a request or memory */
	uint32_t client_count;
	uint64_t next_number;
	bool turning_away; /* said in the log that there are too many clients */
	struct th_timer accept_timer; /* listens again after a shortage */
	struct th_hook hook;
	struct th_work work; /* resumes stalled clients; makes a round happen, and so the hook run */
	struct iovec iov[TH_NBD_IOV_MAX];
};

static inline struct th_nbd_server *th_nbd_server_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct th_nbd_server, brick);
}

/* ---- nbd_brick_user.c ---- */

/* A client was freed. */
void th_nbd_server_left(struct th_nbd_server *server);

/* ---- nbd_listener_user.c ---- */

/* Opens all listeners; on failure none is open. */
int th_nbd_listen(struct th_nbd_server *server, struct th_error *error);
void th_nbd_stop_listening(struct th_nbd_server *server);

/* ---- nbd_exports_user.c ---- */

/* For the catalog; @context is the server. */
bool th_nbd_offer(void *context, uint32_t index, struct th_nbd_offer *offer);
/* A client of @door was freed. */
void th_nbd_door_left(struct th_nbd_door *door);

/* ---- nbd_client_user.c ---- */

/* Takes over @socket, also when it fails. -EUSERS, -ENOMEM, or what the system says. */
int th_nbd_client_accept(struct th_nbd_server *server, int socket, const char *peer);
/* No more is read from the client; it is disconnected when what is under way is answered. */
void th_nbd_client_leave(struct th_nbd_client *client);
/* Closes the socket. @why: what an operator should know, or NULL. */
void th_nbd_client_close(struct th_nbd_client *client, const char *why);
/* At the end of the round the client is looked after: replies are sent, what it waits for is settled. */
void th_nbd_client_ready(struct th_nbd_client *client);
/* Sends replies now. */
void th_nbd_client_send(struct th_nbd_client *client);
/* It cannot take requests now, and is not read until it can. */
void th_nbd_client_stall(struct th_nbd_client *client);
/* Something was given back that a stalled client may wait for. */
void th_nbd_wake_stalled(struct th_nbd_server *server);
/* The server's hook and work. */
void th_nbd_look_after_clients(struct th_hook *hook);
void th_nbd_resume_stalled(struct th_work *work);

/* ---- nbd_receive_user.c ---- */

/* Reads what the socket has, once. Bytes, 0 at the end of the stream, or a negative errno. *@asked: bytes there was room for. */
ssize_t th_nbd_receive(struct th_nbd_client *client, size_t *asked);
/* Takes requests from the buffer as far as slots and memory reach. */
void th_nbd_take_requests(struct th_nbd_client *client);
/* Moves what was not taken to the start of the buffer. */
void th_nbd_compact(struct th_nbd_client *client);

/* ---- nbd_request_user.c ---- */

/* A free slot with what @request needs of requests and memory; NULL: not now. */
struct th_nbd_slot *th_nbd_slot_take(struct th_nbd_client *client,
				     const struct th_nbd_request *request);
/* The same for a request that is answered at once: only a slot is needed. */
struct th_nbd_slot *th_nbd_slot_take_bare(struct th_nbd_client *client,
					  const struct th_nbd_request *request);
/* Hands it to the device. */
void th_nbd_slot_submit(struct th_nbd_slot *slot);
void th_nbd_slot_refuse(struct th_nbd_slot *slot, enum th_nbd_error error, const char *text);
void th_nbd_slot_block_status(struct th_nbd_slot *slot);
void th_nbd_slot_free(struct th_nbd_slot *slot);

/* ---- nbd_send_user.c ---- */

/* Appends the pieces of @vec to the server's iov, less the first *@skip bytes, which is lowered. */
void th_nbd_iov_add(struct th_nbd_server *server, uint32_t *count, const struct th_vec *vec,
		    uint32_t vec_count, uint64_t *skip);
/* Sends as many replies as the socket takes. 0, or a negative errno: the connection is broken. */
int th_nbd_send_replies(struct th_nbd_client *client);
/* Sends the answer of the handshake; the same. */
int th_nbd_send_answer(struct th_nbd_client *client);

#endif
