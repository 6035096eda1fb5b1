// SPDX-License-Identifier: GPL-2.0
/*
 * ublk of Linux: commands of io_uring to /dev/ublk-control and /dev/ublkcN. Everything goes through one ring, which is waited
 * for in epoll. The kernel carries out commands to the control device in threads of its own, so none blocks us,
 * although it may wait for requests that we serve.
 */
#include <liburing.h>

#include "ublk_kernel.h"
#include "ublk_users.h"
#include "user_loop.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL_DEVICE	   "/dev/ublk-control"
#define DEVICES		   "/sys/class/ublk-char"
#define PATH_BYTES_MAX	   32u
#define COMMAND_ROOM_BYTES (2 * sizeof(struct io_uring_sqe) - offsetof(struct io_uring_sqe, cmd))
/* When the kernel takes nothing more for lack of memory. */
#define RETRY_NS (1 * TH_NS_PER_MS)

struct th_ublk_line {
	struct th_user_loop *loop;
	const struct th_ublk_events *events;
	void *context;
	uint32_t depth;
	struct io_uring uring;
	struct th_user_watch watch;
	struct th_hook hook; /* submits */
	struct th_work work; /* reaps, and sees to it that a round follows */
	struct th_timer retry;
	int control_fd;
	int device_fd; /* -1: none */
	void *descriptors;
	size_t descriptor_bytes;

	/* a sync, in a thread of its own */
	bool syncing;
	pthread_t sync_thread;
	uint32_t sync_number;
	int sync_result;
	struct th_work synced;
};

/* ---- the ring ---- */

static void submit(struct th_ublk_line *line)
{
	int taken;

	do
		taken = io_uring_submit(&line->uring);
	while (taken > 0 && io_uring_sq_ready(&line->uring) > 0);
	if (io_uring_sq_ready(&line->uring) > 0)
		th_executor_arm(&line->loop->executor, &line->retry,
				th_executor_now_ns(&line->loop->executor) + RETRY_NS);
}

static void run_hook(struct th_hook *hook)
{
	struct th_ublk_line *line = th_container_of(hook, struct th_ublk_line, hook);

	if (io_uring_sq_ready(&line->uring) > 0)
		submit(line);
	if (io_uring_cq_ready(&line->uring) > 0)
		th_executor_post(&line->loop->executor, &line->work);
}

static void run_watch(struct th_user_watch *watch, uint32_t events)
{
	struct th_ublk_line *line = th_container_of(watch, struct th_ublk_line, watch);

	(void)events;
	th_executor_post(&line->loop->executor, &line->work);
}

static void run_retry(struct th_timer *timer)
{
	struct th_ublk_line *line = th_container_of(timer, struct th_ublk_line, retry);

	th_executor_post(&line->loop->executor, &line->work);
}

/* @mark comes back with the result: a tag, or the number behind the last one for a command to the control device. */
static void prepare(struct th_ublk_line *line, int fd, uint32_t operation, uint64_t mark,
		    const void *command, size_t bytes)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&line->uring);
	uint8_t *room;

	/* There is an entry for each tag, and one for the command. */
	TH_ASSERT(sqe);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = operation;
	sqe->user_data = mark;
	/* Entries are twice as long as their type. */
	room = (uint8_t *)sqe + offsetof(struct io_uring_sqe, cmd);
	memset(room, 0, COMMAND_ROOM_BYTES);
	memcpy(room, command, bytes);
	/* The hook may have run already in this round. */
	th_executor_post(&line->loop->executor, &line->work);
}

