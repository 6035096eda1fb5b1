// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the output "files". What concerns names and sizes takes effect at one of the two moments at which that
 * could be noticed, when it begins or when it ends, by chance.
 */
#include "sim_brick_internal.h"

static struct th_sim_environment *environment_of(struct th_sim_brick *sim)
{
	return sim->directory->environment;
}

static struct th_sim_file *file_of(struct th_sim_brick *sim, const struct th_request *request)
{
	struct th_sim_file *file = &sim->files[request->file % TH_SIM_FILES_MAX];

	if (request->file >= TH_SIM_FILES_MAX || !file->inode)
		th_sim_misuse(environment_of(sim), "file %u is not open", request->file);
	return file;
}

static uint64_t now_ns(struct th_sim_brick *sim)
{
	return th_executor_now_ns(sim->brick.executor);
}

static struct th_sim_file *begin_transfer(struct th_sim_brick *sim, struct th_request *request,
					  struct th_sim_aspect *aspect)
{
	struct th_sim_directory *directory = sim->directory;
	struct th_sim_file *file = file_of(sim, request);
	uint64_t align = request->operation == TH_READ ? TH_SECTOR_BYTES : TH_SIM_FILE_WRITE_ALIGN;

	if (!th_is_aligned(request->position | request->length, align) || !request->length)
		th_sim_misuse(environment_of(sim), "transfer of %llu bytes at %llu of file %u",
			      (unsigned long long)request->length,
			      (unsigned long long)request->position, request->file);
	th_sim_check_memory(environment_of(sim), request);
	if (th_sim_media_write_in_flight(&file->inode->media, request->position, request->length))
		th_sim_misuse(environment_of(sim), "%s at %llu of file %u meets a write under way",
			      request->operation == TH_READ ? "a read" : "a write",
			      (unsigned long long)request->position, request->file);
	file->in_flight++;
	aspect->error = th_sim_faults_transfer(&directory->faults, &environment_of(sim)->random,
					       request->operation != TH_READ, request->position,
					       request->length);
	aspect->due_ns = th_sim_timing_transfer_ns(&directory->timing, &environment_of(sim)->random,
						   now_ns(sim),
						   file->inode->address + request->position,
						   request->length);
	return file;
}

static void begin_read(struct th_sim_brick *sim, struct th_request *request,
		       struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = begin_transfer(sim, request, aspect);
	uint64_t bytes = file->inode->media.bytes;

	if (request->length > bytes || request->position > bytes - request->length)
		aspect->error = -EIO;
}

static void end_read(struct th_sim_brick *sim, struct th_request *request,
		     struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = file_of(sim, request);

	file->in_flight--;
	if (th_sim_media_write_in_flight(&file->inode->media, request->position, request->length))
		th_sim_misuse(environment_of(sim), "a write at %llu of file %u met a read",
			      (unsigned long long)request->position, request->file);
	if (!aspect->error)
		th_sim_read(&file->inode->media, request, &environment_of(sim)->random);
}

/* Would the file be larger than what the directory can hold? */
static bool exceeds_space(struct th_sim_brick *sim, const struct th_sim_file *file, uint64_t bytes)
{
	uint64_t grows = bytes > file->inode->media.bytes ? bytes - file->inode->media.bytes : 0;

	return grows &&
	       th_sim_directory_used_bytes(sim->directory) + grows > sim->directory->capacity_bytes;
}

static void begin_write(struct th_sim_brick *sim, struct th_request *request,
			struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = begin_transfer(sim, request, aspect);

	if (file->read_only)
		th_sim_misuse(environment_of(sim), "a write to file %u, which is read-only",
			      request->file);
	if (exceeds_space(sim, file, request->position + request->length))
		aspect->error = -ENOSPC;
	aspect->write = th_sim_media_begin(&file->inode->media, request->position, request->length);
	th_sim_gather(request, aspect->write->data);
}

/* Force unit access of a file covers its size too. */
static void end_durably(struct th_sim_media *media, struct th_sim_write *write)
{
	if (write->position + write->length <= media->durable_bytes) {
		th_sim_media_end(media, write, true);
		return;
	}
	th_sim_media_end(media, write, false);
	th_sim_media_flush_end(media, th_sim_media_flush_begin(media));
}

