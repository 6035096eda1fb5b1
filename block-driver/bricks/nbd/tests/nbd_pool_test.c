// SPDX-License-Identifier: GPL-2.0
/* Memory for payloads: complete, aligned, bounded, and fairly shared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "nbd_pool.h"

#define CLIENTS	 8
#define PAYLOADS 256

static struct th_nbd_pool pool;
static uint32_t small_count, large_count;

static int create(void **state)
{
	(void)state;
	if (th_nbd_pool_create(&pool, TH_NBD_POOL_BYTES_MIN))
		return -1;
	small_count = pool.pieces[TH_NBD_PIECE_SMALL].free_count;
	large_count = pool.pieces[TH_NBD_PIECE_LARGE].free_count;
	return 0;
}

static int destroy(void **state)
{
	bool complete = pool.pieces[TH_NBD_PIECE_SMALL].free_count == small_count &&
			pool.pieces[TH_NBD_PIECE_LARGE].free_count == large_count;

	(void)state;
	th_nbd_pool_destroy(&pool);
	return complete ? 0 : -1;
}

static void check(const struct th_nbd_payload *payload, uint32_t length)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < payload->vec_count; i++) {
		assert_true(th_is_aligned((uintptr_t)payload->vec[i].base, 4096));
		bytes += payload->vec[i].bytes;
	}
	assert_int_equal(bytes, length);
}

static void a_payload_has_exactly_the_length_asked_for_and_is_aligned(void **state)
{
	static const uint32_t lengths[] = { 1,	   512,	   4096,   4097,    16384,
					    16385, 524288, 524289, 1000000, TH_MIB * 32 };
	struct th_nbd_share share = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < TH_ARRAY_COUNT(lengths); i++) {
		struct th_nbd_payload payload = { 0 };

		assert_true(th_nbd_pool_take(&pool, &share, &payload, lengths[i]));
		check(&payload, lengths[i]);
		th_nbd_pool_give(&pool, &share, &payload);
		assert_null(payload.vec);
		assert_int_equal(share.held[0] + share.held[1], 0);
	}
}

/* Takes until refused. */
static uint32_t take_all(struct th_nbd_share *share, struct th_nbd_payload *payloads)
{
	uint32_t count = 0;

	while (count < PAYLOADS &&
	       th_nbd_pool_take(&pool, share, &payloads[count], 4 * TH_NBD_PIECE_LARGE_BYTES))
		count++;
	return count;
}

static void clients_that_give_nothing_back_leave_most_of_it_to_others(void **state)
{
	static struct th_nbd_payload payloads[CLIENTS][PAYLOADS];
	struct th_nbd_share shares[CLIENTS] = { 0 };
	uint32_t counts[CLIENTS];
	uint32_t i, k;

	(void)state;
	for (i = 0; i < CLIENTS; i++) {
		uint32_t free_count = pool.pieces[TH_NBD_PIECE_LARGE].free_count;

		counts[i] = take_all(&shares[i], payloads[i]);
		assert_in_range(counts[i], 1, PAYLOADS - 1);
		/* A fifth of what there was: a quarter of what is left. */
		assert_in_range(shares[i].held[TH_NBD_PIECE_LARGE], free_count / 5 - 4,
				free_count / 5);
	}
	for (i = 0; i < CLIENTS; i++) {
		for (k = 0; k < counts[i]; k++)
			th_nbd_pool_give(&pool, &shares[i], &payloads[i][k]);
	}
}

static void one_who_holds_nothing_may_take_all_that_is_free(void **state)
{
	struct th_nbd_share first = { 0 }, second = { 0 };
	struct th_nbd_payload large = { 0 }, another = { 0 };

	(void)state;
	assert_true(th_nbd_pool_take(&pool, &first, &large, 32 * TH_MIB));
	assert_false(th_nbd_pool_take(&pool, &first, &another, 8 * TH_MIB));
	assert_true(th_nbd_pool_take(&pool, &second, &another, 8 * TH_MIB));
	th_nbd_pool_give(&pool, &first, &large);
	th_nbd_pool_give(&pool, &second, &another);
}

static void random_use_never_gives_one_piece_to_two(void **state)
{
	static struct th_nbd_payload payloads[64];
	static uint32_t lengths[64];
	struct th_nbd_share share = { 0 };
	unsigned int seed = 20260101;
	uint32_t turn, i;

	(void)state;
	print_message("seed %u\n", seed);
	for (turn = 0; turn < 20000; turn++) {
		i = (uint32_t)rand_r(&seed) % 64;
		if (payloads[i].vec) {
			/* What was written when it was taken is still there, so nobody else has it. */
			assert_int_equal(*(uint32_t *)payloads[i].vec[0].base, i);
			assert_int_equal(
				*(uint32_t *)payloads[i].vec[payloads[i].vec_count - 1].base, i);
			check(&payloads[i], lengths[i]);
			th_nbd_pool_give(&pool, &share, &payloads[i]);
			continue;
		}
		lengths[i] = 512u << (rand_r(&seed) % 13);
		if (!th_nbd_pool_take(&pool, &share, &payloads[i], lengths[i]))
			continue;
		*(uint32_t *)payloads[i].vec[0].base = i;
		*(uint32_t *)payloads[i].vec[payloads[i].vec_count - 1].base = i;
	}
	for (i = 0; i < 64; i++)
		th_nbd_pool_give(&pool, &share, &payloads[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_has_exactly_the_length_asked_for_and_is_aligned),
		cmocka_unit_test(clients_that_give_nothing_back_leave_most_of_it_to_others),
		cmocka_unit_test(one_who_holds_nothing_may_take_all_that_is_free),
		cmocka_unit_test(random_use_never_gives_one_piece_to_two),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