/* Whoever is told of an answer may close the line; of an arrival, not. */
static void reap(struct th_work *work)
{
	struct th_ublk_line *line = th_container_of(work, struct th_ublk_line, work);
	uint32_t count = io_uring_cq_ready(&line->uring);

	for (; count > 0; count--) {
		struct io_uring_cqe *cqe;
		uint64_t mark;
		int result;

		if (io_uring_peek_cqe(&line->uring, &cqe))
			return;
		mark = cqe->user_data;
		result = cqe->res;
		io_uring_cqe_seen(&line->uring, cqe);
		if (mark == line->depth) {
			if (count > 1)
				th_executor_post(&line->loop->executor, &line->work);
			line->events->answered(line->context, result);
			return;
		}
		line->events->arrived(line->context, (uint32_t)mark, result);
	}
}

static int init_uring(struct th_ublk_line *line)
{
	/* Completions interrupt no running thread: from Linux 5.19, as are entries that have room for commands. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SQE128,
	};

	return io_uring_queue_init_params(line->depth + 1, &line->uring, &params);
}

/* ---- life ---- */

static int refuse_control(int code, struct th_error *error)
{
	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return th_error_set(
			error, -ENOENT,
			"this kernel has no ublk (there is no " CONTROL_DEVICE
			"): modprobe ublk_drv, of Linux 6.5 or newer; or export over NBD");
	case -EACCES:
	case -EPERM:
		return th_error_set(error, code,
				    CONTROL_DEVICE " may not be used (%s): run brickd as root, in "
						   "a container with this device and CAP_SYS_ADMIN",
				    strerror(-code));
	default:
		return th_error_set(error, code, CONTROL_DEVICE " cannot be opened: %s",
				    strerror(-code));
	}
}

static int refuse_ring(int code, struct th_error *error)
{
	if (code == -ENOSYS || code == -EPERM)
		return th_error_set(error, code,
				    "io_uring may not be used here (%s), and ublk needs it: see "
				    "sysctl kernel.io_uring_disabled and seccomp",
				    strerror(-code));
	return th_error_set(error, code,
			    "no ring of io_uring can be made for ublk (%s): it needs Linux 6.5 or "
			    "newer, and some memory",
			    strerror(-code));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_ring(struct th_ublk_line *line, struct th_error *error)
{
	int code = init_uring(line);

	if (code)
		return refuse_ring(code, error);
	code = th_user_loop_watch(line->loop, &line->watch, line->uring.ring_fd, EPOLLIN,
				  run_watch);
	if (code) {
		io_uring_queue_exit(&line->uring);
		return refuse_ring(code, error);
	}
	return 0;
}

static int linux_open(const struct th_ublk_kernel *kernel, struct th_user_loop *loop,
		      uint32_t depth, const struct th_ublk_events *events, void *context,
		      struct th_ublk_line **result, struct th_error *error)
{
	struct th_ublk_line *line = th_alloc(sizeof(*line));
	int code;

	(void)kernel;
	if (!line)
		return th_error_set(error, -ENOMEM, "no memory for a disk of ublk");
	line->loop = loop;
	line->depth = depth;
	line->events = events;
	line->context = context;
	line->device_fd = -1;
	line->control_fd = open(CONTROL_DEVICE, O_RDWR | O_CLOEXEC);
	code = line->control_fd < 0 ? refuse_control(-errno, error) : open_ring(line, error);
	if (code) {
		close_fd(&line->control_fd);
		th_free(line);
		return code;
	}
	th_work_init(&line->work, reap);
	th_timer_init(&line->retry, run_retry);
	line->hook.run = run_hook;
	th_executor_add_hook(&loop->executor, &line->hook);
	*result = line;
	return 0;
}

static void linux_unmap(struct th_ublk_line *line)
{
	if (line->descriptors)
		munmap(line->descriptors, line->descriptor_bytes);
	line->descriptors = NULL;
	close_fd(&line->device_fd);
}

static void linux_close(struct th_ublk_line *line)
{
	TH_ASSERT(!line->syncing);
	th_list_remove(&line->work.link);
	th_executor_disarm(&line->loop->executor, &line->retry);
	th_executor_remove_hook(&line->loop->executor, &line->hook);
	th_user_loop_unwatch(line->loop, &line->watch);
	io_uring_queue_exit(&line->uring);
	linux_unmap(line);
	close_fd(&line->control_fd);
	th_free(line);
}

/* ---- disks ---- */

static uint32_t linux_list(const struct th_ublk_kernel *kernel, uint32_t *numbers)
{
	static const char prefix[] = "ublkc";
	DIR *directory = opendir(DEVICES);
	struct dirent *entry;
	uint32_t count = 0;

	(void)kernel;
	while (directory && count < TH_UBLK_NUMBERS_MAX && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) == 0)
			numbers[count++] =
				(uint32_t)strtoul(entry->d_name + sizeof(prefix) - 1, NULL, 10);
	}
	if (directory)
		closedir(directory);
	return count;
}

