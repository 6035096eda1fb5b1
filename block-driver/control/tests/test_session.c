// SPDX-License-Identifier: GPL-2.0
/* Sessions: lines in any pieces, one reply each, in order; and watching, which misses no last state. */
#include "client.h"
#include "command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	client_close(&client);
	client_close(&other);
	bench_stop();
	return 0;
}

static void send_text(struct client *to, const char *text)
{
	assert_int_equal(client_send_bytes(to, text, strlen(text)), strlen(text));
	bench_run();
}

static void open_vol0(void)
{
	client_send(&other, "open vol0 directory=/log");
	assert_non_null(strstr(other.reply, "ok\n"));
}

static void close_vol0(void)
{
	client_expect(&other, "close vol0", "ok\n");
}

static void half_a_line_waits_for_its_end(void **state)
{
	(void)state;
	send_text(&client, "li");
	assert_int_equal(client.bytes, 0);
	send_text(&client, "st");
	assert_int_equal(client.bytes, 0);
	send_text(&client, "\nver");
	assert_string_equal(client.reply, "ok\n");
	send_text(&client, "sion\n");
	assert_int_equal(client.reply_count, 2);
}

static void half_a_line_at_the_end_of_a_session_is_not_run(void **state)
{
	struct client vanishing;

	(void)state;
	open_vol0();
	client_open(&vanishing);
	send_text(&vanishing, "close vol0");
	client_close(&vanishing);
	client_expect(&client, "list", "resource=vol0\nok\n");
	close_vol0();
}

static void whole_lines_of_a_session_that_ended_are_run(void **state)
{
	struct client vanishing;

	(void)state;
	open_vol0();
	client_open(&vanishing);
	client_send_bytes(&vanishing, "flush vol0\nrotate vol0\nclose vol0\nopen", 38);
	client_close(&vanishing);
	assert_int_equal(vanishing.bytes, 0);
	assert_int_equal(fake_engine_script.call_count[TH_CALL_ROTATE], 1);
	client_expect(&client, "list", "ok\n");
}

static void lines_sent_together_are_answered_in_order(void **state)
{
	(void)state;
	send_text(&client, "list\nfly\nhelp verb=list\n");
	assert_string_equal(client.reply,
			    "ok\nerror usage unknown verb 'fly'; help lists the commands\n"
			    "usage=list\nok\n");
}

static void a_command_under_way_holds_back_the_next_ones(void **state)
{
	(void)state;
	open_vol0();
	fake_engine_script.hold = true;
	send_text(&client, "flush vol0\nlist\n");
	assert_int_equal(client.bytes, 0);
	client_expect(&other, "list", "resource=vol0\nok\n");
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	assert_string_equal(client.reply, "epoch=3\nend-lsn=8192\nok\nresource=vol0\nok\n");
	close_vol0();
}

static void replies_survive_being_taken_in_small_pieces(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "status vol0");
	memcpy(other.reply, client.reply, client.bytes + 1);
	client.take = 1;
	client_send(&client, "status vol0");
	assert_string_equal(client.reply, other.reply);
	close_vol0();
}

static void a_line_of_4096_bytes_is_the_longest(void **state)
{
	char text[TH_LINE_MAX + 1];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "list", 4);
	text[TH_LINE_MAX - 1] = '\n';
	assert_int_equal(client_send_bytes(&client, text, TH_LINE_MAX), TH_LINE_MAX);
	bench_run();
	assert_string_equal(client.reply, "ok\n");
}

static void a_longer_line_is_refused_once_and_skipped_to_its_end(void **state)
{
	char text[TH_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(client_send_bytes(&client, text, sizeof(text)), sizeof(text));
		bench_run();
	}
	assert_int_equal(client.reply_count, 1);
	assert_memory_equal(client.reply, "error usage the line is longer than 4096 bytes", 46);
	client.bytes = 0;
	send_text(&client, "xxx\nlist\n");
	assert_string_equal(client.reply, "ok\n");
}

static void input_that_floods_a_busy_session_is_held_back(void **state)
{
	char text[TH_LINE_MAX];
	size_t room;

	(void)state;
	open_vol0();
	fake_engine_script.hold = true;
	send_text(&client, "flush vol0\n");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "list\n"[i % 5];
	assert_int_equal(client_send_bytes(&client, text, sizeof(text)), sizeof(text) - 11);
	th_session_input(client.session, &room);
	assert_int_equal(room, 0);
	fake_engine_script.hold = false;
	fake_engine_release(bench_engine("vol0"));
	bench_run();
	assert_int_equal(client.reply_count, 1 + (TH_LINE_MAX - 11) / 5);
	close_vol0();
}

