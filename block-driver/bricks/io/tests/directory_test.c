// SPDX-License-Identifier: GPL-2.0
/* What an I/O brick promises on its output "directory". */
#define _GNU_SOURCE
#include "io_house.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_NAME "0000000000000001-0000000000000000.log"

static const char *in_directory(const struct house *house, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", house->directory, name);
	return path;
}

static void files_are_created_once_and_opened_with_their_length(void **state)
{
	struct house *house = *state;
	uint64_t length = 1;
	uint32_t file;

	assert_int_equal(house_file_open(house, LOG_NAME, 0, &file, NULL), -ENOENT);
	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, &length), 0);
	assert_int_equal(length, 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 8192), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), 0);
	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, NULL), -EEXIST);
	assert_int_equal(house_file_open(house, LOG_NAME, TH_READ_ONLY, &file, &length), 0);
	assert_int_equal(length, 8192);
}

static void what_was_written_to_a_file_is_read_back(void **state)
{
	struct house *house = *state;
	uint8_t *data = house->memory, *back = data + 65536;
	uint32_t file;

	for (size_t i = 0; i < 65536; i++)
		data[i] = (uint8_t)(i * 7 >> 3);
	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 4096, data, 65536), 0);
	assert_int_equal(house_file_io(house, TH_FLUSH, file, 0, NULL, 0), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 4096, back, 65536), 0);
	assert_memory_equal(data, back, 65536);
	assert_int_equal(house_file_io(house, TH_READ, file, 0, back, 4096), 0);
	assert_int_equal(back[0] | back[4095], 0);
}

/* What is on its way may be written again; nothing, or more than there is, may be sent out. */
static void what_was_sent_out_is_read_back(void **state)
{
	struct house *house = *state;
	uint8_t *data = house->memory, *back = data + 65536;
	uint32_t file;

	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, NULL), 0);
	for (uint8_t round = 1; round <= 3; round++) {
		memset(data, round, 65536);
		assert_int_equal(house_file_io(house, TH_WRITE, file, 0, data, 65536), 0);
		assert_int_equal(house_file_io(house, TH_FILE_WRITE_OUT, file, 4096, NULL, 8192),
				 0);
		assert_int_equal(house_file_io(house, TH_FILE_WRITE_OUT, file, 4096, NULL, 0), 0);
		assert_int_equal(house_file_io(house, TH_FILE_WRITE_OUT, file, 0, NULL, TH_MIB), 0);
		assert_int_equal(house_file_io(house, TH_READ, file, 0, back, 65536), 0);
		assert_memory_equal(data, back, 65536);
	}
	assert_int_equal(house_file_io(house, TH_FLUSH, file, 0, NULL, 8192), 0);
	assert_int_equal(house_file_io(house, TH_FLUSH, file, 0, NULL, TH_MIB), 0);
	assert_int_equal(house_file_io(house, TH_FLUSH, file, 0, NULL, 0), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), 0);
	assert_int_equal(house_file_io(house, TH_FILE_WRITE_OUT, file, 0, NULL, 4096), -EBADF);
}

static void a_read_beyond_the_end_of_a_file_fails(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 8192), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 4096, house->memory, 8192), -EIO);
	assert_int_equal(house_file_io(house, TH_READ, file, 8192, house->memory, 4096), -EIO);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, file, 5000), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 4096, house->memory, 4096), -EIO);
	assert_int_equal(house_file_io(house, TH_READ, file, 0, house->memory, 4096), 0);
}

static void a_position_that_no_file_can_have_is_refused(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(house_file_open(house, LOG_NAME, TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, UINT64_MAX - 4095, house->memory,
				       4096),
			 -EFBIG);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, file, UINT64_MAX), -EFBIG);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, UINT64_MAX), -EFBIG);
}

