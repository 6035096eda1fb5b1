// SPDX-License-Identifier: GPL-2.0
/* Finding, claiming, describing and closing of what an I/O brick serves, in the kernel. */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/stat.h>

#include "io_compat_kernel.h"
#include "io_file_kernel.h"

#define BLOCK_BYTES_MAX 4096u
/* Rights of a new target: it is a disk, so none for strangers. */
#define NEW_TARGET_MODE 0660

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
		return "may not be opened; check mode and attributes";
	case -EROFS:
		return "is read-only; make it writable, or use it read-only";
	case -EBUSY:
		return "is in use; stop or unmount that first (see lsblk, lsof)";
	case -ENXIO:
	case -ENODEV:
	case -ENOMEDIUM:
		return "has no device behind it; check that the disk is attached";
	case -ENFILE:
		return "cannot be opened, too many files are open; raise fs.file-max";
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
	return th_error_set(error, code,
			    "%.150s cannot be used (%s, errno %d); check the disk and dmesg", path,
			    th_io_error_text(code), -code);
}

/* ---- describing ---- */

/* What direct I/O asks for. A file system that does not say so is content with sectors. */
static void apply_direct_alignment(struct th_block_info *info, const struct kstat *status)
{
	bool known = status->result_mask & STATX_DIOALIGN && status->dio_offset_align;

	info->memory_align_bytes = known ? status->dio_mem_align : SECTOR_SIZE;
	if (known)
		info->block_bytes = TH_MAX(info->block_bytes, status->dio_offset_align);
}

static void describe_device(struct th_kernel_file *file)
{
	struct th_block_info *info = &file->file.info;

	info->rotational = !bdev_nonrot(file->device);
	info->block_bytes = bdev_logical_block_size(file->device);
	if (file->file.direct)
		info->memory_align_bytes = bdev_dma_alignment(file->device) + 1;
}

static int describe_regular(struct th_kernel_file *file)
{
	struct block_device *below = file_inode(file->handle)->i_sb->s_bdev;
	struct th_block_info *info = &file->file.info;
	struct kstat status;
	int error;

	info->rotational = below && !bdev_nonrot(below);
	if (!file->file.direct)
		return 0;
	error = vfs_getattr(&file->handle->f_path, &status, STATX_BASIC_STATS | STATX_DIOALIGN, 0);
	if (!error)
		apply_direct_alignment(info, &status);
	return error;
}

int th_io_describe_file(struct th_kernel_file *file)
{
	struct th_block_info *info = &file->file.info;
	int error = 0;

	info->block_bytes = SECTOR_SIZE;
	info->memory_align_bytes = 1;
	if (file->device)
		describe_device(file);
	else
		error = describe_regular(file);
	return error ? error : th_io_size(&file->file, &info->size_bytes);
}

/* ---- finding and claiming ---- */

static int check_kind(const struct th_io_config *config, umode_t mode, struct th_error *error)
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

