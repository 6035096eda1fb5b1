// SPDX-License-Identifier: GPL-2.0
#include "fake_kernel.h"
#include "memory_brick.h"
#include "ublk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define DEPTH	    4u
#define SIZE_BYTES  (8 * TH_MIB)
#define SECTORS	    (SIZE_BYTES / 512)
#define PLACE_ID    0x11111111u
#define CONTENT_ID  0x22222222u
#define IDENTITY    ((uint64_t)PLACE_ID << 32 | CONTENT_ID)
#define ATTRIBUTES  (UBLK_ATTR_VOLATILE_CACHE | UBLK_ATTR_FUA)
#define PATIENCE_NS (2 * TH_NS_PER_S)

/* ---- a host: an executor whose clock is moved when nothing else is left to do ---- */

static struct {
	struct th_executor executor;
	uint64_t now_ns;
	struct th_registry registry;
	struct fake_kernel kernel;
	struct th_brick *device;
	struct th_brick *ublk;
	struct th_ublk_config config;
	struct th_memory_config device_config;
	bool switched;
} host;

static uint64_t now_ns(struct th_executor *executor)
{
	(void)executor;
	return host.now_ns;
}

static void wake(struct th_executor *executor)
{
	(void)executor;
}

static const struct th_executor_ops executor_ops = { .now_ns = now_ns,
						     .wall_ns = now_ns,
						     .wake = wake };

static void run(void)
{
	while (th_executor_round(&host.executor))
		;
}

static void run_timers(void)
{
	uint64_t deadline_ns;

	run();
	while ((deadline_ns = th_executor_next_deadline_ns(&host.executor)) != UINT64_MAX) {
		host.now_ns = deadline_ns;
		run();
	}
}

static void switched(struct th_brick *brick, void *context)
{
	(void)brick;
	(void)context;
	host.switched = true;
}

static void begin_switching(bool on)
{
	host.switched = false;
	assert_int_equal(th_brick_power(host.ublk, on, switched, NULL), 0);
}

static void switch_to(bool on)
{
	begin_switching(on);
	run_timers();
	assert_true(host.switched);
}

/* The brick, connected, off. */
static void make_ublk(void)
{
	assert_int_equal(th_brick_create(&host.registry, &th_ublk_type, "ublk:vol0", &host.executor,
					 &host.config, &host.ublk, NULL),
			 0);
	assert_int_equal(
		th_connect(&host.ublk->inputs[TH_UBLK_INPUT_DEVICE], &host.device->outputs[0]), 0);
}

static void make_device(void)
{
	assert_int_equal(th_brick_create(&host.registry, &th_memory_type, "vol0", &host.executor,
					 &host.device_config, &host.device, NULL),
			 0);
	assert_int_equal(th_brick_power(host.device, true, NULL, NULL), 0);
	run();
	make_ublk();
}

static int set_up(void **state)
{
	(void)state;
	memset(&host, 0, sizeof(host));
	host.now_ns = TH_NS_PER_S;
	th_executor_init(&host.executor, &executor_ops);
	th_registry_init(&host.registry);
	assert_int_equal(th_registry_add_type(&host.registry, &th_ublk_type), 0);
	assert_int_equal(th_registry_add_type(&host.registry, &th_memory_type), 0);
	fake_kernel_init(&host.kernel, &host.executor);
	host.device_config =
		(struct th_memory_config){ .size_bytes = SIZE_BYTES, .block_bytes = 512 };
	host.config = (struct th_ublk_config){
		.kernel = &host.kernel.ops,
		.name = "vol0",
		.place_id = PLACE_ID,
		.content_id = CONTENT_ID,
		.queue_depth = DEPTH,
		.patience_ns = PATIENCE_NS,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (host.ublk->power == TH_ON)
		switch_to(false);
	assert_int_equal(host.kernel.line_count, 0);
	assert_int_equal(th_disconnect(&host.ublk->inputs[TH_UBLK_INPUT_DEVICE], NULL, NULL), 0);
	run();
	assert_int_equal(th_brick_destroy(&host.registry, host.ublk), 0);
	assert_int_equal(th_brick_power(host.device, false, NULL, NULL), 0);
	run();
	assert_int_equal(th_brick_destroy(&host.registry, host.device), 0);
	return 0;
}

/* The only disk that the brick shows. */
static struct fake_disk *shown(void)
{
	char place[TH_UBLK_PLACE_MAX];
	unsigned int number;

	th_ublk_place(host.ublk, place);
	assert_int_equal(sscanf(place, "/dev/ublkb%u", &number), 1);
	assert_non_null(fake_disk(&host.kernel, number));
	return fake_disk(&host.kernel, number);
}

static struct fake_request *submit(uint32_t op_flags, uint64_t sector, uint32_t sectors, void *data)
{
	return fake_submit(&host.kernel, shown()->number, op_flags, sector, sectors, data);
}

static void expect_record(uint8_t operation, uint8_t flags, uint64_t position, uint64_t length)
{
	struct th_memory_record record;

	assert_true(th_memory_take_record(host.device, &record));
	assert_int_equal(record.operation, operation);
	assert_int_equal(record.flags, flags);
	assert_int_equal(record.position, position);
	assert_int_equal(record.length, length);
}

static void expect_failure(int code, const char *text)
{
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_OFF);
	assert_int_equal(host.ublk->error.code, code);
	if (!strstr(host.ublk->error.text, text))
		fail_msg("'%s' does not say '%s'", host.ublk->error.text, text);
}