static void end_write(struct th_sim_brick *sim, struct th_request *request,
		      struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = file_of(sim, request);
	struct th_sim_media *media = &file->inode->media;

	file->in_flight--;
	th_sim_check_unchanged(environment_of(sim), request, aspect->write);
	if (aspect->error)
		th_sim_media_fail(media, aspect->write, &environment_of(sim)->random);
	else if (request->flags & TH_FUA)
		end_durably(media, aspect->write);
	else
		th_sim_media_end(media, aspect->write, false);
}

/* All that moves no data. */
static void begin_other(struct th_sim_brick *sim, struct th_sim_aspect *aspect)
{
	aspect->due_ns = th_sim_timing_flush_ns(&sim->directory->timing,
						&environment_of(sim)->random, now_ns(sim));
}

static void begin_flush(struct th_sim_brick *sim, struct th_request *request,
			struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = file_of(sim, request);

	file->in_flight++;
	aspect->error = th_sim_faults_flush(&sim->directory->faults, &environment_of(sim)->random);
	aspect->covered = th_sim_media_flush_begin(&file->inode->media);
	begin_other(sim, aspect);
}

static void end_flush(struct th_sim_brick *sim, struct th_request *request,
		      struct th_sim_aspect *aspect)
{
	struct th_sim_file *file = file_of(sim, request);

	file->in_flight--;
	if (aspect->error)
		th_sim_media_flush_fail(&file->inode->media, aspect->covered);
	else
		th_sim_media_flush_end_below(&file->inode->media, aspect->covered,
					     request->length ? request->length : UINT64_MAX);
}

static void check_name(struct th_sim_brick *sim, const char *name)
{
	if (!name || !*name || strlen(name) > TH_NAME_MAX || strchr(name, '/'))
		th_sim_misuse(environment_of(sim), "\"%s\" is not a name for a file",
			      name ? name : "");
}

static int open_file(struct th_sim_brick *sim, struct th_request *request)
{
	struct th_sim_inode *inode = th_sim_directory_find(sim->directory, request->name);
	uint32_t number = 0;

	while (number < TH_SIM_FILES_MAX && sim->files[number].inode)
		number++;
	if (number == TH_SIM_FILES_MAX)
		return -EMFILE;
	if (inode && (request->flags & TH_CREATE))
		return -EEXIST;
	if (!inode && !(request->flags & TH_CREATE))
		return -ENOENT;
	if (!inode)
		inode = th_sim_directory_create(sim->directory, request->name);
	th_sim_inode_open(inode);
	sim->files[number] = (struct th_sim_file){
		.inode = inode,
		.read_only = request->flags & TH_READ_ONLY,
	};
	request->file = number;
	request->length = inode->media.bytes;
	return 0;
}

static int allocate_file(struct th_sim_brick *sim, struct th_request *request)
{
	struct th_sim_file *file = file_of(sim, request);

	if (exceeds_space(sim, file, request->length))
		return -ENOSPC;
	if (request->length > file->inode->media.bytes)
		th_sim_media_resize(&file->inode->media, request->length);
	return 0;
}

static int truncate_file(struct th_sim_brick *sim, struct th_request *request)
{
	struct th_sim_media *media = &file_of(sim, request)->inode->media;

	if (request->length < media->bytes &&
	    th_sim_media_write_in_flight(media, request->length, media->bytes - request->length))
		th_sim_misuse(environment_of(sim), "file %u is cut while it is written there",
			      request->file);
	if (request->length != media->bytes)
		th_sim_media_resize(media, request->length);
	return 0;
}

static int close_file(struct th_sim_brick *sim, struct th_request *request)
{
	struct th_sim_file *file = file_of(sim, request);

	if (file->in_flight)
		th_sim_misuse(environment_of(sim), "file %u is closed with requests under way",
			      request->file);
	th_sim_inode_close(sim->directory, file->inode);
	file->inode = NULL;
	return 0;
}

