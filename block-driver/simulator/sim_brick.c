// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "sim_brick_internal.h"

void th_sim_gather(const struct th_request *request, uint8_t *data)
{
	for (uint32_t i = 0; i < request->vec_count; i++) {
		memcpy(data, request->vec[i].base, request->vec[i].bytes);
		data += request->vec[i].bytes;
	}
}

void th_sim_scatter(const struct th_request *request, const uint8_t *data)
{
	for (uint32_t i = 0; i < request->vec_count; i++) {
		memcpy(request->vec[i].base, data, request->vec[i].bytes);
		data += request->vec[i].bytes;
	}
}

void th_sim_check_memory(struct th_sim_environment *environment, const struct th_request *request)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < request->vec_count; i++) {
		const struct th_vec *piece = &request->vec[i];

		if (!th_is_aligned((uintptr_t)piece->base | piece->bytes, TH_SECTOR_BYTES))
			th_sim_misuse(environment, "piece %u of a request's memory is not aligned",
				      i);
		bytes += piece->bytes;
	}
	if (bytes != request->length)
		th_sim_misuse(environment, "a request of %llu bytes came with %llu bytes of memory",
			      (unsigned long long)request->length, (unsigned long long)bytes);
}

void th_sim_check_unchanged(struct th_sim_environment *environment,
			    const struct th_request *request, const struct th_sim_write *write)
{
	const uint8_t *data = write->data;

	for (uint32_t i = 0; i < request->vec_count; i++) {
		if (memcmp(data, request->vec[i].base, request->vec[i].bytes) != 0)
			th_sim_misuse(environment,
				      "memory changed while it was being written to %llu",
				      (unsigned long long)request->position);
		data += request->vec[i].bytes;
	}
}

void th_sim_read(struct th_sim_media *media, struct th_request *request,
		 struct th_sim_random *random)
{
	uint8_t *data = malloc(request->length);

	TH_ASSERT(data != NULL);
	th_sim_media_read(media, request->position, request->length, data, random);
	th_sim_scatter(request, data);
	free(data);
}

static struct th_sim_brick *sim_of(struct th_brick *brick)
{
	return th_container_of(brick, struct th_sim_brick, brick);
}

static struct th_sim_aspect *aspect_of(struct th_sim_brick *sim, struct th_request *request)
{
	return th_request_aspect(request, &sim->brick);
}

/* Which of the two tables a request belongs to is kept in its aspect by way of the output it came to. */
struct scheduled {
	struct th_sim_aspect aspect;
	const struct th_sim_operation *operation;
	struct th_sim_environment *environment;
};

static struct scheduled *scheduled_of(struct th_sim_brick *sim, struct th_request *request)
{
	return th_container_of(aspect_of(sim, request), struct scheduled, aspect);
}

static void note(const struct th_sim_environment *environment, const struct th_request *request,
		 const char *what)
{
	static const char *const names[TH_OPERATION_COUNT] = {
		[TH_READ] = "read",
		[TH_WRITE] = "write",
		[TH_WRITE_ZEROES] = "write-zeroes",
		[TH_DISCARD] = "discard",
		[TH_FLUSH] = "flush",
		[TH_FILE_OPEN] = "open",
		[TH_FILE_CLOSE] = "close",
		[TH_FILE_WRITE_OUT] = "write-out",
		[TH_FILE_ALLOCATE] = "allocate",
		[TH_FILE_TRUNCATE] = "truncate",
		[TH_FILE_RENAME] = "rename",
		[TH_FILE_REMOVE] = "remove",
		[TH_FILE_LIST] = "list",
		[TH_FILE_SYNC_DIR] = "sync-dir",
		[TH_FILE_SPACE] = "space",
	};
	char text[192];

	if (!environment->note)
		return;
	th_snprintf(text, sizeof(text), "%s %s file %u %s%s%s %llu+%llu flags %u: %d", what,
		    names[request->operation], request->file, request->name ? request->name : "",
		    request->new_name ? " to " : "", request->new_name ? request->new_name : "",
		    (unsigned long long)request->position, (unsigned long long)request->length,
		    request->flags, request->error);
	environment->note(environment->context, text);
}

static struct th_request *first_due(struct th_sim_brick *sim)
{
	return th_list_first(&sim->schedule, struct th_request, link);
}

