// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "ublk_users.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A /proc and a /sys of files. */
static char root[] = "/tmp/ublk_users_test.XXXXXX";

static void put(const char *path, const char *text)
{
	char whole[256], *slash;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = 0;
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static uint32_t count(uint32_t number)
{
	char proc[64], sysfs[64];

	snprintf(proc, sizeof(proc), "%s/proc", root);
	snprintf(sysfs, sizeof(sysfs), "%s/sys", root);
	return th_ublk_count_users(proc, sysfs, number);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/ublk_users_test.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("sys/block/ublkb1/dev", "259:3\n");
	put("sys/block/ublkb1/ublkb1p1/dev", "259:4\n");
	put("sys/block/ublkb1/ublkb1p1/holders/.keep", "");
	put("sys/block/ublkb1/holders/.keep", "");
	put("proc/self/mountinfo", "21 1 259:33 / / rw - ext4 /dev/ublkb1 rw\n");
	put("proc/swaps", "Filename Type Size Used Priority\n/dev/ublkb11 partition 1 0 -2\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void a_disk_that_nothing_stands_on_has_no_users(void **state)
{
	(void)state;
	assert_int_equal(count(1), 0);
	assert_int_equal(count(2), 0);
}

static void mounts_of_the_disk_and_of_its_partitions_are_users(void **state)
{
	(void)state;
	put("proc/self/mountinfo", "21 1 259:33 / / rw - ext4 /dev/vda rw\n"
				   "22 21 259:3 / /a rw - xfs /dev/tharsis/vol0 rw\n"
				   "23 21 259:4 / /b rw - ext4 /dev/ublkb1p1 rw\n");
	assert_int_equal(count(1), 2);
}

static void swap_and_devices_above_are_users(void **state)
{
	(void)state;
	put("proc/swaps", "Filename Type Size Used Priority\n/dev/ublkb1p1 partition 1 0 -2\n");
	put("sys/block/ublkb1/holders/dm-0", "");
	put("sys/block/ublkb1/ublkb1p1/holders/dm-1", "");
	assert_int_equal(count(1), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_nothing_stands_on_has_no_users),
		TEST(mounts_of_the_disk_and_of_its_partitions_are_users),
		TEST(swap_and_devices_above_are_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
