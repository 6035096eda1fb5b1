// SPDX-License-Identifier: GPL-2.0
/* What io_open.c asks of a host, for a process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "io_file_user.h"
#include "io_open.h"

#define SECTOR_BYTES 512u
/* Rights of a new target, less the umask: it is a disk, so none for strangers. */
#define NEW_TARGET_MODE 0660
#define LOCK_WAIT_MS	2000u
#define LOCK_LOOK_MS	5u

static struct th_user_file *user_file(struct th_io_file *file)
{
	return th_container_of(file, struct th_user_file, file);
}

/* ---- opening and closing ---- */

int th_io_look(const char *path, enum th_io_node *node)
{
	struct stat status;

	if (stat(path, &status))
		return -errno;
	if (S_ISREG(status.st_mode))
		*node = TH_IO_NODE_FILE;
	else if (S_ISBLK(status.st_mode))
		*node = TH_IO_NODE_DEVICE;
	else
		*node = S_ISDIR(status.st_mode) ? TH_IO_NODE_DIRECTORY : TH_IO_NODE_OTHER;
	return 0;
}

static int open_flags(const struct th_io_how *how)
{
	int flags = O_CLOEXEC | O_NOCTTY;

	if (how->directory)
		return flags | O_RDONLY | O_DIRECTORY;
	flags |= how->read_only ? O_RDONLY : O_RDWR;
	flags |= how->direct ? O_DIRECT : 0;
	flags |= how->create ? O_CREAT : 0;
	return flags | (how->exclusive ? O_EXCL : 0);
}

int th_io_open(const char *path, const struct th_io_how *how, struct th_io_file **file)
{
	struct th_user_file *user = th_alloc(sizeof(*user));
	int error;

	if (!user)
		return -ENOMEM;
	user->descriptor = open(path, open_flags(how), NEW_TARGET_MODE);
	if (user->descriptor < 0) {
		error = -errno;
		th_free(user);
		return error;
	}
	user->file.direct = how->direct;
	user->file.block_device = how->exclusive;
	*file = &user->file;
	return 0;
}

int th_io_check(const struct th_io_file *file, const struct th_io_how *how)
{
	if (!how->directory || how->read_only)
		return 0;
	return faccessat(th_io_descriptor(file), ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

/* The log's directory is waited for: a process that was killed has it until the system has finished its I/O. */
int th_io_lock(const struct th_io_file *file, const struct th_io_how *how)
{
	const struct timespec pause = { .tv_nsec = LOCK_LOOK_MS * 1000000L };
	int operation = (how->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB;
	uint32_t looks = how->directory ? LOCK_WAIT_MS / LOCK_LOOK_MS : 0;

	while (flock(th_io_descriptor(file), operation)) {
		if (errno != EWOULDBLOCK || looks-- == 0)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int sync_parent(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int error = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return error;
}

int th_io_sync_new(const struct th_io_file *file, const char *path)
{
	/* The name of a new file is durable when its directory is. */
	return fsync(th_io_descriptor(file)) ? -errno : sync_parent(path);
}

void th_io_show_owner(struct th_io_file *file, const char *owner)
{
	(void)file;
	(void)owner;
}

void th_io_close(struct th_io_file *file)
{
	struct th_user_file *user = user_file(file);

	/* The ring may have it open for a moment yet. */
	flock(user->descriptor, LOCK_UN);
	close(user->descriptor);
	th_free(user);
}

/* ---- describing ---- */

/* Of the device @id, or of the disk it is a partition of; a device that sysfs does not know does not rotate. */
static bool is_rotational(dev_t id)
{
	static const char *const places[] = { "", "../" };

	for (size_t i = 0; i < TH_ARRAY_COUNT(places); i++) {
		char path[96];
		char digit = 0;
		int fd;

		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%squeue/rotational", major(id),
			 minor(id), places[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, &digit, 1) != 1)
			digit = 0;
		close(fd);
		return digit == '1';
	}
	return false;
}

static int device_block_bytes(const struct th_io_file *file, uint32_t *bytes)
{
	int sector_bytes;

	if (ioctl(th_io_descriptor(file), BLKSSZGET, &sector_bytes))
		return -errno;
	*bytes = (uint32_t)sector_bytes;
	return 0;
}

/* What direct I/O asks for. A kernel that does not say so is content with sectors. */
static void apply_direct_alignment(struct th_block_info *info, const struct statx *status)
{
	bool known = status->stx_mask & STATX_DIOALIGN && status->stx_dio_offset_align;

	info->memory_align_bytes = known ? status->stx_dio_mem_align : SECTOR_BYTES;
	if (known)
		info->block_bytes = TH_MAX(info->block_bytes, status->stx_dio_offset_align);
}

static bool is_on_ext4(const struct th_io_file *file)
{
	struct statfs status;

	return fstatfs(th_io_descriptor(file), &status) == 0 && status.f_type == EXT4_SUPER_MAGIC;
}

int th_io_fill_info(struct th_io_file *file)
{
	struct th_block_info *info = &file->info;
	struct statx status;
	int error = 0;

	if (statx(th_io_descriptor(file), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_DIOALIGN,
		  &status))
		return -errno;
	file->block_device = S_ISBLK(status.stx_mode);
	info->block_bytes = SECTOR_BYTES;
	info->memory_align_bytes = 1;
	if (file->block_device) {
		info->rotational =
			is_rotational(makedev(status.stx_rdev_major, status.stx_rdev_minor));
		error = device_block_bytes(file, &info->block_bytes);
	} else {
		info->rotational =
			is_rotational(makedev(status.stx_dev_major, status.stx_dev_minor));
		file->doubted = is_on_ext4(file);
	}
	if (file->direct)
		apply_direct_alignment(info, &status);
	return error ? error : th_io_size(file, &info->size_bytes);
}
