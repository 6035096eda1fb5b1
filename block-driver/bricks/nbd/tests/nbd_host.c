// SPDX-License-Identifier: GPL-2.0
/*
 * A host of an nbd brick over devices in memory, for tests and measurements. It is told by lines on its standard input
 * what to do, and answers each with one line: "ok", what was asked for, or "error ...". It ends at the end of its input.
 *
 *   nbd_host [unix=PATH] [tcp=HOST] [port=N] [size=BYTES] [block=BYTES] [clients=N] [depth=N] [requests=N]
 *            [patience_ms=N]
 *
 *   export NAME [ro] [fast]   a new device, exported       unexport NAME       answers when it is done
 *   hold NAME / release NAME  requests wait / go on        await-held NAME N   answers when N wait
 *   fail NAME OPERATION N     the next one fails with -N   records NAME        OPERATION:FLAGS:POSITION:LENGTH ...
 *   resize NAME BYTES         as new clients see it        clients NAME        how many
 *   await-clients NAME N      answers when there are N     port                of the TCP listener
 *   off / on                  the server                   device-off NAME / device-on NAME
 */
#include "memory_brick.h"
#include "nbd.h"
#include "user_log.h"
#include "user_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORDS_MAX   4
#define DEVICES_MAX (TH_NBD_OFFERS_MAX + 2)

struct device {
	char name[64];
	struct th_brick *brick;
};

struct host {
	struct th_user_loop loop;
	struct th_registry registry;
	struct th_brick *nbd;
	struct th_user_watch input;
	char line[512];
	size_t line_bytes;
	struct th_memory_config memory;
	struct th_nbd_config nbd_config;
	struct th_nbd_address addresses[2];
	struct device devices[DEVICES_MAX];
	uint32_t device_count;
	struct th_hook hook;
	struct th_brick *awaited_device; /* answers when so many requests are held there */
	char awaited_export[64]; /* or so many clients are connected to it */
	uint32_t awaited;
};

static struct host host;

static void answer(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static void answer_result(int code, const struct th_error *error)
{
	if (code)
		printf("error %d %s\n", -code, error->text);
	else
		printf("ok\n");
	fflush(stdout);
}

static struct device *find_device(const char *name)
{
	uint32_t i;

	/* The newest of that name. */
	for (i = host.device_count; i-- > 0;) {
		if (strcmp(host.devices[i].name, name) == 0)
			return &host.devices[i];
	}
	fprintf(stderr, "nbd_host: no device %s\n", name);
	exit(2);
}

static uint32_t clients_of(const char *name)
{
	struct th_nbd_export_status status;
	uint32_t i;

	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		if (th_nbd_export_status(host.nbd, i, &status) && strcmp(status.name, name) == 0)
			return status.clients;
	}
	return 0;
}

/* At the end of each round: has come what is awaited? */
static void look(struct th_hook *hook)
{
	(void)hook;
	if (host.awaited_device && th_memory_held(host.awaited_device) == host.awaited) {
		host.awaited_device = NULL;
		answer("ok");
	}
	if (host.awaited_export[0] && clients_of(host.awaited_export) == host.awaited) {
		host.awaited_export[0] = 0;
		answer("ok");
	}
}

/* ---- commands ---- */

static void switched(struct th_brick *brick, void *context)
{
	(void)context;
	/* Behind the hook that the server has added: it looks at what that has done. */
	th_executor_remove_hook(&host.loop.executor, &host.hook);
	th_executor_add_hook(&host.loop.executor, &host.hook);
	answer_result(brick->error.code, &brick->error);
}

static void do_export(char **words, int count)
{
	struct device *device = &host.devices[host.device_count];
	struct th_nbd_export export = { .name = words[1], .description = "in memory" };
	struct th_error error = { 0 };
	char brick_name[32];
	int i;

	for (i = 2; i < count; i++) {
		export.read_only |= strcmp(words[i], "ro") == 0;
		export.fast_zero |= strcmp(words[i], "fast") == 0;
	}
	TH_ASSERT(host.device_count < DEVICES_MAX);
	snprintf(brick_name, sizeof(brick_name), "memory%u", host.device_count);
	TH_ASSERT(th_brick_create(&host.registry, &th_memory_type, brick_name, &host.loop.executor,
				  &host.memory, &device->brick, &error) == 0);
	snprintf(device->name, sizeof(device->name), "%s", words[1]);
	host.device_count++;
	TH_ASSERT(th_brick_power(device->brick, true, NULL, NULL) == 0);
	export.device = &device->brick->outputs[0];
	i = th_nbd_export(host.nbd, &export, &error);
	answer_result(i, &error);
}

