/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NBD protocol on the wire: its numbers, and pure functions between bytes and structs. Everything is big-endian.
 * Nothing here knows sockets or requests of ours; all of it may be called from anywhere and never blocks.
 */
#ifndef THARSIS_NBD_PROTOCOL_H
#define THARSIS_NBD_PROTOCOL_H

#include <tharsis/port.h>

#define TH_NBD_MAGIC		  0x4e42444d41474943ULL /* "NBDMAGIC" */
#define TH_NBD_OPTION_MAGIC	  0x49484156454f5054ULL /* "IHAVEOPT" */
#define TH_NBD_OPTION_REPLY_MAGIC 0x0003e889045565a9ULL
#define TH_NBD_REQUEST_MAGIC	  0x25609513u
#define TH_NBD_SIMPLE_MAGIC	  0x67446698u
#define TH_NBD_STRUCTURED_MAGIC	  0x668e33efu

#define TH_NBD_GREETING_BYTES	      18u
#define TH_NBD_CLIENT_FLAGS_BYTES     4u
#define TH_NBD_OPTION_BYTES	      16u
#define TH_NBD_REQUEST_BYTES	      28u
#define TH_NBD_SIMPLE_REPLY_BYTES     16u
#define TH_NBD_STRUCTURED_REPLY_BYTES 20u
/* The longest header of a reply: a structured one with the fixed part of its payload. */
#define TH_NBD_REPLY_BYTES_MAX 32u

#define TH_NBD_STRING_MAX	  4096u /* no string of the protocol is longer */
#define TH_NBD_PREFERRED_BYTES	  4096u
#define TH_NBD_PAYLOAD_BYTES_MAX  (32u * 1024 * 1024)
#define TH_NBD_BLOCK_BYTES_MAX	  65536u
#define TH_NBD_ALLOCATION_CONTEXT "base:allocation"
#define TH_NBD_ALLOCATION_ID	  1u

/* Flags of the greeting, and those with which the client answers. */
enum { TH_NBD_FIXED_NEWSTYLE = 1 << 0, TH_NBD_NO_ZEROES = 1 << 1 };

enum th_nbd_export_flags {
	TH_NBD_HAS_FLAGS = 1 << 0,
	TH_NBD_READ_ONLY = 1 << 1,
	TH_NBD_SEND_FLUSH = 1 << 2,
	TH_NBD_SEND_FUA = 1 << 3,
	TH_NBD_ROTATIONAL = 1 << 4,
	TH_NBD_SEND_TRIM = 1 << 5,
	TH_NBD_SEND_WRITE_ZEROES = 1 << 6,
	TH_NBD_SEND_DF = 1 << 7,
	TH_NBD_CAN_MULTI_CONN = 1 << 8,
	TH_NBD_SEND_FAST_ZERO = 1 << 11,
};

enum th_nbd_option_code {
	TH_NBD_OPT_EXPORT_NAME = 1,
	TH_NBD_OPT_ABORT = 2,
	TH_NBD_OPT_LIST = 3,
	TH_NBD_OPT_STARTTLS = 5,
	TH_NBD_OPT_INFO = 6,
	TH_NBD_OPT_GO = 7,
	TH_NBD_OPT_STRUCTURED_REPLY = 8,
	TH_NBD_OPT_LIST_META_CONTEXT = 9,
	TH_NBD_OPT_SET_META_CONTEXT = 10,
};

enum th_nbd_option_reply {
	TH_NBD_REP_ACK = 1,
	TH_NBD_REP_SERVER = 2,
	TH_NBD_REP_INFO = 3,
	TH_NBD_REP_META_CONTEXT = 4,
};

#define TH_NBD_REP_ERR_UNSUP	0x80000001u
#define TH_NBD_REP_ERR_POLICY	0x80000002u
#define TH_NBD_REP_ERR_INVALID	0x80000003u
#define TH_NBD_REP_ERR_UNKNOWN	0x80000006u
#define TH_NBD_REP_ERR_SHUTDOWN 0x80000007u
#define TH_NBD_REP_ERR_TOO_BIG	0x80000009u

enum th_nbd_info {
	TH_NBD_INFO_EXPORT = 0,
	TH_NBD_INFO_NAME = 1,
	TH_NBD_INFO_DESCRIPTION = 2,
	TH_NBD_INFO_BLOCK_SIZE = 3,
};

enum th_nbd_command {
	TH_NBD_CMD_READ = 0,
	TH_NBD_CMD_WRITE = 1,
	TH_NBD_CMD_DISC = 2,
	TH_NBD_CMD_FLUSH = 3,
	TH_NBD_CMD_TRIM = 4,
	TH_NBD_CMD_WRITE_ZEROES = 6,
	TH_NBD_CMD_BLOCK_STATUS = 7,
};