static void zero_bytes_and_controls_are_refused_and_the_session_goes_on(void **state)
{
	(void)state;
	client_send_bytes(&client, "li\0st\n\r\nlist\n", 13);
	bench_run();
	assert_int_equal(client.reply_count, 3);
	assert_memory_equal(client.reply, "error usage byte 3", 18);
	assert_string_equal(client.reply + client.bytes - 3, "ok\n");
}

static void sessions_are_bounded(void **state)
{
	static struct client many[TH_SESSIONS_MAX];

	(void)state;
	for (uint32_t i = 2; i < TH_SESSIONS_MAX; i++)
		client_open(&many[i]);
	assert_null(th_session_open(&bench->control, NULL, NULL));
	for (uint32_t i = 2; i < TH_SESSIONS_MAX; i++)
		client_close(&many[i]);
	client_open(&many[0]);
	client_close(&many[0]);
}

/* ---- watch ---- */

static void a_watch_tells_the_state_at_once_then_waits_for_a_change(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "watch vol0");
	assert_non_null(strstr(client.reply, "state=open\n"));
	client_expect(&client, "watch vol0", "");
	fake_engine_change(bench_engine("vol0"));
	bench_run();
	assert_non_null(strstr(client.reply, "state=open\n"));
	close_vol0();
}

static void many_changes_are_one_and_the_last_is_told(void **state)
{
	struct fake_engine *engine;

	(void)state;
	open_vol0();
	engine = bench_engine("vol0");
	client_send(&client, "watch vol0");
	for (uint64_t lsn = 4096; lsn <= 40960; lsn += 4096) {
		engine->status.durable_lsn = lsn;
		fake_engine_change(engine);
		bench_run();
	}
	client_send(&client, "watch vol0");
	assert_non_null(strstr(client.reply, "\ndurable-lsn=40960\n"));
	client_expect(&client, "watch vol0", "");
	fake_engine_change(engine);
	bench_run();
	assert_int_equal(client.reply_count, 1);
	close_vol0();
}

static void each_session_follows_for_itself(void **state)
{
	struct client third;

	(void)state;
	open_vol0();
	client_open(&third);
	client_send(&client, "watch vol0");
	fake_engine_change(bench_engine("vol0"));
	bench_run();
	client_send(&third, "watch vol0");
	assert_int_equal(third.reply_count, 1);
	client_expect(&third, "watch vol0", "");
	client_send(&client, "watch vol0");
	assert_int_equal(client.reply_count, 1);
	client_close(&third);
	close_vol0();
}

static uint64_t change_of(const struct client *from)
{
	const char *found = strstr(from->reply, "\nchange=");

	assert_non_null(found);
	return strtoull(found + strlen("\nchange="), NULL, 10);
}

static void of_two_answers_the_one_with_the_larger_number_is_newer(void **state)
{
	uint64_t before;

	(void)state;
	open_vol0();
	client_send(&client, "watch vol0");
	before = change_of(&client);
	assert_true(before > bench->control.started_ns);
	client_send(&other, "status vol0");
	assert_int_equal(change_of(&other), before);
	fake_engine_change(bench_engine("vol0"));
	client_send(&other, "status vol0");
	assert_true(change_of(&other) > before);
	client_send(&client, "watch vol0");
	assert_int_equal(change_of(&client), change_of(&other));
	close_vol0();
}

static void a_watch_of_a_resource_that_is_closed_ends(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "watch vol0");
	client_expect(&client, "watch vol0", "");
	close_vol0();
	while (strncmp(client.reply, "error", 5) != 0) {
		assert_non_null(strstr(client.reply, "state=closing\n"));
		client_send(&client, "watch vol0");
	}
	assert_memory_equal(client.reply, "error absent ", 13);
}

static void a_watch_of_the_host_names_what_changed(void **state)
{
	(void)state;
	open_vol0();
	client_send(&other, "open vol1 directory=/log1");
	client_expect(&client, "watch", "resource=vol0\nresource=vol1\nok\n");
	client_expect(&client, "watch", "");
	fake_engine_change(bench_engine("vol1"));
	bench_run();
	assert_string_equal(client.reply, "resource=vol1\nok\n");
	close_vol0();
	client_expect(&client, "watch", "set=changed\nok\n");
	client_expect(&client, "watch timeout-ms=5", "");
	client_expect(&other, "close vol1", "ok\n");
	assert_string_equal(client.reply, "resource=vol1\nok\n");
}

