// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the output "disk".
 */
#include "sim_brick_internal.h"

static void check_range(const struct th_sim_disk *disk, const struct th_request *request)
{
	if (!th_is_aligned(request->position | request->length, disk->block_bytes) ||
	    !request->length)
		th_sim_misuse(disk->environment,
			      "transfer of %llu bytes at %llu is not in blocks of %u",
			      (unsigned long long)request->length,
			      (unsigned long long)request->position, disk->block_bytes);
	if (request->length > disk->media.bytes ||
	    request->position > disk->media.bytes - request->length)
		th_sim_misuse(disk->environment,
			      "transfer of %llu bytes at %llu on a disk of %llu bytes",
			      (unsigned long long)request->length,
			      (unsigned long long)request->position,
			      (unsigned long long)disk->media.bytes);
}

static void begin_transfer(struct th_sim_brick *sim, struct th_request *request,
			   struct th_sim_aspect *aspect)
{
	struct th_sim_disk *disk = sim->disk;
	struct th_sim_random *random = &disk->environment->random;

	check_range(disk, request);
	aspect->error = th_sim_faults_transfer(&disk->faults, random, request->operation != TH_READ,
					       request->position, request->length);
	aspect->due_ns = th_sim_timing_transfer_ns(&disk->timing, random,
						   th_executor_now_ns(sim->brick.executor),
						   request->position, request->length);
}

static void begin_read(struct th_sim_brick *sim, struct th_request *request,
		       struct th_sim_aspect *aspect)
{
	th_sim_check_memory(sim->disk->environment, request);
	begin_transfer(sim, request, aspect);
}

static void end_read(struct th_sim_brick *sim, struct th_request *request,
		     struct th_sim_aspect *aspect)
{
	if (!aspect->error)
		th_sim_read(&sim->disk->media, request, &sim->disk->environment->random);
}

static void begin_change(struct th_sim_brick *sim, struct th_request *request,
			 struct th_sim_aspect *aspect)
{
	struct th_sim_disk *disk = sim->disk;

	begin_transfer(sim, request, aspect);
	if (th_sim_media_write_in_flight(&disk->media, request->position, request->length))
		th_sim_misuse(disk->environment, "two writes under way at %llu of the disk",
			      (unsigned long long)request->position);
	aspect->write = th_sim_media_begin(&disk->media, request->position, request->length);
}

static void announce(const struct th_sim_disk *disk, const struct th_request *request,
		     const uint8_t *data)
{
	if (disk->writing)
		disk->writing(disk->writing_context, request->position, request->length, data);
}

static void begin_write(struct th_sim_brick *sim, struct th_request *request,
			struct th_sim_aspect *aspect)
{
	th_sim_check_memory(sim->disk->environment, request);
	begin_change(sim, request, aspect);
	th_sim_gather(request, aspect->write->data);
	announce(sim->disk, request, aspect->write->data);
}

static void begin_zeroes(struct th_sim_brick *sim, struct th_request *request,
			 struct th_sim_aspect *aspect)
{
	begin_change(sim, request, aspect);
	announce(sim->disk, request, NULL);
}

/* Nobody may rely on what a discarded block holds: each keeps its contents, or is zero, or is garbage. */
static void begin_discard(struct th_sim_brick *sim, struct th_request *request,
			  struct th_sim_aspect *aspect)
{
	struct th_sim_random *random = &sim->disk->environment->random;
	const uint8_t *before = sim->disk->media.current + request->position;

	begin_change(sim, request, aspect);
	for (uint64_t at = 0; at < request->length; at += TH_SECTOR_BYTES) {
		uint64_t fate = th_sim_random_below(random, 3);

		if (fate == 0)
			memcpy(aspect->write->data + at, before + at, TH_SECTOR_BYTES);
		else if (fate == 1)
			memset(aspect->write->data + at, 0xdb, TH_SECTOR_BYTES);
	}
}

static void end_change(struct th_sim_brick *sim, struct th_request *request,
		       struct th_sim_aspect *aspect)
{
	struct th_sim_disk *disk = sim->disk;

	th_sim_check_unchanged(disk->environment, request, aspect->write);
	if (aspect->error)
		th_sim_media_fail(&disk->media, aspect->write, &disk->environment->random);
	else
		th_sim_media_end(&disk->media, aspect->write, request->flags & TH_FUA);
}

static void begin_flush(struct th_sim_brick *sim, struct th_request *request,
			struct th_sim_aspect *aspect)
{
	struct th_sim_disk *disk = sim->disk;
	struct th_sim_random *random = &disk->environment->random;

	(void)request;
	aspect->error = th_sim_faults_flush(&disk->faults, random);
	aspect->covered = th_sim_media_flush_begin(&disk->media);
	aspect->due_ns = th_sim_timing_flush_ns(&disk->timing, random,
						th_executor_now_ns(sim->brick.executor));
}

static void end_flush(struct th_sim_brick *sim, struct th_request *request,
		      struct th_sim_aspect *aspect)
{
	(void)request;
	if (aspect->error)
		th_sim_media_flush_fail(&sim->disk->media, aspect->covered);
	else
		th_sim_media_flush_end(&sim->disk->media, aspect->covered);
}

const struct th_sim_operation th_sim_disk_operations[TH_OPERATION_COUNT] = {
	[TH_READ] = { begin_read, end_read },
	[TH_WRITE] = { begin_write, end_change },
	[TH_WRITE_ZEROES] = { begin_zeroes, end_change },
	[TH_DISCARD] = { begin_discard, end_change },
	[TH_FLUSH] = { begin_flush, end_flush },
};