static int list(struct th_sim_brick *sim, struct th_request *request)
{
	struct th_directory *directory = request->directory;
	const struct th_list *link;

	directory->count = 0;
	th_list_for_each(link, &sim->directory->names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		struct th_directory_entry *entry = &directory->entries[directory->count];

		if (directory->count == directory->capacity)
			return -E2BIG;
		memcpy(entry->name, name->name, sizeof(entry->name));
		entry->bytes = name->inode->media.bytes;
		directory->count++;
	}
	return 0;
}

static int space(struct th_sim_brick *sim, struct th_request *request)
{
	uint64_t used = th_sim_directory_used_bytes(sim->directory);

	request->position = sim->directory->capacity_bytes;
	request->length = used < request->position ? request->position - used : 0;
	return 0;
}

static int effect(struct th_sim_brick *sim, struct th_request *request)
{
	switch (request->operation) {
	case TH_FILE_OPEN:
		return open_file(sim, request);
	case TH_FILE_CLOSE:
		return close_file(sim, request);
	case TH_FILE_WRITE_OUT:
		/* What it brings to the medium a crash may have brought there anyhow. */
		file_of(sim, request);
		return 0;
	case TH_FILE_ALLOCATE:
		return allocate_file(sim, request);
	case TH_FILE_TRUNCATE:
		return truncate_file(sim, request);
	case TH_FILE_RENAME:
		return th_sim_directory_rename(sim->directory, request->name, request->new_name);
	case TH_FILE_REMOVE:
		return th_sim_directory_remove(sim->directory, request->name);
	case TH_FILE_LIST:
		return list(sim, request);
	default:
		return space(sim, request);
	}
}

static void check_operands(struct th_sim_brick *sim, const struct th_request *request)
{
	switch (request->operation) {
	case TH_FILE_RENAME:
		check_name(sim, request->new_name);
		check_name(sim, request->name);
		break;
	case TH_FILE_OPEN:
	case TH_FILE_REMOVE:
		check_name(sim, request->name);
		break;
	case TH_FILE_CLOSE:
	case TH_FILE_ALLOCATE:
	case TH_FILE_TRUNCATE:
		file_of(sim, request);
		break;
	default:
		break;
	}
}

static void begin_change(struct th_sim_brick *sim, struct th_request *request,
			 struct th_sim_aspect *aspect)
{
	check_operands(sim, request);
	aspect->done_early = th_sim_random_chance(&environment_of(sim)->random, 500);
	if (aspect->done_early)
		aspect->error = effect(sim, request);
	begin_other(sim, aspect);
}

static void end_change(struct th_sim_brick *sim, struct th_request *request,
		       struct th_sim_aspect *aspect)
{
	if (!aspect->done_early)
		aspect->error = effect(sim, request);
}

static void begin_sync(struct th_sim_brick *sim, struct th_request *request,
		       struct th_sim_aspect *aspect)
{
	(void)request;
	aspect->error = th_sim_faults_flush(&sim->directory->faults, &environment_of(sim)->random);
	aspect->covered = th_sim_directory_sync_begin(sim->directory);
	begin_other(sim, aspect);
}

static void end_sync(struct th_sim_brick *sim, struct th_request *request,
		     struct th_sim_aspect *aspect)
{
	(void)request;
	if (!aspect->error)
		th_sim_directory_sync_end(sim->directory, aspect->covered);
}

const struct th_sim_operation th_sim_files_operations[TH_OPERATION_COUNT] = {
	[TH_READ] = { begin_read, end_read },
	[TH_WRITE] = { begin_write, end_write },
	[TH_FLUSH] = { begin_flush, end_flush },
	[TH_FILE_OPEN] = { begin_change, end_change },
	[TH_FILE_CLOSE] = { begin_change, end_change },
	[TH_FILE_WRITE_OUT] = { begin_change, end_change },
	[TH_FILE_ALLOCATE] = { begin_change, end_change },
	[TH_FILE_TRUNCATE] = { begin_change, end_change },
	[TH_FILE_RENAME] = { begin_change, end_change },
	[TH_FILE_REMOVE] = { begin_change, end_change },
	[TH_FILE_LIST] = { begin_change, end_change },
	[TH_FILE_SYNC_DIR] = { begin_sync, end_sync },
	[TH_FILE_SPACE] = { begin_change, end_change },
};
