// SPDX-License-Identifier: GPL-2.0
/* Finding, claiming, describing and closing of what an I/O brick serves, for a process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "io_file_user.h"

#define SECTOR_BYTES	512u
#define BLOCK_BYTES_MAX 4096u
/* Rights of a new target, less the umask: it is a disk, so none for strangers. */
#define NEW_TARGET_MODE 0660

#define LOCK_WAIT_MS 2000u
#define LOCK_LOOK_MS 5u

/* What an error of opening means, and what to do. */
static const char *advice(int error)
{
	switch (error) {
	case -ENOENT:
		return "does not exist; check the path, or create it";
	case -ENOTDIR:
		return "is not a directory, or a part of the path is none; check the path";
	case -EISDIR:
		return "is a directory, but a file or block device is wanted; check the path";
	case -EACCES:
	case -EPERM:
		return "may not be opened by this process; check owner, mode and capabilities";
	case -EROFS:
		return "is read-only; make it writable, or use it read-only";
	case -EBUSY:
		return "is in use by another process; stop or unmount that first (see lsof, lsblk)";
	case -ENXIO:
	case -ENODEV:
	case -ENOMEDIUM:
		return "has no device behind it; check that the disk is attached";
	case -EMFILE:
	case -ENFILE:
		return "cannot be opened, too many files are open; raise the limit (ulimit -n)";
	case -ENOSPC:
		return "cannot be created, the file system is full; free some space";
	default:
		return NULL;
	}
}

static int refuse(struct th_error *error, const char *path, int code)
{
	const char *text = advice(code);

	if (text)
		return th_error_set(error, code, "%.150s %s", path, text);
	return th_error_set(error, code, "%.150s cannot be used (%s); check the disk and dmesg",
			    path, th_io_error_text(code));
}

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

