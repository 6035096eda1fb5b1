// SPDX-License-Identifier: GPL-2.0
/* Lines of the control channel are taken apart, and bad ones refused with a sentence that helps. */
#include "command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct th_command_line line;
static struct th_error error;
static char text[TH_LINE_MAX];

static int parse_bytes(const void *bytes, size_t count)
{
	memcpy(text, bytes, count);
	error = (struct th_error){ 0 };
	return th_command_line_parse(&line, text, count, &error);
}

static int parse(const char *words)
{
	return parse_bytes(words, strlen(words));
}

static void refused(const char *words, const char *because)
{
	assert_int_equal(parse(words), -EINVAL);
	if (!strstr(error.text, because))
		fail_msg("'%s' was refused with '%s', which does not say '%s'", words, error.text,
			 because);
}

static void words_and_pairs_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(parse("  role vol0  primary epoch=7 chain=00ff  "), 0);
	assert_string_equal(line.verb, "role");
	assert_string_equal(line.resource, "vol0");
	assert_string_equal(line.action, "primary");
	assert_int_equal(line.pair_count, 2);
	assert_string_equal(line.pairs[0].key, "epoch");
	assert_string_equal(line.pairs[0].value, "7");
	assert_string_equal(line.pairs[1].key, "chain");
	assert_string_equal(line.pairs[1].value, "00ff");
}

static void what_is_not_given_is_null(void **state)
{
	(void)state;
	assert_int_equal(parse("list"), 0);
	assert_null(line.resource);
	assert_null(line.action);
	assert_int_equal(line.pair_count, 0);
}

static void a_value_may_hold_equal_signs_and_be_empty(void **state)
{
	(void)state;
	assert_int_equal(parse("x a=b=c d="), 0);
	assert_string_equal(line.pairs[0].value, "b=c");
	assert_string_equal(line.pairs[1].value, "");
}

static void percent_sequences_are_decoded_in_values(void **state)
{
	(void)state;
	assert_int_equal(parse("x path=/a%20b%25%0a%FF"), 0);
	assert_string_equal(line.pairs[0].value, "/a b%\n\xff");
}

static void broken_percent_sequences_are_refused(void **state)
{
	(void)state;
	refused("x a=%", "'a'");
	refused("x a=%4", "%25");
	refused("x a=%zz", "hexadecimal");
	refused("x a=%0g", "hexadecimal");
}

static void zero_bytes_are_refused_encoded_or_not(void **state)
{
	(void)state;
	refused("x a=1%002", "zero byte");
	assert_int_equal(parse_bytes("list\0x", 6), -EINVAL);
	assert_non_null(strstr(error.text, "byte 5"));
}

static void every_control_character_is_refused(void **state)
{
	char words[] = "x a=?";

	(void)state;
	for (int c = 1; c < 128; c++) {
		if (c >= 0x20 && c != 0x7f)
			continue;
		words[4] = (char)c;
		refused(words, "control character");
	}
}

static void bytes_above_ascii_stand_for_themselves(void **state)
{
	(void)state;
	assert_int_equal(parse("x a=\xc3\xa4"), 0);
	assert_string_equal(line.pairs[0].value, "\xc3\xa4");
}

static void an_empty_line_is_refused(void **state)
{
	(void)state;
	refused("", "empty");
	refused("    ", "empty");
}

static void a_line_without_a_verb_is_refused(void **state)
{
	(void)state;
	refused("a=b", "verb");
	refused("a=b list", "stands behind");
	refused("=b", "without a key");
}

static void too_many_words_are_refused(void **state)
{
	(void)state;
	refused("a b c d", "one word too many: 'd'");
	refused("a x=1 b", "'b' stands behind");
}

static void a_key_given_twice_is_refused(void **state)
{
	(void)state;
	refused("a x=1 y=2 x=1", "'x' is given twice");
}

static void more_keys_than_any_command_has_are_refused(void **state)
{
	char words[TH_LINE_MAX];
	int used = snprintf(words, sizeof(words), "verb");

	(void)state;
	for (uint32_t i = 0; i <= TH_LINE_PAIRS_MAX; i++)
		used += snprintf(words + used, sizeof(words) - (size_t)used, " k%u=1", i);
	refused(words, "more than");
}

static void the_longest_line_is_parsed(void **state)
{
	char words[TH_LINE_MAX - 1];

	(void)state;
	memset(words, 'v', sizeof(words));
	memcpy(words, "x a=", 4);
	assert_int_equal(parse_bytes(words, sizeof(words)), 0);
	assert_int_equal(strlen(line.pairs[0].value), sizeof(words) - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_pairs_are_told_apart),
		cmocka_unit_test(what_is_not_given_is_null),
		cmocka_unit_test(a_value_may_hold_equal_signs_and_be_empty),
		cmocka_unit_test(percent_sequences_are_decoded_in_values),
		cmocka_unit_test(broken_percent_sequences_are_refused),
		cmocka_unit_test(zero_bytes_are_refused_encoded_or_not),
		cmocka_unit_test(every_control_character_is_refused),
		cmocka_unit_test(bytes_above_ascii_stand_for_themselves),
		cmocka_unit_test(an_empty_line_is_refused),
		cmocka_unit_test(a_line_without_a_verb_is_refused),
		cmocka_unit_test(too_many_words_are_refused),
		cmocka_unit_test(a_key_given_twice_is_refused),
		cmocka_unit_test(more_keys_than_any_command_has_are_refused),
		cmocka_unit_test(the_longest_line_is_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