static void unexported(struct th_brick *nbd, void *context)
{
	(void)nbd;
	(void)context;
	answer("ok");
}

static void do_unexport(char **words, int count)
{
	struct th_error error = { 0 };
	int code = th_nbd_unexport(host.nbd, words[1], unexported, NULL, &error);

	(void)count;
	if (code)
		answer_result(code, &error);
}

static void do_hold(char **words, int count)
{
	(void)count;
	th_memory_hold(find_device(words[1])->brick, strcmp(words[0], "hold") == 0);
	answer("ok");
}

static void do_await_held(char **words, int count)
{
	(void)count;
	host.awaited_device = find_device(words[1])->brick;
	host.awaited = (uint32_t)atoi(words[2]);
}

static void do_await_clients(char **words, int count)
{
	(void)count;
	snprintf(host.awaited_export, sizeof(host.awaited_export), "%s", words[1]);
	host.awaited = (uint32_t)atoi(words[2]);
}

static const char *const operations[] = { [TH_READ] = "read",
					  [TH_WRITE] = "write",
					  [TH_WRITE_ZEROES] = "zero",
					  [TH_DISCARD] = "discard",
					  [TH_FLUSH] = "flush" };

static void do_fail(char **words, int count)
{
	uint32_t i;

	(void)count;
	for (i = TH_READ; i <= TH_FLUSH; i++) {
		if (strcmp(operations[i], words[2]) == 0)
			th_memory_fail_next(find_device(words[1])->brick, (enum th_operation)i,
					    -atoi(words[3]));
	}
	answer("ok");
}

static void do_records(char **words, int count)
{
	struct th_memory_record record;

	(void)count;
	while (th_memory_take_record(find_device(words[1])->brick, &record))
		printf("%s:%u:%llu:%llu ", operations[record.operation], record.flags,
		       (unsigned long long)record.position, (unsigned long long)record.length);
	answer("");
}

static void do_resize(char **words, int count)
{
	(void)count;
	th_memory_resize(find_device(words[1])->brick, strtoull(words[2], NULL, 10));
	answer("ok");
}

static void do_clients(char **words, int count)
{
	(void)count;
	printf("%u\n", clients_of(words[1]));
	fflush(stdout);
}

static void do_port(char **words, int count)
{
	uint32_t i;

	(void)words;
	(void)count;
	for (i = 0; i < host.nbd_config.address_count; i++) {
		if (!host.addresses[i].path)
			printf("%u\n", th_nbd_port(host.nbd, i));
	}
	fflush(stdout);
}

static void do_power(char **words, int count)
{
	(void)count;
	th_brick_power(host.nbd, strcmp(words[0], "on") == 0, switched, NULL);
}

static void do_device_power(char **words, int count)
{
	(void)count;
	th_brick_power(find_device(words[1])->brick, strcmp(words[0], "device-on") == 0, switched,
		       NULL);
}

static const struct {
	const char *name;
	int words;
	void (*run)(char **words, int count);
} commands[] = {
	{ "export", 2, do_export },
	{ "unexport", 2, do_unexport },
	{ "hold", 2, do_hold },
	{ "release", 2, do_hold },
	{ "await-held", 3, do_await_held },
	{ "await-clients", 3, do_await_clients },
	{ "fail", 4, do_fail },
	{ "records", 2, do_records },
	{ "resize", 3, do_resize },
	{ "clients", 2, do_clients },
	{ "port", 1, do_port },
	{ "on", 1, do_power },
	{ "off", 1, do_power },
	{ "device-on", 2, do_device_power },
	{ "device-off", 2, do_device_power },
};

static void run_line(char *line)
{
	char *words[WORDS_MAX];
	char *rest = line;
	int count = 0;
	size_t i;

	while (count < WORDS_MAX && (words[count] = strtok_r(rest, " ", &rest)) != NULL)
		count++;
	for (i = 0; count && i < TH_ARRAY_COUNT(commands); i++) {
		if (strcmp(commands[i].name, words[0]) == 0 && count >= commands[i].words) {
			commands[i].run(words, count);
			return;
		}
	}
	answer("error 22 unknown command");
}

