// SPDX-License-Identifier: GPL-2.0
/* The aio brick in the kernel: bios and kiocbs, started on the executor, completed anywhere. */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uio.h>

#include "aio_kernel.h"
#include "io_brick.h"
#include "io_file_kernel.h"

/* Bios that can always be had: each of them returns without any other. */
#define RESERVED_BIOS 64u

struct aio_aspect {
	struct th_io_aspect io;
	struct th_work done; /* from wherever it completed to the executor */
	union {
		struct {
			uint64_t started_bytes;
			atomic_t pending; /* bios, and one while they are being made */
			atomic_t error; /* the first of them */
		} device;
		struct {
			struct kiocb kiocb;
			long result;
			struct bio_vec bvec[TH_IO_BVEC_MAX];
		} file;
	};
};

static struct bio_set bios;

static struct aio_aspect *of_io(struct th_io_aspect *io)
{
	return th_container_of(io, struct aio_aspect, io);
}

static void post_done(struct aio_aspect *aspect)
{
	th_executor_post_remote(aspect->io.io->brick.executor, &aspect->done);
}

/* ---- block devices ---- */

static void device_done(struct th_work *work)
{
	struct aio_aspect *aspect = th_container_of(work, struct aio_aspect, done);

	th_io_finish(&aspect->io, atomic_read(&aspect->device.error));
}

static void put_pending(struct aio_aspect *aspect)
{
	if (atomic_dec_and_test(&aspect->device.pending))
		post_done(aspect);
}

/* In any context. */
static void bio_ended(struct bio *bio)
{
	struct aio_aspect *aspect = bio->bi_private;
	int error = blk_status_to_errno(bio->bi_status);

	if (error)
		atomic_cmpxchg(&aspect->device.error, 0, error);
	bio_put(bio);
	put_pending(aspect);
}

static blk_opf_t bio_flags(const struct th_request *request)
{
	switch (request->operation) {
	case TH_READ:
		return REQ_OP_READ | REQ_SYNC;
	case TH_FLUSH:
		return REQ_OP_WRITE | REQ_SYNC | REQ_PREFLUSH;
	default:
		return REQ_OP_WRITE | REQ_SYNC | REQ_IDLE | (request->flags & TH_FUA ? REQ_FUA : 0);
	}
}

static struct bio *new_bio(struct aio_aspect *aspect, uint32_t count, uint64_t position)
{
	const struct th_request *request = aspect->io.request;
	struct block_device *device = th_io_kernel_file(aspect->io.file)->device;
	struct bio *bio = bio_alloc_bioset(device, (unsigned short)count, bio_flags(request),
					   GFP_NOIO, &bios);

	bio->bi_iter.bi_sector = position >> SECTOR_SHIFT;
	bio->bi_private = aspect;
	bio->bi_end_io = bio_ended;
	atomic_inc(&aspect->device.pending);
	return bio;
}

/* As much of the rest as a bio takes: how much. */
static uint64_t submit_some(struct aio_aspect *aspect)
{
	const struct th_request *request = aspect->io.request;
	struct bio_vec bvec[TH_IO_BVEC_MAX];
	uint64_t bytes;
	uint32_t count = th_io_fill_bvec(bvec, request->vec, request->vec_count,
					 aspect->device.started_bytes, &bytes);
	struct bio *bio = new_bio(aspect, count, request->position + aspect->device.started_bytes);

	for (uint32_t i = 0; i < count; i++)
		TH_ASSERT(bio_add_page(bio, bvec[i].bv_page, bvec[i].bv_len, bvec[i].bv_offset) ==
			  (int)bvec[i].bv_len);
	submit_bio(bio);
	return bytes;
}

static void start_on_device(struct aio_aspect *aspect)
{
	const struct th_request *request = aspect->io.request;
	unsigned int scope = memalloc_noreclaim_save();

	atomic_set(&aspect->device.pending, 1);
	atomic_set(&aspect->device.error, 0);
	aspect->device.started_bytes = 0;
	th_work_init(&aspect->done, device_done);
	if (request->operation == TH_FLUSH)
		submit_bio(new_bio(aspect, 0, 0));
	else
		while (aspect->device.started_bytes < request->length)
			aspect->device.started_bytes += submit_some(aspect);
	memalloc_noreclaim_restore(scope);
	put_pending(aspect);
}

/* ---- files ---- */

static struct super_block *file_system_of(const struct aio_aspect *aspect)
{
	return file_inode(th_io_kernel_file(aspect->io.file)->handle)->i_sb;
}

/* A file system that is being frozen waits for writes that were started; another thread than the starter ends this one. */
static void leave_file_system(struct aio_aspect *aspect)
{
	if (aspect->io.request->operation != TH_WRITE)
		return;
	__sb_writers_acquired(file_system_of(aspect), SB_FREEZE_WRITE);
	sb_end_write(file_system_of(aspect));
}

/* In any context, also inside the call that started it. */
static void kiocb_ended(struct kiocb *kiocb, long result)
{
	struct aio_aspect *aspect = th_container_of(kiocb, struct aio_aspect, file.kiocb);

	leave_file_system(aspect);
	aspect->file.result = result;
	post_done(aspect);
}

