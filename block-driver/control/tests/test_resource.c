// SPDX-License-Identifier: GPL-2.0
/* Resources are put together and taken apart in the right order, and what fails half-way leaves nothing behind. */
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct bench test_bench;
static struct client client, other;

static int start(void **state)
{
	(void)state;
	bench_start(&test_bench);
	client_open(&client);
	client_open(&other);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_engine_reset();
	client_close(&client);
	client_close(&other);
	bench_stop();
	return 0;
}

static void open_vol0(void)
{
	client_send(&client, "open vol0 directory=/log");
	assert_non_null(strstr(client.reply, "ok\n"));
}

static void close_vol0(void)
{
	client_expect(&client, "close vol0", "ok\n");
	assert_int_equal(bench_brick_count(), 0);
}

static void engine_fails(enum th_engine_operation operation, int code, const char *text)
{
	fake_engine_script.fails[operation] = true;
	fake_engine_script.error = (struct th_error){ .code = code };
	th_snprintf(fake_engine_script.error.text, TH_ERROR_TEXT_MAX, "%s", text);
}

static void open_recovers_and_tells_where_the_log_ends(void **state)
{
	(void)state;
	client_expect(&client,
		      "open vol0 directory=/log resource-uuid=00112233445566778899aabbccddeeff",
		      "role=secondary\nresource-uuid=00112233-4455-6677-8899-aabbccddeeff\n"
		      "node-uuid=07000000-0000-0000-0000-000000000000\ndevice-bytes=67108864\n"
		      "epoch=3\nend-lsn=8192\nend-chain=0123456789abcdef\nok\n");
	assert_int_equal(bench_brick_count(), 2);
	client_expect(&client, "list", "resource=vol0\nok\n");
	client_refused(&client, "open vol0 directory=/log", "exists");
	close_vol0();
	client_expect(&client, "list", "ok\n");
	client_refused(&client, "close vol0", "absent");
}

static void options_are_the_engines_before_it_opens(void **state)
{
	(void)state;
	client_send(&client, "open vol0 directory=/log dirty-extents-max=5000 until-lsn=4096");
	assert_int_equal(fake_engine_script.call_count[TH_CALL_TUNE], 1);
	assert_int_equal(fake_engine_script.last.operation, TH_CALL_OPEN);
	assert_int_equal(fake_engine_script.last.options.dirty_extents_max, 5000);
	assert_int_equal(fake_engine_script.last.until_lsn, 4096);
	close_vol0();
}

static void create_makes_the_files_and_leaves_nothing_open(void **state)
{
	(void)state;
	client_expect(&client,
		      "create vol0 directory=/log size=1GiB "
		      "node-uuid=00112233445566778899aabbccddeeff",
		      "resource-uuid=01010101-0101-4101-8101-010101010101\n"
		      "node-uuid=00112233-4455-6677-8899-aabbccddeeff\nok\n");
	assert_int_equal(fake_engine_script.last.operation, TH_CALL_CREATE);
	assert_int_equal(fake_engine_script.last.device_bytes, TH_GIB);
	assert_int_equal(fake_engine_script.last.block_bytes, 4096);
	assert_int_equal(bench_brick_count(), 0);
	client_expect(&client, "list", "ok\n");
	engine_fails(TH_CALL_CREATE, -EEXIST, "the log directory holds a replica already");
	client_expect(&client, "create vol0 directory=/log size=1GiB block=512",
		      "error exists the log directory holds a replica already\n");
	assert_int_equal(bench_brick_count(), 0);
}

