// SPDX-License-Identifier: GPL-2.0
/*
 * What an I/O brick costs: random requests of 4 KiB at a fixed depth through sio or aio, on one loop, as the
 * engine would send them. To be compared with fio on the same file.
 *
 *   io_brick_bench sio|aio direct|buffered read|write DEPTH SECONDS FILE
 *
 * FILE must exist and be as large as it is to be measured. It is overwritten by "write". One line of key=value pairs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "aio_user.h"
#include "sio.h"
#include "user_loop.h"

#define BLOCK_BYTES 4096u
#define DEPTH_MAX   1024u
#define THREADS_MAX 16u

struct slot {
	struct bench *bench;
	struct th_request *request;
	struct th_vec vec;
	uint64_t started_ns;
};

struct bench {
	struct th_user_loop loop;
	struct th_registry registry;
	struct th_brick *io;
	struct th_brick *client;
	struct th_request_pool *pool;
	uint8_t operation;
	uint32_t depth;
	uint64_t blocks;
	uint64_t random;
	uint64_t end_ns;
	uint64_t latency_sum_ns;
	uint64_t done;
	uint32_t under_way;
	struct slot slots[DEPTH_MAX];
};

static void client_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static const struct th_brick_type client_type = {
	.name = "client",
	.brick_bytes = sizeof(struct th_brick),
	.aspect_bytes = 16,
	.input_count = 1,
	.inputs = { { .name = "disk", .type = TH_PORT_BLOCK } },
	.power = client_power,
};

static void fail(const char *what)
{
	fprintf(stderr, "io_brick_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * TH_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* xorshift64 (Marsaglia, 2003). */
static uint64_t next_random(struct bench *bench)
{
	bench->random ^= bench->random << 13;
	bench->random ^= bench->random >> 7;
	bench->random ^= bench->random << 17;
	return bench->random;
}

static void request_done(struct th_request *request, void *context);

static void send(struct slot *slot)
{
	struct bench *bench = slot->bench;
	struct th_request *request = slot->request;

	request->operation = bench->operation;
	request->position = next_random(bench) % bench->blocks * BLOCK_BYTES;
	request->length = BLOCK_BYTES;
	request->vec = &slot->vec;
	request->vec_count = 1;
	slot->started_ns = now_ns();
	bench->under_way++;
	th_request_push(request, request_done, slot);
	th_input_submit(&bench->client->inputs[0], request);
}

static void request_done(struct th_request *request, void *context)
{
	struct slot *slot = context;
	struct bench *bench = slot->bench;
	uint64_t now = now_ns();

	if (request->error)
		fail("a request failed");
	bench->done++;
	bench->under_way--;
	bench->latency_sum_ns += now - slot->started_ns;
	if (now < bench->end_ns)
		send(slot);
	else if (bench->under_way == 0)
		th_user_loop_stop(&bench->loop);
}

static void power_done(struct th_brick *brick, void *context)
{
	struct bench *bench = context;

	if (brick->error.code)
		fail(brick->error.text);
	th_user_loop_stop(&bench->loop);
}

static void switch_on(struct bench *bench, struct th_brick *brick)
{
	if (th_brick_power(brick, true, power_done, bench))
		fail("the brick is busy");
	th_user_loop_run(&bench->loop);
}

static void make_io(struct bench *bench, bool aio, bool direct, const char *path)
{
	struct th_aio_config config = {
		.io.path = path,
		.io.kind = TH_IO_TARGET,
		.io.direct = direct,
		.io.thread_count = TH_MIN(bench->depth, THREADS_MAX),
		.in_flight_max = bench->depth,
	};
	struct th_error error = { 0 };

	if (aio && th_aio_ring_create(&bench->loop, bench->depth, &config.ring, &error))
		fail(error.text);
	if (th_brick_create(&bench->registry, aio ? &th_aio_type : &th_sio_type, "io",
			    &bench->loop.executor, aio ? (void *)&config : &config.io, &bench->io,
			    &error))
		fail(error.text);
	switch_on(bench, bench->io);
}

static void make_client(struct bench *bench)
{
	struct th_block_info info;
	struct th_input *input;

	if (th_brick_create(&bench->registry, &client_type, "client", &bench->loop.executor, NULL,
			    &bench->client, NULL))
		fail("no client");
	input = &bench->client->inputs[0];
	if (th_connect(input, &bench->io->outputs[TH_IO_OUTPUT_TARGET]) ||
	    th_request_pool_create(input, bench->depth, &bench->pool) ||
	    !th_input_info(input, &info))
		fail("the client cannot be connected");
	bench->blocks = info.size_bytes / BLOCK_BYTES;
	if (bench->blocks == 0)
		fail("the file is too small");
}

static double processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(struct bench *bench, uint64_t seconds)
{
	uint64_t start_ns = now_ns();
	double processor = processor_seconds();
	double elapsed;

	bench->end_ns = start_ns + seconds * TH_NS_PER_S;
	for (uint32_t i = 0; i < bench->depth; i++) {
		struct slot *slot = &bench->slots[i];

		slot->bench = bench;
		slot->request = th_request_get(bench->pool);
		slot->vec.base = th_alloc_buffer(BLOCK_BYTES);
		slot->vec.bytes = BLOCK_BYTES;
		if (!slot->request || !slot->vec.base)
			fail("no memory");
		send(slot);
	}
	th_user_loop_run(&bench->loop);
	elapsed = (double)(now_ns() - start_ns) / 1e9;
	printf("iops=%.0f latency_us=%.1f processor_us_per_request=%.2f\n",
	       (double)bench->done / elapsed,
	       (double)bench->latency_sum_ns / 1e3 / (double)bench->done,
	       (processor_seconds() - processor) * 1e6 / (double)bench->done);
}

static bool choose(const char *word, const char *first, const char *second)
{
	if (strcmp(word, first) && strcmp(word, second))
		fail("usage: io_brick_bench sio|aio direct|buffered read|write DEPTH SECONDS FILE");
	return !strcmp(word, first);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || *end || value < 1 || value > max)
		fail("DEPTH must be 1 to 1024, SECONDS 1 to 3600");
	return value;
}

int main(int argc, char **argv)
{
	static struct bench bench = { .random = 88172645463325252ULL };
	bool aio, direct;
	uint64_t seconds;

	if (argc != 7)
		fail("usage: io_brick_bench sio|aio direct|buffered read|write DEPTH SECONDS FILE");
	aio = choose(argv[1], "aio", "sio");
	direct = choose(argv[2], "direct", "buffered");
	bench.operation = choose(argv[3], "read", "write") ? TH_READ : TH_WRITE;
	bench.depth = (uint32_t)number(argv[4], DEPTH_MAX);
	seconds = number(argv[5], 3600);
	if (th_user_loop_init(&bench.loop))
		fail("no loop");
	th_registry_init(&bench.registry);
	make_io(&bench, aio, direct, argv[6]);
	make_client(&bench);
	measure(&bench, seconds);
	return EXIT_SUCCESS;
}
