// SPDX-License-Identifier: GPL-2.0
#include "nbd_protocol.h"

enum {
	REPLY_FLAG_DONE = 1 << 0,
	REPLY_TYPE_OFFSET_DATA = 1,
	REPLY_TYPE_BLOCK_STATUS = 5,
	REPLY_TYPE_ERROR = (1 << 15) + 1,
};

/* ---- integers: written so that compilers make one load or store with a swap of each ---- */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t th_nbd_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)th_nbd_get32(p) << 32 | th_nbd_get32(p + 4);
}

static uint8_t *put_room(struct th_nbd_writer *writer, size_t bytes)
{
	uint8_t *room = writer->base + writer->bytes;

	TH_ASSERT(bytes <= writer->capacity - writer->bytes);
	writer->bytes += (uint32_t)bytes;
	return room;
}

void th_nbd_put16(struct th_nbd_writer *writer, uint16_t value)
{
	uint8_t *p = put_room(writer, 2);

	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void th_nbd_put32(struct th_nbd_writer *writer, uint32_t value)
{
	uint8_t *p = put_room(writer, 4);

	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

void th_nbd_put64(struct th_nbd_writer *writer, uint64_t value)
{
	th_nbd_put32(writer, (uint32_t)(value >> 32));
	th_nbd_put32(writer, (uint32_t)value);
}

void th_nbd_put_bytes(struct th_nbd_writer *writer, const void *data, size_t bytes)
{
	memcpy(put_room(writer, bytes), data, bytes);
}

void th_nbd_put_zeroes(struct th_nbd_writer *writer, size_t bytes)
{
	memset(put_room(writer, bytes), 0, bytes);
}

/* ---- option haggling ---- */

void th_nbd_put_option_reply(struct th_nbd_writer *writer, uint32_t option, uint32_t type,
			     uint32_t bytes)
{
	th_nbd_put64(writer, TH_NBD_OPTION_REPLY_MAGIC);
	th_nbd_put32(writer, option);
	th_nbd_put32(writer, type);
	th_nbd_put32(writer, bytes);
}

bool th_nbd_parse_option(const uint8_t *data, struct th_nbd_option *option)
{
	option->code = th_nbd_get32(data + 8);
	option->bytes = th_nbd_get32(data + 12);
	return get64(data) == TH_NBD_OPTION_MAGIC;
}

/* What is left to parse of an option's data. */
struct reader {
	const uint8_t *data;
	uint32_t bytes;
};

static bool read32(struct reader *reader, uint32_t *value)
{
	if (reader->bytes < 4)
		return false;
	*value = th_nbd_get32(reader->data);
	reader->data += 4;
	reader->bytes -= 4;
	return true;
}

/* A string behind its length. One with a NUL or too long is none. */
static bool read_string(struct reader *reader, struct th_nbd_string *string)
{
	if (!read32(reader, &string->bytes) || string->bytes > reader->bytes ||
	    string->bytes > TH_NBD_STRING_MAX)
		return false;
	string->text = (const char *)reader->data;
	reader->data += string->bytes;
	reader->bytes -= string->bytes;
	return !memchr(string->text, 0, string->bytes);
}

static bool string_is(const struct th_nbd_string *string, const char *text)
{
	return string->bytes == strlen(text) && memcmp(string->text, text, string->bytes) == 0;
}

bool th_nbd_parse_go(const uint8_t *data, uint32_t bytes, struct th_nbd_go *go)
{
	struct reader reader = { .data = data, .bytes = bytes };
	uint32_t count;
	uint32_t i;

	memset(go, 0, sizeof(*go));
	if (!read_string(&reader, &go->name) || reader.bytes < 2)
		return false;
	count = get16(reader.data);
	if (reader.bytes != 2 + 2 * count)
		return false;
	for (i = 0; i < count; i++) {
		uint16_t info = get16(reader.data + 2 + 2 * i);

		go->wants_name |= info == TH_NBD_INFO_NAME;
		go->wants_description |= info == TH_NBD_INFO_DESCRIPTION;
		go->wants_block_size |= info == TH_NBD_INFO_BLOCK_SIZE;
	}
	return true;
}

bool th_nbd_parse_meta(const uint8_t *data, uint32_t bytes, struct th_nbd_meta *meta)
{
	struct reader reader = { .data = data, .bytes = bytes };
	uint32_t i;

	memset(meta, 0, sizeof(*meta));
	if (!read_string(&reader, &meta->name) || !read32(&reader, &meta->query_count))
		return false;
	/* Each query takes at least the four bytes of its length, which bounds the loop. */
	for (i = 0; i < meta->query_count; i++) {
		struct th_nbd_string query;

		if (!read_string(&reader, &query) || !memchr(query.text, ':', query.bytes))
			return false;
		meta->allocation |= string_is(&query, TH_NBD_ALLOCATION_CONTEXT);
		meta->base |= string_is(&query, "base:");
	}
	return reader.bytes == 0;
}

/* ---- transmission ---- */

bool th_nbd_parse_request(const uint8_t *data, struct th_nbd_request *request)
{
	request->flags = get16(data + 4);
	request->command = get16(data + 6);
	request->cookie = get64(data + 8);
	request->offset = get64(data + 16);
	request->length = th_nbd_get32(data + 24);
	return th_nbd_get32(data) == TH_NBD_REQUEST_MAGIC;
}

/* What a command needs, by its number. */
struct command_rule {
	uint16_t needs; /* flag of the export that must have been sent */
	uint16_t allowed; /* flags of the command */
	bool known;
	bool ranged; /* offset and length name a range of the device */
	bool changes; /* the contents of the device */
	bool grows; /* beyond the end means that space is missing: ENOSPC */
	bool payload; /* the range crosses the wire, so it is limited */
};

static const struct command_rule command_rules[] = {
	[TH_NBD_CMD_READ] = { .known = true,
			      .allowed = TH_NBD_CMD_FLAG_DF,
			      .ranged = true,
			      .payload = true },
	[TH_NBD_CMD_WRITE] = { .known = true,
			       .ranged = true,
			       .changes = true,
			       .grows = true,
			       .payload = true },
	[TH_NBD_CMD_FLUSH] = { .known = true, .needs = TH_NBD_SEND_FLUSH },
	[TH_NBD_CMD_TRIM] = { .known = true,
			      .needs = TH_NBD_SEND_TRIM,
			      .ranged = true,
			      .changes = true },
	[TH_NBD_CMD_WRITE_ZEROES] = { .known = true,
				      .needs = TH_NBD_SEND_WRITE_ZEROES,
				      .allowed = TH_NBD_CMD_FLAG_NO_HOLE |
						 TH_NBD_CMD_FLAG_FAST_ZERO,
				      .ranged = true,
				      .changes = true,
				      .grows = true },
	[TH_NBD_CMD_BLOCK_STATUS] = { .known = true,
				      .allowed = TH_NBD_CMD_FLAG_REQ_ONE,
				      .ranged = true },
};

/* FUA goes with every command, for there are clients that set it on all; the others only where they mean something. */
static uint16_t allowed_flags(const struct command_rule *rule, uint16_t export_flags)
{
	uint16_t allowed = rule->allowed;

	if (export_flags & TH_NBD_SEND_FUA)
		allowed |= TH_NBD_CMD_FLAG_FUA;
	if (!(export_flags & TH_NBD_SEND_DF))
		allowed &= (uint16_t)~TH_NBD_CMD_FLAG_DF;
	if (!(export_flags & TH_NBD_SEND_FAST_ZERO))
		allowed &= (uint16_t)~TH_NBD_CMD_FLAG_FAST_ZERO;
	return allowed;
}

static enum th_nbd_error refuse(enum th_nbd_error error, const char *why, const char **text)
{
	*text = why;
	return error;
}

static enum th_nbd_error judge_range(const struct th_nbd_request *request,
				     const struct th_nbd_terms *terms,
				     const struct command_rule *rule, const char **text)
{
	if (request->length == 0)
		return refuse(TH_NBD_EINVAL, "the length is zero", text);
	if (!th_is_aligned(request->offset | request->length, terms->block_bytes))
		return refuse(TH_NBD_EINVAL,
			      "offset and length must be multiples of the minimum block size",
			      text);
	if (rule->payload && request->length > TH_NBD_PAYLOAD_BYTES_MAX)
		return refuse(rule->changes ? TH_NBD_EINVAL : TH_NBD_EOVERFLOW,
			      "the length is above the maximum payload size", text);
	if (request->offset > terms->size_bytes ||
	    request->length > terms->size_bytes - request->offset)
		return refuse(rule->grows ? TH_NBD_ENOSPC : TH_NBD_EINVAL,
			      "the range reaches beyond the end of the device", text);
	return TH_NBD_OK;
}

enum th_nbd_error th_nbd_judge(const struct th_nbd_request *request,
			       const struct th_nbd_terms *terms, const char **text)
{
	static const struct command_rule unknown;
	const struct command_rule *rule = request->command < TH_ARRAY_COUNT(command_rules) ?
						  &command_rules[request->command] :
						  &unknown;
	enum th_nbd_error error;

	*text = "";
	if (!rule->known)
		return refuse(TH_NBD_EINVAL, "unknown command", text);
	if (rule->changes && (terms->flags & TH_NBD_READ_ONLY))
		return refuse(TH_NBD_EPERM, "the export is read-only", text);
	if ((terms->flags & rule->needs) != rule->needs)
		return refuse(TH_NBD_EINVAL, "the export does not offer this command", text);
	if (request->command == TH_NBD_CMD_BLOCK_STATUS && !terms->allocation)
		return refuse(TH_NBD_EINVAL, "no metadata context was negotiated", text);
	if (request->flags & ~allowed_flags(rule, terms->flags))
		return refuse(TH_NBD_EINVAL, "a flag that this command does not know", text);
	if (!rule->ranged)
		return request->offset || request->length ?
			       refuse(TH_NBD_EINVAL, "offset and length must be zero", text) :
			       TH_NBD_OK;
	error = judge_range(request, terms, rule, text);
	if (error == TH_NBD_OK && (request->flags & TH_NBD_CMD_FLAG_FAST_ZERO) && !terms->fast_zero)
		return refuse(TH_NBD_ENOTSUP, "zeroing is not known to be fast here", text);
	return error;
}

enum th_nbd_error th_nbd_error_of(int error)
{
	switch (-error) {
	case 0:
		return TH_NBD_OK;
	case EPERM:
	case EACCES:
	case EROFS:
		return TH_NBD_EPERM;
	case ENOMEM:
		return TH_NBD_ENOMEM;
	case EINVAL:
		return TH_NBD_EINVAL;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return TH_NBD_ENOSPC;
	case EOVERFLOW:
		return TH_NBD_EOVERFLOW;
	case EOPNOTSUPP:
		return TH_NBD_ENOTSUP;
	case ESHUTDOWN:
	case ENOTCONN:
		return TH_NBD_ESHUTDOWN;
	default:
		return TH_NBD_EIO;
	}
}

static void put_structured(struct th_nbd_writer *writer, uint64_t cookie, uint16_t type,
			   uint32_t payload_bytes)
{
	th_nbd_put32(writer, TH_NBD_STRUCTURED_MAGIC);
	th_nbd_put16(writer, REPLY_FLAG_DONE);
	th_nbd_put16(writer, type);
	th_nbd_put64(writer, cookie);
	th_nbd_put32(writer, payload_bytes);
}

static void put_simple(struct th_nbd_writer *writer, uint64_t cookie, enum th_nbd_error error)
{
	th_nbd_put32(writer, TH_NBD_SIMPLE_MAGIC);
	th_nbd_put32(writer, error);
	th_nbd_put64(writer, cookie);
}

void th_nbd_put_done(struct th_nbd_writer *writer, uint64_t cookie)
{
	put_simple(writer, cookie, TH_NBD_OK);
}

void th_nbd_put_data(struct th_nbd_writer *writer, const struct th_nbd_request *request,
		     bool structured)
{
	if (!structured) {
		put_simple(writer, request->cookie, TH_NBD_OK);
		return;
	}
	put_structured(writer, request->cookie, REPLY_TYPE_OFFSET_DATA, 8 + request->length);
	th_nbd_put64(writer, request->offset);
}

void th_nbd_put_error(struct th_nbd_writer *writer, uint64_t cookie, enum th_nbd_error error,
		      uint16_t text_bytes, bool structured)
{
	if (!structured) {
		put_simple(writer, cookie, error);
		return;
	}
	put_structured(writer, cookie, REPLY_TYPE_ERROR, 6u + text_bytes);
	th_nbd_put32(writer, error);
	th_nbd_put16(writer, text_bytes);
}

void th_nbd_put_block_status(struct th_nbd_writer *writer, uint64_t cookie, uint32_t length,
			     uint32_t state)
{
	put_structured(writer, cookie, REPLY_TYPE_BLOCK_STATUS, 12);
	th_nbd_put32(writer, TH_NBD_ALLOCATION_ID);
	th_nbd_put32(writer, length);
	th_nbd_put32(writer, state);
}