static void create_tells_the_engine_where_the_log_begins(void **state)
{
	(void)state;
	client_send(
		&client,
		"create vol0 directory=/log size=1GiB start-lsn=73728 start-epoch=3 "
		"start-chain=5b1f2a90c3d4e6f7 inconsistent-until-lsn=81920 inconsistent-until-epoch=4");
	assert_non_null(strstr(client.reply, "ok\n"));
	assert_int_equal(fake_engine_script.last.operation, TH_CALL_CREATE);
	assert_int_equal(fake_engine_script.last.start_lsn, 73728);
	assert_int_equal(fake_engine_script.last.epoch, 3);
	assert_true(fake_engine_script.last.chain == 0x5b1f2a90c3d4e6f7);
	assert_int_equal(fake_engine_script.last.inconsistent_until_lsn, 81920);
	assert_int_equal(fake_engine_script.last.inconsistent_until_epoch, 4);
	client_send(&client, "create vol0 directory=/log size=1GiB");
	assert_int_equal(fake_engine_script.last.start_lsn, 0);
	assert_int_equal(fake_engine_script.last.epoch, 0);
	assert_true(fake_engine_script.last.chain == 0);
	assert_int_equal(fake_engine_script.last.inconsistent_until_lsn, 0);
}

static void a_log_directory_that_cannot_be_used_is_refused(void **state)
{
	(void)state;
	bench->script.make_log = (struct th_error){ -EOPNOTSUPP, "no io_uring here" };
	client_expect(&client, "open vol0 directory=/log", "error unsupported no io_uring here\n");
	bench->script.make_log = (struct th_error){ 0 };
	bench->script.log_power_fails = true;
	client_expect(&client, "open vol0 directory=/log",
		      "error absent vol0/log does not exist\n");
	assert_int_equal(bench_brick_count(), 0);
	assert_int_equal(bench->control.resource_count, 0);
}

static void whatever_fails_while_opening_leaves_nothing(void **state)
{
	(void)state;
	fake_engine_script.power_fails = true;
	client_refused(&client, "open vol0 directory=/log", "no-memory");
	assert_int_equal(bench_brick_count(), 0);
	fake_engine_script.power_fails = false;
	engine_fails(TH_CALL_TUNE, -EINVAL, "no such options");
	client_refused(&client, "open vol0 directory=/log", "invalid");
	assert_int_equal(bench_brick_count(), 0);
	fake_engine_script.fails[TH_CALL_TUNE] = false;
	engine_fails(TH_CALL_OPEN, -EUCLEAN, "the log is damaged at LSN 4096");
	client_expect(&client, "open vol0 directory=/log",
		      "error corrupt the log is damaged at LSN 4096\n");
	assert_int_equal(bench_brick_count(), 0);
	client_expect(&client, "list", "ok\n");
}

static void more_resources_than_memory_for_them_are_refused(void **state)
{
	(void)state;
	for (char i = '0'; i < '4'; i++) {
		char line[] = "open vol? directory=/log";

		line[8] = i;
		client_send(&client, line);
		assert_non_null(strstr(client.reply, "ok\n"));
	}
	client_refused(&client, "open vol4 directory=/log", "no-memory");
	client_expect(&client, "list",
		      "resource=vol0\nresource=vol1\nresource=vol2\nresource=vol3\nok\n");
	client_expect(&client, "close vol1", "ok\n");
	client_expect(&client, "close vol2", "ok\n");
	client_expect(&client, "close vol3", "ok\n");
	close_vol0();
}

static void a_resource_that_is_opening_is_busy_for_others(void **state)
{
	(void)state;
	fake_engine_script.hold = true;
	client_expect(&client, "open vol0 directory=/log", "");
	client_refused(&other, "flush vol0", "busy");
	client_refused(&other, "close vol0", "busy");
	client_refused(&other, "open vol0 directory=/log", "exists");
	client_send(&other, "status vol0");
	assert_non_null(strstr(other.reply, "state=opening\n"));
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	assert_non_null(strstr(client.reply, "ok\n"));
	close_vol0();
}

static void a_resource_that_is_being_created_is_not_listed_but_has_its_name(void **state)
{
	(void)state;
	client_expect(&other, "watch", "ok\n");
	fake_engine_script.hold = true;
	client_expect(&client, "create vol0 directory=/log size=1GiB", "");
	client_expect(&other, "list", "ok\n");
	client_refused(&other, "open vol0 directory=/log", "exists");
	client_expect(&other, "watch", "ok\n");
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	assert_non_null(strstr(client.reply, "ok\n"));
	open_vol0();
	close_vol0();
}

