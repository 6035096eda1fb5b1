// SPDX-License-Identifier: GPL-2.0
/* The ring of io_uring that the aio bricks of an executor share. */
#include <liburing.h>

#include "aio_ring_user.h"
#include "io_file_user.h"
#include "user_loop.h"

/* Between two submissions; the kernel copies them when it takes an operation. */
#define IOVECS_MAX (8u * TH_VEC_MAX)
/* Files that are kept open; fewer than the usual limit of open files, which counts for them too. */
#define KEPT_MAX 256u
/* When the kernel takes nothing more for lack of memory. */
#define RETRY_NS (1 * TH_NS_PER_MS)

struct th_aio_ring {
	struct io_uring uring;
	struct th_user_loop *loop;
	struct th_user_watch watch;
	struct th_hook hook; /* submits */
	struct th_work work; /* reaps, and sees to it that a round follows */
	struct th_timer retry;
	uint32_t depth;
	uint32_t in_flight; /* prepared, or taken by the kernel */
	struct th_list clients; /* that wait for room here */
	bool kept[KEPT_MAX];
	uint32_t iovec_count;
	struct iovec iovec[IOVECS_MAX];
};

/* ---- submission ---- */

static void submit(struct th_aio_ring *ring)
{
	int taken;

	do
		taken = io_uring_submit(&ring->uring);
	while (taken > 0 && io_uring_sq_ready(&ring->uring) > 0);
	if (io_uring_sq_ready(&ring->uring) == 0)
		ring->iovec_count = 0;
	else
		th_executor_arm(&ring->loop->executor, &ring->retry,
				th_executor_now_ns(&ring->loop->executor) + RETRY_NS);
}

static bool has_room(struct th_aio_ring *ring, const struct th_aio_operation *operation)
{
	uint32_t wanted = operation->request->vec_count;

	if (ring->in_flight == ring->depth)
		return false;
	if (ring->iovec_count + wanted > IOVECS_MAX)
		submit(ring);
	return ring->iovec_count + wanted <= IOVECS_MAX;
}

static void prepare_transfer(struct th_aio_ring *ring, struct th_aio_operation *operation,
			     struct io_uring_sqe *sqe)
{
	const struct th_request *request = operation->request;
	struct iovec *iovec = &ring->iovec[ring->iovec_count];
	uint32_t count = th_io_fill_iovec(iovec, request->vec, request->vec_count, request->length,
					  operation->moved);
	int fd = th_io_descriptor(operation->file);
	uint64_t position = request->position + operation->moved;

	if (count > 1)
		ring->iovec_count += count;
	if (request->operation == TH_READ && count == 1)
		io_uring_prep_read(sqe, fd, iovec->iov_base, (unsigned int)iovec->iov_len,
				   position);
	else if (request->operation == TH_READ)
		io_uring_prep_readv(sqe, fd, iovec, count, position);
	else if (count == 1)
		io_uring_prep_write(sqe, fd, iovec->iov_base, (unsigned int)iovec->iov_len,
				    position);
	else
		io_uring_prep_writev(sqe, fd, iovec, count, position);
	if (request->flags & TH_FUA)
		sqe->rw_flags = RWF_DSYNC;
}

/* Of the first bytes, or, where these are 0, of all; there is no room to say that they are more than 4 GiB. */
static void prepare_flush(const struct th_aio_operation *operation, struct io_uring_sqe *sqe)
{
	uint64_t length = operation->request->length;

	io_uring_prep_fsync(sqe, th_io_descriptor(operation->file), IORING_FSYNC_DATASYNC);
	sqe->len = length <= UINT32_MAX ? (uint32_t)length : 0;
}

/* There is room. */
static void prepare(struct th_aio_ring *ring, struct th_aio_operation *operation)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	TH_ASSERT(sqe);
	if (operation->request->operation == TH_FLUSH)
		prepare_flush(operation, sqe);
	else
		prepare_transfer(ring, operation, sqe);
	io_uring_sqe_set_data(sqe, operation);
	ring->in_flight++;
	operation->client->in_flight++;
	/* The hook may have run already in this round. */
	th_executor_post(&ring->loop->executor, &ring->work);
}