static void arm(struct th_sim_brick *sim)
{
	if (!th_list_empty(&sim->schedule))
		th_executor_arm(sim->brick.executor, &sim->timer,
				aspect_of(sim, first_due(sim))->due_ns);
	else if (sim->brick.power == TH_SWITCHING_OFF)
		th_brick_power_reached(&sim->brick, TH_OFF);
}

/* One request at a time, so that a crash can come between any two. */
static void on_timer(struct th_timer *timer)
{
	struct th_sim_brick *sim = th_container_of(timer, struct th_sim_brick, timer);
	struct th_request *request = first_due(sim);
	struct scheduled *scheduled = scheduled_of(sim, request);

	th_list_remove(&request->link);
	scheduled->environment->events++;
	scheduled->operation->end(sim, request, &scheduled->aspect);
	request->error = scheduled->aspect.error;
	note(scheduled->environment, request, "ends");
	th_request_complete(request, request->error);
	arm(sim);
}

static void schedule(struct th_sim_brick *sim, struct th_request *request, uint64_t due_ns)
{
	struct th_list *before = sim->schedule.prev;

	while (before != &sim->schedule) {
		struct th_request *other = th_list_entry(before, struct th_request, link);

		if (aspect_of(sim, other)->due_ns <= due_ns)
			break;
		before = before->prev;
	}
	th_list_insert_between(&request->link, before, before->next);
	arm(sim);
}

static void submit(struct th_output *output, struct th_request *request)
{
	struct th_sim_brick *sim = sim_of(output->brick);
	struct scheduled *scheduled = scheduled_of(sim, request);
	bool is_disk = output == &sim->brick.outputs[TH_SIM_OUTPUT_DISK];

	if (is_disk ? !sim->disk : !sim->directory) {
		th_request_complete_later(sim->brick.executor, request, -ENXIO);
		return;
	}
	*scheduled = (struct scheduled){
		.operation = &(is_disk ? th_sim_disk_operations :
					 th_sim_files_operations)[request->operation],
		.environment = is_disk ? sim->disk->environment : sim->directory->environment,
	};
	if (!scheduled->operation->begin)
		th_sim_misuse(scheduled->environment, "operation %u is not one for this port",
			      request->operation);
	scheduled->environment->events++;
	note(scheduled->environment, request, "begins");
	scheduled->operation->begin(sim, request, &scheduled->aspect);
	schedule(sim, request, scheduled->aspect.due_ns);
}

static void info(struct th_output *output, struct th_block_info *info)
{
	const struct th_sim_brick *sim = sim_of(output->brick);

	*info = (struct th_block_info){
		.size_bytes = sim->disk ? sim->disk->media.bytes : 0,
		.block_bytes = sim->disk ? sim->disk->block_bytes : TH_SECTOR_BYTES,
		.memory_align_bytes = TH_SECTOR_BYTES,
		.rotational = sim->disk && sim->disk->timing.model == TH_SIM_TIMING_SPINNING,
	};
}

static void power(struct th_brick *brick, bool on)
{
	if (on)
		th_brick_power_reached(brick, TH_ON);
	else if (th_list_empty(&sim_of(brick)->schedule))
		th_brick_power_reached(brick, TH_OFF);
}

static int create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct th_sim_brick *sim = sim_of(brick);
	const struct th_sim_config *storage = config;

	if (!storage->disk && !storage->directory)
		return th_error_set(error, -EINVAL,
				    "a sim brick needs a simulated disk or directory: give one");
	sim->disk = storage->disk;
	sim->directory = storage->directory;
	th_list_init(&sim->schedule);
	th_timer_init(&sim->timer, on_timer);
	return 0;
}

static void destroy(struct th_brick *brick)
{
	struct th_sim_brick *sim = sim_of(brick);

	for (uint32_t i = 0; i < TH_SIM_FILES_MAX; i++) {
		if (sim->files[i].inode)
			th_sim_inode_close(sim->directory, sim->files[i].inode);
	}
}

const struct th_brick_type th_sim_type = {
	.name = "sim",
	.brick_bytes = sizeof(struct th_sim_brick),
	.aspect_bytes = sizeof(struct scheduled),
	.output_count = 2,
	.outputs = {
		[TH_SIM_OUTPUT_DISK] = { "disk", TH_PORT_BLOCK },
		[TH_SIM_OUTPUT_FILES] = { "files", TH_PORT_FILES },
	},
	.create = create,
	.destroy = destroy,
	.power = power,
	.submit = submit,
	.info = info,
};