static void a_command_goes_on_when_its_session_vanishes(void **state)
{
	struct client vanishing;

	(void)state;
	client_open(&vanishing);
	fake_engine_script.hold = true;
	client_expect(&vanishing, "open vol0 directory=/log", "");
	client_close(&vanishing);
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	client_expect(&client, "list", "resource=vol0\nok\n");
	close_vol0();
}

static void a_disk_is_attached_and_detached(void **state)
{
	(void)state;
	open_vol0();
	client_expect(&client, "attach vol0 disk=/dev/d label=write", "ok\n");
	assert_true(fake_engine_script.last.write_label);
	assert_int_equal(bench_brick_count(), 3);
	client_refused(&client, "attach vol0 disk=/dev/e", "exists");
	client_expect(&client, "detach vol0", "ok\n");
	assert_int_equal(bench_brick_count(), 2);
	client_refused(&client, "detach vol0", "absent");
	close_vol0();
}

static void a_disk_that_cannot_be_taken_is_let_go(void **state)
{
	(void)state;
	open_vol0();
	engine_fails(TH_CALL_ATTACH, -ENOSPC, "the disk has 512 bytes, the device 1024");
	client_expect(&client, "attach vol0 disk=/dev/d",
		      "error no-space the disk has 512 bytes, the device 1024\n");
	engine_fails(TH_CALL_ATTACH, -EXDEV, "the label is of another resource");
	client_refused(&client, "attach vol0 disk=/dev/d", "foreign");
	bench->script.disk_power_fails = true;
	client_refused(&client, "attach vol0 disk=/dev/d", "absent");
	bench->script.make_disk = (struct th_error){ -EBUSY, "in use" };
	client_refused(&client, "attach vol0 disk=/dev/d", "busy");
	assert_int_equal(bench_brick_count(), 2);
	client_send(&client, "status vol0");
	assert_null(strstr(client.reply, "disk=/dev/d\n"));
	close_vol0();
}

static void close_drains_to_the_disk_before_it_lets_go_of_it(void **state)
{
	(void)state;
	open_vol0();
	client_expect(&client, "attach vol0 disk=/dev/d", "ok\n");
	client_expect(&client, "close vol0", "ok\n");
	assert_int_equal(fake_engine_script.last.operation, TH_CALL_CLOSE);
	assert_true(fake_engine_script.last.drain);
	assert_int_equal(fake_engine_script.call_count[TH_CALL_DETACH], 0);
	assert_int_equal(bench_brick_count(), 0);
	open_vol0();
	client_expect(&client, "close vol0 drain=no", "ok\n");
	assert_false(fake_engine_script.last.drain);
}

static void a_close_that_could_not_drain_closes_and_says_so(void **state)
{
	(void)state;
	open_vol0();
	engine_fails(TH_CALL_CLOSE, -EIO, "closed, but not everything is on the disk");
	client_expect(&client, "close vol0",
		      "error io closed, but not everything is on the disk\n");
	assert_int_equal(bench_brick_count(), 0);
	client_expect(&client, "list", "ok\n");
}

static void a_close_that_fails_leaves_it_open_and_can_be_repeated(void **state)
{
	(void)state;
	open_vol0();
	engine_fails(TH_CALL_CLOSE, -EIO, "not now");
	fake_engine_script.close_stays_open = true;
	client_expect(&client, "close vol0", "error io not now\n");
	client_expect(&client, "flush vol0", "epoch=3\nend-lsn=8192\nok\n");
	fake_engine_reset();
	close_vol0();
}

static void an_exported_resource_is_not_closed(void **state)
{
	(void)state;
	open_vol0();
	client_expect(&client, "export vol0", "ok\n");
	client_expect(&client, "export vol0 name=copy read-only=yes", "ok\n");
	client_refused(&client, "export vol0", "exists");
	client_refused(&client, "close vol0", "busy");
	client_send(&client, "status vol0");
	assert_non_null(strstr(client.reply, "export.vol0.read-only=no\nexport.vol0.clients=3\n"
					     "export.copy.read-only=yes\n"));
	client_expect(&client, "unexport vol0", "ok\n");
	client_refused(&client, "unexport vol0", "absent");
	client_refused(&client, "close vol0", "busy");
	client_expect(&client, "unexport vol0 name=copy", "ok\n");
	close_vol0();
}