/* ---- appearing and vanishing ---- */

static void a_disk_appears_with_what_the_device_can_do_and_vanishes(void **state)
{
	const struct fake_disk *disk;

	(void)state;
	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	disk = shown();
	assert_int_equal(disk->info.state, UBLK_S_DEV_LIVE);
	assert_int_equal(disk->info.queue_depth, DEPTH);
	assert_int_equal(disk->info.nr_hw_queues, 1);
	assert_int_equal(disk->info.ublksrv_flags, IDENTITY);
	assert_int_equal(disk->info.flags, UBLK_F_USER_RECOVERY | UBLK_F_USER_RECOVERY_REISSUE);
	assert_int_equal(disk->params.basic.attrs, ATTRIBUTES);
	assert_int_equal(disk->params.basic.dev_sectors, SECTORS);
	assert_int_equal(disk->params.basic.logical_bs_shift, 9);
	assert_int_equal(disk->params.basic.physical_bs_shift, 12);
	assert_int_equal(disk->params.basic.max_sectors * 512, disk->info.max_io_buf_bytes);
	assert_int_equal(disk->params.discard.discard_granularity, 512);
	assert_int_equal(disk->params.discard.max_discard_segments, 1);
	switch_to(false);
	assert_int_equal(host.kernel.sync_count, 1);
	assert_int_equal(fake_disk_count(&host.kernel), 0);
}

static void a_disk_of_a_device_with_large_blocks_has_large_blocks(void **state)
{
	(void)state;
	host.device_config.block_bytes = 4096;
	make_device();
	switch_to(true);
	assert_int_equal(shown()->params.basic.logical_bs_shift, 12);
	assert_int_equal(shown()->params.basic.physical_bs_shift, 12);
}

static void a_disk_that_is_shown_read_only_is_so(void **state)
{
	(void)state;
	host.config.read_only = true;
	make_device();
	switch_to(true);
	assert_int_equal(shown()->params.basic.attrs, ATTRIBUTES | UBLK_ATTR_READ_ONLY);
}

static void a_disk_is_read_only_when_its_device_is(void **state)
{
	(void)state;
	host.device_config.read_only = true;
	make_device();
	switch_to(true);
	assert_int_equal(shown()->params.basic.attrs, ATTRIBUTES | UBLK_ATTR_READ_ONLY);
}

static void it_can_be_shown_again(void **state)
{
	(void)state;
	make_device();
	for (int turn = 0; turn < 3; turn++) {
		switch_to(true);
		assert_int_equal(fake_disk_count(&host.kernel), 1);
		switch_to(false);
		assert_int_equal(fake_disk_count(&host.kernel), 0);
	}
}

static void vanishing_waits_for_requests_under_way(void **state)
{
	static uint8_t data[4096];
	struct fake_request *request;

	(void)state;
	make_device();
	switch_to(true);
	th_memory_hold(host.device, true);
	request = submit(UBLK_IO_OP_WRITE, 0, 8, data);
	run();
	begin_switching(false);
	run_timers();
	assert_false(host.switched);
	assert_false(request->done);
	th_memory_hold(host.device, false);
	run_timers();
	assert_true(host.switched);
	assert_int_equal(request->result, 4096);
}

