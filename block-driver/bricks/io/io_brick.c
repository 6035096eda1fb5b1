// SPDX-License-Identifier: GPL-2.0
/* What the I/O bricks share: life of the brick, and the way of a request through it. */
#include "io_brick.h"

static struct th_io_brick *io_of(const struct th_brick *brick)
{
	return th_container_of(brick, struct th_io_brick, brick);
}

/* ---- creation ---- */

static int check_config(const struct th_io_config *config, struct th_error *error)
{
	size_t length = config->path ? strlen(config->path) : 0;

	if (length == 0 || length > TH_IO_PATH_MAX)
		return th_error_set(error, -EINVAL, "a path of 1 to %u bytes is needed, not %llu",
				    TH_IO_PATH_MAX, (unsigned long long)length);
	if (config->kind != TH_IO_TARGET && config->kind != TH_IO_DIRECTORY)
		return th_error_set(error, -EINVAL,
				    "%.150s: kind %d is neither target nor directory", config->path,
				    (int)config->kind);
	if (config->kind == TH_IO_DIRECTORY && config->create_bytes)
		return th_error_set(
			error, -EINVAL,
			"%.150s: a directory has no size to create it with; make it first",
			config->path);
	if (config->create_bytes > INT64_MAX)
		return th_error_set(error, -EINVAL, "%.150s: a size of %llu bytes is too large",
				    config->path, (unsigned long long)config->create_bytes);
	if (config->thread_count < 1 || config->thread_count > TH_IO_THREADS_MAX)
		return th_error_set(error, -EINVAL, "%.150s: 1 to %u threads are possible, not %u",
				    config->path, TH_IO_THREADS_MAX, config->thread_count);
	return 0;
}

static void transition_ended(struct th_work *work);

int th_io_create(struct th_io_brick *io, const struct th_io_config *config, struct th_error *error)
{
	int code = check_config(config, error);
	size_t bytes;
	char *path;

	if (code)
		return code;
	bytes = strlen(config->path) + 1;
	path = th_alloc(bytes);
	if (!path)
		return th_error_set(error, -ENOMEM, "%.150s: no memory", config->path);
	memcpy(path, config->path, bytes);
	io->config = *config;
	io->config.path = path;
	io->config.owner = io->brick.name;
	th_work_init(&io->transition_done, transition_ended);
	for (uint32_t i = 0; i < TH_IO_FILES_MAX; i++)
		io->slots[i].id = i;
	return 0;
}

void th_io_destroy(struct th_brick *brick)
{
	th_free((char *)io_of(brick)->config.path);
}

/* ---- switching on and off ---- */

/* In a thread. */
static void open_root(struct th_io_job *job, struct th_io_worker *worker)
{
	struct th_io_brick *io = th_container_of(job, struct th_io_brick, transition);

	(void)worker;
	th_io_open_root(&io->config, &io->root, &io->transition_error);
	th_executor_post_remote(io->brick.executor, &io->transition_done);
}

/* In a thread: files that the submitter left open, and the root. */
static void close_all(struct th_io_job *job, struct th_io_worker *worker)
{
	struct th_io_brick *io = th_container_of(job, struct th_io_brick, transition);

	(void)worker;
	for (uint32_t i = 0; i < TH_IO_FILES_MAX; i++) {
		if (io->slots[i].state == TH_IO_SLOT_OPEN)
			th_io_close(io->slots[i].file);
		io->slots[i].state = TH_IO_SLOT_FREE;
	}
	th_io_close(io->root);
	th_executor_post_remote(io->brick.executor, &io->transition_done);
}

static void transition_ended(struct th_work *work)
{
	struct th_io_brick *io = th_container_of(work, struct th_io_brick, transition_done);
	const struct th_error *error = &io->transition_error;

	if (!io->closing && error->code == 0) {
		if (io->root_changed)
			io->root_changed(io, true);
		th_brick_power_reached(&io->brick, TH_ON);
		return;
	}
	io->closing = false;
	th_io_workers_stop(&io->workers);
	if (error->code)
		th_error_set(&io->brick.error, error->code, "%s", error->text);
	th_brick_power_reached(&io->brick, TH_OFF);
}