static void names_of_exports_are_unique_on_the_host_and_bounded(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "open vol1 directory=/log1");
	client_expect(&client, "export vol0 name=a", "ok\n");
	client_refused(&client, "export vol1 name=a", "exists");
	client_expect(&client, "export vol0 name=b", "ok\n");
	client_expect(&client, "export vol0 name=c", "ok\n");
	client_expect(&client, "export vol0 name=d", "ok\n");
	client_refused(&client, "export vol0 name=e", "no-memory");
	bench->script.export_device = (struct th_error){ -EOPNOTSUPP, "no place for clients" };
	client_refused(&client, "export vol1 name=f", "unsupported");
	client_expect(&client, "close vol1", "ok\n");
	client_expect(&client, "unexport vol0 name=a", "ok\n");
	client_expect(&client, "unexport vol0 name=b", "ok\n");
	client_expect(&client, "unexport vol0 name=c", "ok\n");
	client_expect(&client, "unexport vol0 name=d", "ok\n");
	close_vol0();
}

static void an_export_is_of_the_kind_that_was_asked_for_and_tells_its_device(void **state)
{
	(void)state;
	open_vol0();
	client_expect(&client, "export vol0", "ok\n");
	assert_int_equal(bench->export_kind, TH_EXPORT_USUAL);
	client_expect(&client, "export vol0 name=a as=nbd", "ok\n");
	assert_int_equal(bench->export_kind, TH_EXPORT_NBD);
	client_send(&client, "status vol0");
	assert_null(strstr(client.reply, ".device="));
	client_expect(&client, "export vol0 name=b as=ublk", "ok\n");
	assert_int_equal(bench->export_kind, TH_EXPORT_UBLK);
	bench->script.export_place = "/dev/ublkb7";
	client_send(&client, "status vol0");
	assert_non_null(strstr(client.reply, "export.b.clients=3\nexport.b.device=/dev/ublkb7\n"));
	client_refused(&client, "export vol0 name=c as=floppy", "usage");
	client_expect(&client, "unexport vol0", "ok\n");
	client_expect(&client, "unexport vol0 name=a", "ok\n");
	client_expect(&client, "unexport vol0 name=b", "ok\n");
	close_vol0();
}

static void shape_is_changed_by_one_command_at_a_time(void **state)
{
	(void)state;
	open_vol0();
	client_expect(&client, "export vol0", "ok\n");
	bench->script.export_later = true;
	client_expect(&client, "unexport vol0", "");
	client_refused(&other, "attach vol0 disk=/dev/d", "busy");
	client_refused(&other, "export vol0 name=b", "busy");
	client_refused(&other, "close vol0", "busy");
	client_expect(&other, "flush vol0", "epoch=3\nend-lsn=8192\nok\n");
	bench_end_unexport();
	assert_string_equal(client.reply, "ok\n");
	close_vol0();
}