static void run_hook(struct th_hook *hook)
{
	struct th_aio_ring *ring = th_container_of(hook, struct th_aio_ring, hook);

	if (io_uring_sq_ready(&ring->uring) > 0)
		submit(ring);
	if (io_uring_cq_ready(&ring->uring) > 0)
		th_executor_post(&ring->loop->executor, &ring->work);
}

/* ---- turns ---- */

static void enlist(struct th_aio_client *client)
{
	if (!th_list_empty(&client->waiting) && th_list_empty(&client->link) &&
	    client->in_flight < client->in_flight_max)
		th_list_push_back(&client->ring->clients, &client->link);
}

/* Gives each client in turn one operation, as long as there is room. */
static void serve(struct th_aio_ring *ring)
{
	while (!th_list_empty(&ring->clients)) {
		struct th_aio_client *client =
			th_list_first(&ring->clients, struct th_aio_client, link);
		struct th_aio_operation *operation =
			th_list_first(&client->waiting, struct th_aio_operation, link);

		if (!has_room(ring, operation))
			return;
		th_list_remove(&operation->link);
		th_list_remove(&client->link);
		prepare(ring, operation);
		enlist(client);
	}
}

void th_aio_client_init(struct th_aio_client *client, struct th_aio_ring *ring,
			uint32_t in_flight_max)
{
	client->ring = ring;
	th_list_init(&client->link);
	th_list_init(&client->waiting);
	client->in_flight = 0;
	client->in_flight_max = in_flight_max;
}

void th_aio_start(struct th_aio_client *client, struct th_aio_operation *operation)
{
	operation->client = client;
	operation->moved = 0;
	th_list_push_back(&client->waiting, &operation->link);
	enlist(client);
	serve(client->ring);
}

/* ---- completion ---- */

/* 0 or a negative errno; 1: it has to go on. */
static int judge(struct th_aio_operation *operation, int result)
{
	const struct th_request *request = operation->request;

	if (result == -EINTR || result == -EAGAIN)
		return 1;
	if (result < 0 || request->operation == TH_FLUSH)
		return result;
	operation->moved += (uint64_t)result;
	if (operation->moved == request->length)
		return 0;
	return th_io_can_continue(operation->file, (uint64_t)result, operation->moved) ? 1 : -EIO;
}

static void ended(struct th_aio_ring *ring, struct th_aio_operation *operation, int result)
{
	struct th_aio_client *client = operation->client;
	int error = judge(operation, result);

	ring->in_flight--;
	client->in_flight--;
	if (error > 0)
		th_list_push_front(&client->waiting, &operation->link);
	enlist(client);
	if (error <= 0)
		operation->done(operation, error);
}

static void reap(struct th_work *work)
{
	struct th_aio_ring *ring = th_container_of(work, struct th_aio_ring, work);
	struct io_uring_cqe *cqe;

	for (uint32_t i = 0; i < ring->depth && !io_uring_peek_cqe(&ring->uring, &cqe); i++) {
		struct th_aio_operation *operation = io_uring_cqe_get_data(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&ring->uring, cqe);
		ended(ring, operation, result);
	}
	serve(ring);
}

static void run_watch(struct th_user_watch *watch, uint32_t events)
{
	struct th_aio_ring *ring = th_container_of(watch, struct th_aio_ring, watch);

	(void)events;
	th_executor_post(&ring->loop->executor, &ring->work);
}

static void run_retry(struct th_timer *timer)
{
	struct th_aio_ring *ring = th_container_of(timer, struct th_aio_ring, retry);

	th_executor_post(&ring->loop->executor, &ring->work);
}

/* ---- files that are kept ---- */

static int register_file(struct th_aio_ring *ring, uint32_t slot, int fd)
{
	int done = io_uring_register_files_update(&ring->uring, slot, &fd, 1);

	return done < 0 ? done : 0;
}