static void allocate_lengthens_a_file_and_reserves_its_space(void **state)
{
	struct house *house = *state;
	struct stat status;
	uint32_t file;

	assert_int_equal(house_file_open(house, "spare", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, 0), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, TH_MIB), 0);
	assert_int_equal(stat(in_directory(house, "spare"), &status), 0);
	assert_int_equal(status.st_size, TH_MIB);
	assert_true((uint64_t)status.st_blocks * 512 >= TH_MIB);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, 4096), 0);
	assert_int_equal(stat(in_directory(house, "spare"), &status), 0);
	assert_int_equal(status.st_size, TH_MIB);
}

/* How many bytes of a file are on the disk, without being reserved only; false: its file system does not tell. */
static bool written_bytes(const char *path, uint64_t *bytes)
{
	static union {
		struct fiemap map;
		uint8_t room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
	} ask;
	int fd = open(path, O_RDONLY);
	int result;

	memset(&ask, 0, sizeof(ask));
	ask.map.fm_length = FIEMAP_MAX_OFFSET;
	ask.map.fm_flags = FIEMAP_FLAG_SYNC;
	ask.map.fm_extent_count = 64;
	result = ioctl(fd, FS_IOC_FIEMAP, &ask);
	close(fd);
	*bytes = 0;
	for (uint32_t i = 0; i < ask.map.fm_mapped_extents; i++)
		if (!(ask.map.fm_extents[i].fe_flags & FIEMAP_EXTENT_UNWRITTEN))
			*bytes += ask.map.fm_extents[i].fe_length;
	return result == 0;
}

static void what_direct_io_will_write_to_was_written_when_it_was_allocated(void **state)
{
	struct house *house = *state;
	const char *path = in_directory(house, "spare");
	uint8_t *data = house->memory, *back = data + 8192;
	uint64_t bytes;
	uint32_t file;

	memset(data, 1, 8192);
	assert_int_equal(house_file_open(house, "spare", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, data, 8192), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, TH_MIB), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 4096, back, 8192), 0);
	assert_memory_equal(data, back, 4096);
	assert_int_equal(back[4096] | back[8191], 0);
	if (house->variant->direct && written_bytes(path, &bytes))
		assert_int_equal(bytes, TH_MIB);
}

static void truncate_sets_the_length_of_a_file(void **state)
{
	struct house *house = *state;
	struct stat status;
	uint32_t file;

	assert_int_equal(house_file_open(house, "meta", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, file, 12345), 0);
	assert_int_equal(stat(in_directory(house, "meta"), &status), 0);
	assert_int_equal(status.st_size, 12345);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, file, 0), 0);
	assert_int_equal(stat(in_directory(house, "meta"), &status), 0);
	assert_int_equal(status.st_size, 0);
}

static void rename_replaces_and_keeps_the_open_file(void **state)
{
	struct house *house = *state;
	uint32_t file;

	house_write_file(in_directory(house, "old"), "old", 3);
	assert_int_equal(house_file_open(house, "new", TH_CREATE, &file, NULL), 0);
	memset(house->memory, 'n', 4096);
	assert_int_equal(house_name_ask(house, TH_FILE_RENAME, "new", "old"), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 4096), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), 0);
	assert_int_equal(house_name_ask(house, TH_FILE_SYNC_DIR, NULL, NULL), 0);
	assert_int_equal(access(in_directory(house, "new"), F_OK), -1);
	assert_int_equal(house_file_open(house, "old", TH_READ_ONLY, &file, NULL), 0);
	memset(house->memory, 0, 4096);
	assert_int_equal(house_file_io(house, TH_READ, file, 0, house->memory, 4096), 0);
	assert_int_equal(*(uint8_t *)house->memory, 'n');
	assert_int_equal(house_name_ask(house, TH_FILE_RENAME, "absent", "x"), -ENOENT);
}

static void a_removed_file_can_be_read_while_it_is_open(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(house_file_open(house, "gone", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 4096), 0);
	assert_int_equal(house_name_ask(house, TH_FILE_REMOVE, "gone", NULL), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 0, house->memory, 4096), 0);
	assert_int_equal(house_name_ask(house, TH_FILE_REMOVE, "gone", NULL), -ENOENT);
	assert_int_equal(house_file_open(house, "gone", 0, &file, NULL), -ENOENT);
}

