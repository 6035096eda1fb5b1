// SPDX-License-Identifier: GPL-2.0
#include "value.h"

/* The sentence for every value that is not what its key takes. */
static int refuse(const struct th_key *key, const char *text, struct th_error *error,
		  const char *expected)
{
	return th_error_set(error, -EINVAL, "%s=%.60s: %s", key->name, text, expected);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads decimal digits: false when there are none or they do not fit. */
static bool read_number(const char **text, uint64_t *number)
{
	const char *digit = *text;

	*number = 0;
	while (is_digit(*digit)) {
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*digit - '0'), number))
			return false;
		digit++;
	}
	if (digit == *text)
		return false;
	*text = digit;
	return true;
}

static int check_range(const struct th_key *key, const char *text, uint64_t number,
		       struct th_error *error)
{
	if (number >= key->min && number <= key->max)
		return 0;
	return th_error_set(error, -EINVAL, "%s=%.60s: out of range, %llu to %llu are possible",
			    key->name, text, (unsigned long long)key->min,
			    (unsigned long long)key->max);
}

static int parse_number(const struct th_key *key, const char *text, struct th_value *value,
			struct th_error *error)
{
	const char *end = text;

	if (!read_number(&end, &value->number) || *end)
		return refuse(key, text, error, "is not a decimal number of at most 64 bits");
	return check_range(key, text, value->number, error);
}

static bool read_unit(const char *unit, uint64_t *factor)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{ "", 1 },	   { "KiB", TH_KIB },	     { "MiB", TH_MIB },
		{ "GiB", TH_GIB }, { "TiB", 1024 * TH_GIB },
	};

	for (size_t i = 0; i < TH_ARRAY_COUNT(units); i++) {
		if (strcmp(unit, units[i].name) == 0) {
			*factor = units[i].factor;
			return true;
		}
	}
	return false;
}

static int parse_size(const struct th_key *key, const char *text, struct th_value *value,
		      struct th_error *error)
{
	const char *end = text;
	uint64_t factor;

	if (!read_number(&end, &value->number) || !read_unit(end, &factor) ||
	    __builtin_mul_overflow(value->number, factor, &value->number))
		return refuse(key, text, error,
			      "is not a size: digits, and KiB, MiB, GiB or TiB where wanted");
	return check_range(key, text, value->number, error);
}