static void switch_on(struct th_io_brick *io)
{
	int error = th_io_workers_start(&io->workers, io->config.thread_count);

	if (error) {
		th_error_set(
			&io->brick.error, error,
			"%.100s: %u threads cannot be started (%s); use fewer or raise the limit "
			"(ulimit -u)",
			io->config.path, io->config.thread_count, th_io_error_text(error));
		th_brick_power_reached(&io->brick, TH_OFF);
		return;
	}
	io->failure_logged = false;
	io->fallbacks_logged = 0;
	io->transition_error = (struct th_error){ 0 };
	io->transition.run = open_root;
	th_io_workers_give(&io->workers, &io->transition);
}

/* Once, when the last request under way has returned. */
static void switch_off_when_idle(struct th_io_brick *io)
{
	if (io->in_flight > 0 || io->closing)
		return;
	io->closing = true;
	if (io->root_changed)
		io->root_changed(io, false);
	io->transition.run = close_all;
	th_io_workers_give(&io->workers, &io->transition);
}

void th_io_power(struct th_brick *brick, bool on)
{
	if (on)
		switch_on(io_of(brick));
	else
		switch_off_when_idle(io_of(brick));
}

/* ---- what it is ---- */

void th_io_info(struct th_output *output, struct th_block_info *info)
{
	struct th_io_brick *io = io_of(output->brick);

	if (io->config.kind != TH_IO_TARGET || output != &io->brick.outputs[TH_IO_OUTPUT_TARGET])
		return;
	/* A disk may have grown. When it does not tell, what it said last stands. */
	(void)th_io_size(io->root, &io->root->info.size_bytes);
	io->root->info.size_bytes =
		th_align_down(io->root->info.size_bytes, io->root->info.block_bytes);
	*info = io->root->info;
}

void th_io_describe(const struct th_brick *brick, char *text, size_t bytes)
{
	const struct th_io_brick *io = io_of(brick);

	th_snprintf(text, bytes, "%s %s%s", io->config.path,
		    io->config.direct ? "direct" : "buffered",
		    io->config.read_only ? " read-only" : "");
}

/* ---- admission ---- */

static bool is_data_operation(uint8_t operation)
{
	return operation >= TH_READ && operation <= TH_FLUSH;
}

/* The first failure of reading or writing goes to the log; who asked decides what it means. */
static void log_failure(struct th_io_brick *io, const struct th_request *request,
			const char *reason)
{
	static const char *const names[] = {
		[TH_READ] = "read",
		[TH_WRITE] = "write",
		[TH_WRITE_ZEROES] = "write of zeroes",
		[TH_DISCARD] = "discard",
		[TH_FLUSH] = "flush",
	};

	if (io->failure_logged || !is_data_operation(request->operation))
		return;
	io->failure_logged = true;
	th_log(TH_LOG_ERROR,
	       "%s (%s): %s of %llu bytes at %llu failed: %s; check the disk and dmesg "
	       "(further failures of this brick are not logged here)",
	       io->brick.name, io->config.path, names[request->operation],
	       (unsigned long long)request->length, (unsigned long long)request->position, reason);
}

static bool changes_something(const struct th_request *request)
{
	switch (request->operation) {
	case TH_WRITE:
	case TH_WRITE_ZEROES:
	case TH_DISCARD:
	case TH_FILE_ALLOCATE:
	case TH_FILE_TRUNCATE:
	case TH_FILE_RENAME:
	case TH_FILE_REMOVE:
		return true;
	case TH_FILE_OPEN:
		return request->flags & TH_CREATE || !(request->flags & TH_READ_ONLY);
	default:
		return false;
	}
}

static int check_range(struct th_io_brick *io, const struct th_request *request)
{
	const struct th_block_info *info = &io->root->info;

	if (!th_is_aligned(request->position | request->length, info->block_bytes))
		return -EINVAL;
	if (request->position <= info->size_bytes &&
	    request->length <= info->size_bytes - request->position)
		return 0;
	log_failure(io, request, "it reaches beyond the end");
	return request->operation == TH_READ ? -EIO : -ENOSPC;
}

