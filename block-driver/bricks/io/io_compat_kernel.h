/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls to the file systems that differ between the kernels we build for, from Linux 6.1 on.
 */
#ifndef THARSIS_IO_COMPAT_KERNEL_H
#define THARSIS_IO_COMPAT_KERNEL_H

#include <linux/fs.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#endif

/* Files that other modules open have user ids of their own mapping: from 6.3 on it is a type of its own. */
static inline int th_io_compat_unlink(struct file *directory, struct dentry *entry)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return vfs_unlink(file_mnt_user_ns(directory), file_inode(directory), entry, NULL);
#else
	return vfs_unlink(file_mnt_idmap(directory), file_inode(directory), entry, NULL);
#endif
}

static inline int th_io_compat_rename(struct file *directory, struct dentry *from,
				      struct dentry *to)
{
	struct renamedata data = {
		.old_dir = file_inode(directory),
		.old_dentry = from,
		.new_dir = file_inode(directory),
		.new_dentry = to,
	};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	data.old_mnt_userns = file_mnt_user_ns(directory);
	data.new_mnt_userns = data.old_mnt_userns;
#else
	data.old_mnt_idmap = file_mnt_idmap(directory);
	data.new_mnt_idmap = data.old_mnt_idmap;
#endif
	return vfs_rename(&data);
}

/* As flock() with LOCK_NB. From 6.9 on the fields that all locks have are a struct of their own. */
static inline void th_io_compat_describe_lock(struct file_lock *lock, struct file *handle,
					      unsigned char type)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	lock->fl_file = handle;
	lock->fl_owner = handle;
	lock->fl_pid = current->tgid;
	lock->fl_flags = FL_FLOCK;
	lock->fl_type = type;
#else
	lock->c.flc_file = handle;
	lock->c.flc_owner = handle;
	lock->c.flc_pid = current->tgid;
	lock->c.flc_flags = FL_FLOCK;
	lock->c.flc_type = type;
#endif
	lock->fl_end = OFFSET_MAX;
}

static inline int th_io_compat_lock(struct file *handle, bool shared)
{
	struct file_lock *lock = locks_alloc_lock();
	int error;

	if (!lock)
		return -ENOMEM;
	th_io_compat_describe_lock(lock, handle, shared ? F_RDLCK : F_WRLCK);
	if (handle->f_op->flock)
		error = handle->f_op->flock(handle, F_SETLK, lock);
	else
		error = locks_lock_inode_wait(file_inode(handle), lock);
	locks_free_lock(lock);
	return error;
}

#endif