static void calls_carry_what_the_line_says(void **state)
{
	const struct th_engine_call *call = &fake_engine_script.last;

	(void)state;
	open_vol0();
	client_expect(&client, "role vol0 primary epoch=9 chain=00000000000000ff",
		      "epoch=9\nend-lsn=8192\nend-chain=0123456789abcdef\nok\n");
	assert_true(call->chain_given && call->chain == 255 && call->epoch == 9);
	client_expect(&client, "role vol0 secondary",
		      "end-lsn=8192\nend-chain=0123456789abcdef\nok\n");
	client_expect(&client, "received vol0 epoch=3 start-lsn=4096 lsn=8192", "ok\n");
	assert_true(call->epoch == 3 && call->start_lsn == 4096 && call->lsn == 8192);
	client_expect(&client, "replay vol0 run until-lsn=5 until-time-ns=6", "ok\n");
	assert_true(call->run && call->until_lsn == 5 && call->until_ns == 6);
	client_expect(&client, "replay vol0 pause", "ok\n");
	assert_false(call->run);
	client_expect(&client, "cut vol0 epoch=2 lsn=4096", "ok\n");
	assert_true(call->operation == TH_CALL_CUT && call->epoch == 2 && call->lsn == 4096);
	client_expect(&client, "lease vol0 milliseconds=1500", "ok\n");
	assert_true(call->lease_ns == 1500 * TH_NS_PER_MS);
	client_expect(&client, "resize vol0 size=2GiB", "device-bytes=2147483648\nok\n");
	client_expect(&client, "peer-add vol0 peer=00112233445566778899aabbccddeeff lsn=0", "ok\n");
	assert_true(call->operation == TH_CALL_PEER_ADD && call->lsn_given && call->lsn == 0);
	client_expect(&client, "peer-add vol0 peer=00112233445566778899aabbccddeeff", "ok\n");
	assert_false(call->lsn_given);
	client_expect(&client, "remote-durable vol0 lsn=7 peer=00112233445566778899aabbccddeeff",
		      "ok\n");
	assert_true(call->lsn == 7 && call->peer.bytes[15] == 0xff);
	close_vol0();
}

static void errors_of_calls_keep_their_meaning(void **state)
{
	(void)state;
	open_vol0();
	engine_fails(TH_CALL_PRIMARY, -ESTALE, "epoch 3 is not above epoch 5");
	client_expect(&client, "role vol0 primary epoch=3",
		      "error stale-epoch epoch 3 is not above epoch 5\n");
	engine_fails(TH_CALL_PRIMARY, -EUCLEAN, "not consistent before LSN 4096");
	client_refused(&client, "role vol0 primary epoch=3", "not-consistent");
	engine_fails(TH_CALL_ROTATE, -EROFS, "this replica is not primary");
	client_refused(&client, "rotate vol0", "read-only");
	close_vol0();
}

static void tune_changes_only_what_is_named(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "tune vol0 fencing=lease writeback-delay-ms=10 segment-bytes=1MiB");
	assert_non_null(strstr(client.reply, "option.segment-bytes=1048576\n"));
	assert_non_null(strstr(client.reply, "option.fencing=lease\n"));
	assert_non_null(strstr(client.reply, "option.writeback-delay-ms=10\n"));
	assert_non_null(strstr(client.reply, "option.writeback-depth=8\n"));
	client_send(&client, "tune vol0 log-full=drop");
	assert_non_null(strstr(client.reply, "option.segment-bytes=1048576\n"));
	assert_int_equal(fake_engine_script.last.options.log_full, TH_LOG_FULL_DROP);
	close_vol0();
}

static void options_that_the_engine_refuses_stay_as_they_were(void **state)
{
	(void)state;
	open_vol0();
	engine_fails(TH_CALL_TUNE, -EINVAL, "log limit: room for 3 segments");
	client_refused(&client, "tune vol0 log-limit-bytes=1MiB", "invalid");
	client_send(&client, "status vol0");
	assert_non_null(strstr(client.reply, "option.log-limit-bytes=4294967296\n"));
	fake_engine_script.fails[TH_CALL_TUNE] = false;
	fake_engine_script.hold = true;
	client_expect(&client, "tune vol0 writeback-depth=4", "");
	client_refused(&other, "tune vol0 writeback-depth=5", "busy");
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	client_send(&other, "status vol0");
	assert_non_null(strstr(other.reply, "option.writeback-depth=4\n"));
	close_vol0();
}

/* ---- stopping the host ---- */

static uint32_t shutdowns_done;

static void shutdown_progress(struct th_shutdown *shutdown, enum th_log_level level,
			      const char *text)
{
	(void)shutdown;
	(void)level;
	assert_true(strlen(text) > 0);
}

