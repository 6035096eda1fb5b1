// SPDX-License-Identifier: GPL-2.0
/* What an I/O brick promises about being created, switched on and off, and about whom it shares its disk with. */
#define _GNU_SOURCE
#include "io_house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct th_io_config target_config(const struct house *house)
{
	return house_config(house, TH_IO_TARGET, house->path);
}

static void assert_not_created(struct house *house, const struct th_io_config *config,
			       const char *sentence)
{
	struct th_error error = { 0 };
	struct th_brick *brick;

	assert_int_equal(house_create(house, "io", config, &brick, &error), -EINVAL);
	assert_non_null(strstr(error.text, sentence));
}

static void a_config_that_makes_no_sense_is_refused_with_a_sentence(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	config.thread_count = 0;
	assert_not_created(house, &config, "1 to 64 threads");
	config.thread_count = TH_IO_THREADS_MAX + 1;
	assert_not_created(house, &config, "1 to 64 threads");
	config = target_config(house);
	config.path = "";
	assert_not_created(house, &config, "path of 1 to");
	config.path = NULL;
	assert_not_created(house, &config, "path of 1 to");
	config = house_config(house, (enum th_io_kind)7, house->path);
	assert_not_created(house, &config, "neither target nor directory");
	config = house_config(house, TH_IO_DIRECTORY, house->path);
	config.create_bytes = 4096;
	assert_not_created(house, &config, "directory has no size");
	config = target_config(house);
	config.create_bytes = UINT64_MAX;
	assert_not_created(house, &config, "too large");
}

/* Switching on fails with @code, says @sentence and the path, and leaves nothing behind. */
static void assert_stays_off(struct house *house, const struct th_io_config *config, int code,
			     const char *sentence)
{
	struct th_brick *brick;

	assert_int_equal(house_create(house, "refused", config, &brick, NULL), 0);
	assert_int_equal(house_power(house, brick, true), code);
	assert_int_equal(brick->power, TH_OFF);
	if (!strstr(brick->error.text, sentence) || !strstr(brick->error.text, config->path))
		fail_msg("\"%s\" does not say \"%s\"", brick->error.text, sentence);
	assert_int_equal(th_brick_destroy(&house->registry, brick), 0);
}

static void what_is_not_there_cannot_be_switched_on(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	assert_stays_off(house, &config, -ENOENT, "does not exist");
	config.kind = TH_IO_DIRECTORY;
	assert_stays_off(house, &config, -ENOENT, "does not exist");
	house_write_file(house->path, house->memory, 4096);
	config.path = "/etc/passwd/x";
	assert_stays_off(house, &config, -ENOTDIR, "not a directory");
}

static void what_is_of_another_kind_cannot_be_switched_on(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_DIRECTORY, house->path);

	house_write_file(house->path, house->memory, 4096);
	assert_stays_off(house, &config, -ENOTDIR, "is not a directory");
	config = house_config(house, TH_IO_TARGET, house->directory);
	assert_stays_off(house, &config, -EISDIR, "is a directory");
	config.path = "/dev/null";
	assert_stays_off(house, &config, -EINVAL, "not a file or block device");
	assert_int_equal(unlink(house->path), 0);
	assert_int_equal(mkfifo(house->path, 0600), 0);
	config.path = house->path;
	assert_stays_off(house, &config, -EINVAL, "not a file or block device");
}

static void a_size_that_is_not_in_blocks_cannot_be_switched_on(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	house_write_file(house->path, house->memory, 4097);
	assert_stays_off(house, &config, -EINVAL, "not a multiple of its block");
	house_write_file(house->path, house->memory, 0);
	assert_stays_off(house, &config, -EINVAL, "is empty");
}

static void what_is_read_only_must_be_used_read_only(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	if (!house_mount(house, "tmpfs", "size=1m"))
		skip();
	house_write_file(house->path, house->memory, 65536);
	assert_int_equal(mount("none", house->directory, NULL, MS_REMOUNT | MS_RDONLY, ""), 0);
	assert_stays_off(house, &config, -EROFS, "is read-only");
	config = house_config(house, TH_IO_DIRECTORY, house->directory);
	assert_stays_off(house, &config, -EROFS, "is read-only");
	config.read_only = true;
	assert_int_equal(house_open(house, &config), 0);
}

static void what_may_not_be_opened_is_told(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	if (house->variant->in_kernel)
		skip_because("the kernel's threads may open everything");
	house_write_file(house->path, house->memory, 65536);
	assert_int_equal(chmod(house->path, 0), 0);
	assert_int_equal(chmod(house->directory, 0755), 0);
	/* Rights are those of the effective user, which threads that are started later inherit. */
	assert_int_equal(geteuid() == 0 ? seteuid(65534) : 0, 0);
	assert_stays_off(house, &config, -EACCES, "may not be opened");
	assert_int_equal(getuid() == 0 ? seteuid(0) : 0, 0);
}