static void on_input(struct th_user_watch *watch, uint32_t events)
{
	ssize_t bytes;
	char *end;

	(void)events;
	bytes = read(watch->fd, host.line + host.line_bytes,
		     sizeof(host.line) - 1 - host.line_bytes);
	if (bytes <= 0) {
		th_user_loop_stop(&host.loop);
		return;
	}
	host.line_bytes += (size_t)bytes;
	host.line[host.line_bytes] = 0;
	while ((end = strchr(host.line, '\n')) != NULL) {
		*end++ = 0;
		run_line(host.line);
		host.line_bytes -= (size_t)(end - host.line);
		memmove(host.line, end, host.line_bytes + 1);
	}
}

/* ---- the end: everything is taken down in order, so that leak checkers see what was lost ---- */

static void stop(struct th_brick *brick, void *context)
{
	(void)brick;
	(void)context;
	th_user_loop_stop(&host.loop);
}

static void stop_when_unexported(struct th_brick *nbd, void *context)
{
	stop(nbd, context);
}

static void take_down(void)
{
	struct th_nbd_export_status status;
	uint32_t i;

	th_user_loop_unwatch(&host.loop, &host.input);
	for (i = 0; i < host.device_count; i++)
		th_memory_hold(host.devices[i].brick, false);
	th_brick_power(host.nbd, false, stop, NULL);
	th_user_loop_run(&host.loop);
	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		if (th_nbd_export_status(host.nbd, i, &status) &&
		    th_nbd_unexport(host.nbd, status.name, stop_when_unexported, NULL, NULL) == 0)
			th_user_loop_run(&host.loop);
	}
	TH_ASSERT(th_brick_destroy(&host.registry, host.nbd) == 0);
	for (i = 0; i < host.device_count; i++) {
		th_brick_power(host.devices[i].brick, false, stop, NULL);
		th_user_loop_run(&host.loop);
		TH_ASSERT(th_brick_destroy(&host.registry, host.devices[i].brick) == 0);
	}
	th_executor_remove_hook(&host.loop.executor, &host.hook);
	th_user_loop_destroy(&host.loop);
}

/* ---- the start ---- */

static struct th_nbd_address *tcp_address(void)
{
	uint32_t i;

	for (i = 0; i < host.nbd_config.address_count; i++) {
		if (!host.addresses[i].path)
			return &host.addresses[i];
	}
	return &host.addresses[host.nbd_config.address_count++];
}

static void set(const char *key, const char *value)
{
	unsigned long long number = strtoull(value, NULL, 10);

	if (strcmp(key, "unix") == 0)
		host.addresses[host.nbd_config.address_count++].path = value;
	else if (strcmp(key, "tcp") == 0)
		tcp_address()->host = strcmp(value, "any") ? value : NULL;
	else if (strcmp(key, "port") == 0)
		tcp_address()->port = (uint16_t)number;
	else if (strcmp(key, "size") == 0)
		host.memory.size_bytes = number;
	else if (strcmp(key, "block") == 0)
		host.memory.block_bytes = (uint32_t)number;
	else if (strcmp(key, "clients") == 0)
		host.nbd_config.clients_max = (uint32_t)number;
	else if (strcmp(key, "depth") == 0)
		host.nbd_config.client_depth = (uint32_t)number;
	else if (strcmp(key, "requests") == 0)
		host.nbd_config.requests_max = (uint32_t)number;
	else if (strcmp(key, "patience_ms") == 0)
		host.nbd_config.patience_ns = number * TH_NS_PER_MS;
	else
		exit(2);
}

static void parse_arguments(int argc, char **argv)
{
	int i;

	host.memory.size_bytes = 64 * TH_MIB;
	host.memory.block_bytes = 512;
	host.nbd_config.loop = &host.loop;
	host.nbd_config.addresses = host.addresses;
	host.nbd_config.payload_bytes = 64 * TH_MIB;
	for (i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			exit(2);
		*value++ = 0;
		set(argv[i], value);
	}
}

int main(int argc, char **argv)
{
	struct th_error error = { 0 };
	int code;

	parse_arguments(argc, argv);
	if (th_user_loop_init(&host.loop))
		return 1;
	th_registry_init(&host.registry);
	code = th_brick_create(&host.registry, &th_nbd_type, "nbd", &host.loop.executor,
			       &host.nbd_config, &host.nbd, &error);
	answer_result(code, &error);
	if (code)
		return 1;
	host.hook.run = look;
	th_list_init(&host.hook.link);
	if (th_user_loop_watch(&host.loop, &host.input, STDIN_FILENO, EPOLLIN, on_input))
		return 1;
	th_user_loop_run(&host.loop);
	take_down();
	return 0;
}