static uint32_t linux_users(const struct th_ublk_kernel *kernel, uint32_t number)
{
	(void)kernel;
	return th_ublk_count_users("/proc", "/sys", number);
}

static void linux_command(struct th_ublk_line *line, uint32_t operation,
			  const struct ublksrv_ctrl_cmd *command)
{
	prepare(line, line->control_fd, operation, line->depth, command, sizeof(*command));
}

static int linux_map(struct th_ublk_line *line, uint32_t number,
		     const struct ublksrv_io_desc **descriptors, struct th_error *error)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char path[PATH_BYTES_MAX];
	int code;

	th_snprintf(path, sizeof(path), "/dev/ublkc%u", number);
	line->device_fd = open(path, O_RDWR | O_CLOEXEC);
	if (line->device_fd < 0) {
		code = -errno;
		return th_error_set(error, code, "%s cannot be opened: %s", path, strerror(-code));
	}
	line->descriptor_bytes = th_align_up(line->depth * sizeof(struct ublksrv_io_desc), page);
	line->descriptors = mmap(NULL, line->descriptor_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE,
				 line->device_fd, UBLKSRV_CMD_BUF_OFFSET);
	if (line->descriptors != MAP_FAILED) {
		*descriptors = line->descriptors;
		return 0;
	}
	code = -errno;
	line->descriptors = NULL;
	linux_unmap(line);
	return th_error_set(error, code, "%s cannot be mapped: %s", path, strerror(-code));
}

static void linux_transfer(struct th_ublk_line *line, uint32_t operation,
			   const struct ublksrv_io_cmd *command)
{
	prepare(line, line->device_fd, operation, command->tag, command, sizeof(*command));
}

/* ---- sync: opening a disk and writing what is cached of it waits for requests that we serve ---- */

static void *sync_main(void *argument)
{
	struct th_ublk_line *line = argument;
	char path[PATH_BYTES_MAX];
	int fd;

	th_snprintf(path, sizeof(path), "/dev/ublkb%u", line->sync_number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	line->sync_result = fd < 0 || ioctl(fd, BLKFLSBUF, 0) < 0 ? -errno : 0;
	close_fd(&fd);
	th_executor_post_remote(&line->loop->executor, &line->synced);
	return NULL;
}

static void synced(struct th_work *work)
{
	struct th_ublk_line *line = th_container_of(work, struct th_ublk_line, synced);

	if (line->syncing)
		pthread_join(line->sync_thread, NULL);
	line->syncing = false;
	line->events->answered(line->context, line->sync_result);
}

static void linux_sync(struct th_ublk_line *line, uint32_t number)
{
	sigset_t all, before;
	int code;

	th_work_init(&line->synced, synced);
	line->sync_number = number;
	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&line->sync_thread, NULL, sync_main, line);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	line->syncing = code == 0;
	if (line->syncing)
		return;
	line->sync_result = -code;
	th_executor_post(&line->loop->executor, &line->synced);
}

const struct th_ublk_kernel th_ublk_linux = {
	.open = linux_open,
	.close = linux_close,
	.list = linux_list,
	.users = linux_users,
	.command = linux_command,
	.sync = linux_sync,
	.map = linux_map,
	.unmap = linux_unmap,
	.transfer = linux_transfer,
};