static int list(struct house *house, struct th_directory *directory)
{
	struct th_request *request = house_log_request(house, TH_FILE_LIST);
	int error;

	request->directory = directory;
	error = house_run(house, request);
	th_request_put(request);
	return error;
}

static void list_gives_regular_files_whose_names_fit(void **state)
{
	char longest[TH_NAME_MAX + 1], too_long[TH_NAME_MAX + 2];
	struct th_directory_entry entries[2];
	struct th_directory directory = { .capacity = 2, .entries = entries };
	struct house *house = *state;

	memset(longest, 'l', TH_NAME_MAX);
	longest[TH_NAME_MAX] = 0;
	memset(too_long, 't', TH_NAME_MAX + 1);
	too_long[TH_NAME_MAX + 1] = 0;
	assert_int_equal(list(house, &directory), 0);
	assert_int_equal(directory.count, 0);
	house_write_file(in_directory(house, longest), "12345", 5);
	house_write_file(in_directory(house, too_long), "1", 1);
	assert_int_equal(mkdir(in_directory(house, "directory"), 0700), 0);
	assert_int_equal(symlink("/dev/null", in_directory(house, "link")), 0);
	assert_int_equal(list(house, &directory), 0);
	assert_int_equal(directory.count, 1);
	assert_string_equal(entries[0].name, longest);
	assert_int_equal(entries[0].bytes, 5);
	house_write_file(in_directory(house, "second"), "", 0);
	assert_int_equal(list(house, &directory), 0);
	assert_int_equal(directory.count, 2);
	house_write_file(in_directory(house, "third"), "", 0);
	assert_int_equal(list(house, &directory), -E2BIG);
}

static void space_says_how_much_can_still_be_allocated(void **state)
{
	struct house *house = *state;
	struct th_request *request = house_log_request(house, TH_FILE_SPACE);

	assert_int_equal(house_run(house, request), 0);
	assert_in_range(request->length, 1, request->position);
	th_request_put(request);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", "/etc/passwd", NULL };
	char too_long[TH_NAME_MAX + 2];
	struct house *house = *state;
	uint32_t file;

	memset(too_long, 't', TH_NAME_MAX + 1);
	too_long[TH_NAME_MAX + 1] = 0;
	for (size_t i = 0; i < TH_ARRAY_COUNT(names); i++) {
		assert_int_equal(house_file_open(house, names[i], 0, &file, NULL), -EINVAL);
		assert_int_equal(house_name_ask(house, TH_FILE_REMOVE, names[i], NULL), -EINVAL);
		assert_int_equal(house_name_ask(house, TH_FILE_RENAME, "a", names[i]), -EINVAL);
		assert_int_equal(house_name_ask(house, TH_FILE_RENAME, names[i], "a"), -EINVAL);
	}
	assert_int_equal(house_file_open(house, too_long, 0, &file, NULL), -EINVAL);
	assert_int_equal(symlink("/etc/passwd", in_directory(house, "link")), 0);
	assert_int_equal(house_file_open(house, "link", TH_READ_ONLY, &file, NULL), -ELOOP);
}

static void what_is_not_a_regular_file_is_not_opened(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(mkfifo(in_directory(house, "pipe"), 0600), 0);
	assert_int_equal(mkdir(in_directory(house, "directory"), 0700), 0);
	assert_int_not_equal(house_file_open(house, "pipe", TH_READ_ONLY, &file, NULL), 0);
	assert_int_not_equal(house_file_open(house, "directory", TH_READ_ONLY, &file, NULL), 0);
	assert_int_equal(house_name_ask(house, TH_FILE_REMOVE, "directory", NULL), -EISDIR);
}