static void before_linux_6_9_a_disk_is_deleted_too(void **state)
{
	(void)state;
	make_device();
	switch_to(true);
	host.kernel.failing = UBLK_U_CMD_DEL_DEV_ASYNC;
	host.kernel.failure = -EOPNOTSUPP;
	switch_to(false);
	assert_int_equal(fake_disk_count(&host.kernel), 0);
}

/* ---- failing ---- */

static void without_ublk_it_says_what_to_do(void **state)
{
	(void)state;
	make_device();
	host.kernel.open_error =
		(struct th_error){ -ENOENT, "this kernel has no ublk: modprobe ublk_drv" };
	expect_failure(-ENOENT, "modprobe ublk_drv");
}

static void a_kernel_that_is_too_old_is_refused(void **state)
{
	(void)state;
	make_device();
	host.kernel.failing = UBLK_U_CMD_GET_FEATURES;
	host.kernel.failure = -EOPNOTSUPP;
	expect_failure(-EOPNOTSUPP, "Linux 6.5 or newer");
	host.kernel.failing = 0;
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
}

static void fails_at(uint32_t operation, int failure, const char *text)
{
	make_device();
	host.kernel.failing = operation;
	host.kernel.failure = failure;
	expect_failure(failure, text);
	assert_int_equal(fake_disk_count(&host.kernel), 0);
}

static void nothing_is_left_when_no_disk_is_made(void **state)
{
	(void)state;
	fails_at(UBLK_U_CMD_ADD_DEV, -ENOMEM, "no disk");
}

static void nothing_is_left_when_a_disk_is_not_described(void **state)
{
	(void)state;
	fails_at(UBLK_U_CMD_SET_PARAMS, -EINVAL, "what the disk can do");
}

static void nothing_is_left_when_a_disk_does_not_start(void **state)
{
	(void)state;
	fails_at(UBLK_U_CMD_START_DEV, -ENOSPC, "cannot be started");
}

static void nothing_is_left_when_the_requests_are_not_to_be_had(void **state)
{
	(void)state;
	make_device();
	host.kernel.map_error = (struct th_error){ -ENOENT, "/dev/ublkc3 cannot be opened" };
	expect_failure(-ENOENT, "/dev/ublkc3");
	assert_int_equal(fake_disk_count(&host.kernel), 0);
}

static void a_disk_whose_requests_are_refused_is_removed_by_the_next_one(void **state)
{
	(void)state;
	make_device();
	host.kernel.fetch_failure = -EINVAL;
	expect_failure(-EINVAL, "gives no requests");
	assert_int_equal(fake_disk_count(&host.kernel), 1);
	host.kernel.fetch_failure = 0;
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
}

static void without_an_open_device_there_is_nothing_to_show(void **state)
{
	(void)state;
	make_device();
	assert_int_equal(th_brick_power(host.device, false, NULL, NULL), 0);
	run();
	expect_failure(-ENXIO, "no open device");
	assert_int_equal(th_brick_power(host.device, true, NULL, NULL), 0);
	run();
}

/* ---- requests ---- */

static void what_is_written_is_read(void **state)
{
	static uint8_t data[65536], found[65536];
	struct fake_request *write, *read;

	(void)state;
	make_device();
	switch_to(true);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	write = submit(UBLK_IO_OP_WRITE, 16, 128, data);
	run();
	read = submit(UBLK_IO_OP_READ, 16, 128, found);
	run();
	assert_int_equal(write->result, sizeof(data));
	assert_int_equal(read->result, sizeof(found));
	assert_memory_equal(data, found, sizeof(data));
}

