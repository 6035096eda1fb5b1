// SPDX-License-Identifier: GPL-2.0
/* How the memory of a request is described to the system, above all when a transfer has to be continued. */
#include "io_house.h"

#include "io_file_user.h"

#define PIECES_MAX 8u

/* The piece and offset of byte @index, by counting. */
static uint8_t *byte_at(const struct th_vec *vec, uint64_t index)
{
	while (index >= vec->bytes) {
		index -= vec->bytes;
		vec++;
	}
	return (uint8_t *)vec->base + index;
}

static void the_rest_of_the_memory_follows_what_is_done(void **state)
{
	uint64_t random = house_seed;
	uint8_t memory[PIECES_MAX * 16];

	(void)state;
	for (int round = 0; round < 200; round++) {
		uint32_t pieces = 1 + test_random_below(&random, PIECES_MAX);
		struct th_vec vec[PIECES_MAX];
		uint64_t length = 0;

		for (uint32_t i = 0; i < pieces; i++) {
			vec[i].base = memory + (size_t)i * 16;
			vec[i].bytes = 1 + test_random_below(&random, 16);
			length += vec[i].bytes;
		}
		for (uint64_t done = 0; done < length; done++) {
			struct iovec iovec[PIECES_MAX];
			uint32_t count = th_io_fill_iovec(iovec, vec, pieces, length, done);
			uint64_t index = done;

			for (uint32_t i = 0; i < count; i++)
				for (size_t j = 0; j < iovec[i].iov_len; j++)
					assert_ptr_equal((uint8_t *)iovec[i].iov_base + j,
							 byte_at(vec, index++));
			assert_int_equal(index, length);
		}
	}
}

static void a_transfer_continues_unless_the_file_ends(void **state)
{
	struct th_io_file file = { .info.block_bytes = 512 };

	(void)state;
	assert_true(th_io_can_continue(&file, 100, 100));
	assert_false(th_io_can_continue(&file, 0, 512));
	file.direct = true;
	assert_true(th_io_can_continue(&file, 512, 1024));
	assert_false(th_io_can_continue(&file, 100, 612)); /* part of a block: only at the end */
}

int iovec_tests(const char *group)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_of_the_memory_follows_what_is_done),
		cmocka_unit_test(a_transfer_continues_unless_the_file_ends),
	};

	return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