static void a_target_is_created_with_its_size_once(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);
	struct th_block_info info;

	config.create_bytes = HOUSE_FILE_BYTES;
	assert_int_equal(house_open(house, &config), 0);
	house_info(house, &info);
	assert_int_equal(info.size_bytes, HOUSE_FILE_BYTES);
	memset(house->memory, 9, 4096);
	assert_int_equal(house_write(house, 0, house->memory, 4096, 0), 0);
	house_close(house);

	config.create_bytes = 2 * HOUSE_FILE_BYTES;
	assert_int_equal(house_open(house, &config), 0);
	house_info(house, &info);
	assert_int_equal(info.size_bytes, HOUSE_FILE_BYTES);
	assert_int_equal(house_read(house, 0, house->memory, 4096), 0);
	assert_int_equal(*(uint8_t *)house->memory, 9);
}

static void a_target_is_not_created_to_be_read_only(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	config.create_bytes = HOUSE_FILE_BYTES;
	config.read_only = true;
	assert_stays_off(house, &config, -ENOENT, "does not exist");
	assert_int_equal(access(house->path, F_OK), -1);
}

static void a_read_only_brick_changes_nothing(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);
	struct th_block_info info;
	uint32_t file;

	house_write_file(house->path, house->memory, 65536);
	config.read_only = true;
	assert_int_equal(house_open(house, &config), 0);
	house_info(house, &info);
	assert_true(info.read_only);
	assert_int_equal(house_read(house, 0, house->memory, 4096), 0);
	assert_int_equal(house_write(house, 0, house->memory, 4096, 0), -EROFS);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 0, 4096, 0), -EROFS);
	assert_int_equal(house_ask(house, TH_DISCARD, 0, 4096, 0), -EROFS);
	assert_int_equal(house_ask(house, TH_FLUSH, 0, 0, 0), 0);
	house_close(house);

	config = house_config(house, TH_IO_DIRECTORY, house->directory);
	config.read_only = true;
	assert_int_equal(house_open(house, &config), 0);
	assert_int_equal(house_file_open(house, "new", TH_CREATE, &file, NULL), -EROFS);
	assert_int_equal(house_file_open(house, "target", 0, &file, NULL), -EROFS);
	assert_int_equal(house_name_ask(house, TH_FILE_REMOVE, "target", NULL), -EROFS);
	assert_int_equal(house_name_ask(house, TH_FILE_RENAME, "target", "x"), -EROFS);
	assert_int_equal(house_file_open(house, "target", TH_READ_ONLY, &file, NULL), 0);
	assert_int_equal(house_file_io(house, TH_READ, file, 0, house->memory, 4096), 0);
}

/* @config, which is in use, refuses a second brick until the first is switched off. */
static void check_claim(struct house *house, const struct th_io_config *config)
{
	struct th_brick *second;

	assert_int_equal(house_open(house, config), 0);
	assert_int_equal(house_create(house, "second", config, &second, NULL), 0);
	assert_int_equal(house_power(house, second, true), -EBUSY);
	assert_non_null(strstr(second->error.text, "is in use"));
	house_close(house);
	assert_int_equal(house_power(house, second, true), 0);
	assert_int_equal(house_power(house, second, false), 0);
	assert_int_equal(th_brick_destroy(&house->registry, second), 0);
}

static void a_file_is_claimed_for_one_brick(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	house_write_file(house->path, house->memory, 65536);
	check_claim(house, &config);
}

static void a_directory_is_claimed_for_one_brick(void **state)
{
	struct house *house = *state;
	struct th_io_config config = house_config(house, TH_IO_DIRECTORY, house->directory);

	check_claim(house, &config);
}

static void a_block_device_is_claimed_for_one_brick(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);

	if (!house_make_loop_device(house, 512))
		skip();
	check_claim(house, &config);
}

static void readers_share_a_file_and_keep_writers_out(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house), writer = config;
	struct th_brick *second;

	house_write_file(house->path, house->memory, 65536);
	config.read_only = true;
	assert_int_equal(house_open(house, &config), 0);
	assert_int_equal(house_create(house, "second", &config, &second, NULL), 0);
	assert_int_equal(house_power(house, second, true), 0);
	assert_int_equal(house_power(house, second, false), 0);
	assert_int_equal(th_brick_destroy(&house->registry, second), 0);
	assert_stays_off(house, &writer, -EBUSY, "is in use");
}

static void a_device_with_large_sectors_takes_only_whole_ones(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);
	struct th_block_info info;

	if (!house_make_loop_device(house, 4096))
		skip();
	assert_int_equal(house_open(house, &config), 0);
	house_info(house, &info);
	assert_int_equal(info.block_bytes, 4096);
	assert_int_equal(house_write(house, 512, house->memory, 4096, 0), -EINVAL);
	assert_int_equal(house_write(house, 4096, house->memory, 512, 0), -EINVAL);
	assert_int_equal(house_write(house, 4096, house->memory, 4096, 0), 0);
}