/* Reads exactly @digits hexadecimal digits. */
static bool read_hex(const char **text, uint32_t digits, uint64_t *number)
{
	*number = 0;
	for (uint32_t i = 0; i < digits; i++, (*text)++) {
		char c = **text;
		uint64_t digit;

		if (is_digit(c))
			digit = (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint64_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (uint64_t)(c - 'A') + 10;
		else
			return false;
		*number = *number << 4 | digit;
	}
	return true;
}

static int parse_chain(const struct th_key *key, const char *text, struct th_value *value,
		       struct th_error *error)
{
	const char *end = text;

	if (!read_hex(&end, 16, &value->number) || *end)
		return refuse(key, text, error, "is not a chain value: 16 hexadecimal digits");
	return 0;
}

/* A dash may stand before these bytes: in front of all four or of none. */
static bool dash_before(uint32_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static int parse_uuid(const struct th_key *key, const char *text, struct th_value *value,
		      struct th_error *error)
{
	bool dashes = strchr(text, '-') != NULL;
	const char *end = text;
	uint8_t any = 0;

	for (uint32_t i = 0; i < TH_UUID_BYTES; i++) {
		uint64_t byte;

		if (dashes && dash_before(i) && *end++ != '-')
			return refuse(key, text, error, "is not a UUID: its dashes are misplaced");
		if (!read_hex(&end, 2, &byte))
			return refuse(key, text, error, "is not a UUID: 32 hexadecimal digits");
		value->uuid.bytes[i] = (uint8_t)byte;
		any |= (uint8_t)byte;
	}
	if (*end)
		return refuse(key, text, error, "is not a UUID: there is more behind it");
	if (!any)
		return refuse(key, text, error, "is not a UUID: it is all zero");
	return 0;
}

static int parse_flag(const struct th_key *key, const char *text, struct th_value *value,
		      struct th_error *error)
{
	value->number = strcmp(text, "yes") == 0;
	if (!value->number && strcmp(text, "no") != 0)
		return refuse(key, text, error, "yes or no is expected");
	return 0;
}

static int parse_choice(const struct th_key *key, const char *text, struct th_value *value,
			struct th_error *error)
{
	char expected[64];

	for (uint32_t i = 0; i < TH_VALUE_CHOICES_MAX && key->choices[i]; i++) {
		if (strcmp(text, key->choices[i]) == 0) {
			value->number = i;
			return 0;
		}
	}
	th_key_describe(key, expected, sizeof(expected));
	return th_error_set(error, -EINVAL, "%s=%.60s: one of %s is expected", key->name, text,
			    expected);
}

bool th_name_is_valid(const char *name)
{
	size_t bytes = strlen(name);

	if (!bytes || bytes > TH_VALUE_NAME_MAX || !(is_letter(*name) || is_digit(*name)))
		return false;
	for (; *name; name++) {
		if (!is_letter(*name) && !is_digit(*name) && !strchr("._-", *name))
			return false;
	}
	return true;
}

static int parse_name(const struct th_key *key, const char *text, struct th_value *value,
		      struct th_error *error)
{
	value->text = text;
	if (!th_name_is_valid(text))
		return refuse(key, text, error,
			      "is not a name: 1 to 40 letters, digits, '.', '_' or '-', first a "
			      "letter or digit");
	return 0;
}

static int parse_path(const struct th_key *key, const char *text, struct th_value *value,
		      struct th_error *error)
{
	size_t bytes = strlen(text);

	value->text = text;
	if (bytes < 2 || bytes > TH_VALUE_PATH_MAX || *text != '/')
		return refuse(key, text, error,
			      "is not a path: it begins with / and has 2 to 1023 bytes");
	return 0;
}

int th_value_parse(const struct th_key *key, const char *text, struct th_value *value,
		   struct th_error *error)
{
	memset(value, 0, sizeof(*value));
	switch (key->type) {
	case TH_VALUE_NUMBER:
		return parse_number(key, text, value, error);
	case TH_VALUE_SIZE:
		return parse_size(key, text, value, error);
	case TH_VALUE_CHAIN:
		return parse_chain(key, text, value, error);
	case TH_VALUE_UUID:
		return parse_uuid(key, text, value, error);
	case TH_VALUE_FLAG:
		return parse_flag(key, text, value, error);
	case TH_VALUE_CHOICE:
		return parse_choice(key, text, value, error);
	case TH_VALUE_NAME:
		return parse_name(key, text, value, error);
	case TH_VALUE_PATH:
		return parse_path(key, text, value, error);
	}
	th_assert_failed("known value type", __FILE__, __LINE__);
}

void th_uuid_print(const struct th_uuid *uuid, char text[TH_UUID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t i = 0; i < TH_UUID_BYTES; i++) {
		if (dash_before(i))
			*text++ = '-';
		*text++ = digits[uuid->bytes[i] >> 4];
		*text++ = digits[uuid->bytes[i] & 15];
	}
	*text = 0;
}

void th_chain_print(uint64_t chain, char text[TH_CHAIN_TEXT_BYTES])
{
	th_snprintf(text, TH_CHAIN_TEXT_BYTES, "%016llx", (unsigned long long)chain);
}

void th_key_describe(const struct th_key *key, char *text, size_t bytes)
{
	static const char *const types[] = {
		[TH_VALUE_NUMBER] = "NUMBER", [TH_VALUE_SIZE] = "SIZE",
		[TH_VALUE_CHAIN] = "CHAIN",   [TH_VALUE_UUID] = "UUID",
		[TH_VALUE_FLAG] = "yes|no",   [TH_VALUE_NAME] = "NAME",
		[TH_VALUE_PATH] = "PATH",
	};
	size_t used = 0;

	if (key->type != TH_VALUE_CHOICE) {
		th_snprintf(text, bytes, "%s", types[key->type]);
		return;
	}
	for (uint32_t i = 0; i < TH_VALUE_CHOICES_MAX && key->choices[i] && used < bytes; i++)
		used += (size_t)th_snprintf(text + used, bytes - used, "%s%s", i ? "|" : "",
					    key->choices[i]);
}
