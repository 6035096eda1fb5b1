// SPDX-License-Identifier: GPL-2.0
/* What an I/O brick promises on its output "target": a file or a block device. */
#define _GNU_SOURCE
#include "io_house.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

static void fill(uint8_t *data, size_t bytes, uint64_t seed)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(test_random(&seed) >> 32);
}

static bool all_zero(const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i])
			return false;
	return true;
}

static void what_was_written_is_read_back(void **state)
{
	struct house *house = *state;
	uint8_t *written = house->memory, *read = written + 65536;

	fill(written, 65536, 1);
	assert_int_equal(house_write(house, 8192, written, 65536, 0), 0);
	assert_int_equal(house_read(house, 8192, read, 65536), 0);
	assert_memory_equal(written, read, 65536);
	assert_int_equal(house_write(house, 512, written, 512, TH_FUA), 0);
	assert_int_equal(house_read(house, 0, read, 1024), 0);
	assert_true(all_zero(read, 512));
	assert_memory_equal(written, read + 512, 512);
}

/* The pieces of memory of one request: as many as there may be, each of @bytes, in reverse order in memory. */
static void scatter(struct th_request *request, struct th_vec *vec, uint8_t *memory, uint32_t bytes)
{
	for (uint32_t i = 0; i < TH_VEC_MAX; i++) {
		vec[i].base = memory + (size_t)(TH_VEC_MAX - 1 - i) * bytes;
		vec[i].bytes = bytes;
	}
	request->vec = vec;
	request->vec_count = TH_VEC_MAX;
}

static void a_request_may_have_as_many_pieces_of_memory_as_allowed(void **state)
{
	struct house *house = *state;
	uint8_t *memory = house->memory, *back = memory + TH_VEC_MAX * 1024;
	struct th_vec vec[TH_VEC_MAX];
	struct th_request *request;

	fill(memory, TH_VEC_MAX * 1024, 2);
	request = house_disk_request(house, TH_WRITE, 4096, TH_VEC_MAX * 1024);
	scatter(request, vec, memory, 1024);
	assert_int_equal(house_run(house, request), 0);
	th_request_put(request);
	assert_int_equal(house_read(house, 4096, back, TH_VEC_MAX * 1024), 0);
	for (uint32_t i = 0; i < TH_VEC_MAX; i++)
		assert_memory_equal(back + i * 1024, vec[i].base, 1024);

	memset(memory, 0, TH_VEC_MAX * 1024);
	request = house_disk_request(house, TH_READ, 4096, TH_VEC_MAX * 1024);
	scatter(request, vec, memory, 1024);
	assert_int_equal(house_run(house, request), 0);
	th_request_put(request);
	for (uint32_t i = 0; i < TH_VEC_MAX; i++)
		assert_memory_equal(back + i * 1024, vec[i].base, 1024);
}

static void memory_need_not_be_aligned(void **state)
{
	struct house *house = *state;
	uint8_t *odd = (uint8_t *)house->memory + 1, *even = (uint8_t *)house->memory + TH_MIB;
	const uint32_t bytes = 600 * 1024; /* more than a thread's buffer */

	fill(odd, bytes, 3);
	assert_int_equal(house_write(house, 1536, odd, bytes, 0), 0);
	assert_int_equal(house_write(house, 1536, odd, 512, TH_FUA), 0);
	assert_int_equal(house_read(house, 1536, even, bytes), 0);
	assert_memory_equal(odd, even, bytes);
	memset(odd, 0, bytes);
	assert_int_equal(house_read(house, 1536, odd, bytes), 0);
	assert_memory_equal(odd, even, bytes);
}

/* Pieces that neither begin nor end where blocks do. */
static void pieces_of_memory_need_not_be_aligned(void **state)
{
	struct house *house = *state;
	uint8_t *memory = house->memory, *back = memory + 65536;
	struct th_vec vec[3] = {
		{ .base = memory + 7, .bytes = 1 },
		{ .base = memory + 100, .bytes = 3000 },
		{ .base = memory + 8192, .bytes = 1095 },
	};
	struct th_request *request = house_disk_request(house, TH_WRITE, 0, 4096);

	fill(memory, 16384, 4);
	request->vec = vec;
	request->vec_count = 3;
	assert_int_equal(house_run(house, request), 0);
	th_request_put(request);
	assert_int_equal(house_read(house, 0, back, 4096), 0);
	assert_memory_equal(back, memory + 7, 1);
	assert_memory_equal(back + 1, memory + 100, 3000);
	assert_memory_equal(back + 3001, memory + 8192, 1095);
}

