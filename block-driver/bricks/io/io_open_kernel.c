// SPDX-License-Identifier: GPL-2.0
/* What io_open.c asks of a host, in the kernel. */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/stat.h>

#include "io_compat_kernel.h"
#include "io_file_kernel.h"
#include "io_open.h"

/* Rights of a new target: it is a disk, so none for strangers. */
#define NEW_TARGET_MODE 0660

static struct th_kernel_file *kernel_file(struct th_io_file *file)
{
	return th_container_of(file, struct th_kernel_file, file);
}

/* ---- opening and closing ---- */

int th_io_look(const char *path_name, enum th_io_node *node)
{
	struct path path;
	int error = kern_path(path_name, LOOKUP_FOLLOW, &path);
	umode_t mode;

	if (error)
		return error;
	mode = d_backing_inode(path.dentry)->i_mode;
	path_put(&path);
	if (S_ISREG(mode))
		*node = TH_IO_NODE_FILE;
	else if (S_ISBLK(mode))
		*node = TH_IO_NODE_DEVICE;
	else
		*node = S_ISDIR(mode) ? TH_IO_NODE_DIRECTORY : TH_IO_NODE_OTHER;
	return 0;
}

static int open_flags(const struct th_io_how *how)
{
	int flags = O_LARGEFILE;

	if (how->directory)
		return O_RDONLY | O_DIRECTORY;
	flags |= how->read_only ? O_RDONLY : O_RDWR;
	flags |= how->direct ? O_DIRECT : 0;
	flags |= how->create ? O_CREAT : 0;
	return flags | (how->exclusive ? O_EXCL : 0);
}

int th_io_open(const char *path, const struct th_io_how *how, struct th_io_file **file)
{
	struct th_kernel_file *kernel = th_alloc(sizeof(*kernel));
	struct file *handle;

	if (!kernel)
		return -ENOMEM;
	handle = filp_open(path, open_flags(how), NEW_TARGET_MODE);
	if (IS_ERR(handle)) {
		th_free(kernel);
		return (int)PTR_ERR(handle);
	}
	kernel->handle = handle;
	if (S_ISBLK(file_inode(handle)->i_mode))
		kernel->device = I_BDEV(handle->f_mapping->host);
	kernel->file.block_device = kernel->device;
	kernel->file.direct = how->direct;
	*file = &kernel->file;
	return 0;
}

static int check_writable(const struct file *handle)
{
	int error = mnt_want_write(handle->f_path.mnt);

	if (!error)
		mnt_drop_write(handle->f_path.mnt);
	return error;
}

/* Some file systems can be opened, but neither read nor written like this. */
int th_io_check(const struct th_io_file *file, const struct th_io_how *how)
{
	const struct file *handle = th_io_kernel_file(file)->handle;

	if (how->directory)
		return how->read_only ? 0 : check_writable(handle);
	if (handle->f_op->read_iter && (how->read_only || handle->f_op->write_iter))
		return 0;
	return -EOPNOTSUPP;
}

/* Nothing is closed before its I/O has finished, so there is nobody to wait for. */
int th_io_lock(const struct th_io_file *file, const struct th_io_how *how)
{
	return th_io_compat_lock(th_io_kernel_file(file)->handle, how->read_only);
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

int th_io_sync_new(const struct th_io_file *file, const char *path)
{
	struct file *handle = th_io_kernel_file(file)->handle;
	int error = vfs_fsync(handle, 0);

	return error ? error : sync_parent(handle);
}

void th_io_show_owner(struct th_io_file *file, const char *owner)
{
	struct th_kernel_file *kernel = kernel_file(file);

	if (kernel->device)
		th_holders_add_lower(&kernel->lower, owner, kernel->device);
}

/* At once, and not when the kernel finds the time for it: whoever closes it wants it to be free for others. */
void th_io_close(struct th_io_file *file)
{
	struct th_kernel_file *kernel = kernel_file(file);

	th_holders_remove_lower(&kernel->lower);
	if (kernel->handle->f_op->flush)
		kernel->handle->f_op->flush(kernel->handle, NULL);
	__fput_sync(kernel->handle);
	th_free(kernel);
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
	const struct super_block *system = file_inode(file->handle)->i_sb;
	struct th_block_info *info = &file->file.info;
	struct kstat status;
	int error;

	info->rotational = system->s_bdev && !bdev_nonrot(system->s_bdev);
	file->file.doubted = system->s_magic == EXT4_SUPER_MAGIC;
	if (!file->file.direct)
		return 0;
	error = vfs_getattr(&file->handle->f_path, &status, STATX_BASIC_STATS | STATX_DIOALIGN, 0);
	if (!error)
		apply_direct_alignment(info, &status);
	return error;
}

int th_io_fill_info(struct th_io_file *file)
{
	struct th_kernel_file *kernel = kernel_file(file);
	struct th_block_info *info = &file->info;
	int error = 0;

	info->block_bytes = SECTOR_SIZE;
	info->memory_align_bytes = 1;
	if (kernel->device)
		describe_device(kernel);
	else
		error = describe_regular(kernel);
	return error ? error : th_io_size(file, &info->size_bytes);
}