static int keep_in_slot(struct th_aio_ring *ring, int fd)
{
	for (uint32_t slot = 0; slot < KEPT_MAX; slot++) {
		int error;

		if (ring->kept[slot])
			continue;
		error = register_file(ring, slot, fd);
		ring->kept[slot] = !error;
		return error ? error : (int)slot;
	}
	return -ENOSPC;
}

int th_aio_ring_keep(struct th_aio_ring *ring, const struct th_io_file *file)
{
	int slot = keep_in_slot(ring, th_io_descriptor(file));

	if (slot < 0)
		th_log(TH_LOG_WARNING,
		       "io_uring does not keep a file open (%s): do not start another brickd at once after this one was "
		       "killed",
		       th_io_error_text(slot));
	return slot;
}

void th_aio_ring_let_go(struct th_aio_ring *ring, int kept)
{
	ring->kept[kept] = register_file(ring, (uint32_t)kept, -1) != 0;
}

static int make_room_for_kept(struct io_uring *uring)
{
	int none[KEPT_MAX];

	for (uint32_t i = 0; i < KEPT_MAX; i++)
		none[i] = -1;
	return io_uring_register_files(uring, none, KEPT_MAX);
}

/* ---- life ---- */

static int refuse(struct th_error *error, int code)
{
	if (code == -ENOSYS || code == -EPERM)
		return th_error_set(
			error, code,
			"io_uring may not be used here (%s): see sysctl "
			"kernel.io_uring_disabled and seccomp, or use sio instead of aio",
			th_io_error_text(code));
	return th_error_set(
		error, code,
		"no ring of io_uring can be made (%s): free some memory, raise the limit "
		"of locked memory (ulimit -l), or use sio instead of aio",
		th_io_error_text(code));
}

static int init_uring(struct io_uring *uring, uint32_t depth)
{
	/* Completions interrupt no running thread, and one bad entry does not hold up the others: from Linux 5.19. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
	};
	int code = io_uring_queue_init_params(depth, uring, &params);

	if (code == -EINVAL) {
		params = (struct io_uring_params){ 0 };
		code = io_uring_queue_init_params(depth, uring, &params);
	}
	if (code)
		return code;
	code = params.features & IORING_FEAT_SUBMIT_STABLE ? make_room_for_kept(uring) : -ENOSYS;
	if (code)
		io_uring_queue_exit(uring);
	return code;
}

int th_aio_ring_create(struct th_user_loop *loop, uint32_t depth, struct th_aio_ring **result,
		       struct th_error *error)
{
	struct th_aio_ring *ring;
	int code;

	if (depth < 1 || depth > TH_AIO_DEPTH_MAX)
		return th_error_set(error, -EINVAL,
				    "a ring of 1 to %u requests is possible, not %u",
				    TH_AIO_DEPTH_MAX, depth);
	ring = th_alloc(sizeof(*ring));
	if (!ring)
		return refuse(error, -ENOMEM);
	code = init_uring(&ring->uring, depth);
	if (code) {
		th_free(ring);
		return refuse(error, code);
	}
	code = th_user_loop_watch(loop, &ring->watch, ring->uring.ring_fd, EPOLLIN, run_watch);
	if (code) {
		io_uring_queue_exit(&ring->uring);
		th_free(ring);
		return refuse(error, code);
	}
	ring->loop = loop;
	ring->depth = depth;
	th_list_init(&ring->clients);
	th_work_init(&ring->work, reap);
	th_timer_init(&ring->retry, run_retry);
	ring->hook.run = run_hook;
	th_executor_add_hook(&loop->executor, &ring->hook);
	*result = ring;
	return 0;
}

void th_aio_ring_destroy(struct th_aio_ring *ring)
{
	TH_ASSERT(ring->in_flight == 0 && th_list_empty(&ring->clients));
	th_list_remove(&ring->work.link);
	th_executor_disarm(&ring->loop->executor, &ring->retry);
	th_executor_remove_hook(&ring->loop->executor, &ring->hook);
	th_user_loop_unwatch(ring->loop, &ring->watch);
	io_uring_queue_exit(&ring->uring);
	th_free(ring);
}