static void a_request_of_no_bytes_succeeds(void **state)
{
	struct house *house = *state;

	assert_int_equal(house_write(house, 512, house->memory, 0, 0), 0);
	assert_int_equal(house_read(house, HOUSE_FILE_BYTES, house->memory, 0), 0);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 0, 0, 0), 0);
	assert_int_equal(house_ask(house, TH_DISCARD, 0, 0, 0), 0);
}

static uint64_t allocated_bytes(const struct house *house)
{
	char path[160];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", house->directory,
		 house->loop_fd < 0 ? "target" : "backing");
	assert_int_equal(stat(path, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

static void zeroes_are_read_after_write_zeroes(void **state)
{
	static const uint8_t flags[] = { 0, TH_FUA, TH_NO_DEALLOCATE, TH_NO_DEALLOCATE | TH_FUA };
	struct house *house = *state;
	uint8_t *data = house->memory;

	for (size_t i = 0; i < TH_ARRAY_COUNT(flags); i++) {
		memset(data, 0xab, TH_MIB);
		assert_int_equal(house_write(house, 0, data, TH_MIB, 0), 0);
		assert_int_equal(house_ask(house, TH_FLUSH, 0, 0, 0), 0);
		assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 4096, 786432, flags[i]), 0);
		assert_int_equal(house_read(house, 0, data, TH_MIB), 0);
		assert_true(all_zero(data + 4096, 786432));
		assert_int_equal(data[4095], 0xab);
		assert_int_equal(data[4096 + 786432], 0xab);
		if (flags[i] & TH_NO_DEALLOCATE)
			assert_true(allocated_bytes(house) >= TH_MIB);
	}
}

static void discard_gives_space_back(void **state)
{
	struct house *house = *state;

	memset(house->memory, 0xcd, TH_MIB);
	assert_int_equal(house_write(house, 0, house->memory, TH_MIB, TH_FUA), 0);
	assert_int_equal(house_ask(house, TH_FLUSH, 0, 0, 0), 0);
	assert_true(allocated_bytes(house) >= TH_MIB);
	assert_int_equal(house_ask(house, TH_DISCARD, 0, TH_MIB, 0), 0);
	assert_true(allocated_bytes(house) < TH_MIB / 2);
	assert_int_equal(house_write(house, 0, house->memory, 4096, 0), 0);
}

/* Flushes that the device was sent since it was made. */
static uint64_t device_flushes(const struct house *house)
{
	unsigned long long field[17];
	struct stat status;
	char path[64];
	FILE *file;

	assert_int_equal(fstat(house->loop_fd, &status), 0);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat", major(status.st_rdev),
		 minor(status.st_rdev));
	file = fopen(path, "r");
	assert_non_null(file);
	for (size_t i = 0; i < TH_ARRAY_COUNT(field); i++)
		assert_int_equal(fscanf(file, "%llu", &field[i]), 1);
	fclose(file);
	return field[15];
}

static void flush_and_fua_reach_the_device_and_plain_writes_do_not_wait_for_it(void **state)
{
	struct house *house = *state;
	uint64_t before;

	if (!house_on_loop_device)
		skip_because("only a device counts its flushes");
	before = device_flushes(house);
	assert_int_equal(house_write(house, 0, house->memory, 4096, 0), 0);
	assert_int_equal(device_flushes(house), before);
	assert_int_equal(house_write(house, 0, house->memory, 4096, TH_FUA), 0);
	assert_true(device_flushes(house) > before);
	before = device_flushes(house);
	assert_int_equal(house_write(house, 0, (uint8_t *)house->memory + 1, 4096, TH_FUA), 0);
	assert_true(device_flushes(house) > before);
	before = device_flushes(house);
	assert_int_equal(house_ask(house, TH_FLUSH, 0, 0, 0), 0);
	assert_true(device_flushes(house) > before);
	before = device_flushes(house);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 0, 4096, TH_FUA), 0);
	assert_true(device_flushes(house) > before);
}

