// SPDX-License-Identifier: GPL-2.0
/*
 * Ends a mounted file system at once, as the kernel does when its disk is removed: nothing more is written, not even the journal,
 * and whoever uses it gets errors until it is mounted anew.
 *
 *   shut_down MOUNTPOINT    ext4 or xfs
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From the kernel's fs/ext4/ext4.h and fs/xfs/libxfs/xfs_fs.h, which have the same. */
enum { SHUTDOWN = _IOR('X', 125, uint32_t) };
#define WITHOUT_JOURNAL 2u

int main(int count, char **arguments)
{
	uint32_t how = WITHOUT_JOURNAL;
	int fd;

	if (count != 2) {
		fprintf(stderr, "usage: shut_down MOUNTPOINT\n");
		return 2;
	}
	fd = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SHUTDOWN, &how) < 0) {
		fprintf(stderr, "shut_down: %s: %s\n", arguments[1], strerror(errno));
		return 1;
	}
	close(fd);
	return 0;
}
