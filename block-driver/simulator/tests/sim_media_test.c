// SPDX-License-Identifier: GPL-2.0
/*
 * What simulated media promise about crashes; and the cost model.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim_media.h"
#include "sim_timing.h"

#define SECTORS 16u
#define BYTES	((uint64_t)SECTORS * TH_SECTOR_BYTES)

static void write_sectors(struct th_sim_media *media, uint32_t first, uint32_t count, uint8_t value,
			  bool durable)
{
	struct th_sim_write *write =
		th_sim_media_begin(media, first * TH_SECTOR_BYTES, count * TH_SECTOR_BYTES);

	memset(write->data, value, count * TH_SECTOR_BYTES);
	th_sim_media_end(media, write, durable);
}

static uint8_t sector_value(const struct th_sim_media *media, uint32_t sector)
{
	const uint8_t *bytes = media->current + sector * TH_SECTOR_BYTES;

	for (uint32_t i = 1; i < TH_SECTOR_BYTES; i++)
		assert_int_equal(bytes[i], bytes[0]);
	return bytes[0];
}

static void flush(struct th_sim_media *media)
{
	th_sim_media_flush_end(media, th_sim_media_flush_begin(media));
}

static void crash(struct th_sim_media *media, enum th_sim_loss_mode mode, uint32_t one)
{
	struct th_sim_loss loss = { .mode = mode, .one = one };

	th_sim_media_crash(media, &loss);
}

static void a_crash_loses_what_was_not_flushed(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, 4, 1, false);
	flush(&media);
	write_sectors(&media, 2, 4, 2, false);
	assert_int_equal(sector_value(&media, 2), 2);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(sector_value(&media, 1), 1);
	assert_int_equal(sector_value(&media, 2), 1);
	assert_int_equal(sector_value(&media, 5), 0);
	th_sim_media_destroy(&media);
}

static void a_flush_covers_only_what_ended_before_it_began(void **state)
{
	struct th_sim_media media;
	struct th_sim_write *write;
	uint64_t covered;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write = th_sim_media_begin(&media, 0, TH_SECTOR_BYTES);
	memset(write->data, 1, TH_SECTOR_BYTES);
	covered = th_sim_media_flush_begin(&media);
	th_sim_media_end(&media, write, false);
	th_sim_media_flush_end(&media, covered);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(sector_value(&media, 0), 0);
	th_sim_media_destroy(&media);
}

static void a_flush_of_the_first_bytes_covers_nothing_behind_them(void **state)
{
	struct th_sim_media media;
	uint64_t covered;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	for (uint64_t sector = 0; sector < 3; sector++) {
		struct th_sim_write *write =
			th_sim_media_begin(&media, sector * TH_SECTOR_BYTES, TH_SECTOR_BYTES);

		memset(write->data, 1, TH_SECTOR_BYTES);
		th_sim_media_end(&media, write, false);
	}
	covered = th_sim_media_flush_begin(&media);
	th_sim_media_flush_end_below(&media, covered, 2 * TH_SECTOR_BYTES);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(sector_value(&media, 0), 1);
	assert_int_equal(sector_value(&media, 1), 1);
	assert_int_equal(sector_value(&media, 2), 0);
	th_sim_media_destroy(&media);
}

static void a_crash_may_keep_a_write_that_never_ended(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	memset(th_sim_media_begin(&media, 0, TH_SECTOR_BYTES)->data, 7, TH_SECTOR_BYTES);
	assert_int_equal(sector_value(&media, 0), 0);
	crash(&media, TH_SIM_KEEP_ALL, 0);
	assert_int_equal(sector_value(&media, 0), 7);
	th_sim_media_destroy(&media);
}

static void a_crash_can_keep_the_later_write_and_lose_the_earlier(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, 1, 1, false);
	write_sectors(&media, 1, 1, 2, false);
	crash(&media, TH_SIM_LOSE_ONE, 0);
	assert_int_equal(sector_value(&media, 0), 0);
	assert_int_equal(sector_value(&media, 1), 2);
	write_sectors(&media, 2, 1, 3, false);
	write_sectors(&media, 3, 1, 4, false);
	crash(&media, TH_SIM_KEEP_ONE, 1);
	assert_int_equal(sector_value(&media, 2), 0);
	assert_int_equal(sector_value(&media, 3), 4);
	th_sim_media_destroy(&media);
}

static void a_durable_write_is_not_undone_by_an_older_one(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, 2, 1, false);
	write_sectors(&media, 0, 1, 2, true);
	crash(&media, TH_SIM_KEEP_ALL, 0);
	assert_int_equal(sector_value(&media, 0), 2);
	assert_int_equal(sector_value(&media, 1), 1);
	th_sim_media_destroy(&media);
}

static void a_cut_that_survives_takes_what_was_written_there_before(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, SECTORS, 1, false);
	flush(&media);
	th_sim_media_resize(&media, BYTES / 2);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(media.bytes, BYTES);
	assert_int_equal(sector_value(&media, SECTORS - 1), 1);
	th_sim_media_resize(&media, BYTES / 2);
	flush(&media);
	th_sim_media_resize(&media, BYTES);
	assert_int_equal(sector_value(&media, SECTORS - 1), 0);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(media.bytes, BYTES / 2);
	th_sim_media_destroy(&media);
}

static void a_write_behind_the_end_makes_media_grow(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, 0, true);
	write_sectors(&media, 3, 2, 5, false);
	assert_int_equal(media.bytes, 5 * TH_SECTOR_BYTES);
	assert_int_equal(sector_value(&media, 0), 0);
	flush(&media);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(media.bytes, 5 * TH_SECTOR_BYTES);
	assert_int_equal(sector_value(&media, 4), 5);
	th_sim_media_destroy(&media);
}

static void what_a_failed_flush_covered_no_later_flush_makes_durable(void **state)
{
	struct th_sim_media media;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, 2, 1, false);
	th_sim_media_flush_fail(&media, th_sim_media_flush_begin(&media));
	write_sectors(&media, 1, 2, 2, false);
	flush(&media);
	assert_int_equal(sector_value(&media, 0), 1);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(sector_value(&media, 0), 0);
	assert_int_equal(sector_value(&media, 1), 2);
	assert_int_equal(sector_value(&media, 2), 2);
	th_sim_media_destroy(&media);
}

static void crashes_by_chance_tear_lose_and_keep(void **state)
{
	struct th_sim_random random;
	uint32_t torn = 0, lost = 0, kept = 0;

	(void)state;
	th_sim_random_init(&random, 1);
	for (uint32_t i = 0; i < 300; i++) {
		struct th_sim_loss loss = { TH_SIM_LOSE_SOME, &random, 500, 0, 0 };
		struct th_sim_media media;
		uint32_t written = 0;

		th_sim_media_init(&media, BYTES, true);
		write_sectors(&media, 0, SECTORS, 1, false);
		th_sim_media_crash(&media, &loss);
		for (uint32_t sector = 0; sector < SECTORS; sector++)
			written += sector_value(&media, sector);
		if (written == 0)
			lost++;
		else if (written == SECTORS)
			kept++;
		else
			torn++;
		th_sim_media_destroy(&media);
	}
	assert_in_range(torn, 30, 150);
	assert_in_range(lost, 60, 200);
	assert_in_range(kept, 60, 200);
}

static void a_clone_goes_its_own_way(void **state)
{
	struct th_sim_media media, copy;

	(void)state;
	th_sim_media_init(&media, BYTES, true);
	write_sectors(&media, 0, 1, 1, false);
	memset(th_sim_media_begin(&media, TH_SECTOR_BYTES, TH_SECTOR_BYTES)->data, 2,
	       TH_SECTOR_BYTES);
	th_sim_media_clone(&copy, &media);
	crash(&copy, TH_SIM_KEEP_ALL, 0);
	crash(&media, TH_SIM_LOSE_ALL, 0);
	assert_int_equal(sector_value(&copy, 0), 1);
	assert_int_equal(sector_value(&copy, 1), 2);
	assert_int_equal(sector_value(&media, 0), 0);
	th_sim_media_destroy(&copy);
	th_sim_media_destroy(&media);
}

static void a_read_during_a_write_sees_old_or_new_sectors(void **state)
{
	struct th_sim_random random;
	struct th_sim_media media;
	uint8_t data[BYTES];
	uint32_t new_sectors = 0;

	(void)state;
	th_sim_random_init(&random, 3);
	th_sim_media_init(&media, BYTES, true);
	memset(th_sim_media_begin(&media, 0, BYTES)->data, 1, BYTES);
	th_sim_media_read(&media, 0, BYTES, data, &random);
	for (uint32_t sector = 0; sector < SECTORS; sector++)
		new_sectors += data[sector * TH_SECTOR_BYTES];
	assert_in_range(new_sectors, 1, SECTORS - 1);
	th_sim_media_destroy(&media);
}

static void on_a_spinning_disk_neighbours_are_cheap_and_long_ways_are_not(void **state)
{
	struct th_sim_timing timing;
	uint64_t first_ns, next_ns, near_ns, far_ns;

	(void)state;
	th_sim_timing_spinning(&timing, TH_GIB * 1024);
	first_ns = th_sim_timing_transfer_ns(&timing, NULL, 0, 0, 4096);
	next_ns = th_sim_timing_transfer_ns(&timing, NULL, 0, 4096, 4096) - first_ns;
	near_ns = th_sim_timing_transfer_ns(&timing, NULL, 0, TH_GIB, 4096) - first_ns - next_ns;
	far_ns = th_sim_timing_transfer_ns(&timing, NULL, 0, TH_GIB * 1000, 4096) - first_ns -
		 next_ns - near_ns;
	assert_true(next_ns < TH_NS_PER_MS / 10);
	assert_in_range(near_ns, 4 * TH_NS_PER_MS, 8 * TH_NS_PER_MS);
	assert_in_range(far_ns, 18 * TH_NS_PER_MS, 22 * TH_NS_PER_MS);
}

static void on_a_spinning_disk_requests_wait_for_each_other(void **state)
{
	struct th_sim_timing timing;
	uint64_t first_ns;

	(void)state;
	th_sim_timing_spinning(&timing, TH_GIB);
	first_ns = th_sim_timing_transfer_ns(&timing, NULL, 1000, 0, 100 * TH_MIB);
	assert_in_range(first_ns, 490 * TH_NS_PER_MS, 520 * TH_NS_PER_MS);
	assert_int_equal(th_sim_timing_flush_ns(&timing, NULL, 2000), first_ns + timing.flush_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_loses_what_was_not_flushed),
		cmocka_unit_test(a_flush_covers_only_what_ended_before_it_began),
		cmocka_unit_test(a_flush_of_the_first_bytes_covers_nothing_behind_them),
		cmocka_unit_test(a_crash_may_keep_a_write_that_never_ended),
		cmocka_unit_test(a_crash_can_keep_the_later_write_and_lose_the_earlier),
		cmocka_unit_test(a_durable_write_is_not_undone_by_an_older_one),
		cmocka_unit_test(a_cut_that_survives_takes_what_was_written_there_before),
		cmocka_unit_test(a_write_behind_the_end_makes_media_grow),
		cmocka_unit_test(what_a_failed_flush_covered_no_later_flush_makes_durable),
		cmocka_unit_test(crashes_by_chance_tear_lose_and_keep),
		cmocka_unit_test(a_clone_goes_its_own_way),
		cmocka_unit_test(a_read_during_a_write_sees_old_or_new_sectors),
		cmocka_unit_test(on_a_spinning_disk_neighbours_are_cheap_and_long_ways_are_not),
		cmocka_unit_test(on_a_spinning_disk_requests_wait_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