static void many_requests_are_under_way_at_once_and_flush_among_them(void **state)
{
	struct house *house = *state;
	struct th_vec vec[200];
	uint8_t *memory = house->memory, *back = memory + TH_MIB;

	fill(memory, TH_MIB, 5);
	for (uint32_t i = 0; i < TH_ARRAY_COUNT(vec); i++) {
		struct th_request *request =
			house_disk_request(house, TH_WRITE, (uint64_t)i * 4096, 4096);

		vec[i] = (struct th_vec){ .base = memory + (size_t)i * 4096, .bytes = 4096 };
		request->vec = &vec[i];
		request->vec_count = 1;
		house_send(house, &house->client->inputs[0], request);
		if (i % 50 == 25)
			house_send(house, &house->client->inputs[0],
				   house_disk_request(house, TH_FLUSH, 0, 0));
	}
	house_wait(house);
	assert_int_equal(house_read(house, 0, back, 200 * 4096), 0);
	assert_memory_equal(memory, back, 200 * 4096);
}

struct arrival {
	struct house *house;
	char letter;
	char *order; /* letters of what has arrived */
};

static void arrived(struct th_request *request, void *context)
{
	struct arrival *arrival = context;
	struct house *house = arrival->house;

	strncat(arrival->order, &arrival->letter, 1);
	th_request_put(request);
	if (--house->pending == 0)
		th_user_loop_stop(&house->loop);
}

static bool can_read_without_waiting(const struct house *house)
{
	struct iovec iovec = { .iov_base = house->memory, .iov_len = 4096 };
	int fd = open(house->path, O_RDONLY | O_CLOEXEC);
	ssize_t length = preadv2(fd, &iovec, 1, 0, RWF_NOWAIT);

	close(fd);
	return length == 4096;
}

/* What is known when it is submitted is completed before what a thread completes, whatever came first. */
static void sio_reads_what_the_page_cache_has_without_a_thread(void **state)
{
	struct house *house = *state;
	struct th_vec vec = { .base = house->memory, .bytes = 4096 };
	char order[3] = "";
	struct arrival arrivals[] = { { house, 'w', order }, { house, 'r', order } };

	if (house->variant->type != &th_sio_type || house->variant->direct)
		skip_because("it is sio that has a page cache and threads");
	assert_int_equal(house_write(house, 0, house->memory, 8192, 0), 0);
	if (!can_read_without_waiting(house))
		skip_because("this file system cannot tell what is in the page cache");
	for (int i = 0; i < 2; i++) {
		struct th_request *request =
			house_disk_request(house, i ? TH_READ : TH_WRITE, i * 4096u, 4096);

		request->vec = &vec;
		request->vec_count = 1;
		th_request_push(request, arrived, &arrivals[i]);
		house->pending++;
		th_input_submit(&house->client->inputs[0], request);
	}
	house_wait(house);
	assert_string_equal(order, "rw");
}

static void what_reaches_beyond_the_end_fails_and_is_said_once(void **state)
{
	struct house *house = *state;
	char log[2048];
	char *first;

	house_begin_log(house);
	assert_int_equal(house_read(house, HOUSE_FILE_BYTES - 4096, house->memory, 8192), -EIO);
	assert_int_equal(house_read(house, HOUSE_FILE_BYTES, house->memory, 512), -EIO);
	assert_int_equal(house_write(house, HOUSE_FILE_BYTES - 4096, house->memory, 8192, 0),
			 -ENOSPC);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, UINT64_MAX - 511, 512, 0), -ENOSPC);
	assert_int_equal(house_ask(house, TH_DISCARD, 0, UINT64_MAX - 511, 0), -ENOSPC);
	house_end_log(house, log, sizeof(log));
	first = strstr(log, "beyond the end");
	assert_non_null(first);
	assert_null(strstr(first + 1, "beyond the end"));
	assert_non_null(strstr(log, house->path));
	assert_int_equal(house_read(house, HOUSE_FILE_BYTES - 512, house->memory, 512), 0);
}

static void what_is_not_in_blocks_is_refused(void **state)
{
	struct house *house = *state;

	assert_int_equal(house_read(house, 100, house->memory, 512), -EINVAL);
	assert_int_equal(house_write(house, 512, house->memory, 100, 0), -EINVAL);
	assert_int_equal(house_ask(house, TH_DISCARD, 1, 511, 0), -EINVAL);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 0, 513, 0), -EINVAL);
}