static void a_file_that_is_closed_is_known_no_more(void **state)
{
	struct house *house = *state;
	uint32_t file, other;

	assert_int_equal(house_file_io(house, TH_READ, 0, 0, house->memory, 512), -EBADF);
	assert_int_equal(house_file_open(house, "a", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), -EBADF);
	assert_int_equal(house_file_open(house, "b", TH_CREATE, &other, NULL), 0);
	assert_int_not_equal(file, other);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 512), -EBADF);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, UINT32_MAX, 0), -EBADF);
}

/* What a close says that follows a write at once. */
static int close_behind_a_write(struct house *house, uint32_t file)
{
	struct th_vec vec = { .base = house->memory, .bytes = 65536 };
	struct th_request *request = house_log_request(house, TH_WRITE);

	request->file = file;
	request->length = vec.bytes;
	request->vec = &vec;
	request->vec_count = 1;
	house_send(house, &house->client->inputs[1], request);
	return house_file_ask(house, TH_FILE_CLOSE, file, 0);
}

/* To a brick in the kernel two requests go one after the other, so the write may have ended before: then another one is tried. */
static void a_file_with_requests_under_way_is_not_closed(void **state)
{
	struct house *house = *state;
	uint32_t tries = house->variant->in_kernel ? 100 : 1;
	uint32_t file;
	int error;

	assert_int_equal(house_file_open(house, "busy", TH_CREATE, &file, NULL), 0);
	error = close_behind_a_write(house, file);
	while (error == 0 && --tries > 0) {
		assert_int_equal(house_file_open(house, "busy", 0, &file, NULL), 0);
		error = close_behind_a_write(house, file);
	}
	assert_int_equal(error, -EBUSY);
	house_wait(house);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, file, 0), 0);
}

static void so_many_files_can_be_open_and_no_more(void **state)
{
	struct house *house = *state;
	uint32_t files[TH_IO_FILES_MAX], one_more;
	char name[16];

	for (uint32_t i = 0; i < TH_IO_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(house_file_open(house, name, TH_CREATE, &files[i], NULL), 0);
	}
	assert_int_equal(house_file_open(house, "more", TH_CREATE, &one_more, NULL), -EMFILE);
	assert_int_equal(access(in_directory(house, "more"), F_OK), -1);
	assert_int_equal(house_file_ask(house, TH_FILE_CLOSE, files[7], 0), 0);
	assert_int_equal(house_file_open(house, "more", TH_CREATE, &one_more, NULL), 0);
	/* Those that stay open are closed when the brick is switched off. */
}

static void a_file_opened_for_reading_is_not_changed(void **state)
{
	struct house *house = *state;
	uint32_t file;

	house_write_file(in_directory(house, "sealed"), "1", 1);
	assert_int_equal(house_file_open(house, "sealed", TH_READ_ONLY, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 4096), -EROFS);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, 4096), -EROFS);
	assert_int_equal(house_file_ask(house, TH_FILE_TRUNCATE, file, 0), -EROFS);
	assert_int_equal(house_file_io(house, TH_FLUSH, file, 0, NULL, 0), 0);
}

static void operations_of_a_target_are_refused(void **state)
{
	struct house *house = *state;
	struct th_block_info info;
	uint32_t file;

	assert_int_equal(house_file_open(house, "a", TH_CREATE, &file, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_DISCARD, file, 512), -EOPNOTSUPP);
	assert_int_equal(house_file_ask(house, TH_WRITE_ZEROES, file, 512), -EOPNOTSUPP);
	assert_int_equal(house_read(house, 0, house->memory, 512), -EOPNOTSUPP);
	house_info(house, &info);
	assert_int_equal(info.size_bytes, 0);
}

static void a_directory_that_was_removed_takes_no_new_files(void **state)
{
	struct house *house = *state;
	uint32_t file;

	assert_int_equal(rmdir(house->directory), 0);
	assert_int_equal(house_file_open(house, "a", TH_CREATE, &file, NULL), -ENOENT);
}

/* ---- file systems of their own ---- */

/* Opens a directory brick on a file system that is mounted for the test; false: skip. */
static bool open_mounted(struct house *house, const char *type, const char *options)
{
	struct th_io_config config = house_config(house, TH_IO_DIRECTORY, house->directory);

	if (!house_mount(house, type, options))
		return false;
	assert_int_equal(house_open(house, &config), 0);
	return true;
}

