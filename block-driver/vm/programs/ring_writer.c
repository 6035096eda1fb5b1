// SPDX-License-Identifier: GPL-2.0
/*
 * Writes numbered blocks to a block device and knows afterwards what must be there: tools/numbered-writer for a device inside
 * a machine, with the same content.
 *
 *   ring_writer write DEVICE BLOCKS SECONDS [FROM [TO]]   number n goes to block (n - 1) % BLOCKS, 8 at once, with flushes;
 *                                          prints "flushed=NUMBER" when all up to it are durable, and at its end, also when
 *                                          a write was refused, "acknowledged=NUMBER"; begins behind FROM; TO, and SIGTERM, end it before its time
 *   ring_writer check DEVICE BLOCKS FLUSHED  prints "found=NUMBER": all up to it are there; exit status 1 when not all up to
 *                                          FLUSHED are, or what is there is no prefix of what was written
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096, DEPTH = 8, FLUSH_EVERY = 64 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "ring_writer: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the ring ---- */

struct ring {
	int fd;
	uint64_t blocks;
};

static uint64_t position(const struct ring *ring, uint64_t number)
{
	return (number - 1) % ring->blocks * BLOCK_BYTES;
}

static void fill(const struct ring *ring, uint64_t number, uint64_t *block)
{
	for (size_t i = 0; i < BLOCK_BYTES / sizeof(*block); i += 2) {
		block[i] = number;
		block[i + 1] = number ? position(ring, number) : 0;
	}
}

static uint64_t *new_block(void)
{
	void *block;

	if (posix_memalign(&block, BLOCK_BYTES, BLOCK_BYTES) != 0)
		fail("memory");
	return block;
}

/* The number in block @slot when all up to @last were written. */
static uint64_t expected(const struct ring *ring, uint64_t slot, uint64_t last)
{
	if (slot + 1 > last)
		return 0;
	return slot + 1 + (last - slot - 1) / ring->blocks * ring->blocks;
}

/* ---- writing ---- */