static int admit_to_target(struct th_io_brick *io, struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	aspect->file = io->root;
	switch (request->operation) {
	case TH_READ:
	case TH_WRITE:
	case TH_WRITE_ZEROES:
	case TH_DISCARD:
		return check_range(io, request);
	case TH_FLUSH:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static bool name_is_valid(const char *name)
{
	size_t length = 0;

	if (!name || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	while (name[length] && name[length] != '/' && length <= TH_NAME_MAX)
		length++;
	return length > 0 && length <= TH_NAME_MAX && !name[length];
}

static int reserve_slot(struct th_io_brick *io, struct th_io_aspect *aspect)
{
	for (uint32_t i = 0; i < TH_IO_FILES_MAX; i++) {
		struct th_io_slot *slot = &io->slots[i];

		if (slot->state != TH_IO_SLOT_FREE)
			continue;
		slot->state = TH_IO_SLOT_OPENING;
		slot->id += TH_IO_FILES_MAX;
		aspect->slot = slot;
		return 0;
	}
	return -EMFILE;
}

/* For an operation on an open file. */
static int find_slot(struct th_io_brick *io, struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;
	struct th_io_slot *slot = &io->slots[request->file % TH_IO_FILES_MAX];

	if (slot->state != TH_IO_SLOT_OPEN || slot->id != request->file)
		return -EBADF;
	if (slot->file->info.read_only && changes_something(request))
		return -EROFS;
	if (request->length > (uint64_t)INT64_MAX ||
	    request->position > (uint64_t)INT64_MAX - request->length)
		return -EFBIG;
	if (request->operation == TH_FILE_CLOSE) {
		if (slot->in_flight > 0)
			return -EBUSY;
		slot->state = TH_IO_SLOT_CLOSING;
	}
	slot->in_flight++;
	aspect->slot = slot;
	aspect->file = slot->file;
	return 0;
}

static int admit_to_directory(struct th_io_brick *io, struct th_io_aspect *aspect)
{
	const struct th_request *request = aspect->request;

	switch (request->operation) {
	case TH_READ:
	case TH_WRITE:
	case TH_FLUSH:
	case TH_FILE_CLOSE:
	case TH_FILE_WRITE_OUT:
	case TH_FILE_ALLOCATE:
	case TH_FILE_TRUNCATE:
		return find_slot(io, aspect);
	case TH_FILE_OPEN:
		return name_is_valid(request->name) ? reserve_slot(io, aspect) : -EINVAL;
	case TH_FILE_RENAME:
		return name_is_valid(request->name) && name_is_valid(request->new_name) ? 0 :
											  -EINVAL;
	case TH_FILE_REMOVE:
		return name_is_valid(request->name) ? 0 : -EINVAL;
	case TH_FILE_LIST:
		return request->directory ? 0 : -EINVAL;
	case TH_FILE_SYNC_DIR:
	case TH_FILE_SPACE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int check(struct th_output *output, struct th_io_aspect *aspect)
{
	struct th_io_brick *io = aspect->io;
	const struct th_request *request = aspect->request;
	bool target = output == &io->brick.outputs[TH_IO_OUTPUT_TARGET];

	if (target != (io->config.kind == TH_IO_TARGET))
		return -EOPNOTSUPP;
	if (io->config.read_only && changes_something(request))
		return -EROFS;
	if (request->vec_count > TH_VEC_MAX)
		return -EINVAL;
	return target ? admit_to_target(io, aspect) : admit_to_directory(io, aspect);
}

struct th_io_aspect *th_io_admit(struct th_output *output, struct th_request *request)
{
	struct th_io_brick *io = io_of(output->brick);
	struct th_io_aspect *aspect = th_request_aspect(request, output->brick);
	int error;

	aspect->io = io;
	aspect->request = request;
	aspect->slot = NULL;
	aspect->file = NULL;
	aspect->fallback = TH_IO_AS_ASKED;
	error = check(output, aspect);
	if (error) {
		th_request_complete_later(io->brick.executor, request, error);
		return NULL;
	}
	io->in_flight++;
	return aspect;
}

/* ---- the end of a request ---- */

/* What a request took instead of what was asked goes to the log once. */
static void log_fallback(struct th_io_brick *io, enum th_io_fallback fallback)
{
	static const char *const texts[] = {
		[TH_IO_WITHOUT_DIRECT] =
			"the file system refuses direct I/O; it goes through the page cache",
		[TH_IO_WITHOUT_SPACE] =
			"the file system cannot reserve space; writes can fail when it is full",
	};

	if (fallback == TH_IO_AS_ASKED || io->fallbacks_logged & 1u << fallback)
		return;
	io->fallbacks_logged |= 1u << fallback;
	th_log(TH_LOG_WARNING, "%s (%s): %s", io->brick.name, io->config.path, texts[fallback]);
}

static void release_slot(struct th_io_aspect *aspect, int error)
{
	struct th_io_slot *slot = aspect->slot;
	struct th_request *request = aspect->request;

	switch (request->operation) {
	case TH_FILE_OPEN:
		slot->state = error ? TH_IO_SLOT_FREE : TH_IO_SLOT_OPEN;
		slot->file = aspect->file;
		request->file = slot->id;
		break;
	case TH_FILE_CLOSE:
		slot->state = TH_IO_SLOT_FREE;
		slot->in_flight--;
		break;
	default:
		slot->in_flight--;
	}
}

static bool is_durable(const struct th_request *request)
{
	return request->operation == TH_FLUSH || request->flags & TH_FUA;
}

void th_io_finish(struct th_io_aspect *aspect, int error)
{
	struct th_io_brick *io = aspect->io;

	TH_ASSERT(io->in_flight > 0);
	io->in_flight--;
	if (!error && is_durable(aspect->request) && aspect->file->doubted)
		error = th_io_ended(aspect->file);
	if (aspect->slot)
		release_slot(aspect, error);
	if (error)
		log_failure(io, aspect->request, th_io_error_text(error));
	log_fallback(io, aspect->fallback);
	th_request_complete(aspect->request, error);
	if (io->brick.power == TH_SWITCHING_OFF)
		switch_off_when_idle(io);
}

/* What the executor copies itself at most: more would keep the other requests waiting. */
#define INLINE_READ_BYTES_MAX (64u * 1024u)

bool th_io_serve_inline(const struct th_io_aspect *aspect, int *error)
{
	const struct th_request *request = aspect->request;
	const struct th_io_file *file = aspect->file;

	if (request->operation == TH_READ && !file->direct &&
	    request->length <= INLINE_READ_BYTES_MAX) {
		*error = 0;
		return th_io_read_cached(file, request->vec, request->vec_count, request->position,
					 request->length);
	}
	/* While memory is short, a thread looks for it. */
	if (request->operation == TH_WRITE && !file->direct && aspect->io->config.inline_writes &&
	    !(request->flags & TH_FUA) && !th_memory_is_short()) {
		*error = th_io_write(file, request->vec, request->vec_count, request->position,
				     request->length, false);
		th_executor_time_passed(aspect->io->brick.executor);
		return true;
	}
	return false;
}

static void finish_now(struct th_work *work)
{
	struct th_io_aspect *aspect = th_container_of(work, struct th_io_aspect, work);

	th_io_finish(aspect, aspect->error);
}

void th_io_finish_later(struct th_io_aspect *aspect, int error)
{
	aspect->error = error;
	th_work_init(&aspect->work, finish_now);
	th_executor_post(aspect->io->brick.executor, &aspect->work);
}

/* In a thread. */
static void perform_job(struct th_io_job *job, struct th_io_worker *worker)
{
	struct th_io_aspect *aspect = th_container_of(job, struct th_io_aspect, job);

	aspect->error = th_io_perform(aspect, worker);
	th_work_init(&aspect->work, finish_now);
	th_executor_post_remote(aspect->io->brick.executor, &aspect->work);
}

void th_io_give_to_thread(struct th_io_aspect *aspect)
{
	aspect->job.run = perform_job;
	th_io_workers_give(&aspect->io->workers, &aspect->job);
}
