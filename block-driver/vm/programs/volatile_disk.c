// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of nbdkit: a disk with a volatile cache. What is written is read again, but it is on the medium only when it was
 * flushed, or written with FUA. When nbdkit ends, as after a power cut, each sector of what was not flushed has reached
 * the medium or not, as chance (of the seed) has it; now and then the cache also puts an older content there by itself.
 *
 *   nbdkit volatile_disk.so medium=FILE seed=NUMBER
 */
#define _GNU_SOURCE
#define NBDKIT_API_VERSION 2
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_ALL_REQUESTS

enum { SECTOR_BYTES = 512 };

static struct {
	char *path;
	uint64_t seed;
	uint64_t bytes;
	uint8_t *medium; /* the file, mapped */
	uint8_t *seen; /* what a reader sees */
	uint8_t *dirty; /* of each sector: 1 when the two differ */
	uint64_t dirty_first;
	uint64_t dirty_end; /* no dirty sector outside these */
} disk;

/* xorshift64: good enough to choose sectors. */
static uint64_t chance(void)
{
	disk.seed ^= disk.seed << 13;
	disk.seed ^= disk.seed >> 7;
	disk.seed ^= disk.seed << 17;
	return disk.seed;
}

static void destage(uint64_t sector)
{
	memcpy(disk.medium + sector * SECTOR_BYTES, disk.seen + sector * SECTOR_BYTES,
	       SECTOR_BYTES);
	disk.dirty[sector] = 0;
}

static void destage_range(uint64_t first, uint64_t end)
{
	for (uint64_t sector = first; sector < end; sector++) {
		if (disk.dirty[sector])
			destage(sector);
	}
}

/* Before it is overwritten, some of what is dirty goes to the medium as it is. */
static void make_dirty(uint64_t first, uint64_t end)
{
	for (uint64_t sector = first; sector < end; sector++) {
		if (disk.dirty[sector] && chance() % 4 == 0)
			destage(sector);
		disk.dirty[sector] = 1;
	}
	if (first < disk.dirty_first)
		disk.dirty_first = first;
	if (end > disk.dirty_end)
		disk.dirty_end = end;
}

/* ---- life ---- */

static int volatile_config(const char *key, const char *value)
{
	if (strcmp(key, "medium") == 0) {
		disk.path = nbdkit_absolute_path(value);
		return disk.path ? 0 : -1;
	}
	if (strcmp(key, "seed") == 0)
		return nbdkit_parse_uint64_t("seed", value, &disk.seed);
	nbdkit_error("unknown parameter '%s'", key);
	return -1;
}

static int volatile_config_complete(void)
{
	if (!disk.path || disk.seed == 0) {
		nbdkit_error("medium=FILE and seed=NUMBER, not 0, are needed");
		return -1;
	}
	return 0;
}

static void *map(size_t bytes, int flags, int fd)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Only what is no hole, which is little. */
static int read_medium(int fd)
{
	off_t at = 0, end;

	while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < disk.bytes) {
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0 || (uint64_t)end > disk.bytes)
			end = (off_t)disk.bytes;
		for (ssize_t got; at < end; at += got) {
			got = pread(fd, disk.seen + at, (size_t)(end - at), at);
			if (got <= 0)
				return -1;
		}
	}
	return 0;
}

static int volatile_get_ready(void)
{
	int fd = open(disk.path, O_RDWR | O_CLOEXEC);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0) {
		nbdkit_error("%s: %m", disk.path);
		return -1;
	}
	disk.bytes = (uint64_t)found.st_size / SECTOR_BYTES * SECTOR_BYTES;
	disk.medium = map(disk.bytes, MAP_SHARED, fd);
	disk.seen = map(disk.bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	disk.dirty = calloc(disk.bytes / SECTOR_BYTES, 1);
	if (!disk.medium || !disk.seen || !disk.dirty || read_medium(fd) < 0) {
		nbdkit_error("%s: cannot be mapped and read: %m", disk.path);
		close(fd);
		return -1;
	}
	close(fd);
	disk.dirty_first = disk.bytes / SECTOR_BYTES;
	return 0;
}

/* The power cut. */
static void volatile_unload(void)
{
	uint64_t lost = 0, kept = 0;

	if (!disk.dirty)
		return;
	for (uint64_t sector = disk.dirty_first; sector < disk.dirty_end; sector++) {
		if (!disk.dirty[sector])
			continue;
		if (chance() % 2 == 0) {
			destage(sector);
			kept++;
		} else {
			lost++;
		}
	}
	nbdkit_debug("%" PRIu64 " sectors lost, %" PRIu64 " kept", lost, kept);
	free(disk.path);
}

/* ---- connections and requests ---- */

static void *volatile_open(int read_only)
{
	(void)read_only;
	return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t volatile_get_size(void *handle)
{
	(void)handle;
	return (int64_t)disk.bytes;
}

static int volatile_can_fua(void *handle)
{
	(void)handle;
	return NBDKIT_FUA_NATIVE;
}

static int volatile_can_flush(void *handle)
{
	(void)handle;
	return 1;
}

static int volatile_block_size(void *handle, uint32_t *smallest, uint32_t *best, uint32_t *largest)
{
	(void)handle;
	*smallest = SECTOR_BYTES;
	*best = 4096;
	*largest = 32 * 1024 * 1024;
	return 0;
}

static int volatile_pread(void *handle, void *data, uint32_t count, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	memcpy(data, disk.seen + offset, count);
	return 0;
}

static int volatile_pwrite(void *handle, const void *data, uint32_t count, uint64_t offset,
			   uint32_t flags)
{
	uint64_t first = offset / SECTOR_BYTES, end = (offset + count) / SECTOR_BYTES;

	(void)handle;
	make_dirty(first, end);
	memcpy(disk.seen + offset, data, count);
	if (flags & NBDKIT_FLAG_FUA)
		destage_range(first, end);
	return 0;
}

static int volatile_flush(void *handle, uint32_t flags)
{
	(void)handle;
	(void)flags;
	destage_range(disk.dirty_first, disk.dirty_end);
	disk.dirty_first = disk.bytes / SECTOR_BYTES;
	disk.dirty_end = 0;
	return 0;
}

static struct nbdkit_plugin plugin = {
	.name = "volatile-disk",
	.description = "a disk whose cache loses what was not flushed",
	.config = volatile_config,
	.config_complete = volatile_config_complete,
	.get_ready = volatile_get_ready,
	.unload = volatile_unload,
	.open = volatile_open,
	.get_size = volatile_get_size,
	.can_fua = volatile_can_fua,
	.can_flush = volatile_can_flush,
	.block_size = volatile_block_size,
	.pread = volatile_pread,
	.pwrite = volatile_pwrite,
	.flush = volatile_flush,
};

NBDKIT_REGISTER_PLUGIN(plugin)
