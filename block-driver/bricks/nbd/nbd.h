/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The nbd brick: a server of the Network Block Device protocol (fixed newstyle) on Unix sockets and TCP. One brick is
 * one server with a set of listeners. Its inputs (block) are its exports: they come and go while it serves.
 * docs/nbd.md says what it speaks, how it treats clients and what memory it needs.
 *
 * User space only. All functions: only on the brick's executor; they do not block unless they say so.
 */
#ifndef THARSIS_NBD_H
#define THARSIS_NBD_H

#include <tharsis/brick.h>

#include "nbd_handshake.h"

struct th_user_loop;

#define TH_NBD_ADDRESSES_MAX	8u
#define TH_NBD_CLIENTS_MAX	4096u
#define TH_NBD_CLIENT_DEPTH_MAX 1024u

/* One place where clients connect: a Unix socket or TCP. */
struct th_nbd_address {
	const char *path; /* of a Unix socket; NULL: TCP */
	const char *host; /* numeric IPv4 or IPv6 address; NULL: all addresses of the machine */
	uint16_t port; /* 10809 is NBD's own; 0: a free one, see th_nbd_port() */
};

/* 0 stands for the default. */
struct th_nbd_config {
	struct th_user_loop *loop; /* which runs the brick's executor */
	const struct th_nbd_address *addresses;
	uint32_t address_count;
	uint32_t clients_max; /* 128; more are turned away */
	uint32_t client_depth; /* 128: requests of one client under way; more wait in the socket */
	uint32_t requests_max; /* 1024: requests of one export under way */
	uint64_t payload_bytes; /* 128 MiB: memory for payloads, shared by all clients; at least 64 MiB */
	uint64_t patience_ns; /* 10 s: for a handshake, and for a leaving client to read its replies */
};

/* Config: struct th_nbd_config; all of it is copied. */
extern const struct th_brick_type th_nbd_type;

struct th_nbd_export {
	const char *name; /* 1 to TH_NBD_NAME_MAX bytes of UTF-8 */
	const char *description; /* for people; NULL: none */
	struct th_output *device;
	bool read_only; /* also when the device could be written to */
	bool fast_zero; /* the device zeroes a range much faster than it writes one */
};

/*
 * Connects a free input with the device and offers it to clients. Each client sees the size that the device has when
 * the client connects. May block (memory). -EEXIST the name, -EINVAL the name, -ENOSPC no free input,
 * or what th_connect() says.
 */
int th_nbd_export(struct th_brick *nbd, const struct th_nbd_export *export, struct th_error *error);

/*
 * Takes an export away: new clients are refused, requests under way are completed and answered, clients are
 * disconnected, then the input. @done runs at the end, never inside this call. -ENOENT, -EALREADY.
 */
int th_nbd_unexport(struct th_brick *nbd, const char *name,
		    void (*done)(struct th_brick *nbd, void *context), void *context,
		    struct th_error *error);

struct th_nbd_export_status {
	char name[TH_NBD_NAME_MAX + 1];
	bool read_only;
	bool leaving; /* th_nbd_unexport() is under way */
	uint32_t clients; /* connected now */
};

/* False: no export on input @index. */
bool th_nbd_export_status(const struct th_brick *nbd, uint32_t index,
			  struct th_nbd_export_status *status);

/* The TCP port of address @index while the brick is on; 0 for a Unix socket. */
uint16_t th_nbd_port(const struct th_brick *nbd, uint32_t index);

/*
 * Serves a client on @socket, a connected stream socket, which is the brick's from now on: for hosts that are handed
 * their sockets. -ESHUTDOWN the brick is not on, -EUSERS too many clients, -ENOMEM; then @socket is closed.
 */
int th_nbd_adopt(struct th_brick *nbd, int socket, const char *peer);

#endif