/* Looks before it opens: opening a pipe would wait for its writer. */
static int look(const struct th_io_config *config, umode_t *mode)
{
	struct path path;
	int error = kern_path(config->path, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	*mode = d_backing_inode(path.dentry)->i_mode;
	path_put(&path);
	return 0;
}

/* The flags to open with, or a negative errno. A block device is claimed by O_EXCL. */
static int target_flags(const struct th_io_config *config, struct th_error *error)
{
	int flags = O_LARGEFILE | (config->read_only ? O_RDONLY : O_RDWR);
	umode_t mode;
	int code = look(config, &mode);

	if (code == -ENOENT && config->create_bytes && !config->read_only)
		return flags | O_CREAT;
	if (code)
		return refuse(error, config->path, code);
	code = check_kind(config, mode, error);
	if (code)
		return code;
	return S_ISBLK(mode) ? flags | O_EXCL : flags;
}

static int open_target(const struct th_io_config *config, struct th_kernel_file *file,
		       struct th_error *error)
{
	int flags = target_flags(config, error);
	struct file *handle;

	if (flags < 0)
		return flags;
	file->file.direct = config->direct || (config->direct_devices && flags & O_EXCL);
	handle = filp_open(config->path, file->file.direct ? flags | O_DIRECT : flags,
			   NEW_TARGET_MODE);
	if (file->file.direct && handle == ERR_PTR(-EINVAL)) {
		file->file.direct = false;
		th_log(TH_LOG_WARNING,
		       "%s: the file system refuses direct I/O; it goes through the page cache",
		       config->path);
		handle = filp_open(config->path, flags, NEW_TARGET_MODE);
	}
	if (IS_ERR(handle))
		return refuse(error, config->path, (int)PTR_ERR(handle));
	file->handle = handle;
	if (S_ISBLK(file_inode(handle)->i_mode))
		file->device = I_BDEV(handle->f_mapping->host);
	file->file.block_device = file->device;
	return 0;
}

/* Files and directories get the lock that flock() gives. */
static int claim(const struct th_io_config *config, struct file *handle, struct th_error *error)
{
	int code = th_io_compat_lock(handle, config->read_only);

	if (!code)
		return 0;
	if (code == -EAGAIN)
		return refuse(error, config->path, -EBUSY);
	return th_error_set(error, code, "%.150s cannot be locked (%s); use another file system",
			    config->path, th_io_error_text(code));
}

/* The name of a new file is durable when its directory is. */
static int sync_parent(const struct file *handle)
{
	struct dentry *parent = dget_parent(handle->f_path.dentry);
	struct path path = { .mnt = handle->f_path.mnt, .dentry = parent };
	struct file *directory = file_open_root(&path, ".", O_RDONLY | O_DIRECTORY, 0);
	int error;

	dput(parent);
	if (IS_ERR(directory))
		return (int)PTR_ERR(directory);
	error = vfs_fsync(directory, 0);
	fput(directory);
	return error;
}

static int size_new_target(const struct th_io_config *config, struct th_kernel_file *file,
			   struct th_error *error)
{
	int code;

	if (!config->create_bytes || config->read_only || file->device ||
	    file->file.info.size_bytes)
		return 0;
	code = th_io_truncate(&file->file, config->create_bytes);
	if (!code)
		code = vfs_fsync(file->handle, 0);
	if (!code)
		code = sync_parent(file->handle);
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
		return th_error_set(
			error, -EINVAL,
			"%.150s has %llu bytes, which is not a multiple of its block of %u; change its size",
			config->path, (unsigned long long)info->size_bytes, info->block_bytes);
	return 0;
}

/* Some file systems can be opened, but neither read nor written like this. */
static int check_operations(const struct th_io_config *config, const struct file *handle,
			    struct th_error *error)
{
	if (handle->f_op->read_iter && (config->read_only || handle->f_op->write_iter))
		return 0;
	return th_error_set(error, -EOPNOTSUPP,
			    "%.150s: the kernel cannot do I/O on this file system; use another one",
			    config->path);
}

/* For an opened target: makes it ours, and knows it. */
static int take_target(const struct th_io_config *config, struct th_kernel_file *file,
		       struct th_error *error)
{
	int code = check_operations(config, file->handle, error);

	if (code)
		return code;
	code = th_io_describe_file(file);
	if (code)
		return refuse(error, config->path, code);
	file->file.info.read_only = config->read_only;
	if (!file->device)
		code = claim(config, file->handle, error);
	if (!code)
		code = size_new_target(config, file, error);
	return code ? code : check_geometry(config, &file->file.info, error);
}

int th_io_open_target(const struct th_io_config *config, struct th_io_file **result,
		      struct th_error *error)
{
	struct th_kernel_file *file = th_alloc(sizeof(*file));
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
	if (file->device)
		th_holders_add_lower(&file->lower, config->owner, file->device);
	*result = &file->file;
	return 0;
}

/* Looks first, so that "not a directory" is told from a path with a wrong part. */
static int open_directory(const struct th_io_config *config, struct th_kernel_file *file,
			  struct th_error *error)
{
	struct file *handle;
	umode_t mode;
	int code = look(config, &mode);

	if (code)
		return refuse(error, config->path, code);
	code = check_kind(config, mode, error);
	if (code)
		return code;
	handle = filp_open(config->path, O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(handle))
		return refuse(error, config->path, (int)PTR_ERR(handle));
	file->handle = handle;
	return 0;
}

static int check_writable(const struct file *handle)
{
	int error = mnt_want_write(handle->f_path.mnt);

	if (!error)
		mnt_drop_write(handle->f_path.mnt);
	return error;
}

int th_io_open_directory(const struct th_io_config *config, struct th_io_file **result,
			 struct th_error *error)
{
	struct th_kernel_file *file = th_alloc(sizeof(*file));
	int code;

	if (!file)
		return th_error_set(error, -ENOMEM, "%.150s: no memory to open it", config->path);
	code = open_directory(config, file, error);
	if (code) {
		th_free(file);
		return code;
	}
	if (!config->read_only) {
		code = check_writable(file->handle);
		if (code)
			refuse(error, config->path, code);
	}
	if (!code)
		code = claim(config, file->handle, error);
	if (code) {
		th_io_close(&file->file);
		return code;
	}
	file->file.info.read_only = config->read_only;
	*result = &file->file;
	return 0;
}

/* At once, and not when the kernel finds the time for it: whoever closes it wants it to be free for others. */
void th_io_close(struct th_io_file *file)
{
	struct th_kernel_file *kernel = th_container_of(file, struct th_kernel_file, file);

	th_holders_remove_lower(&kernel->lower);
	if (kernel->handle->f_op->flush)
		kernel->handle->f_op->flush(kernel->handle, NULL);
	__fput_sync(kernel->handle);
	th_free(kernel);
}
