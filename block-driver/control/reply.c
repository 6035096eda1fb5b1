// SPDX-License-Identifier: GPL-2.0
#include "reply.h"

#include "value.h"

#define REPLY_FIRST_BYTES 4096u
/* Always free behind the lines: "error", a code, and a message of which every byte may take three. */
#define REPLY_LAST_LINE_BYTES (32u + 3u * TH_ERROR_TEXT_MAX)

int th_reply_init(struct th_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->text = th_alloc(REPLY_FIRST_BYTES);
	if (!reply->text)
		return -ENOMEM;
	reply->capacity = REPLY_FIRST_BYTES;
	return 0;
}

void th_reply_destroy(struct th_reply *reply)
{
	th_free(reply->text);
	reply->text = NULL;
}

void th_reply_reset(struct th_reply *reply)
{
	if (reply->capacity > REPLY_FIRST_BYTES) {
		char *text = th_alloc(REPLY_FIRST_BYTES);

		if (text) {
			th_free(reply->text);
			reply->text = text;
			reply->capacity = REPLY_FIRST_BYTES;
		}
	}
	reply->used = 0;
	reply->overflow = false;
}

/* Room for @bytes of lines, apart from the room for the last one. */
static bool make_room(struct th_reply *reply, size_t bytes)
{
	size_t needed = reply->used + bytes + REPLY_LAST_LINE_BYTES;
	size_t capacity = reply->capacity;
	char *text;

	if (needed <= capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	text = capacity > TH_REPLY_MAX ? NULL : th_alloc(capacity);
	if (!text) {
		reply->overflow = true;
		return false;
	}
	memcpy(text, reply->text, reply->used);
	th_free(reply->text);
	reply->text = text;
	reply->capacity = capacity;
	return true;
}

static bool is_encoded(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte < 0x20 || byte == 0x7f || byte == '%';
}

static void put(struct th_reply *reply, const char *text)
{
	size_t bytes = strlen(text);

	memcpy(reply->text + reply->used, text, bytes);
	reply->used += bytes;
}

static void put_encoded(struct th_reply *reply, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		char *to = reply->text + reply->used;

		if (!is_encoded(*text)) {
			*to = *text;
			reply->used++;
			continue;
		}
		to[0] = '%';
		to[1] = digits[(unsigned char)*text >> 4];
		to[2] = digits[*text & 15];
		reply->used += 3;
	}
}

void th_reply_text(struct th_reply *reply, const char *key, const char *value)
{
	if (reply->overflow || !make_room(reply, strlen(key) + 3 * strlen(value) + 2))
		return;
	put(reply, key);
	put(reply, "=");
	put_encoded(reply, value);
	put(reply, "\n");
}

void th_reply_number(struct th_reply *reply, const char *key, uint64_t value)
{
	char text[24];

	th_snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	th_reply_text(reply, key, text);
}

void th_reply_flag(struct th_reply *reply, const char *key, bool value)
{
	th_reply_text(reply, key, value ? "yes" : "no");
}

void th_reply_uuid(struct th_reply *reply, const char *key, const struct th_uuid *value)
{
	char text[TH_UUID_TEXT_BYTES];

	th_uuid_print(value, text);
	th_reply_text(reply, key, text);
}

void th_reply_chain(struct th_reply *reply, const char *key, uint64_t value)
{
	char text[TH_CHAIN_TEXT_BYTES];

	th_chain_print(value, text);
	th_reply_text(reply, key, text);
}

void th_reply_ok(struct th_reply *reply)
{
	if (reply->overflow) {
		th_reply_error(reply, TH_CODE_NO_MEMORY,
			       "the reply is longer than 1 MiB, or there is no memory for it; ask "
			       "for less");
		return;
	}
	put(reply, "ok\n");
}

void th_reply_error(struct th_reply *reply, enum th_error_code code, const char *message)
{
	char bounded[TH_ERROR_TEXT_MAX];

	th_snprintf(bounded, sizeof(bounded), "%s", message);
	reply->used = 0;
	put(reply, "error ");
	put(reply, th_error_code_name(code));
	put(reply, " ");
	put_encoded(reply, bounded);
	put(reply, "\n");
}
