// SPDX-License-Identifier: GPL-2.0
/*
 * What a simulated directory promises about names.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim_directory.h"

#define CAPACITY (1024u * 1024u)

struct fixture {
	struct th_sim_environment environment;
	struct th_sim_directory directory;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	th_sim_random_init(&fixture->environment.random, 42);
	th_sim_directory_init(&fixture->directory, &fixture->environment, CAPACITY, true);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	th_sim_directory_destroy(&fixture->directory);
	free(fixture);
	return 0;
}

static void sync_names(struct th_sim_directory *directory)
{
	th_sim_directory_sync_end(directory, th_sim_directory_sync_begin(directory));
}

static void crash(struct fixture *fixture, enum th_sim_loss_mode mode, uint32_t one)
{
	struct th_sim_loss loss = {
		.mode = mode,
		.one = one,
		.random = &fixture->environment.random,
		.keep_permille = 500,
	};

	th_sim_directory_crash(&fixture->directory, &loss);
}

static void write_file(struct th_sim_inode *inode, uint8_t value)
{
	struct th_sim_write *write = th_sim_media_begin(&inode->media, 0, TH_SECTOR_BYTES);

	memset(write->data, value, TH_SECTOR_BYTES);
	th_sim_media_end(&inode->media, write, false);
}

static void flush_file(struct th_sim_inode *inode)
{
	th_sim_media_flush_end(&inode->media, th_sim_media_flush_begin(&inode->media));
}

static void a_new_file_is_lost_until_the_directory_is_synced(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;

	flush_file(th_sim_directory_create(directory, "a"));
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_null(th_sim_directory_find(directory, "a"));
	th_sim_directory_create(directory, "a");
	sync_names(directory);
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_non_null(th_sim_directory_find(directory, "a"));
}

static void a_name_can_survive_without_what_was_written(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_inode *inode = th_sim_directory_create(&fixture->directory, "a");

	write_file(inode, 1);
	sync_names(&fixture->directory);
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(th_sim_directory_find(&fixture->directory, "a")->media.bytes, 0);
}

static void a_removed_file_can_come_back(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;
	struct th_sim_inode *inode = th_sim_directory_create(directory, "a");

	write_file(inode, 7);
	flush_file(inode);
	sync_names(directory);
	assert_int_equal(th_sim_directory_remove(directory, "a"), 0);
	assert_null(th_sim_directory_find(directory, "a"));
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(th_sim_directory_find(directory, "a")->media.current[0], 7);
}

static void what_is_not_there_cannot_be_renamed_or_removed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(th_sim_directory_rename(&fixture->directory, "a", "b"), -ENOENT);
	assert_int_equal(th_sim_directory_remove(&fixture->directory, "a"), -ENOENT);
}

/* The name always leads to one of the two files, whole. */
static void replacing_by_rename_is_atomic(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;
	uint32_t old_files = 0, new_files = 0;

	for (uint32_t i = 0; i < 100; i++) {
		struct th_sim_inode *inode = th_sim_directory_find(directory, "a");
		const struct th_sim_inode *found;

		if (!inode)
			inode = th_sim_directory_create(directory, "a");
		write_file(inode, 1);
		flush_file(inode);
		sync_names(directory);
		inode = th_sim_directory_create(directory, "new");
		write_file(inode, 2);
		flush_file(inode);
		th_sim_directory_rename(directory, "new", "a");
		crash(fixture, TH_SIM_LOSE_SOME, 0);
		found = th_sim_directory_find(directory, "a");
		assert_non_null(found);
		old_files += found->media.current[0] == 1;
		new_files += found->media.current[0] == 2;
		th_sim_directory_remove(directory, "new");
		sync_names(directory);
	}
	assert_int_equal(old_files + new_files, 100);
	assert_in_range(old_files, 10, 90);
}

static void a_later_change_can_survive_an_earlier_one(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;

	th_sim_directory_create(directory, "a");
	th_sim_directory_create(directory, "b");
	crash(fixture, TH_SIM_LOSE_ONE, 0);
	assert_null(th_sim_directory_find(directory, "a"));
	assert_non_null(th_sim_directory_find(directory, "b"));
}

static void a_sync_covers_only_what_was_changed_before_it_began(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;
	uint64_t covered;

	th_sim_directory_create(directory, "a");
	covered = th_sim_directory_sync_begin(directory);
	th_sim_directory_create(directory, "b");
	th_sim_directory_sync_end(directory, covered);
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_non_null(th_sim_directory_find(directory, "a"));
	assert_null(th_sim_directory_find(directory, "b"));
}

static void an_open_file_takes_space_until_it_is_closed(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;
	struct th_sim_inode *inode = th_sim_directory_create(directory, "a");

	th_sim_media_resize(&inode->media, 8192);
	th_sim_inode_open(inode);
	th_sim_directory_remove(directory, "a");
	sync_names(directory);
	assert_int_equal(th_sim_directory_used_bytes(directory), 8192);
	th_sim_inode_close(directory, inode);
	assert_int_equal(th_sim_directory_used_bytes(directory), 0);
	assert_true(th_list_empty(&directory->inodes));
}

static void the_death_of_a_process_alone_loses_nothing_that_has_ended(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory *directory = &fixture->directory;
	struct th_sim_inode *inode = th_sim_directory_create(directory, "a");

	write_file(inode, 3);
	th_sim_inode_open(inode);
	th_sim_directory_abandon(directory, &fixture->environment.random);
	assert_int_equal(th_sim_directory_find(directory, "a")->media.current[0], 3);
	assert_int_equal(inode->handles, 0);
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	assert_null(th_sim_directory_find(directory, "a"));
}

static void a_clone_has_the_same_changes_before_it(void **state)
{
	struct fixture *fixture = *state;
	struct th_sim_directory copy;
	struct th_sim_loss loss = { .mode = TH_SIM_KEEP_ALL };

	write_file(th_sim_directory_create(&fixture->directory, "a"), 5);
	th_sim_directory_rename(&fixture->directory, "a", "b");
	th_sim_directory_clone(&copy, &fixture->directory);
	crash(fixture, TH_SIM_LOSE_ALL, 0);
	th_sim_directory_crash(&copy, &loss);
	assert_null(th_sim_directory_find(&fixture->directory, "b"));
	assert_null(th_sim_directory_find(&copy, "a"));
	assert_int_equal(th_sim_directory_find(&copy, "b")->media.current[0], 5);
	th_sim_directory_destroy(&copy);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_lost_until_the_directory_is_synced),
		TEST(a_name_can_survive_without_what_was_written),
		TEST(a_removed_file_can_come_back),
		TEST(what_is_not_there_cannot_be_renamed_or_removed),
		TEST(replacing_by_rename_is_atomic),
		TEST(a_later_change_can_survive_an_earlier_one),
		TEST(a_sync_covers_only_what_was_changed_before_it_began),
		TEST(an_open_file_takes_space_until_it_is_closed),
		TEST(the_death_of_a_process_alone_loses_nothing_that_has_ended),
		TEST(a_clone_has_the_same_changes_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