static int device_block_bytes(const struct th_user_file *file, uint32_t *bytes)
{
	int sector_bytes;

	if (ioctl(file->descriptor, BLKSSZGET, &sector_bytes))
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

int th_io_describe_file(struct th_user_file *file)
{
	struct th_block_info *info = &file->file.info;
	struct statx status;
	int error = 0;

	if (statx(file->descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_DIOALIGN, &status))
		return -errno;
	file->file.block_device = S_ISBLK(status.stx_mode);
	info->block_bytes = SECTOR_BYTES;
	info->memory_align_bytes = 1;
	if (file->file.block_device) {
		info->rotational =
			is_rotational(makedev(status.stx_rdev_major, status.stx_rdev_minor));
		error = device_block_bytes(file, &info->block_bytes);
	} else {
		info->rotational =
			is_rotational(makedev(status.stx_dev_major, status.stx_dev_minor));
	}
	if (file->file.direct)
		apply_direct_alignment(info, &status);
	return error ? error : th_io_size(&file->file, &info->size_bytes);
}

static int check_kind(const struct th_io_config *config, mode_t mode, struct th_error *error)
{
	if (config->kind == TH_IO_DIRECTORY)
		return S_ISDIR(mode) ? 0 : refuse(error, config->path, -ENOTDIR);
	if (S_ISDIR(mode))
		return refuse(error, config->path, -EISDIR);
	if (!S_ISREG(mode) && !S_ISBLK(mode))
		return th_error_set(error, -EINVAL,
				    "%.150s is not a file or block device; check the path",
				    config->path);
	return 0;
}

/* The flags to open with, or a negative errno. Looks before it opens: opening a pipe would wait for its writer. */
static int target_flags(const struct th_io_config *config, struct th_error *error)
{
	int flags = O_CLOEXEC | O_NOCTTY | (config->read_only ? O_RDONLY : O_RDWR);
	struct stat status;
	int code;

	if (stat(config->path, &status)) {
		if (errno == ENOENT && config->create_bytes && !config->read_only)
			return flags | O_CREAT;
		return refuse(error, config->path, -errno);
	}
	code = check_kind(config, status.st_mode, error);
	if (code)
		return code;
	return S_ISBLK(status.st_mode) ? flags | O_EXCL : flags;
}

static int open_target(const struct th_io_config *config, struct th_user_file *file,
		       struct th_error *error)
{
	int flags = target_flags(config, error);

	if (flags < 0)
		return flags;
	file->file.direct = config->direct;
	if (config->direct) {
		file->descriptor = open(config->path, flags | O_DIRECT, NEW_TARGET_MODE);
		if (file->descriptor >= 0)
			return 0;
		if (errno != EINVAL)
			return refuse(error, config->path, -errno);
		file->file.direct = false;
		th_log(TH_LOG_WARNING,
		       "%s: the file system refuses direct I/O; it goes through the page cache",
		       config->path);
	}
	file->descriptor = open(config->path, flags, NEW_TARGET_MODE);
	return file->descriptor < 0 ? refuse(error, config->path, -errno) : 0;
}

/* Returns 0 or a positive errno. */
static int lock(int descriptor, int kind, uint32_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_LOOK_MS * 1000000 };

	while (flock(descriptor, kind | LOCK_NB)) {
		if (errno != EWOULDBLOCK || wait_ms < LOCK_LOOK_MS)
			return errno;
		wait_ms -= LOCK_LOOK_MS;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/*
 * Block devices are claimed by O_EXCL when they are opened; files and directories by a lock. That of the log is waited for: a
 * process that was killed has it until the system has finished its I/O. What belongs to the log is free then, too.
 */
static int claim(const struct th_io_config *config, int descriptor, struct th_error *error)
{
	int code = lock(descriptor, config->read_only ? LOCK_SH : LOCK_EX,
			config->kind == TH_IO_DIRECTORY ? LOCK_WAIT_MS : 0);

	if (!code)
		return 0;
	if (code == EWOULDBLOCK)
		return refuse(error, config->path, -EBUSY);
	return th_error_set(error, -code, "%.150s cannot be locked (%s); use another file system",
			    config->path, th_io_error_text(-code));
}

/* The name of a new file is durable when its directory is. */
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

static int size_new_target(const struct th_io_config *config, struct th_user_file *file,
			   struct th_error *error)
{
	int code;

	if (!config->create_bytes || config->read_only || file->file.block_device ||
	    file->file.info.size_bytes)
		return 0;
	code = th_io_truncate(&file->file, config->create_bytes);
	if (!code)
		code = fsync(file->descriptor) ? -errno : 0;
	if (!code)
		code = sync_parent(config->path);
	file->file.info.size_bytes = config->create_bytes;
	return code ? refuse(error, config->path, code) : 0;
}

static int check_geometry(const struct th_io_config *config, const struct th_block_info *info,
			  struct th_error *error)
{
	if (info->block_bytes > BLOCK_BYTES_MAX)
		return th_error_set(error, -EINVAL,
				    "%.150s has blocks of %u bytes; at most %u are supported",
				    config->path, info->block_bytes, BLOCK_BYTES_MAX);
	if (info->size_bytes == 0)
		return th_error_set(error, -EINVAL, "%.150s is empty; give it a size first",
				    config->path);
	if (!th_is_aligned(info->size_bytes, info->block_bytes))
		return th_error_set(error, -EINVAL,
				    "%.150s has %llu bytes, which is not a multiple of its block "
				    "of %u; change its size",
				    config->path, (unsigned long long)info->size_bytes,
				    info->block_bytes);
	return 0;
}

/* For an opened target: makes it ours, and knows it. */
static int take_target(const struct th_io_config *config, struct th_user_file *file,
		       struct th_error *error)
{
	int code = th_io_describe_file(file);

	if (code)
		return refuse(error, config->path, code);
	file->file.info.read_only = config->read_only;
	if (!file->file.block_device)
		code = claim(config, file->descriptor, error);
	if (!code)
		code = size_new_target(config, file, error);
	return code ? code : check_geometry(config, &file->file.info, error);
}

int th_io_open_target(const struct th_io_config *config, struct th_io_file **result,
		      struct th_error *error)
{
	struct th_user_file *file = th_alloc(sizeof(*file));
	int code;

	if (!file)
		return th_error_set(error, -ENOMEM, "%.150s: no memory to open it", config->path);
	code = open_target(config, file, error);
	if (code) {
		th_free(file);
		return code;
	}
	code = take_target(config, file, error);
	if (code) {
		th_io_close(&file->file);
		return code;
	}
	*result = &file->file;
	return 0;
}

/* Looks first, so that "not a directory" is told from a path with a wrong part. */
static int open_directory(const struct th_io_config *config, struct th_user_file *file,
			  struct th_error *error)
{
	struct stat status;
	int code;

	if (stat(config->path, &status))
		return refuse(error, config->path, -errno);
	code = check_kind(config, status.st_mode, error);
	if (code)
		return code;
	file->descriptor = open(config->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return file->descriptor < 0 ? refuse(error, config->path, -errno) : 0;
}

int th_io_open_directory(const struct th_io_config *config, struct th_io_file **result,
			 struct th_error *error)
{
	struct th_user_file *file = th_alloc(sizeof(*file));
	int code;

	if (!file)
		return th_error_set(error, -ENOMEM, "%.150s: no memory to open it", config->path);
	code = open_directory(config, file, error);
	if (code) {
		th_free(file);
		return code;
	}
	if (!config->read_only && faccessat(file->descriptor, ".", W_OK | X_OK, AT_EACCESS))
		code = refuse(error, config->path, -errno);
	if (!code)
		code = claim(config, file->descriptor, error);
	if (code) {
		th_io_close(&file->file);
		return code;
	}
	file->file.info.read_only = config->read_only;
	*result = &file->file;
	return 0;
}

void th_io_close(struct th_io_file *file)
{
	struct th_user_file *user = th_container_of(file, struct th_user_file, file);

	/* The ring may have it open for a moment yet. */
	flock(user->descriptor, LOCK_UN);
	close(user->descriptor);
	th_free(user);
}
