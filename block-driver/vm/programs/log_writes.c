// SPDX-License-Identifier: GPL-2.0
/*
 * Reads what device-mapper's target log-writes has recorded, and makes a disk as it was at any moment of it.
 *
 *   log_writes list LOG                   one line for each entry: what it is, and the text of a mark
 *   log_writes replay LOG DISK FROM TO    applies the entries from FROM (0: the first) to before TO, in order
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC		 0x6a736677736872ULL
#define FLAG_FLUSH	 (1 << 0)
#define FLAG_FUA	 (1 << 1)
#define FLAG_DISCARD	 (1 << 2)
#define FLAG_MARK	 (1 << 3)
#define PIECE_BYTES	 (1024 * 1024)
#define SECTOR_BYTES_MAX 4096

struct super {
	uint64_t magic;
	uint64_t version;
	uint64_t entries;
	uint32_t sector_bytes;
};

struct entry {
	uint64_t sector;
	uint64_t sectors;
	uint64_t flags;
	uint64_t data_bytes;
};

static uint8_t piece[PIECE_BYTES];

static void fail(const char *what)
{
	fprintf(stderr, "log_writes: %s: %s\n", what,
		errno ? strerror(errno) : "not what it should be");
	exit(1);
}

static void read_at(int fd, void *data, size_t bytes, uint64_t offset)
{
	errno = 0;
	if (pread(fd, data, bytes, (off_t)offset) != (ssize_t)bytes)
		fail("reading the record");
}

static struct super read_super(int log)
{
	struct super super;

	read_at(log, &super, sizeof(super), 0);
	super.entries = le64toh(super.entries);
	super.sector_bytes = le32toh(super.sector_bytes);
	if (le64toh(super.magic) != MAGIC || super.sector_bytes < 512 ||
	    super.sector_bytes > SECTOR_BYTES_MAX)
		fail("the beginning of the record");
	return super;
}

static struct entry read_entry(int log, uint64_t offset)
{
	struct entry entry;

	read_at(log, &entry, sizeof(entry), offset);
	entry.sector = le64toh(entry.sector);
	entry.sectors = le64toh(entry.sectors);
	entry.flags = le64toh(entry.flags);
	entry.data_bytes = le64toh(entry.data_bytes);
	return entry;
}

/* @log negative: zeroes. */
static void copy(int log, uint64_t from, int disk, uint64_t to, uint64_t bytes)
{
	while (bytes > 0) {
		size_t now = bytes < PIECE_BYTES ? (size_t)bytes : PIECE_BYTES;

		if (log >= 0)
			read_at(log, piece, now, from);
		else
			memset(piece, 0, now);
		if (pwrite(disk, piece, now, (off_t)to) != (ssize_t)now)
			fail("writing the disk");
		from += now;
		to += now;
		bytes -= now;
	}
}

/* Where the next entry is, when @entry is at @offset: behind its data. A mark has none but its text, in the same sector. */
static uint64_t behind(const struct super *super, const struct entry *entry, uint64_t offset)
{
	offset += super->sector_bytes;
	if (!(entry->flags & (FLAG_MARK | FLAG_DISCARD)))
		offset += entry->sectors * super->sector_bytes;
	return offset;
}

static void replay(int log, int disk, uint64_t first, uint64_t end)
{
	struct super super = read_super(log);
	uint64_t offset = super.sector_bytes;

	if (end > super.entries)
		end = super.entries;
	for (uint64_t i = 0; i < end; i++) {
		struct entry entry = read_entry(log, offset);

		if (i >= first && !(entry.flags & FLAG_MARK))
			copy(entry.flags & FLAG_DISCARD ? -1 : log, offset + super.sector_bytes,
			     disk, entry.sector * super.sector_bytes,
			     entry.sectors * super.sector_bytes);
		offset = behind(&super, &entry, offset);
	}
}

static void print_mark(int log, const struct super *super, const struct entry *entry,
		       uint64_t offset)
{
	char text[SECTOR_BYTES_MAX];

	if (entry->data_bytes > super->sector_bytes - sizeof(*entry))
		fail("a mark of the record");
	read_at(log, text, entry->data_bytes, offset + sizeof(*entry));
	printf("mark %.*s\n", (int)entry->data_bytes, text);
}

static void list(int log)
{
	struct super super = read_super(log);
	uint64_t offset = super.sector_bytes;

	for (uint64_t i = 0; i < super.entries; i++) {
		struct entry entry = read_entry(log, offset);

		if (entry.flags & FLAG_MARK)
			print_mark(log, &super, &entry, offset);
		else
			printf("%s%s%s %" PRIu64 " %" PRIu64 "\n",
			       entry.flags & FLAG_DISCARD ? "discard" : "write",
			       entry.flags & FLAG_FLUSH ? "+flush" : "",
			       entry.flags & FLAG_FUA ? "+fua" : "", entry.sector, entry.sectors);
		offset = behind(&super, &entry, offset);
	}
}

static int open_or_fail(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	return fd;
}

int main(int count, char **arguments)
{
	if (count == 3 && strcmp(arguments[1], "list") == 0) {
		list(open_or_fail(arguments[2], O_RDONLY));
		return 0;
	}
	if (count == 6 && strcmp(arguments[1], "replay") == 0) {
		replay(open_or_fail(arguments[2], O_RDONLY), open_or_fail(arguments[3], O_RDWR),
		       strtoull(arguments[4], NULL, 10), strtoull(arguments[5], NULL, 10));
		return 0;
	}
	fprintf(stderr, "usage: log_writes list LOG | replay LOG DISK FROM TO\n");
	return 2;
}
