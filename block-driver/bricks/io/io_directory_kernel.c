// SPDX-License-Identifier: GPL-2.0
/* The names of a directory, in the kernel. */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_types.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/statfs.h>

#include "io_compat_kernel.h"
#include "io_file_kernel.h"
#include "io_open.h"

/* Rights of new files: the log holds the data of the device, so none for strangers. */
#define NEW_FILE_MODE 0660

static struct file *handle_of(const struct th_io_file *directory)
{
	return th_io_kernel_file(directory)->handle;
}

/* ---- opening ---- */

static int open_flags(uint8_t flags)
{
	/* No wait for whoever writes to a pipe of this name: it is refused a moment later. */
	int result = O_LARGEFILE | O_NOFOLLOW | O_NONBLOCK;

	if (flags & TH_CREATE)
		result |= O_CREAT | O_EXCL;
	return result | (flags & TH_READ_ONLY ? O_RDONLY : O_RDWR);
}

static struct dentry *look_up(struct file *directory, const char *name)
{
	return lookup_one_len(name, directory->f_path.dentry, (int)strlen(name));
}

/* The directory is locked while @entry is removed. */
static int remove_entry(struct file *directory, const char *name)
{
	struct inode *inode = file_inode(directory);
	struct dentry *entry;
	int error;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	entry = look_up(directory, name);
	if (IS_ERR(entry)) {
		error = (int)PTR_ERR(entry);
	} else {
		error = d_is_negative(entry) ? -ENOENT : th_io_compat_unlink(directory, entry);
		dput(entry);
	}
	inode_unlock(inode);
	return error;
}

int th_io_remove(const struct th_io_file *directory, const char *name)
{
	struct file *handle = handle_of(directory);
	int error = mnt_want_write(handle->f_path.mnt);

	if (error)
		return error;
	error = remove_entry(handle, name);
	mnt_drop_write(handle->f_path.mnt);
	return error;
}

static int open_handle(const struct th_io_file *directory, const char *name, uint8_t flags,
		       struct th_kernel_file *file)
{
	const struct path *path = &handle_of(directory)->f_path;
	struct file *handle;
	int error;

	if (file->file.direct) {
		handle = file_open_root(path, name, open_flags(flags) | O_DIRECT, NEW_FILE_MODE);
		if (handle != ERR_PTR(-EINVAL))
			goto opened;
		/* Where direct I/O is refused, the file may have been created nevertheless. */
		file->file.direct = false;
		error = flags & TH_CREATE ? th_io_remove(directory, name) : 0;
		if (error && error != -ENOENT)
			return error;
	}
	handle = file_open_root(path, name, open_flags(flags), NEW_FILE_MODE);
opened:
	if (IS_ERR(handle))
		return (int)PTR_ERR(handle);
	/* To note when it was written last, a file system would need its journal. */
	if (file->file.direct)
		handle->f_mode |= FMODE_NOCMTIME;
	file->handle = handle;
	return 0;
}

static int check_regular(const struct th_kernel_file *file)
{
	const struct file *handle = file->handle;

	if (!S_ISREG(file_inode(handle)->i_mode))
		return -EINVAL;
	if (!handle->f_op->read_iter)
		return -EOPNOTSUPP;
	return handle->f_mode & FMODE_WRITE && !handle->f_op->write_iter ? -EOPNOTSUPP : 0;
}

