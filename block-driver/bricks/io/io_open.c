// SPDX-License-Identifier: GPL-2.0
/* Finding, claiming and describing of what an I/O brick serves; sentences for the operator when that fails. */
#include "io_open.h"

#define BLOCK_BYTES_MAX 4096u

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
		return "may not be opened; check owner, mode, attributes and capabilities";
	case -EROFS:
		return "is read-only; make it writable, or use it read-only";
	case -EBUSY:
		return "is in use; stop or unmount that first (see lsof, lsblk)";
	case -ENXIO:
	case -ENODEV:
	case -ENOMEDIUM:
		return "has no device behind it; check that the disk is attached";
	case -EMFILE:
	case -ENFILE:
		return "cannot be opened, too many files are open; raise the limit (ulimit -n, fs.file-max)";
	case -ENOSPC:
		return "cannot be created, the file system is full; free some space";
	case -EOPNOTSUPP:
		return "is on a file system that cannot do I/O like this; use another one";
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

static int check_node(const struct th_io_config *config, enum th_io_node node,
		      struct th_error *error)
{
	if (config->kind == TH_IO_DIRECTORY)
		return node == TH_IO_NODE_DIRECTORY ? 0 : refuse(error, config->path, -ENOTDIR);
	if (node == TH_IO_NODE_DIRECTORY)
		return refuse(error, config->path, -EISDIR);
	if (node == TH_IO_NODE_OTHER)
		return th_error_set(error, -EINVAL,
				    "%.150s is not a file or block device; check the path",
				    config->path);
	return 0;
}

/* Looks before it opens: opening a pipe would wait for its writer. */
static int choose_how(const struct th_io_config *config, struct th_io_how *how,
		      struct th_error *error)
{
	enum th_io_node node;
	int code = th_io_look(config->path, &node);

	*how = (struct th_io_how){
		.directory = config->kind == TH_IO_DIRECTORY,
		.read_only = config->read_only,
	};
	if (code == -ENOENT && config->create_bytes && !config->read_only) {
		how->create = true;
		how->direct = config->direct;
		return 0;
	}
	if (code)
		return refuse(error, config->path, code);
	how->exclusive = node == TH_IO_NODE_DEVICE;
	how->direct = !how->directory &&
		      (config->direct || (config->direct_devices && how->exclusive));
	return check_node(config, node, error);
}

static int open_root(const struct th_io_config *config, struct th_io_how *how,
		     struct th_io_file **file, struct th_error *error)
{
	int code = th_io_open(config->path, how, file);

	if (code == -EINVAL && how->direct) {
		th_log(TH_LOG_WARNING,
		       "%s: the file system refuses direct I/O; it goes through the page cache",
		       config->path);
		how->direct = false;
		code = th_io_open(config->path, how, file);
	}
	return code ? refuse(error, config->path, code) : 0;
}

/* Block devices were claimed when they were opened; files and directories by a lock. */
static int claim(const struct th_io_config *config, const struct th_io_file *file,
		 const struct th_io_how *how, struct th_error *error)
{
	int code = file->block_device ? 0 : th_io_lock(file, how);

	if (!code)
		return 0;
	if (code == -EAGAIN)
		return refuse(error, config->path, -EBUSY);
	return th_error_set(error, code, "%.150s cannot be locked (%s); use another file system",
			    config->path, th_io_error_text(code));
}

static int size_new_target(const struct th_io_config *config, struct th_io_file *file,
			   struct th_error *error)
{
	int code;

	if (!config->create_bytes || config->read_only || file->block_device ||
	    file->info.size_bytes)
		return 0;
	code = th_io_truncate(file, config->create_bytes);
	if (!code)
		code = th_io_sync_new(file, config->path);
	file->info.size_bytes = config->create_bytes;
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

/* For what is opened: makes it ours, and knows it. */
static int take(const struct th_io_config *config, const struct th_io_how *how,
		struct th_io_file *file, struct th_error *error)
{
	int code = th_io_check(file, how);

	if (!code && !how->directory)
		code = th_io_fill_info(file);
	if (code)
		return refuse(error, config->path, code);
	file->info.read_only = config->read_only;
	code = claim(config, file, how, error);
	if (code || how->directory)
		return code;
	code = size_new_target(config, file, error);
	return code ? code : check_geometry(config, &file->info, error);
}

int th_io_open_root(const struct th_io_config *config, struct th_io_file **result,
		    struct th_error *error)
{
	struct th_io_file *file;
	struct th_io_how how;
	int code = choose_how(config, &how, error);

	if (!code)
		code = open_root(config, &how, &file, error);
	if (code)
		return code;
	code = take(config, &how, file, error);
	if (code) {
		th_io_close(file);
		return code;
	}
	th_io_show_owner(file, config->owner);
	*result = file;
	return 0;
}