static void a_watch_with_a_timeout_answers_in_time(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "watch vol0");
	client_expect(&client, "watch vol0 timeout-ms=100", "");
	bench_pass(99 * TH_NS_PER_MS);
	assert_int_equal(client.bytes, 0);
	bench_pass(TH_NS_PER_MS);
	assert_non_null(strstr(client.reply, "state=open\n"));
	client_send(&client, "watch");
	client_expect(&client, "watch timeout-ms=1", "");
	bench_pass(TH_NS_PER_MS);
	assert_string_equal(client.reply, "ok\n");
	close_vol0();
}

static void a_watch_with_an_interval_answers_at_once_but_not_too_often(void **state)
{
	(void)state;
	open_vol0();
	client_send(&client, "watch vol0 min-interval-ms=10");
	assert_non_null(strstr(client.reply, "ok\n"));
	/* Nothing has changed for longer: at once. */
	bench_pass(50 * TH_NS_PER_MS);
	client_expect(&client, "watch vol0 min-interval-ms=10", "");
	fake_engine_change(bench_engine("vol0"));
	bench_run();
	assert_non_null(strstr(client.reply, "ok\n"));
	/* Again and again: only after the interval. */
	client_expect(&client, "watch vol0 min-interval-ms=10", "");
	for (uint32_t i = 0; i < 9; i++) {
		fake_engine_change(bench_engine("vol0"));
		bench_pass(TH_NS_PER_MS);
		assert_int_equal(client.bytes, 0);
	}
	bench_pass(TH_NS_PER_MS);
	assert_non_null(strstr(client.reply, "ok\n"));
	/* A change before the watch is not told earlier; the timeout is. */
	fake_engine_change(bench_engine("vol0"));
	client_expect(&client, "watch vol0 min-interval-ms=10 timeout-ms=3", "");
	bench_pass(3 * TH_NS_PER_MS);
	assert_non_null(strstr(client.reply, "ok\n"));
	/* Without an interval: as ever. */
	fake_engine_change(bench_engine("vol0"));
	client_send(&client, "watch vol0");
	assert_non_null(strstr(client.reply, "ok\n"));
	close_vol0();
}

static void a_watch_ends_with_its_session(void **state)
{
	struct client vanishing;

	(void)state;
	open_vol0();
	client_open(&vanishing);
	client_send(&vanishing, "watch vol0");
	client_expect(&vanishing, "watch vol0 timeout-ms=1000", "");
	send_text(&vanishing, "watch vol0\nwatch vol0\n");
	client_close(&vanishing);
	assert_int_equal(bench->control.session_count, 2);
	fake_engine_change(bench_engine("vol0"));
	close_vol0();
}

static void events_are_numbered_and_the_newest_kept(void **state)
{
	struct fake_engine *engine;

	(void)state;
	open_vol0();
	engine = bench_engine("vol0");
	for (uint32_t i = 0; i < TH_EVENTS_KEPT + 2; i++) {
		char text[32];

		snprintf(text, sizeof(text), "event\n%u", i);
		engine->config.event(engine->config.context, TH_LOG_WARNING, text);
	}
	client_send(&client, "status vol0");
	assert_null(strstr(client.reply, "event.1="));
	assert_non_null(strstr(client.reply, "event.2=warning event%0A2\n"));
	assert_non_null(strstr(client.reply, "event.9=warning event%0A9\nok\n"));
	close_vol0();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_a_line_waits_for_its_end),
		TEST(half_a_line_at_the_end_of_a_session_is_not_run),
		TEST(whole_lines_of_a_session_that_ended_are_run),
		TEST(lines_sent_together_are_answered_in_order),
		TEST(a_command_under_way_holds_back_the_next_ones),
		TEST(replies_survive_being_taken_in_small_pieces),
		TEST(a_line_of_4096_bytes_is_the_longest),
		TEST(a_longer_line_is_refused_once_and_skipped_to_its_end),
		TEST(input_that_floods_a_busy_session_is_held_back),
		TEST(zero_bytes_and_controls_are_refused_and_the_session_goes_on),
		TEST(sessions_are_bounded),
		TEST(a_watch_tells_the_state_at_once_then_waits_for_a_change),
		TEST(many_changes_are_one_and_the_last_is_told),
		TEST(each_session_follows_for_itself),
		TEST(of_two_answers_the_one_with_the_larger_number_is_newer),
		TEST(a_watch_of_a_resource_that_is_closed_ends),
		TEST(a_watch_of_the_host_names_what_changed),
		TEST(a_watch_with_a_timeout_answers_in_time),
		TEST(a_watch_with_an_interval_answers_at_once_but_not_too_often),
		TEST(a_watch_ends_with_its_session),
		TEST(events_are_numbered_and_the_newest_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