static void each_operation_goes_to_the_device_with_its_flags(void **state)
{
	static uint8_t data[4096];

	(void)state;
	make_device();
	switch_to(true);
	submit(UBLK_IO_OP_READ | UBLK_IO_F_META, 8, 8, data);
	submit(UBLK_IO_OP_WRITE, 16, 8, data);
	submit(UBLK_IO_OP_WRITE | UBLK_IO_F_FUA, 24, 8, data);
	submit(UBLK_IO_OP_FLUSH, 0, 0, NULL);
	run();
	submit(UBLK_IO_OP_DISCARD, 32, 4096, NULL);
	submit(UBLK_IO_OP_WRITE_ZEROES, 40, 8192, NULL);
	submit(UBLK_IO_OP_WRITE_ZEROES | UBLK_IO_F_NOUNMAP | UBLK_IO_F_FUA, 48, 8, NULL);
	run();
	expect_record(TH_READ, 0, 4096, 4096);
	expect_record(TH_WRITE, 0, 8192, 4096);
	expect_record(TH_WRITE, TH_FUA, 12288, 4096);
	expect_record(TH_FLUSH, 0, 0, 0);
	expect_record(TH_DISCARD, 0, 16384, 2 * TH_MIB);
	expect_record(TH_WRITE_ZEROES, 0, 20480, 4 * TH_MIB);
	expect_record(TH_WRITE_ZEROES, TH_FUA | TH_NO_DEALLOCATE, 24576, 4096);
	for (uint32_t i = 0; i < host.kernel.request_count; i++) {
		assert_true(host.kernel.requests[i].done);
		assert_true(host.kernel.requests[i].result >= 0);
	}
}

static void more_requests_than_tags_are_all_served(void **state)
{
	static uint8_t data[FAKE_REQUESTS_MAX][512];

	(void)state;
	make_device();
	switch_to(true);
	th_memory_hold(host.device, true);
	for (uint32_t i = 0; i < FAKE_REQUESTS_MAX; i++)
		submit(UBLK_IO_OP_WRITE, i, 1, data[i]);
	run();
	assert_int_equal(th_memory_held(host.device), DEPTH);
	th_memory_hold(host.device, false);
	run();
	for (uint32_t i = 0; i < FAKE_REQUESTS_MAX; i++)
		assert_int_equal(host.kernel.requests[i].result, 512);
}

static int result_of_failure(int error)
{
	static uint8_t data[512];
	struct fake_request *request;

	th_memory_fail_next(host.device, TH_WRITE, error);
	request = submit(UBLK_IO_OP_WRITE, 0, 1, data);
	run();
	assert_true(request->done);
	return request->result;
}

static void errors_of_the_device_are_errors_of_the_disk(void **state)
{
	(void)state;
	make_device();
	switch_to(true);
	assert_int_equal(result_of_failure(-EIO), -EIO);
	assert_int_equal(result_of_failure(-ENOSPC), -ENOSPC);
	assert_int_equal(result_of_failure(-EOPNOTSUPP), -EOPNOTSUPP);
	/* The block layer would take these for its own. */
	assert_int_equal(result_of_failure(-EAGAIN), -EIO);
	assert_int_equal(result_of_failure(-ENODEV), -EIO);
	assert_int_equal(result_of_failure(-EROFS), -EIO);
	assert_int_equal(result_of_failure(0), 512);
}

static void what_does_not_fit_never_reaches_the_device(void **state)
{
	static uint8_t data[4096];
	struct th_memory_record record;
	struct fake_request *wrong[5];

	(void)state;
	host.device_config.block_bytes = 4096;
	make_device();
	switch_to(true);
	wrong[0] = submit(UBLK_IO_OP_WRITE, SECTORS, 8, data);
	wrong[1] = submit(UBLK_IO_OP_DISCARD, SECTORS - 8, 16, NULL);
	wrong[2] = submit(UBLK_IO_OP_READ, 1, 8, data);
	wrong[3] = submit(UBLK_IO_OP_READ, 0, 0, data);
	run();
	wrong[4] = submit(99, 0, 8, NULL);
	run();
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(wrong[i]->result, -EIO);
	assert_int_equal(wrong[4]->result, -EOPNOTSUPP);
	assert_false(th_memory_take_record(host.device, &record));
}

/* ---- what another process left behind ---- */

static void a_disk_that_was_left_behind_goes_on_with_its_requests(void **state)
{
	static uint8_t data[4096];
	struct fake_disk *old;
	struct fake_request *request;

	(void)state;
	old = fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES);
	request = fake_submit(&host.kernel, old->number, UBLK_IO_OP_WRITE, 8, 8, data);
	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_ptr_equal(shown(), old);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
	assert_true(request->done);
	assert_int_equal(request->result, 4096);
}

static void the_kernel_may_need_a_moment_to_notice_a_death(void **state)
{
	struct fake_disk *old =
		fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES);

	(void)state;
	host.kernel.busy_count = 5;
	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_ptr_equal(shown(), old);
}

