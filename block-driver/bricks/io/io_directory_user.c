// SPDX-License-Identifier: GPL-2.0
/* The names of a directory, for a process. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io_file_user.h"
#include "io_open.h"

/* Rights of new files, less the umask: the log holds the data of the device, so none for strangers. */
#define NEW_FILE_MODE 0660

static int open_flags(uint8_t flags)
{
	/* No wait for whoever writes to a pipe of this name: it is refused a moment later. */
	int result = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

	if (flags & TH_CREATE)
		result |= O_CREAT | O_EXCL;
	return result | (flags & TH_READ_ONLY ? O_RDONLY : O_RDWR);
}

static int open_descriptor(const struct th_io_file *directory, const char *name, uint8_t flags,
			   struct th_user_file *file)
{
	int fd = th_io_descriptor(directory);

	if (file->file.direct) {
		file->descriptor = openat(fd, name, open_flags(flags) | O_DIRECT, NEW_FILE_MODE);
		if (file->descriptor >= 0)
			return 0;
		if (errno != EINVAL)
			return -errno;
		/* Where direct I/O is refused, Linux may have created the file nevertheless. */
		file->file.direct = false;
		if (flags & TH_CREATE && unlinkat(fd, name, 0) && errno != ENOENT)
			return -errno;
	}
	file->descriptor = openat(fd, name, open_flags(flags), NEW_FILE_MODE);
	return file->descriptor < 0 ? -errno : 0;
}

static int check_regular(const struct th_user_file *file)
{
	struct stat status;

	if (fstat(file->descriptor, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	/* O_NONBLOCK has done its service; io_uring would take it for a wish not to wait for the disk. */
	return fcntl(file->descriptor, F_SETFL, file->file.direct ? O_DIRECT : 0) ? -errno : 0;
}

int th_io_open_name(const struct th_io_file *directory, const char *name, uint8_t flags,
		    bool direct, struct th_io_file **result)
{
	struct th_user_file *file = th_alloc(sizeof(*file));
	int error;

	if (!file)
		return -ENOMEM;
	file->file.direct = direct;
	error = open_descriptor(directory, name, flags, file);
	if (error) {
		th_free(file);
		return error;
	}
	error = check_regular(file);
	if (!error)
		error = th_io_fill_info(&file->file);
	if (error) {
		th_io_close(&file->file);
		return error;
	}
	file->file.info.read_only = flags & TH_READ_ONLY;
	*result = &file->file;
	return 0;
}

int th_io_rename(const struct th_io_file *directory, const char *name, const char *new_name)
{
	int fd = th_io_descriptor(directory);

	return renameat(fd, name, fd, new_name) ? -errno : 0;
}

int th_io_remove(const struct th_io_file *directory, const char *name)
{
	return unlinkat(th_io_descriptor(directory), name, 0) ? -errno : 0;
}

/* 1: listed, or not to be listed; else a negative errno. */
static int list_entry(int fd, const char *name, struct th_directory *entries)
{
	struct th_directory_entry *entry = &entries->entries[entries->count];
	struct stat status;

	if (strlen(name) > TH_NAME_MAX)
		return 0;
	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno; /* removed in the meantime */
	if (!S_ISREG(status.st_mode))
		return 0;
	if (entries->count == entries->capacity)
		return -E2BIG;
	strcpy(entry->name, name);
	entry->bytes = (uint64_t)status.st_size;
	entries->count++;
	return 0;
}

int th_io_list(const struct th_io_file *directory, struct th_directory *entries)
{
	int fd = openat(th_io_descriptor(directory), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	entries->count = 0;
	if (!stream) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (!error) {
		errno = 0;
		entry = readdir(stream);
		if (!entry) {
			error = -errno;
			break;
		}
		error = list_entry(fd, entry->d_name, entries);
	}
	closedir(stream);
	return error;
}

int th_io_sync_names(const struct th_io_file *directory)
{
	return fsync(th_io_descriptor(directory)) ? -errno : 0;
}

int th_io_space(const struct th_io_file *directory, uint64_t *free_bytes, uint64_t *total_bytes)
{
	struct statvfs status;

	if (fstatvfs(th_io_descriptor(directory), &status))
		return -errno;
	*free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	*total_bytes = (uint64_t)status.f_blocks * status.f_frsize;
	return 0;
}