/* ramfs can neither direct I/O, nor zero or free parts of a file, nor be told to. */
static void a_file_system_without_such_operations_gets_zeroes_written(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);
	uint8_t *data = house->memory;

	if (!house_mount(house, "ramfs", ""))
		skip();
	config.create_bytes = 2 * TH_MIB;
	assert_int_equal(house_open(house, &config), 0);
	memset(data, 5, TH_MIB);
	assert_int_equal(house_write(house, 0, data, TH_MIB, 0), 0);
	assert_int_equal(house_ask(house, TH_WRITE_ZEROES, 512, 700 * 1024, TH_FUA), 0);
	assert_int_equal(house_ask(house, TH_DISCARD, 0, TH_MIB, 0), 0);
	assert_int_equal(house_read(house, 0, data, TH_MIB), 0);
	assert_int_equal(data[511], 5);
	assert_int_equal(data[512] | data[512 + 700 * 1024 - 1] | data[300 * 1024], 0);
	assert_int_equal(data[512 + 700 * 1024], 5);
}

static void a_full_file_system_fails_writes_to_a_sparse_target(void **state)
{
	struct house *house = *state;
	struct th_io_config config = target_config(house);
	char log[1024];

	if (!house_mount(house, "tmpfs", "size=1m"))
		skip();
	config.create_bytes = 2 * TH_MIB;
	assert_int_equal(house_open(house, &config), 0);
	house_begin_log(house);
	memset(house->memory, 1, 2 * TH_MIB);
	assert_int_equal(house_write(house, 0, house->memory, 2 * TH_MIB, 0), -ENOSPC);
	house_end_log(house, log, sizeof(log));
	assert_non_null(strstr(log, "No space left on device"));
	assert_int_equal(house_read(house, 0, house->memory, 65536), 0);
}

static void power_done(struct th_brick *brick, void *context)
{
	struct house *house = context;

	(void)brick;
	if (--house->pending == 0)
		th_user_loop_stop(&house->loop);
}

static void returned(struct th_request *request, void *context)
{
	struct house *house = context;

	assert_int_equal(request->error, 0);
	assert_int_not_equal(house->io->power, TH_OFF);
	th_request_put(request);
	house->pending--;
}

static void switching_off_completes_what_is_under_way_and_refuses_the_rest(void **state)
{
	struct house *house = *state;
	struct th_vec vec = { .base = house->memory, .bytes = 16384 };

	for (uint32_t i = 0; i < 100; i++) {
		struct th_request *request =
			house_disk_request(house, TH_WRITE, (uint64_t)i * 16384, 16384);

		request->vec = &vec;
		request->vec_count = 1;
		th_request_push(request, returned, house);
		house->pending++;
		th_input_submit(&house->client->inputs[0], request);
	}
	house->pending++;
	assert_int_equal(th_brick_power(house->io, false, power_done, house), 0);
	assert_int_equal(th_brick_power(house->io, true, NULL, NULL), -EBUSY);
	house_wait(house);
	assert_int_equal(house->io->power, TH_OFF);
	assert_int_equal(house_read(house, 0, house->memory, 512), -ENOTCONN);
	assert_int_equal(house_power(house, house->io, true), 0);
	assert_int_equal(house_read(house, 0, house->memory, 512), 0);
}

static void a_brick_is_described_by_its_path_and_manner(void **state)
{
	struct house *house = *state;
	char text[256];

	house->io->type->describe(house->io, text, sizeof(text));
	assert_non_null(strstr(text, house->path));
	assert_non_null(strstr(text, house->variant->direct ? "direct" : "buffered"));
}

int life_tests(const char *group)
{
#define in_house(test)	cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)
#define on_target(test) cmocka_unit_test_setup_teardown(test, house_setup_target, house_teardown)
	const struct CMUnitTest tests[] = {
		in_house(a_config_that_makes_no_sense_is_refused_with_a_sentence),
		in_house(what_is_not_there_cannot_be_switched_on),
		in_house(what_is_of_another_kind_cannot_be_switched_on),
		in_house(a_size_that_is_not_in_blocks_cannot_be_switched_on),
		in_house(what_is_read_only_must_be_used_read_only),
		in_house(what_may_not_be_opened_is_told),
		in_house(a_target_is_created_with_its_size_once),
		in_house(a_target_is_not_created_to_be_read_only),
		in_house(a_read_only_brick_changes_nothing),
		in_house(a_file_is_claimed_for_one_brick),
		in_house(a_directory_is_claimed_for_one_brick),
		in_house(a_block_device_is_claimed_for_one_brick),
		in_house(readers_share_a_file_and_keep_writers_out),
		in_house(a_device_with_large_sectors_takes_only_whole_ones),
		in_house(a_file_system_without_such_operations_gets_zeroes_written),
		in_house(a_full_file_system_fails_writes_to_a_sparse_target),
		on_target(switching_off_completes_what_is_under_way_and_refuses_the_rest),
		on_target(a_brick_is_described_by_its_path_and_manner),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