static void a_disk_that_another_process_serves_is_left_alone(void **state)
{
	struct fake_disk *old =
		fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES);

	(void)state;
	old->info.state = UBLK_S_DEV_LIVE;
	make_device();
	expect_failure(-EBUSY, "process 4711 still serves /dev/ublkb3");
	assert_int_equal(old->info.state, UBLK_S_DEV_LIVE);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
}

static void disks_of_others_are_left_alone(void **state)
{
	struct fake_disk *other =
		fake_leave_behind(&host.kernel, IDENTITY ^ 1ULL << 40, DEPTH, SECTORS, ATTRIBUTES);

	(void)state;
	make_device();
	switch_to(true);
	assert_ptr_not_equal(shown(), other);
	assert_int_equal(other->info.state, UBLK_S_DEV_QUIESCED);
	switch_to(false);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
}

static void a_disk_that_cannot_be_taken_over_stays_for_another_try(void **state)
{
	(void)state;
	fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES);
	make_device();
	host.kernel.failing = UBLK_U_CMD_END_USER_RECOVERY;
	host.kernel.failure = -EINTR;
	expect_failure(-EINTR, "cannot be taken over");
	host.kernel.failing = 0;
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
}

/* The old one is gone, what waited there failed, and there is a new one. */
static void expect_replaced(struct fake_disk *old)
{
	static uint8_t data[512];
	struct fake_request *request =
		fake_submit(&host.kernel, old->number, UBLK_IO_OP_READ, 0, 1, data);

	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_true(request->done);
	assert_int_equal(request->result, -EIO);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
	assert_int_equal(shown()->info.ublksrv_flags, IDENTITY);
}

static void a_disk_with_another_content_is_replaced(void **state)
{
	(void)state;
	expect_replaced(fake_leave_behind(&host.kernel, IDENTITY ^ 1, DEPTH, SECTORS, ATTRIBUTES));
}

static void a_writable_disk_of_what_is_read_only_now_is_replaced(void **state)
{
	(void)state;
	host.device_config.read_only = true;
	expect_replaced(fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES));
	assert_int_equal(shown()->params.basic.attrs, ATTRIBUTES | UBLK_ATTR_READ_ONLY);
}

static void a_disk_that_was_larger_is_replaced(void **state)
{
	(void)state;
	expect_replaced(fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS + 8, ATTRIBUTES));
}

static void a_disk_that_nobody_can_take_over_is_replaced(void **state)
{
	(void)state;
	host.kernel.failing = UBLK_U_CMD_START_USER_RECOVERY;
	host.kernel.failure = -EINVAL;
	expect_replaced(fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES));
}

static void a_disk_of_another_depth_is_replaced(void **state)
{
	(void)state;
	expect_replaced(fake_leave_behind(&host.kernel, IDENTITY, DEPTH * 2, SECTORS, ATTRIBUTES));
}

static void a_disk_that_never_started_is_replaced(void **state)
{
	struct fake_disk *old =
		fake_leave_behind(&host.kernel, IDENTITY, DEPTH, SECTORS, ATTRIBUTES);

	(void)state;
	old->info.state = UBLK_S_DEV_DEAD;
	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	assert_int_equal(fake_disk_count(&host.kernel), 1);
	assert_int_equal(shown()->info.state, UBLK_S_DEV_LIVE);
}

/* ---- growing ---- */

static void shrink_and_show(void)
{
	make_device();
	th_memory_resize(host.device, SIZE_BYTES / 2);
	switch_to(true);
	assert_int_equal(shown()->params.basic.dev_sectors, SECTORS / 2);
	th_memory_resize(host.device, SIZE_BYTES);
	run();
}

static void a_disk_grows_with_its_device(void **state)
{
	static uint8_t data[512];
	struct fake_request *request;

	(void)state;
	host.kernel.features = UBLK_F_UPDATE_SIZE;
	shrink_and_show();
	assert_int_equal(shown()->params.basic.dev_sectors, SECTORS);
	request = submit(UBLK_IO_OP_WRITE, SECTORS - 1, 1, data);
	run();
	assert_int_equal(request->result, 512);
}

static void a_disk_of_a_kernel_that_cannot_enlarge_it_keeps_its_size(void **state)
{
	(void)state;
	shrink_and_show();
	assert_int_equal(shown()->params.basic.dev_sectors, SECTORS / 2);
	switch_to(false);
	switch_to(true);
	assert_int_equal(shown()->params.basic.dev_sectors, SECTORS);
}

