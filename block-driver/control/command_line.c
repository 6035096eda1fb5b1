// SPDX-License-Identifier: GPL-2.0
#include "command_line.h"

static bool is_control(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte < 0x20 || byte == 0x7f;
}

static int check_bytes(const char *text, size_t bytes, struct th_error *error)
{
	for (size_t i = 0; i < bytes; i++) {
		if (!is_control(text[i]))
			continue;
		return th_error_set(error, -EINVAL,
				    "byte %llu of the line is the control character 0x%02x: "
				    "write it as %%%02X",
				    (unsigned long long)i + 1, (unsigned char)text[i],
				    (unsigned char)text[i]);
	}
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int decode(char *value, const char *key, struct th_error *error)
{
	const char *from = value;
	char *to = value;

	while (*from) {
		int high, low;

		if (*from != '%') {
			*to++ = *from++;
			continue;
		}
		high = hex_digit(from[1]);
		low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0)
			return th_error_set(error, -EINVAL,
					    "the value of '%.40s' has a %% without two hexadecimal "
					    "digits behind it: a %% itself is written as %%25",
					    key);
		if (!high && !low)
			return th_error_set(error, -EINVAL,
					    "the value of '%.40s' holds a zero byte (%%00)", key);
		*to++ = (char)(high << 4 | low);
		from += 3;
	}
	*to = 0;
	return 0;
}

static int add_pair(struct th_command_line *line, char *word, char *equals, struct th_error *error)
{
	char *value = equals + 1;

	*equals = 0;
	if (!*word)
		return th_error_set(error, -EINVAL, "there is a = without a key before it");
	for (uint32_t i = 0; i < line->pair_count; i++) {
		if (strcmp(line->pairs[i].key, word) == 0)
			return th_error_set(error, -EINVAL, "the key '%.40s' is given twice", word);
	}
	if (line->pair_count == TH_LINE_PAIRS_MAX)
		return th_error_set(error, -EINVAL, "more than %u keys in one line",
				    TH_LINE_PAIRS_MAX);
	line->pairs[line->pair_count].key = word;
	line->pairs[line->pair_count].value = value;
	line->pair_count++;
	return decode(value, word, error);
}

static int add_word(struct th_command_line *line, char *word, struct th_error *error)
{
	char *equals = strchr(word, '=');

	if (equals)
		return add_pair(line, word, equals, error);
	if (line->pair_count)
		return th_error_set(error, -EINVAL,
				    "'%.40s' stands behind KEY=VALUE: is a = missing, or a space "
				    "not written as %%20?",
				    word);
	if (!line->verb)
		line->verb = word;
	else if (!line->resource)
		line->resource = word;
	else if (!line->action)
		line->action = word;
	else
		return th_error_set(error, -EINVAL, "one word too many: '%.40s'", word);
	return 0;
}

int th_command_line_parse(struct th_command_line *line, char *text, size_t bytes,
			  struct th_error *error)
{
	int result = check_bytes(text, bytes, error);
	char *next = text;

	memset(line, 0, sizeof(*line));
	if (result)
		return result;
	text[bytes] = 0;
	while (!result) {
		char *word;

		while (*next == ' ')
			next++;
		if (!*next)
			break;
		word = next;
		while (*next && *next != ' ')
			next++;
		if (*next)
			*next++ = 0;
		result = add_word(line, word, error);
	}
	if (!result && !line->verb)
		result = th_error_set(error, -EINVAL,
				      line->pair_count ?
					      "the line begins with KEY=VALUE, not with "
					      "a verb; help lists them" :
					      "the line is empty; help lists the commands");
	return result;
}
