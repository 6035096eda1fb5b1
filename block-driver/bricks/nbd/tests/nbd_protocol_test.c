// SPDX-License-Identifier: GPL-2.0
/* What the server makes of a request before the device sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nbd_protocol.h"

#define DEVICE_BYTES (64 * TH_MIB)
#define WRITABLE                                                                     \
	(TH_NBD_HAS_FLAGS | TH_NBD_SEND_FLUSH | TH_NBD_SEND_FUA | TH_NBD_SEND_TRIM | \
	 TH_NBD_SEND_WRITE_ZEROES | TH_NBD_SEND_DF | TH_NBD_SEND_FAST_ZERO)

static const struct th_nbd_terms writable = { .size_bytes = DEVICE_BYTES,
					      .block_bytes = 512,
					      .flags = WRITABLE,
					      .structured = true,
					      .allocation = true };
static const struct th_nbd_terms read_only = { .size_bytes = DEVICE_BYTES,
					       .block_bytes = 512,
					       .flags = TH_NBD_HAS_FLAGS | TH_NBD_READ_ONLY };

static enum th_nbd_error judge(const struct th_nbd_terms *terms, uint16_t command, uint16_t flags,
			       uint64_t offset, uint32_t length)
{
	struct th_nbd_request request = {
		.command = command, .flags = flags, .offset = offset, .length = length
	};
	const char *text = NULL;
	enum th_nbd_error error = th_nbd_judge(&request, terms, &text);

	assert_non_null(text);
	assert_int_equal(error != TH_NBD_OK, text[0] != 0);
	return error;
}

static void good_requests_pass(void **state)
{
	(void)state;
	assert_int_equal(judge(&writable, TH_NBD_CMD_READ, 0, 0, 512), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_READ, TH_NBD_CMD_FLAG_DF, 0, 32 << 20),
			 TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE, TH_NBD_CMD_FLAG_FUA, DEVICE_BYTES - 512,
			       512),
			 TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_FLUSH, 0, 0, 0), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_TRIM, 0, 0, DEVICE_BYTES), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE_ZEROES, TH_NBD_CMD_FLAG_NO_HOLE, 0,
			       DEVICE_BYTES),
			 TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_BLOCK_STATUS, TH_NBD_CMD_FLAG_REQ_ONE, 0,
			       DEVICE_BYTES),
			 TH_NBD_OK);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_READ, 0, 0, 512), TH_NBD_OK);
}

static void unknown_commands_are_invalid(void **state)
{
	uint32_t command;

	(void)state;
	assert_int_equal(judge(&writable, 5, 0, 0, 512), TH_NBD_EINVAL);
	for (command = 8; command <= UINT16_MAX; command++)
		assert_int_equal(judge(&writable, (uint16_t)command, 0, 0, 512), TH_NBD_EINVAL);
}

static void flags_that_a_command_does_not_know_are_invalid(void **state)
{
	(void)state;
	assert_int_equal(judge(&writable, TH_NBD_CMD_READ, 1 << 15, 0, 512), TH_NBD_EINVAL);
	assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE, TH_NBD_CMD_FLAG_DF, 0, 512),
			 TH_NBD_EINVAL);
	assert_int_equal(judge(&writable, TH_NBD_CMD_TRIM, TH_NBD_CMD_FLAG_NO_HOLE, 0, 512),
			 TH_NBD_EINVAL);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_READ, TH_NBD_CMD_FLAG_DF, 0, 512),
			 TH_NBD_EINVAL);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_READ, TH_NBD_CMD_FLAG_FUA, 0, 512),
			 TH_NBD_EINVAL);
}

static void fua_is_accepted_on_every_command_of_a_writable_export(void **state)
{
	(void)state;
	assert_int_equal(judge(&writable, TH_NBD_CMD_READ, TH_NBD_CMD_FLAG_FUA, 0, 512), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_FLUSH, TH_NBD_CMD_FLAG_FUA, 0, 0), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_TRIM, TH_NBD_CMD_FLAG_FUA, 0, 512), TH_NBD_OK);
	assert_int_equal(judge(&writable, TH_NBD_CMD_BLOCK_STATUS, TH_NBD_CMD_FLAG_FUA, 0, 512),
			 TH_NBD_OK);
}

static void changes_of_a_read_only_export_are_not_permitted(void **state)
{
	(void)state;
	assert_int_equal(judge(&read_only, TH_NBD_CMD_WRITE, 0, 0, 512), TH_NBD_EPERM);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_TRIM, 0, 0, 512), TH_NBD_EPERM);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_WRITE_ZEROES, 0, 0, 512), TH_NBD_EPERM);
	assert_int_equal(judge(&read_only, TH_NBD_CMD_FLUSH, 0, 0, 0), TH_NBD_EINVAL);
}

static void what_is_not_aligned_or_empty_is_invalid(void **state)
{
	static const uint16_t ranged[] = { TH_NBD_CMD_READ, TH_NBD_CMD_WRITE, TH_NBD_CMD_TRIM,
					   TH_NBD_CMD_WRITE_ZEROES, TH_NBD_CMD_BLOCK_STATUS };
	size_t i;

	(void)state;
	for (i = 0; i < TH_ARRAY_COUNT(ranged); i++) {
		assert_int_equal(judge(&writable, ranged[i], 0, 1, 512), TH_NBD_EINVAL);
		assert_int_equal(judge(&writable, ranged[i], 0, 0, 513), TH_NBD_EINVAL);
		assert_int_equal(judge(&writable, ranged[i], 0, 0, 0), TH_NBD_EINVAL);
	}
	assert_int_equal(judge(&writable, TH_NBD_CMD_FLUSH, 0, 512, 0), TH_NBD_EINVAL);
	assert_int_equal(judge(&writable, TH_NBD_CMD_FLUSH, 0, 0, 512), TH_NBD_EINVAL);
}

static void beyond_the_end_is_no_space_for_what_grows_and_invalid_else(void **state)
{
	static const uint64_t offsets[] = { DEVICE_BYTES - 512, DEVICE_BYTES, UINT64_MAX - 511 };
	size_t i;

	(void)state;
	for (i = 0; i < TH_ARRAY_COUNT(offsets); i++) {
		assert_int_equal(judge(&writable, TH_NBD_CMD_READ, 0, offsets[i], 1024),
				 TH_NBD_EINVAL);
		assert_int_equal(judge(&writable, TH_NBD_CMD_TRIM, 0, offsets[i], 1024),
				 TH_NBD_EINVAL);
		assert_int_equal(judge(&writable, TH_NBD_CMD_BLOCK_STATUS, 0, offsets[i], 1024),
				 TH_NBD_EINVAL);
		assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE, 0, offsets[i], 1024),
				 TH_NBD_ENOSPC);
		assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE_ZEROES, 0, offsets[i], 1024),
				 TH_NBD_ENOSPC);
	}
}

static void a_payload_above_the_maximum_is_refused(void **state)
{
	(void)state;
	assert_int_equal(judge(&writable, TH_NBD_CMD_READ, 0, 0, (32 << 20) + 512),
			 TH_NBD_EOVERFLOW);
	assert_int_equal(judge(&writable, TH_NBD_CMD_WRITE, 0, 0, (32 << 20) + 512), TH_NBD_EINVAL);
}

static void block_status_needs_a_negotiated_context(void **state)
{
	struct th_nbd_terms terms = writable;

	(void)state;
	terms.allocation = false;
	assert_int_equal(judge(&terms, TH_NBD_CMD_BLOCK_STATUS, 0, 0, 512), TH_NBD_EINVAL);
}

static void fast_zeroing_is_refused_unless_the_device_is_fast_at_it(void **state)
{
	struct th_nbd_terms terms = writable;

	(void)state;
	assert_int_equal(judge(&terms, TH_NBD_CMD_WRITE_ZEROES, TH_NBD_CMD_FLAG_FAST_ZERO, 0, 512),
			 TH_NBD_ENOTSUP);
	assert_int_equal(judge(&terms, TH_NBD_CMD_WRITE_ZEROES, TH_NBD_CMD_FLAG_FAST_ZERO,
			       DEVICE_BYTES, 512),
			 TH_NBD_ENOSPC);
	terms.fast_zero = true;
	assert_int_equal(judge(&terms, TH_NBD_CMD_WRITE_ZEROES, TH_NBD_CMD_FLAG_FAST_ZERO, 0, 512),
			 TH_NBD_OK);
}

static void errors_of_the_device_have_their_counterpart(void **state)
{
	(void)state;
	assert_int_equal(th_nbd_error_of(0), TH_NBD_OK);
	assert_int_equal(th_nbd_error_of(-EPERM), TH_NBD_EPERM);
	assert_int_equal(th_nbd_error_of(-EROFS), TH_NBD_EPERM);
	assert_int_equal(th_nbd_error_of(-EIO), TH_NBD_EIO);
	assert_int_equal(th_nbd_error_of(-ENOMEM), TH_NBD_ENOMEM);
	assert_int_equal(th_nbd_error_of(-EINVAL), TH_NBD_EINVAL);
	assert_int_equal(th_nbd_error_of(-ENOSPC), TH_NBD_ENOSPC);
	assert_int_equal(th_nbd_error_of(-EDQUOT), TH_NBD_ENOSPC);
	assert_int_equal(th_nbd_error_of(-EOVERFLOW), TH_NBD_EOVERFLOW);
	assert_int_equal(th_nbd_error_of(-EOPNOTSUPP), TH_NBD_ENOTSUP);
	assert_int_equal(th_nbd_error_of(-ESHUTDOWN), TH_NBD_ESHUTDOWN);
	assert_int_equal(th_nbd_error_of(-EUCLEAN), TH_NBD_EIO);
}

static void a_request_is_read_as_it_stands_on_the_wire(void **state)
{
	static const uint8_t wire[TH_NBD_REQUEST_BYTES] = {
		0x25, 0x60, 0x95, 0x13, 0x00, 0x01, 0x00, 0x06, 1, 2, 3, 4, 5,	  6,
		7,    8,    0,	  0,	0,    1,    0,	  0,	2, 0, 0, 0, 0x10, 0
	};
	struct th_nbd_request request;
	uint8_t bad[TH_NBD_REQUEST_BYTES];

	(void)state;
	assert_true(th_nbd_parse_request(wire, &request));
	assert_int_equal(request.flags, TH_NBD_CMD_FLAG_FUA);
	assert_int_equal(request.command, TH_NBD_CMD_WRITE_ZEROES);
	assert_int_equal(request.cookie, 0x0102030405060708ULL);
	assert_int_equal(request.offset, 0x100000200ULL);
	assert_int_equal(request.length, 4096);
	memcpy(bad, wire, sizeof(bad));
	bad[3] ^= 1;
	assert_false(th_nbd_parse_request(bad, &request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_pass),
		cmocka_unit_test(unknown_commands_are_invalid),
		cmocka_unit_test(flags_that_a_command_does_not_know_are_invalid),
		cmocka_unit_test(fua_is_accepted_on_every_command_of_a_writable_export),
		cmocka_unit_test(changes_of_a_read_only_export_are_not_permitted),
		cmocka_unit_test(what_is_not_aligned_or_empty_is_invalid),
		cmocka_unit_test(beyond_the_end_is_no_space_for_what_grows_and_invalid_else),
		cmocka_unit_test(a_payload_above_the_maximum_is_refused),
		cmocka_unit_test(block_status_needs_a_negotiated_context),
		cmocka_unit_test(fast_zeroing_is_refused_unless_the_device_is_fast_at_it),
		cmocka_unit_test(errors_of_the_device_have_their_counterpart),
		cmocka_unit_test(a_request_is_read_as_it_stands_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