static void start_kiocb(struct aio_aspect *aspect)
{
	const struct th_request *request = aspect->io.request;
	struct file *handle = th_io_kernel_file(aspect->io.file)->handle;
	struct kiocb *kiocb = &aspect->file.kiocb;
	struct iov_iter iter;
	uint64_t bytes;
	uint32_t count =
		th_io_fill_bvec(aspect->file.bvec, request->vec, request->vec_count, 0, &bytes);
	ssize_t result;

	init_sync_kiocb(kiocb, handle);
	kiocb->ki_pos = (loff_t)request->position;
	kiocb->ki_complete = kiocb_ended;
	kiocb->ki_flags |= IOCB_NOWAIT;
	if (request->operation == TH_READ) {
		iov_iter_bvec(&iter, READ, aspect->file.bvec, count, bytes);
		result = handle->f_op->read_iter(kiocb, &iter);
	} else {
		iov_iter_bvec(&iter, WRITE, aspect->file.bvec, count, bytes);
		kiocb->ki_flags |= IOCB_WRITE | (request->flags & TH_FUA ? IOCB_DSYNC : 0);
		result = handle->f_op->write_iter(kiocb, &iter);
	}
	if (result != -EIOCBQUEUED)
		kiocb_ended(kiocb, result);
}

/* False: it could be started only by waiting. */
static bool start_on_file(struct aio_aspect *aspect)
{
	const struct th_request *request = aspect->io.request;
	bool durable = request->flags & TH_FUA;
	unsigned int scope;

	if (request->operation == TH_WRITE) {
		if (!sb_start_write_trylock(file_system_of(aspect)))
			return false;
		__sb_writers_release(file_system_of(aspect), SB_FREEZE_WRITE);
	}
	if (request->operation == TH_READ || !th_io_may_use_reserves(aspect->io.file, durable)) {
		start_kiocb(aspect);
		return true;
	}
	scope = memalloc_noreclaim_save();
	start_kiocb(aspect);
	memalloc_noreclaim_restore(scope);
	return true;
}

/* What came to less than all, or to nothing without waiting, a thread does anew. */
static void file_done(struct th_work *work)
{
	struct aio_aspect *aspect = th_container_of(work, struct aio_aspect, done);
	const struct th_request *request = aspect->io.request;
	long result = aspect->file.result;

	if (result >= 0 && (uint64_t)result == request->length)
		th_io_finish(&aspect->io, 0);
	else if (result >= 0 || result == -EAGAIN || result == -EINTR || result == -EOPNOTSUPP)
		th_io_give_to_thread(&aspect->io);
	else
		th_io_finish(&aspect->io, (int)result);
}

/* ---- the brick ---- */

static int create(struct th_brick *brick, const void *argument, struct th_error *error)
{
	struct th_io_config config = *(const struct th_io_config *)argument;

	config.direct_devices = true;
	return th_io_create(th_container_of(brick, struct th_io_brick, brick), &config, error);
}

static bool goes_to_device(const struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	if (!aspect->file || !aspect->file->block_device)
		return false;
	switch (request->operation) {
	case TH_READ:
	case TH_WRITE:
		return request->length > 0 && th_io_memory_fits(aspect->file, request);
	case TH_FLUSH:
		return true;
	default:
		return false;
	}
}

/* What does not fit into one kiocb is so large that a thread more does not matter. */
static bool goes_to_file(const struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	return (request->operation == TH_READ || request->operation == TH_WRITE) &&
	       aspect->file->direct && request->length > 0 &&
	       th_io_memory_fits(aspect->file, request) &&
	       th_io_kernel_file(aspect->file)->handle->f_mode & FMODE_NOWAIT;
}

static void submit(struct th_output *output, struct th_request *request)
{
	struct th_io_aspect *io = th_io_admit(output, request);
	int error;

	if (!io)
		return;
	if (goes_to_device(io)) {
		start_on_device(of_io(io));
		return;
	}
	if (th_io_serve_inline(io, &error)) {
		th_io_finish_later(io, error);
		return;
	}
	if (goes_to_file(io)) {
		th_work_init(&of_io(io)->done, file_done);
		if (start_on_file(of_io(io)))
			return;
	}
	th_io_give_to_thread(io);
}

const struct th_brick_type th_aio_type = {
	.name = "aio",
	.brick_bytes = sizeof(struct th_io_brick),
	.aspect_bytes = sizeof(struct aio_aspect),
	.output_count = 2,
	.outputs = {
		[TH_IO_OUTPUT_TARGET] = { .name = "target", .type = TH_PORT_BLOCK },
		[TH_IO_OUTPUT_DIRECTORY] = { .name = "directory", .type = TH_PORT_FILES },
	},
	.create = create,
	.destroy = th_io_destroy,
	.power = th_io_power,
	.submit = submit,
	.info = th_io_info,
	.describe = th_io_describe,
};

int th_aio_start(void)
{
	return bioset_init(&bios, RESERVED_BIOS, 0, BIOSET_NEED_BVECS);
}

void th_aio_stop(void)
{
	bioset_exit(&bios);
}
