/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first phase of a connection: fixed newstyle option haggling, as a state machine on buffers. It knows neither
 * sockets nor bricks, so tests and the fuzzer feed it bytes. Nothing here blocks.
 */
#ifndef THARSIS_NBD_HANDSHAKE_H
#define THARSIS_NBD_HANDSHAKE_H

#include "nbd_protocol.h"

#define TH_NBD_NAME_MAX	       255u
#define TH_NBD_DESCRIPTION_MAX 255u
#define TH_NBD_OFFERS_MAX      1024u
/* Exports in one piece of a list; the list goes out piece by piece. */
#define TH_NBD_LIST_PIECE 16u
/* Data of one option that is looked at; a longer one is answered "too big" and skipped. */
#define TH_NBD_OPTION_DATA_MAX 16384u
/* Room for the longest answer: a piece of a list, and the acknowledgement. */
#define TH_NBD_HANDSHAKE_REPLY_MAX \
	((TH_NBD_LIST_PIECE + 1) * (24 + TH_NBD_NAME_MAX + TH_NBD_DESCRIPTION_MAX))

/* An export as the handshake sees it. */
struct th_nbd_offer {
	char name[TH_NBD_NAME_MAX + 1];
	char description[TH_NBD_DESCRIPTION_MAX + 1];
	uint32_t serial; /* never used again for another export */
	int error; /* 0: open to clients; -ESHUTDOWN: being removed; else its device is not there */
	uint64_t size_bytes;
	uint32_t block_bytes;
	bool read_only;
	bool rotational;
	bool fast_zero;
};

/* Where exports are looked up. */
struct th_nbd_catalog {
	/* False: there is none at @index, which is below TH_NBD_OFFERS_MAX. */
	bool (*offer)(void *context, uint32_t index, struct th_nbd_offer *offer);
	void *context;
};

enum th_nbd_step {
	TH_NBD_NEED_MORE, /* bytes of the client */
	TH_NBD_REPLY, /* the answer, if any, must be sent before the next option is looked at */
	TH_NBD_ENTER, /* the answer must be sent; then transmission begins, on th_nbd_handshake.terms */
	TH_NBD_CLOSE, /* the answer, if any, must be sent; then the connection ends */
};

struct th_nbd_handshake {
	const struct th_nbd_catalog *catalog;
	bool flags_seen;
	bool fixed;
	bool no_zeroes;
	bool structured;
	uint32_t meta_serial; /* of the export for which base:allocation was selected; 0: none */
	bool listing; /* LIST is being answered */
	uint32_t list_index; /* the next export of it */
	uint32_t skip_bytes; /* of an option's data that is not looked at */
	/* After TH_NBD_ENTER */
	uint32_t chosen; /* index of the export */
	struct th_nbd_terms terms;
	/* After TH_NBD_CLOSE: why, for the log; NULL when the client wished it. */
	const char *complaint;
};

/* Begins; writes the greeting. */
void th_nbd_handshake_begin(struct th_nbd_handshake *handshake,
			    const struct th_nbd_catalog *catalog, struct th_nbd_writer *writer);

/*
 * Takes at most one message from @data and writes the answer to @writer, which is empty and has room for
 * TH_NBD_HANDSHAKE_REPLY_MAX. *@taken: bytes used up. An option with its data fits in a buffer of
 * TH_NBD_OPTION_BYTES + TH_NBD_OPTION_DATA_MAX, so a buffer of that size never fills up without progress.
 */
enum th_nbd_step th_nbd_handshake_next(struct th_nbd_handshake *handshake, const uint8_t *data,
				       size_t bytes, size_t *taken, struct th_nbd_writer *writer);

#endif