/* Number n is given out only when n - DEPTH and all below are acknowledged. */
static struct {
	struct ring ring;
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	uint64_t given;
	uint64_t last; /* to be given out */
	uint64_t acknowledged; /* all up to it */
	bool done[DEPTH]; /* of the numbers above it, by number % DEPTH */
	uint64_t flushed;
	uint64_t until_ns;
} writer = { .mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

static volatile sig_atomic_t told_to_end;

static void tell_to_end(int number)
{
	(void)number;
	told_to_end = 1;
}

/* 0: it is time to end. */
static uint64_t take_number(void)
{
	uint64_t number = 0;

	pthread_mutex_lock(&writer.mutex);
	while (writer.given - writer.acknowledged >= DEPTH)
		pthread_cond_wait(&writer.moved, &writer.mutex);
	if (!told_to_end && writer.given < writer.last && now_ns() < writer.until_ns)
		number = ++writer.given;
	pthread_mutex_unlock(&writer.mutex);
	return number;
}

static void acknowledge(uint64_t number)
{
	pthread_mutex_lock(&writer.mutex);
	writer.done[number % DEPTH] = true;
	while (writer.done[(writer.acknowledged + 1) % DEPTH]) {
		writer.acknowledged++;
		writer.done[writer.acknowledged % DEPTH] = false;
	}
	pthread_cond_broadcast(&writer.moved);
	pthread_mutex_unlock(&writer.mutex);
}

/* Nothing is acknowledged any more while this thread tells how much was. */
static void tell_end(void)
{
	pthread_mutex_lock(&writer.mutex);
	printf("acknowledged=%" PRIu64 "\n", writer.acknowledged);
	fflush(stdout);
}

static void refused(const char *what)
{
	int error = errno;

	tell_end();
	errno = error;
	fail(what);
}

static void flush(void)
{
	uint64_t sure;

	pthread_mutex_lock(&writer.mutex);
	sure = writer.acknowledged;
	pthread_mutex_unlock(&writer.mutex);
	if (fsync(writer.ring.fd) < 0)
		refused("fsync");
	pthread_mutex_lock(&writer.mutex);
	if (sure > writer.flushed) {
		writer.flushed = sure;
		printf("flushed=%" PRIu64 "\n", sure);
		fflush(stdout);
	}
	pthread_mutex_unlock(&writer.mutex);
}

static void *write_numbers(void *unused)
{
	uint64_t *block = new_block();
	uint64_t number;

	(void)unused;
	while ((number = take_number()) != 0) {
		fill(&writer.ring, number, block);
		if (pwrite(writer.ring.fd, block, BLOCK_BYTES,
			   (off_t)position(&writer.ring, number)) != BLOCK_BYTES)
			refused("write");
		acknowledge(number);
		if (number % FLUSH_EVERY == 0)
			flush();
	}
	free(block);
	return NULL;
}

static int do_write(struct ring ring, uint64_t seconds, uint64_t from, uint64_t to)
{
	const struct sigaction action = { .sa_handler = tell_to_end, .sa_flags = SA_RESTART };
	pthread_t threads[DEPTH];

	sigaction(SIGTERM, &action, NULL);
	writer.ring = ring;
	writer.given = writer.acknowledged = from;
	writer.last = to;
	writer.until_ns = now_ns() + seconds * 1000000000;
	for (int i = 0; i < DEPTH; i++) {
		errno = pthread_create(&threads[i], NULL, write_numbers, NULL);
		if (errno != 0)
			fail("thread");
	}
	for (int i = 0; i < DEPTH; i++)
		pthread_join(threads[i], NULL);
	flush();
	tell_end();
	return 0;
}

/* ---- checking ---- */

/* False: it holds neither zeroes nor one whole block of this ring. */
static bool read_number(const struct ring *ring, uint64_t slot, uint64_t *block, uint64_t *wanted,
			uint64_t *number)
{
	if (pread(ring->fd, block, BLOCK_BYTES, (off_t)(slot * BLOCK_BYTES)) != BLOCK_BYTES)
		fail("read");
	*number = block[0];
	fill(ring, *number, wanted);
	return memcmp(block, wanted, BLOCK_BYTES) == 0 &&
	       (*number == 0 || (*number - 1) % ring->blocks == slot);
}

/* Up to which number all are there: a writer that was stopped leaves gaps among the last ones that it had under way. */
static uint64_t gapless(const struct ring *ring, const uint64_t *numbers)
{
	uint64_t first_missing = UINT64_MAX;

	for (uint64_t slot = 0; slot < ring->blocks; slot++) {
		uint64_t next = numbers[slot] ? numbers[slot] + ring->blocks : slot + 1;

		if (next < first_missing)
			first_missing = next;
	}
	return first_missing - 1;
}

static int judge(const struct ring *ring, const uint64_t *numbers, uint64_t last, uint64_t flushed)
{
	uint64_t prefix = last > DEPTH ? last - DEPTH : 0;
	uint64_t sure = prefix > flushed ? prefix : flushed;

	printf("found=%" PRIu64 "\n", gapless(ring, numbers));
	for (uint64_t slot = 0; slot < ring->blocks; slot++) {
		if (numbers[slot] >= expected(ring, slot, sure))
			continue;
		printf("block %" PRIu64 " holds number %" PRIu64 " although %" PRIu64
		       " was written before: %" PRIu64 " is there, and %" PRIu64 " was flushed\n",
		       slot, numbers[slot], expected(ring, slot, sure), last, flushed);
		return 1;
	}
	return 0;
}

static int do_check(const struct ring *ring, uint64_t flushed)
{
	uint64_t *block = new_block(), *wanted = new_block();
	uint64_t *numbers = calloc(ring->blocks, sizeof(*numbers));
	uint64_t last = 0;
	int status;

	if (!numbers)
		fail("memory");
	for (uint64_t slot = 0; slot < ring->blocks; slot++) {
		if (!read_number(ring, slot, block, wanted, &numbers[slot])) {
			printf("block %" PRIu64 " does not hold one whole numbered block\n", slot);
			return 1;
		}
		if (numbers[slot] > last)
			last = numbers[slot];
	}
	status = judge(ring, numbers, last, flushed);
	free(numbers);
	free(wanted);
	free(block);
	return status;
}

static uint64_t parse(const char *text)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end) {
		fprintf(stderr, "ring_writer: '%s' is no number\n", text);
		exit(2);
	}
	return number;
}

int main(int count, char **arguments)
{
	bool writes = count >= 5 && strcmp(arguments[1], "write") == 0;
	struct ring ring;

	if (!writes && !(count == 5 && strcmp(arguments[1], "check") == 0)) {
		fprintf(stderr, "usage: ring_writer write DEVICE BLOCKS SECONDS [FROM [TO]]\n"
				"       ring_writer check DEVICE BLOCKS FLUSHED\n");
		return 2;
	}
	ring.blocks = parse(arguments[3]);
	ring.fd = open(arguments[2], (writes ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (ring.fd < 0 || ring.blocks <= DEPTH)
		fail(arguments[2]);
	if (writes)
		return do_write(ring, parse(arguments[4]), count > 5 ? parse(arguments[5]) : 0,
				count > 6 ? parse(arguments[6]) : UINT64_MAX);
	return do_check(&ring, parse(arguments[4]));
}