enum th_nbd_command_flags {
	TH_NBD_CMD_FLAG_FUA = 1 << 0,
	TH_NBD_CMD_FLAG_NO_HOLE = 1 << 1,
	TH_NBD_CMD_FLAG_DF = 1 << 2,
	TH_NBD_CMD_FLAG_REQ_ONE = 1 << 3,
	TH_NBD_CMD_FLAG_FAST_ZERO = 1 << 4,
};

enum th_nbd_error {
	TH_NBD_OK = 0,
	TH_NBD_EPERM = 1,
	TH_NBD_EIO = 5,
	TH_NBD_ENOMEM = 12,
	TH_NBD_EINVAL = 22,
	TH_NBD_ENOSPC = 28,
	TH_NBD_EOVERFLOW = 75,
	TH_NBD_ENOTSUP = 95,
	TH_NBD_ESHUTDOWN = 108,
};

uint32_t th_nbd_get32(const uint8_t *data);

/* ---- building what is sent ---- */

/* Appends to a buffer of the caller. What does not fit is a mistake of ours: TH_ASSERT. */
struct th_nbd_writer {
	uint8_t *base;
	uint32_t capacity;
	uint32_t bytes;
};

void th_nbd_put16(struct th_nbd_writer *writer, uint16_t value);
void th_nbd_put32(struct th_nbd_writer *writer, uint32_t value);
void th_nbd_put64(struct th_nbd_writer *writer, uint64_t value);
void th_nbd_put_bytes(struct th_nbd_writer *writer, const void *data, size_t bytes);
void th_nbd_put_zeroes(struct th_nbd_writer *writer, size_t bytes);

/* The head of a reply to @option; its payload of @bytes follows. */
void th_nbd_put_option_reply(struct th_nbd_writer *writer, uint32_t option, uint32_t type,
			     uint32_t bytes);

/* ---- option haggling ---- */

struct th_nbd_option {
	uint32_t code;
	uint32_t bytes; /* of its data */
};

/* False: the magic is wrong. @data holds TH_NBD_OPTION_BYTES. */
bool th_nbd_parse_option(const uint8_t *data, struct th_nbd_option *option);

/* A string in the buffer that was parsed: not terminated. */
struct th_nbd_string {
	const char *text;
	uint32_t bytes;
};

/* Data of INFO and GO. */
struct th_nbd_go {
	struct th_nbd_string name;
	bool wants_name;
	bool wants_description;
	bool wants_block_size;
};

bool th_nbd_parse_go(const uint8_t *data, uint32_t bytes, struct th_nbd_go *go);

/* Data of LIST_META_CONTEXT and SET_META_CONTEXT. */
struct th_nbd_meta {
	struct th_nbd_string name;
	uint32_t query_count;
	bool allocation; /* one query is "base:allocation" */
	bool base; /* one query is "base:", which stands for all of that namespace in a list */
};

bool th_nbd_parse_meta(const uint8_t *data, uint32_t bytes, struct th_nbd_meta *meta);

/* ---- transmission ---- */

struct th_nbd_request {
	uint16_t flags;
	uint16_t command;
	uint64_t cookie; /* chosen by the client; returned as it is */
	uint64_t offset;
	uint32_t length;
};

/* False: the magic is wrong, so nothing that follows can be understood. @data holds TH_NBD_REQUEST_BYTES. */
bool th_nbd_parse_request(const uint8_t *data, struct th_nbd_request *request);

/* What was agreed with one client about the export that it uses. */
struct th_nbd_terms {
	uint64_t size_bytes;
	uint32_t block_bytes;
	uint16_t flags; /* enum th_nbd_export_flags, as sent to the client */
	bool structured;
	bool allocation; /* may ask for the block status */
	bool fast_zero; /* zeroing is fast; else a client that insists on that is refused */
};

/* TH_NBD_OK, or the error that @request deserves and a text for the person who reads it. */
enum th_nbd_error th_nbd_judge(const struct th_nbd_request *request,
			       const struct th_nbd_terms *terms, const char **text);

/* For a result of ours: 0 or a negative errno. */
enum th_nbd_error th_nbd_error_of(int error);

/* The head of a successful reply without payload. Also right when structured replies were agreed, but not to READ. */
void th_nbd_put_done(struct th_nbd_writer *writer, uint64_t cookie);
/* The head of a successful reply to READ; @length bytes follow. */
void th_nbd_put_data(struct th_nbd_writer *writer, const struct th_nbd_request *request,
		     bool structured);
/* The head of a reply with an error; @text_bytes follow when @structured. */
void th_nbd_put_error(struct th_nbd_writer *writer, uint64_t cookie, enum th_nbd_error error,
		      uint16_t text_bytes, bool structured);
/* A whole reply to BLOCK_STATUS, of one extent of @length bytes. */
void th_nbd_put_block_status(struct th_nbd_writer *writer, uint64_t cookie, uint32_t length,
			     uint32_t state);

#endif
