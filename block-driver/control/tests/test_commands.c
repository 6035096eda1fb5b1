// SPDX-License-Identifier: GPL-2.0
/* The table of commands: what each command takes, and that everything else is refused, naming what is possible. */
#include "client.h"
#include "command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct bench test_bench;
static struct client client;

static int start(void **state)
{
	(void)state;
	bench_start(&test_bench);
	client_open(&client);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	client_close(&client);
	bench_stop();
	return 0;
}

static void refused_saying(const char *line, const char *because)
{
	client_refused(&client, line, "usage");
	if (!strstr(client.reply, because))
		fail_msg("'%s' was answered by '%s', without '%s'", line, client.reply, because);
}

static void an_unknown_verb_is_refused(void **state)
{
	(void)state;
	refused_saying("backfill vol0 begin", "unknown verb 'backfill'");
	refused_saying("OPEN vol0", "unknown verb");
}

static void an_unknown_key_is_refused_and_the_known_ones_listed(void **state)
{
	(void)state;
	refused_saying("open vol0 directory=/d speed=1",
		       "open does not know the key 'speed': it knows direct directory");
	refused_saying("list all=yes", "takes none");
	refused_saying("tune vol0 dirty-extents-max=2000", "writeback-depth");
}

static void a_missing_key_is_named_with_its_type(void **state)
{
	(void)state;
	refused_saying("create vol0 directory=/d", "create lacks size=SIZE");
	refused_saying("create vol0", "directory=PATH size=SIZE");
	refused_saying("role vol0 primary", "epoch=NUMBER");
}

static void actions_are_checked(void **state)
{
	(void)state;
	refused_saying("role vol0", "primary or secondary");
	refused_saying("role vol0 master", "primary or secondary");
	refused_saying("replay vol0 stop", "run or pause");
	refused_saying("open vol0 now directory=/d", "takes no action");
	refused_saying("role vol0 secondary epoch=2", "does not know the key 'epoch'");
}

static void the_resource_is_checked(void **state)
{
	(void)state;
	refused_saying("open directory=/d", "needs the name");
	refused_saying("list vol0", "takes no resource");
	refused_saying("open a/b directory=/d", "not a name");
	refused_saying("close 12345678901234567890123456789012345678901", "not a name");
}

static void values_of_the_wrong_type_or_range_are_refused(void **state)
{
	static const char *const lines[] = {
		"create vol0 directory=/d size=big",
		"create vol0 directory=/d size=0",
		"create vol0 directory=d size=1GiB",
		"create vol0 directory=/d size=1GiB block=1024",
		"create vol0 directory=/d size=1GiB node-uuid=7",
		"create vol0 directory=/d size=4097",
		"create vol0 directory=/d size=513 block=512",
		"create vol0 directory=/d size=4096 start-lsn=8192",
		"create vol0 directory=/d size=4096 start-lsn=8192 start-epoch=1",
		"create vol0 directory=/d size=4096 start-epoch=1 start-chain=0123456789abcdef",
		"create vol0 directory=/d size=4096 start-chain=7",
		"create vol0 directory=/d size=4096 inconsistent-until-lsn=many",
		"open vol0 directory=/d direct=1",
		"open vol0 directory=/d io=uring",
		"open vol0 directory=/d dirty-extents-max=5",
		"attach vol0 disk=/d label=new",
		"role vol0 primary epoch=0",
		"role vol0 primary epoch=1 chain=12",
		"received vol0 epoch=1 start-lsn=0 lsn=-1",
		"received vol0 lsn=4096",
		"lease vol0 milliseconds=3600001",
		"peer-add vol0 peer=somebody",
		"tune vol0 writeback-depth=33",
		"tune vol0 batches-in-flight=0",
		"tune vol0 log-sync-ms=60001",
		"tune vol0 durability-remote=17",
		"tune vol0 log-full=wait",
		"tune vol0 fencing=yes",
		"watch timeout-ms=0",
		"watch min-interval-ms=60001",
		"wire format=svg",
		"export vol0 name=a%20b",
	};

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(lines); i++)
		client_refused(&client, lines[i], "usage");
}

static void commands_for_a_resource_that_is_not_open_say_so(void **state)
{
	static const char *const lines[] = {
		"status vol0",
		"watch vol0",
		"close vol0",
		"attach vol0 disk=/d",
		"detach vol0",
		"export vol0",
		"unexport vol0",
		"role vol0 primary epoch=1",
		"role vol0 secondary",
		"received vol0 epoch=1 start-lsn=0 lsn=1",
		"replay vol0 run",
		"replay vol0 pause",
		"cut vol0 epoch=1 lsn=0",
		"rotate vol0",
		"flush vol0",
		"checkpoint vol0",
		"peer-add vol0 peer=00112233445566778899aabbccddeeff",
		"peer-remove vol0 peer=00112233445566778899aabbccddeeff",
		"remote-durable vol0 peer=00112233445566778899aabbccddeeff lsn=1",
		"lease vol0 milliseconds=1",
		"suspend vol0",
		"resume vol0",
		"resize vol0 size=1GiB",
		"tune vol0",
	};

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(lines); i++)
		client_refused(&client, lines[i], "absent");
}

static void help_shows_how_every_command_is_written(void **state)
{
	char usage[TH_USAGE_MAX];
	const char *reply = client_send(&client, "help");

	(void)state;
	for (uint32_t i = 0; i < th_command_count; i++) {
		th_command_usage(&th_commands[i], usage, sizeof(usage));
		assert_non_null(strstr(reply, usage));
		assert_true(strlen(usage) < sizeof(usage) - 1);
	}
	client_expect(&client, "help verb=role",
		      "usage=role RESOURCE primary epoch=NUMBER [chain=CHAIN]\n"
		      "usage=role RESOURCE secondary\nok\n");
	client_refused(&client, "help verb=fly", "usage");
}

static void every_key_is_described_and_used(void **state)
{
	uint64_t used = 0;

	(void)state;
	for (uint32_t i = 0; i < th_command_count; i++) {
		assert_int_equal(th_commands[i].required & th_commands[i].optional, 0);
		used |= th_commands[i].required | th_commands[i].optional;
	}
	for (uint32_t id = 0; id < TH_KEY_COUNT; id++) {
		assert_non_null(th_keys[id].name);
		assert_true(used & TH_KEY_BIT(id));
	}
}

static void version_and_host_status_are_told(void **state)
{
	char limit[128];

	(void)state;
	client_expect(&client, "version",
		      "protocol=1\ndriver=1.2.3\nhost=bench\nlog-format=1\nok\n");
	bench_pass(5 * TH_NS_PER_MS);
	client_send(&client, "status");
	assert_non_null(strstr(client.reply, "host=bench\ndriver=1.2.3\nuptime-ms=5\n"
					     "resources=0\nsessions=1\n"));
	snprintf(limit, sizeof(limit), "dirty-limit-bytes=%u\ndirty-memory-bytes=0\nok\n",
		 bench->memory.chunk_count_max * TH_CHUNK_BYTES);
	assert_non_null(strstr(client.reply, limit));
	client_expect(&client, "list", "ok\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_verb_is_refused),
		TEST(an_unknown_key_is_refused_and_the_known_ones_listed),
		TEST(a_missing_key_is_named_with_its_type),
		TEST(actions_are_checked),
		TEST(the_resource_is_checked),
		TEST(values_of_the_wrong_type_or_range_are_refused),
		TEST(commands_for_a_resource_that_is_not_open_say_so),
		TEST(help_shows_how_every_command_is_written),
		TEST(every_key_is_described_and_used),
		TEST(version_and_host_status_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