static void operations_of_a_directory_are_refused(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(house_ask(house, TH_FILE_SPACE, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(house_ask(house, (enum th_operation)0, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(house_file_open(house, "name", TH_CREATE, &file, NULL), -EOPNOTSUPP);
}

/* The kernel's aio sends bios to devices, and those never go through the page cache. */
static bool is_direct(const struct house *house)
{
	return house->variant->direct ||
	       (house->variant->type == &far_aio_type && house_on_loop_device);
}

static void info_says_what_the_disk_is_and_how_it_has_grown(void **state)
{
	struct house *house = *state;
	struct th_block_info info;

	house_info(house, &info);
	assert_int_equal(info.size_bytes, HOUSE_FILE_BYTES);
	assert_int_equal(info.block_bytes, 512);
	assert_false(info.read_only);
	if (is_direct(house))
		assert_in_range(info.memory_align_bytes, 4, 4096);
	else
		assert_int_equal(info.memory_align_bytes, 1);
	if (house_on_loop_device)
		return;
	assert_int_equal(truncate(house->path, 2 * HOUSE_FILE_BYTES), 0);
	house_info(house, &info);
	assert_int_equal(info.size_bytes, 2 * HOUSE_FILE_BYTES);
	assert_int_equal(house_read(house, HOUSE_FILE_BYTES, house->memory, 4096), 0);
}

static void a_disk_that_has_lost_its_end_fails_reads_of_it(void **state)
{
	struct house *house = *state;
	char backing[160];

	snprintf(backing, sizeof(backing), "%s/%s", house->directory,
		 house_on_loop_device ? "backing" : "target");
	assert_int_equal(truncate(backing, 64 * 1024), 0);
	/* A loop device reads zeroes there when its file is read through the page cache. */
	if (!house_on_loop_device)
		assert_int_equal(house_read(house, TH_MIB, house->memory, 65536), -EIO);
	if (!house_on_loop_device)
		assert_int_equal(house_read(house, 60 * 1024, house->memory, 8192), -EIO);
	assert_int_equal(house_read(house, 0, house->memory, 65536), 0);
}

/* A limit on the size of files makes the system write less than it was asked to, and then fail. */
static void a_short_write_is_continued_until_it_fails(void **state)
{
	struct house *house = *state;
	struct rlimit before, limit;
	int error;

	if (house_on_loop_device)
		skip_because("devices have no such limit");
	if (house->variant->in_kernel)
		skip_because("the kernel's threads have no such limit");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = TH_MIB;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	memset(house->memory, 0xef, 65536);
	error = house_write(house, TH_MIB - 32768, house->memory, 65536, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(error, -EFBIG);
	assert_int_equal(house_read(house, TH_MIB - 32768, house->memory, 32768), 0);
	assert_int_equal(((uint8_t *)house->memory)[32767], 0xef);
}

int target_tests(const char *group)
{
#define on_target(test) cmocka_unit_test_setup_teardown(test, house_setup_target, house_teardown)
	const struct CMUnitTest tests[] = {
		on_target(what_was_written_is_read_back),
		on_target(a_request_may_have_as_many_pieces_of_memory_as_allowed),
		on_target(memory_need_not_be_aligned),
		on_target(pieces_of_memory_need_not_be_aligned),
		on_target(a_request_of_no_bytes_succeeds),
		on_target(zeroes_are_read_after_write_zeroes),
		on_target(discard_gives_space_back),
		on_target(flush_and_fua_reach_the_device_and_plain_writes_do_not_wait_for_it),
		on_target(many_requests_are_under_way_at_once_and_flush_among_them),
		on_target(sio_reads_what_the_page_cache_has_without_a_thread),
		on_target(what_reaches_beyond_the_end_fails_and_is_said_once),
		on_target(what_is_not_in_blocks_is_refused),
		on_target(operations_of_a_directory_are_refused),
		on_target(info_says_what_the_disk_is_and_how_it_has_grown),
		on_target(a_disk_that_has_lost_its_end_fails_reads_of_it),
		on_target(a_short_write_is_continued_until_it_fails),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
