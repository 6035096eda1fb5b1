// SPDX-License-Identifier: GPL-2.0
/* Typed values: what is well-formed and within bounds is taken, everything else refused. */
#include "value.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct th_value value;
static struct th_error error;

static int parse(const struct th_key *key, const char *text)
{
	error = (struct th_error){ 0 };
	return th_value_parse(key, text, &value, &error);
}

static void refused(const struct th_key *key, const char *text)
{
	if (parse(key, text) != -EINVAL)
		fail_msg("%s=%s was taken", key->name, text);
	assert_non_null(strstr(error.text, key->name));
}

static const struct th_key any_number = { .name = "n", .type = TH_VALUE_NUMBER, .max = UINT64_MAX };
static const struct th_key depth = { .name = "depth", .type = TH_VALUE_NUMBER, .min = 1, .max = 32 };
static const struct th_key size = { .name = "size",
				    .type = TH_VALUE_SIZE,
				    .min = 512,
				    .max = 1ULL << 60 };
static const struct th_key chain = { .name = "chain", .type = TH_VALUE_CHAIN };
static const struct th_key uuid = { .name = "uuid", .type = TH_VALUE_UUID };
static const struct th_key flag = { .name = "flag", .type = TH_VALUE_FLAG };
static const struct th_key name = { .name = "name", .type = TH_VALUE_NAME };
static const struct th_key path = { .name = "path", .type = TH_VALUE_PATH };
static const struct th_key choice = { .name = "io",
				      .type = TH_VALUE_CHOICE,
				      .choices = { "aio", "sio" } };

static void numbers_of_64_bits_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse(&any_number, "18446744073709551615"), 0);
	assert_true(value.number == UINT64_MAX);
	assert_int_equal(parse(&any_number, "0"), 0);
	assert_int_equal(value.number, 0);
}

static void what_is_no_number_or_too_large_is_refused(void **state)
{
	static const char *const wrong[] = { "",
					     "-1",
					     "+1",
					     "0x10",
					     "1 ",
					     "1e3",
					     "1.5",
					     "one",
					     "18446744073709551616",
					     "99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		refused(&any_number, wrong[i]);
}

static void a_range_holds_at_both_ends(void **state)
{
	(void)state;
	refused(&depth, "0");
	assert_int_equal(parse(&depth, "1"), 0);
	assert_int_equal(parse(&depth, "32"), 0);
	refused(&depth, "33");
	assert_non_null(strstr(error.text, "1 to 32"));
}

static void sizes_take_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "512", 512 },		{ "1KiB", 1024 },	{ "3MiB", 3145728 },
		{ "2GiB", 2147483648 }, { "1TiB", 1ULL << 40 }, { "1048576TiB", 1ULL << 60 },
	};

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(sizes); i++) {
		assert_int_equal(parse(&size, sizes[i].text), 0);
		assert_true(value.number == sizes[i].bytes);
	}
}

static void sizes_that_are_none_are_refused(void **state)
{
	static const char *const wrong[] = { "",       "KiB",	      "1kib",	   "1K",   "1KB",
					     "1 KiB",  "1KiBB",	      "511",	   "1PiB", "-1MiB",
					     "1.5GiB", "16777216TiB", "1048577TiB" };

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		refused(&size, wrong[i]);
}

static void chains_are_16_hexadecimal_digits_and_print_as_read(void **state)
{
	char text[TH_CHAIN_TEXT_BYTES];

	(void)state;
	assert_int_equal(parse(&chain, "00Ab0000000000ef"), 0);
	th_chain_print(value.number, text);
	assert_string_equal(text, "00ab0000000000ef");
	refused(&chain, "00ab0000000000e");
	refused(&chain, "00ab0000000000ef0");
	refused(&chain, "0x000000000000ef");
	refused(&chain, "");
}

static void uuids_are_read_with_and_without_dashes_and_print_with(void **state)
{
	char text[TH_UUID_TEXT_BYTES];

	(void)state;
	assert_int_equal(parse(&uuid, "00112233445566778899AABBccddeeff"), 0);
	th_uuid_print(&value.uuid, text);
	assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
	assert_int_equal(parse(&uuid, text), 0);
	assert_int_equal(value.uuid.bytes[15], 0xff);
	assert_int_equal(value.uuid.bytes[1], 0x11);
}

static void what_is_no_uuid_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233-44556677-8899-aabbccddeeff",
		"0011223-34455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeefg",
		"--------------------------------",
		"00000000-0000-0000-0000-000000000000",
		"00112233445566778899aabbccddeeff-",
	};

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		refused(&uuid, wrong[i]);
}

static void flags_are_yes_or_no(void **state)
{
	(void)state;
	assert_int_equal(parse(&flag, "yes"), 0);
	assert_int_equal(value.number, 1);
	assert_int_equal(parse(&flag, "no"), 0);
	assert_int_equal(value.number, 0);
	refused(&flag, "true");
	refused(&flag, "Yes");
	refused(&flag, "");
}

static void choices_are_exact_and_a_refusal_lists_them(void **state)
{
	(void)state;
	assert_int_equal(parse(&choice, "sio"), 0);
	assert_int_equal(value.number, 1);
	refused(&choice, "bio");
	assert_non_null(strstr(error.text, "aio|sio"));
	refused(&choice, "");
}

static void names_are_short_words_that_are_safe_everywhere(void **state)
{
	static const char *const wrong[] = {
		"",    ".",   "..",  "-a",	 "_a",	"a/b",
		"a b", "a=b", "a%b", "\xc3\xa4", "a\n", "12345678901234567890123456789012345678901",
	};

	(void)state;
	assert_int_equal(parse(&name, "vol0.Data_1-x"), 0);
	assert_int_equal(parse(&name, "1234567890123456789012345678901234567890"), 0);
	for (size_t i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		refused(&name, wrong[i]);
}

static void paths_are_absolute_and_bounded(void **state)
{
	char long_path[TH_VALUE_PATH_MAX + 2];

	(void)state;
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = 0;
	refused(&path, long_path);
	long_path[sizeof(long_path) - 2] = 0;
	assert_int_equal(parse(&path, long_path), 0);
	assert_string_equal(value.text, long_path);
	refused(&path, "");
	refused(&path, "/");
	refused(&path, "dir/file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_64_bits_are_read),
		cmocka_unit_test(what_is_no_number_or_too_large_is_refused),
		cmocka_unit_test(a_range_holds_at_both_ends),
		cmocka_unit_test(sizes_take_binary_units),
		cmocka_unit_test(sizes_that_are_none_are_refused),
		cmocka_unit_test(chains_are_16_hexadecimal_digits_and_print_as_read),
		cmocka_unit_test(uuids_are_read_with_and_without_dashes_and_print_with),
		cmocka_unit_test(what_is_no_uuid_is_refused),
		cmocka_unit_test(flags_are_yes_or_no),
		cmocka_unit_test(choices_are_exact_and_a_refusal_lists_them),
		cmocka_unit_test(names_are_short_words_that_are_safe_everywhere),
		cmocka_unit_test(paths_are_absolute_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