/* ---- users ---- */

static void users_are_counted_once_a_second(void **state)
{
	(void)state;
	make_device();
	assert_int_equal(th_ublk_users(host.ublk), 0);
	host.kernel.users = 2;
	switch_to(true);
	assert_int_equal(th_ublk_users(host.ublk), 2);
	host.kernel.users = 0;
	assert_int_equal(th_ublk_users(host.ublk), 2);
	host.now_ns += TH_NS_PER_S;
	assert_int_equal(th_ublk_users(host.ublk), 0);
}

/* ---- links ---- */

static void a_disk_is_found_by_its_name(void **state)
{
	char directory[] = "/tmp/ublk_test.XXXXXX", link[64], target[64];
	ssize_t bytes;

	(void)state;
	assert_non_null(mkdtemp(directory));
	host.config.link_directory = directory;
	snprintf(link, sizeof(link), "%s/vol0", directory);
	/* One that was left behind. */
	assert_int_equal(symlink("../ublkb77", link), 0);
	make_device();
	switch_to(true);
	bytes = readlink(link, target, sizeof(target));
	assert_int_equal(bytes, strlen("../ublkb3"));
	assert_memory_equal(target, "../ublkb3", (size_t)bytes);
	switch_to(false);
	assert_int_equal(access(link, F_OK), -1);
	assert_int_equal(rmdir(directory), 0);
}

static void what_is_no_link_to_such_a_disk_is_left_alone(void **state)
{
	char directory[] = "/tmp/ublk_test.XXXXXX", link[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	host.config.link_directory = directory;
	snprintf(link, sizeof(link), "%s/vol0", directory);
	assert_int_equal(symlink("../tharsis0", link), 0);
	make_device();
	switch_to(true);
	assert_int_equal(host.ublk->power, TH_ON);
	switch_to(false);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(directory), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_appears_with_what_the_device_can_do_and_vanishes),
		TEST(a_disk_of_a_device_with_large_blocks_has_large_blocks),
		TEST(a_disk_that_is_shown_read_only_is_so),
		TEST(a_disk_is_read_only_when_its_device_is),
		TEST(it_can_be_shown_again),
		TEST(vanishing_waits_for_requests_under_way),
		TEST(before_linux_6_9_a_disk_is_deleted_too),
		TEST(without_ublk_it_says_what_to_do),
		TEST(a_kernel_that_is_too_old_is_refused),
		TEST(nothing_is_left_when_no_disk_is_made),
		TEST(nothing_is_left_when_a_disk_is_not_described),
		TEST(nothing_is_left_when_a_disk_does_not_start),
		TEST(nothing_is_left_when_the_requests_are_not_to_be_had),
		TEST(a_disk_whose_requests_are_refused_is_removed_by_the_next_one),
		TEST(without_an_open_device_there_is_nothing_to_show),
		TEST(what_is_written_is_read),
		TEST(each_operation_goes_to_the_device_with_its_flags),
		TEST(more_requests_than_tags_are_all_served),
		TEST(errors_of_the_device_are_errors_of_the_disk),
		TEST(what_does_not_fit_never_reaches_the_device),
		TEST(a_disk_that_was_left_behind_goes_on_with_its_requests),
		TEST(the_kernel_may_need_a_moment_to_notice_a_death),
		TEST(a_disk_that_another_process_serves_is_left_alone),
		TEST(disks_of_others_are_left_alone),
		TEST(a_disk_that_cannot_be_taken_over_stays_for_another_try),
		TEST(a_disk_with_another_content_is_replaced),
		TEST(a_writable_disk_of_what_is_read_only_now_is_replaced),
		TEST(a_disk_that_was_larger_is_replaced),
		TEST(a_disk_that_nobody_can_take_over_is_replaced),
		TEST(a_disk_of_another_depth_is_replaced),
		TEST(a_disk_that_never_started_is_replaced),
		TEST(a_disk_grows_with_its_device),
		TEST(a_disk_of_a_kernel_that_cannot_enlarge_it_keeps_its_size),
		TEST(users_are_counted_once_a_second),
		TEST(a_disk_is_found_by_its_name),
		TEST(what_is_no_link_to_such_a_disk_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
