// SPDX-License-Identifier: GPL-2.0
/* Replies: encoded so that a line stays a line, bounded, and an error takes the place of everything. */
#include <tharsis/brick.h>

#include "reply.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct th_reply reply;

static int start(void **state)
{
	(void)state;
	return th_reply_init(&reply);
}

static int stop(void **state)
{
	(void)state;
	th_reply_destroy(&reply);
	return 0;
}

static void expect(const char *text)
{
	assert_int_equal(reply.used, strlen(text));
	assert_memory_equal(reply.text, text, reply.used);
}

static void values_are_encoded_where_a_line_would_break(void **state)
{
	(void)state;
	th_reply_text(&reply, "text", "a b\n%\x7f\xc3\xa4=");
	th_reply_number(&reply, "number", UINT64_MAX);
	th_reply_flag(&reply, "flag", true);
	th_reply_chain(&reply, "chain", 255);
	th_reply_ok(&reply);
	expect("text=a b%0A%25%7F\xc3\xa4=\nnumber=18446744073709551615\nflag=yes\n"
	       "chain=00000000000000ff\nok\n");
}

static void an_error_has_no_other_lines(void **state)
{
	(void)state;
	th_reply_text(&reply, "key", "value");
	th_reply_error(&reply, TH_CODE_STALE_EPOCH, "epoch 3\nis old");
	expect("error stale-epoch epoch 3%0Ais old\n");
}

static void a_long_reply_grows_and_is_kept_whole(void **state)
{
	size_t line = strlen("key=0123456789\n");

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		th_reply_text(&reply, "key", "0123456789");
	th_reply_ok(&reply);
	assert_int_equal(reply.used, 10000 * line + 3);
	for (uint32_t i = 0; i < 10000; i++)
		assert_memory_equal(reply.text + i * line, "key=0123456789\n", line);
}

static void a_reply_above_the_bound_becomes_an_error(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < TH_REPLY_MAX / 10; i++)
		th_reply_text(&reply, "key", "0123456789");
	assert_true(reply.used <= TH_REPLY_MAX);
	th_reply_ok(&reply);
	assert_memory_equal(reply.text, "error no-memory ", 16);
	th_reply_reset(&reply);
	th_reply_ok(&reply);
	expect("ok\n");
}

static void the_longest_error_fits_behind_a_full_reply(void **state)
{
	char message[2 * TH_ERROR_TEXT_MAX];

	(void)state;
	memset(message, '\n', sizeof(message));
	message[sizeof(message) - 1] = 0;
	for (uint32_t i = 0; i < 500; i++)
		th_reply_text(&reply, "key", "0123456789");
	th_reply_error(&reply, TH_CODE_NOT_CONSISTENT, message);
	assert_int_equal(reply.used,
			 strlen("error not-consistent ") + 3 * (TH_ERROR_TEXT_MAX - 1) + 1);
}

static void every_code_has_a_name_and_every_errno_a_code(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < TH_CODE_COUNT; code++)
		assert_non_null(th_error_code_name((enum th_error_code)code));
	for (int error = 1; error < 200; error++)
		assert_true(th_error_code_of(-error, false) != TH_CODE_USAGE);
	assert_int_equal(th_error_code_of(-EUCLEAN, true), TH_CODE_CORRUPT);
	assert_int_equal(th_error_code_of(-EUCLEAN, false), TH_CODE_NOT_CONSISTENT);
	assert_int_equal(th_error_code_of(-ESTALE, false), TH_CODE_STALE_EPOCH);
	assert_int_equal(th_error_code_of(-EXDEV, false), TH_CODE_FOREIGN);
	assert_int_equal(th_error_code_of(-EREMOTEIO, false), TH_CODE_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_encoded_where_a_line_would_break),
		TEST(an_error_has_no_other_lines),
		TEST(a_long_reply_grows_and_is_kept_whole),
		TEST(a_reply_above_the_bound_becomes_an_error),
		TEST(the_longest_error_fits_behind_a_full_reply),
		cmocka_unit_test(every_code_has_a_name_and_every_errno_a_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
