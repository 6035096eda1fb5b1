// SPDX-License-Identifier: GPL-2.0
/* The porting layer of user space: what every port must do as this one does. */
#include "testing.h"

#include <user_log.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- memory ---- */

static void memory_is_zero_and_buffers_are_aligned_for_direct_io(void **state)
{
	const size_t bytes = 3 * 4096;
	uint8_t *memory;
	uint32_t round;
	size_t i;

	(void)state;
	for (round = 0; round < 4; round++) {
		memory = th_alloc_buffer(bytes);
		assert_non_null(memory);
		assert_true(th_is_aligned((uintptr_t)memory, 4096));
		for (i = 0; i < bytes; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xa5, bytes);
		th_free_buffer(memory, bytes);

		memory = th_alloc(100);
		assert_non_null(memory);
		for (i = 0; i < 100; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xa5, 100);
		th_free(memory);
	}
	th_free(NULL);
	th_free_buffer(NULL, 4096);
}

/* ---- checksums ---- */

/* RFC 3720, appendix B.4, and the check value of CRC-32/ISCSI in the catalogue of Greg Cook. */
static void crc32c_agrees_with_its_known_values(void **state)
{
	uint8_t data[32];
	uint8_t i;

	(void)state;
	assert_int_equal(th_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(th_crc32c(0, "", 0), 0);
	memset(data, 0, sizeof(data));
	assert_int_equal(th_crc32c(0, data, sizeof(data)), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(th_crc32c(0, data, sizeof(data)), 0x62a8ab43);
	for (i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_int_equal(th_crc32c(0, data, sizeof(data)), 0x46dd794e);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(31 - i);
	assert_int_equal(th_crc32c(0, data, sizeof(data)), 0x113fdb5c);
}

/* The definition itself, bit by bit. */
static uint32_t slow_crc32c(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;
	size_t i;
	int bit;

	for (i = 0; i < bytes; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static void crc32c_of_pieces_is_that_of_the_whole(void **state)
{
	uint64_t random = 3720;
	uint8_t data[5000];
	size_t i, cut, bytes;
	uint32_t crc;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)random);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)test_random(&random);
	for (i = 0; i < 200; i++) {
		bytes = test_random_below(&random, sizeof(data) + 1);
		cut = test_random_below(&random, (uint32_t)bytes + 1);
		crc = th_crc32c(0, data, cut);
		crc = th_crc32c(crc, data + cut, bytes - cut);
		assert_int_equal(crc, slow_crc32c(data, bytes));
	}
}

static void xxh64_agrees_with_its_known_values(void **state)
{
	(void)state;
	assert_true(th_xxh64(0, "", 0) == 0xef46db3751d8e999ULL);
	assert_true(th_xxh64(2654435761U, "", 0) == 0xac75fda2929b17efULL);
	assert_true(th_xxh64(0, "a", 1) == 0xd24ec4f1a98c6e5bULL);
	assert_true(th_xxh64(0, "abc", 3) == 0x44bc2cf5ad770999ULL);
	assert_true(th_xxh64(0, "Nobody inspects the spammish repetition", 39) ==
		    0xfbcea83c8a378bf1ULL);
}

/* ---- text ---- */

static void text_that_does_not_fit_is_cut_off_and_its_length_told(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(th_snprintf(text, sizeof(text), "%llu", 1234567890123ULL), 13);
	assert_string_equal(text, "1234567");
}

/* ---- messages ---- */

/* What a process of its own writes to stderr when it runs @speak. */
static void listen_to(void (*speak)(const char *path), char *heard, size_t bytes)
{
	char path[] = "/tmp/tharsis-log-XXXXXX";
	int fd = mkstemp(path), status;
	ssize_t length;
	pid_t child;

	assert_true(fd >= 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fd, STDERR_FILENO);
		speak(path);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	length = pread(fd, heard, bytes - 1, 0);
	assert_true(length >= 0);
	heard[length] = '\0';
	close(fd);
	unlink(path);
}

static void speak_to_a_person(const char *path)
{
	(void)path;
	unsetenv("JOURNAL_STREAM");
	th_log(TH_LOG_ERROR, "disk %d is gone", 3);
	th_log(TH_LOG_DEBUG, "not for everyone");
	th_user_log_limit(TH_LOG_DEBUG);
	th_log(TH_LOG_DEBUG, "for those who ask");
}

static void messages_have_a_time_and_a_level_and_debugging_is_off_unless_asked_for(void **state)
{
	char heard[256];
	unsigned int seconds, microseconds;
	char rest[64];

	(void)state;
	listen_to(speak_to_a_person, heard, sizeof(heard));
	assert_int_equal(sscanf(heard, "%u.%6u %63[^\n]", &seconds, &microseconds, rest), 3);
	assert_string_equal(rest, "error: disk 3 is gone");
	assert_null(strstr(heard, "not for everyone"));
	assert_non_null(strstr(heard, "debug: for those who ask\n"));
}

static void set_journal(const char *path, int more)
{
	struct stat status;
	char stream[64];

	if (stat(path, &status) < 0)
		_exit(1);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino + (unsigned long long)more);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void speak_to_the_journal(const char *path)
{
	set_journal(path, 0);
	th_user_log_limit(TH_LOG_DEBUG);
	th_log(TH_LOG_ERROR, "e");
	th_log(TH_LOG_WARNING, "w");
	th_log(TH_LOG_INFO, "i");
	th_log(TH_LOG_DEBUG, "d");
}

static void speak_beside_the_journal(const char *path)
{
	set_journal(path, 1);
	th_log(TH_LOG_ERROR, "e");
}

static void messages_to_the_journal_begin_with_their_priority(void **state)
{
	char heard[256];

	(void)state;
	listen_to(speak_to_the_journal, heard, sizeof(heard));
	assert_string_equal(heard, "<3>e\n<4>w\n<6>i\n<7>d\n");
	listen_to(speak_beside_the_journal, heard, sizeof(heard));
	assert_non_null(strstr(heard, "error: e\n"));
}

static void speak_too_long(const char *path)
{
	char text[5000];

	(void)path;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	th_log(TH_LOG_INFO, "%s", text);
	th_log(TH_LOG_INFO, "the next");
}

static void a_message_that_is_too_long_is_cut_off_and_remains_a_line(void **state)
{
	char heard[8192];
	char *end;

	(void)state;
	listen_to(speak_too_long, heard, sizeof(heard));
	end = strchr(heard, '\n');
	assert_non_null(end);
	assert_int_equal(end - heard, 1023);
	assert_non_null(strstr(end, "info: the next\n"));
}

static void break_an_invariant(void *context)
{
	const int *count = context;

	TH_ASSERT(*count == 4);
}

static void an_invariant_that_does_not_hold_stops_the_host(void **state)
{
	int three = 3, four = 4;

	(void)state;
	assert_true(test_aborts(break_an_invariant, &three));
	assert_false(test_aborts(break_an_invariant, &four));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_and_buffers_are_aligned_for_direct_io),
		cmocka_unit_test(crc32c_agrees_with_its_known_values),
		cmocka_unit_test(crc32c_of_pieces_is_that_of_the_whole),
		cmocka_unit_test(xxh64_agrees_with_its_known_values),
		cmocka_unit_test(text_that_does_not_fit_is_cut_off_and_its_length_told),
		cmocka_unit_test(
			messages_have_a_time_and_a_level_and_debugging_is_off_unless_asked_for),
		cmocka_unit_test(messages_to_the_journal_begin_with_their_priority),
		cmocka_unit_test(a_message_that_is_too_long_is_cut_off_and_remains_a_line),
		cmocka_unit_test(an_invariant_that_does_not_hold_stops_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