static void shutdown_done(struct th_shutdown *shutdown)
{
	(void)shutdown;
	shutdowns_done++;
}

static void a_shutdown_closes_everything_and_refuses_new_commands(void **state)
{
	struct th_shutdown shutdown = { .progress = shutdown_progress, .done = shutdown_done };

	(void)state;
	shutdowns_done = 0;
	open_vol0();
	client_expect(&client, "attach vol0 disk=/dev/d", "ok\n");
	client_expect(&client, "export vol0", "ok\n");
	client_send(&client, "open vol1 directory=/log1");
	fake_engine_script.hold = true;
	client_expect(&other, "flush vol0", "");
	th_control_shutdown(&bench->control, &shutdown);
	bench_run();
	bench_pass(2 * TH_NS_PER_S);
	assert_int_equal(shutdowns_done, 0);
	client_refused(&client, "open vol2 directory=/log", "stopped");
	client_send(&client, "status vol0");
	assert_non_null(strstr(client.reply, "state=closing\n"));
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	assert_string_equal(other.reply, "epoch=3\nend-lsn=8192\nok\n");
	assert_int_equal(shutdowns_done, 1);
	assert_int_equal(shutdown.failed_count, 0);
	assert_int_equal(bench_brick_count(), 0);
}

static void is_closed(void *context, const struct th_error *error)
{
	(void)context;
	assert_int_equal(error->code, 0);
}

static void close_directly(const char *name)
{
	struct th_resource *resource = th_resource_find(&bench->control, name);
	struct th_error error = { 0 };

	assert_int_equal(th_resource_close(resource, false, is_closed, NULL, &error), 0);
	bench_run();
}

static void a_shutdown_gives_up_what_cannot_be_closed(void **state)
{
	struct th_shutdown shutdown = { .progress = shutdown_progress, .done = shutdown_done };

	(void)state;
	shutdowns_done = 0;
	open_vol0();
	client_send(&client, "open vol1 directory=/log1");
	engine_fails(TH_CALL_CLOSE, -EIO, "not now");
	fake_engine_script.close_stays_open = true;
	th_control_shutdown(&bench->control, &shutdown);
	bench_run();
	assert_int_equal(shutdowns_done, 1);
	assert_int_equal(shutdown.failed_count, 2);
	client_refused(&client, "close vol1", "stopped");
	fake_engine_reset();
	close_directly("vol0");
	close_directly("vol1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_recovers_and_tells_where_the_log_ends),
		TEST(options_are_the_engines_before_it_opens),
		TEST(create_makes_the_files_and_leaves_nothing_open),
		TEST(create_tells_the_engine_where_the_log_begins),
		TEST(a_log_directory_that_cannot_be_used_is_refused),
		TEST(whatever_fails_while_opening_leaves_nothing),
		TEST(more_resources_than_memory_for_them_are_refused),
		TEST(a_resource_that_is_opening_is_busy_for_others),
		TEST(a_resource_that_is_being_created_is_not_listed_but_has_its_name),
		TEST(a_command_goes_on_when_its_session_vanishes),
		TEST(a_disk_is_attached_and_detached),
		TEST(a_disk_that_cannot_be_taken_is_let_go),
		TEST(close_drains_to_the_disk_before_it_lets_go_of_it),
		TEST(a_close_that_could_not_drain_closes_and_says_so),
		TEST(a_close_that_fails_leaves_it_open_and_can_be_repeated),
		TEST(an_exported_resource_is_not_closed),
		TEST(names_of_exports_are_unique_on_the_host_and_bounded),
		TEST(an_export_is_of_the_kind_that_was_asked_for_and_tells_its_device),
		TEST(shape_is_changed_by_one_command_at_a_time),
		TEST(calls_carry_what_the_line_says),
		TEST(errors_of_calls_keep_their_meaning),
		TEST(tune_changes_only_what_is_named),
		TEST(options_that_the_engine_refuses_stay_as_they_were),
		TEST(a_shutdown_closes_everything_and_refuses_new_commands),
		TEST(a_shutdown_gives_up_what_cannot_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