static void a_full_file_system_is_told_and_holds_what_was_reserved(void **state)
{
	struct house *house = *state;
	uint32_t reserved, other;

	if (!open_mounted(house, "tmpfs", "size=1m"))
		skip();
	memset(house->memory, 1, TH_MIB);
	assert_int_equal(house_file_open(house, "reserved", TH_CREATE, &reserved, NULL), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, reserved, 512 * 1024), 0);
	assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, reserved, 2 * TH_MIB), -ENOSPC);
	assert_int_equal(house_file_open(house, "other", TH_CREATE, &other, NULL), 0);
	assert_int_equal(house_file_io(house, TH_WRITE, other, 0, house->memory, TH_MIB), -ENOSPC);
	assert_int_equal(house_file_io(house, TH_WRITE, reserved, 0, house->memory, 512 * 1024), 0);
}

static int times(const char *text, const char *part)
{
	int count = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		count++;
	return count;
}

/* ramfs has no direct I/O, and no way to reserve or free space within a file. */
static void what_the_file_system_cannot_do_is_replaced_and_said_once(void **state)
{
	struct house *house = *state;
	struct stat status;
	char log[2048];
	uint32_t file;

	house_begin_log(house);
	if (!open_mounted(house, "ramfs", ""))
		skip();
	for (int i = 0; i < 2; i++) {
		char name[] = { (char)('a' + i), 0 };

		assert_int_equal(house_file_open(house, name, TH_CREATE, &file, NULL), 0);
		assert_int_equal(house_file_ask(house, TH_FILE_ALLOCATE, file, 65536), 0);
		assert_int_equal(stat(in_directory(house, name), &status), 0);
		assert_int_equal(status.st_size, 65536);
		assert_int_equal(house_file_io(house, TH_WRITE, file, 0, house->memory, 4096), 0);
	}
	house_end_log(house, log, sizeof(log));
	assert_int_equal(times(log, "refuses direct I/O"), house->variant->direct);
	assert_int_equal(times(log, "cannot reserve space"), 1);
}

int directory_tests(const char *group)
{
#define in_directory_test(test) \
	cmocka_unit_test_setup_teardown(test, house_setup_directory, house_teardown)
#define on_mounted(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)
	const struct CMUnitTest tests[] = {
		in_directory_test(files_are_created_once_and_opened_with_their_length),
		in_directory_test(what_was_written_to_a_file_is_read_back),
		in_directory_test(what_was_sent_out_is_read_back),
		in_directory_test(a_read_beyond_the_end_of_a_file_fails),
		in_directory_test(a_position_that_no_file_can_have_is_refused),
		in_directory_test(allocate_lengthens_a_file_and_reserves_its_space),
		in_directory_test(what_direct_io_will_write_to_was_written_when_it_was_allocated),
		in_directory_test(truncate_sets_the_length_of_a_file),
		in_directory_test(rename_replaces_and_keeps_the_open_file),
		in_directory_test(a_removed_file_can_be_read_while_it_is_open),
		in_directory_test(list_gives_regular_files_whose_names_fit),
		in_directory_test(space_says_how_much_can_still_be_allocated),
		in_directory_test(names_that_lead_elsewhere_are_refused),
		in_directory_test(what_is_not_a_regular_file_is_not_opened),
		in_directory_test(a_file_that_is_closed_is_known_no_more),
		in_directory_test(a_file_with_requests_under_way_is_not_closed),
		in_directory_test(so_many_files_can_be_open_and_no_more),
		in_directory_test(a_file_opened_for_reading_is_not_changed),
		in_directory_test(operations_of_a_target_are_refused),
		in_directory_test(a_directory_that_was_removed_takes_no_new_files),
		on_mounted(a_full_file_system_is_told_and_holds_what_was_reserved),
		on_mounted(what_the_file_system_cannot_do_is_replaced_and_said_once),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