int th_io_open_name(const struct th_io_file *directory, const char *name, uint8_t flags,
		    bool direct, struct th_io_file **result)
{
	struct th_kernel_file *file = th_alloc(sizeof(*file));
	int error;

	if (!file)
		return -ENOMEM;
	file->file.direct = direct;
	error = open_handle(directory, name, flags, file);
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

/* ---- names ---- */

/* The directory is locked. */
static int rename_entry(struct file *directory, const char *name, const char *new_name)
{
	struct dentry *from = look_up(directory, name);
	struct dentry *to;
	int error;

	if (IS_ERR(from))
		return (int)PTR_ERR(from);
	to = look_up(directory, new_name);
	if (IS_ERR(to)) {
		dput(from);
		return (int)PTR_ERR(to);
	}
	error = d_is_negative(from) ? -ENOENT : th_io_compat_rename(directory, from, to);
	dput(to);
	dput(from);
	return error;
}

int th_io_rename(const struct th_io_file *directory, const char *name, const char *new_name)
{
	struct file *handle = handle_of(directory);
	struct dentry *entry = handle->f_path.dentry;
	int error = mnt_want_write(handle->f_path.mnt);

	if (error)
		return error;
	lock_rename(entry, entry);
	error = rename_entry(handle, name, new_name);
	unlock_rename(entry, entry);
	mnt_drop_write(handle->f_path.mnt);
	return error;
}

struct lister {
	struct dir_context context;
	struct th_directory *entries;
	int error;
};

/* False: no more, please. Directories and the like are left out where the file system tells what is what. */
static bool list_name(struct dir_context *context, const char *name, int length, loff_t offset,
		      u64 inode, unsigned int type)
{
	struct lister *lister = container_of(context, struct lister, context);
	struct th_directory *entries = lister->entries;
	struct th_directory_entry *entry = &entries->entries[entries->count];

	if (length > TH_NAME_MAX || (type != DT_REG && type != DT_UNKNOWN))
		return true;
	if (entries->count == entries->capacity) {
		lister->error = -E2BIG;
		return false;
	}
	memcpy(entry->name, name, (size_t)length);
	entry->name[length] = 0;
	entries->count++;
	return true;
}

static int read_names(struct file *directory, struct th_directory *entries)
{
	const struct path *path = &directory->f_path;
	struct lister lister = { .context.actor = list_name, .entries = entries };
	struct file *handle = file_open_root(path, ".", O_RDONLY | O_DIRECTORY, 0);
	int error;

	entries->count = 0;
	if (IS_ERR(handle))
		return (int)PTR_ERR(handle);
	error = iterate_dir(handle, &lister.context);
	fput(handle);
	return error ? error : lister.error;
}

/* 1: it is a regular file, and its size is known; 0: it is none, or gone in the meantime. */
static int measure(struct file *directory, struct th_directory_entry *entry)
{
	struct dentry *dentry = lookup_positive_unlocked(entry->name, directory->f_path.dentry,
							 (int)strlen(entry->name));
	const struct inode *inode;
	int result = 0;

	if (IS_ERR(dentry))
		return dentry == ERR_PTR(-ENOENT) ? 0 : (int)PTR_ERR(dentry);
	inode = d_inode(dentry);
	if (S_ISREG(inode->i_mode)) {
		entry->bytes = (uint64_t)i_size_read(inode);
		result = 1;
	}
	dput(dentry);
	return result;
}

/* Names first, then sizes: a directory that is being read cannot be searched. */
int th_io_list(const struct th_io_file *directory, struct th_directory *entries)
{
	struct file *handle = handle_of(directory);
	int error = read_names(handle, entries);
	uint32_t kept = 0;

	for (uint32_t i = 0; !error && i < entries->count; i++) {
		struct th_directory_entry *entry = &entries->entries[i];
		int result = measure(handle, entry);

		if (result < 0)
			error = result;
		else if (result)
			entries->entries[kept++] = *entry;
	}
	entries->count = kept;
	return error;
}

int th_io_sync_names(const struct th_io_file *directory)
{
	return vfs_fsync(handle_of(directory), 0);
}

int th_io_space(const struct th_io_file *directory, uint64_t *free_bytes, uint64_t *total_bytes)
{
	struct kstatfs status;
	int error = vfs_statfs(&handle_of(directory)->f_path, &status);
	uint64_t unit_bytes;

	if (error)
		return error;
	unit_bytes = (uint64_t)(status.f_frsize ? status.f_frsize : status.f_bsize);
	*free_bytes = status.f_bavail * unit_bytes;
	*total_bytes = status.f_blocks * unit_bytes;
	return 0;
}
