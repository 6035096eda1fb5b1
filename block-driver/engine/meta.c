// SPDX-License-Identifier: GPL-2.0
/*
 * The meta file: two slots written in turn. Rooms change engine->meta in memory and ask for it to be written; one
 * write is under way at a time and takes all changes made before it began.
 */
#include "engine_internal.h"

uint64_t th_meta_write(struct th_engine *engine)
{
	struct th_meta_writer *writer = &engine->meta_writer;

	writer->wanted = true;
	th_engine_kick(engine);
	/* A write under way does not have this change. */
	return writer->io.busy ? writer->writing_generation + 1 : writer->written_generation + 1;
}

bool th_meta_is_durable(const struct th_engine *engine, uint64_t generation)
{
	return engine->meta_writer.written_generation >= generation;
}

bool th_meta_is_failing(const struct th_engine *engine)
{
	return engine->meta_writer.retry_ns != 0;
}

bool th_meta_settled(const struct th_engine *engine)
{
	return !engine->meta_writer.io.busy &&
	       (!engine->meta_writer.wanted || th_meta_is_failing(engine));
}

void th_meta_add_epoch(struct th_engine *engine, uint64_t epoch, uint64_t start_lsn, uint64_t chain)
{
	struct th_meta *meta = &engine->meta;

	TH_ASSERT(!meta->epoch_count || meta->epochs[meta->epoch_count - 1].epoch < epoch);
	if (meta->epoch_count == TH_EPOCHS_MAX) {
		meta->epoch_count--;
		memmove(meta->epochs, meta->epochs + 1,
			meta->epoch_count * sizeof(meta->epochs[0]));
	}
	meta->epochs[meta->epoch_count] = (struct th_meta_epoch){ epoch, start_lsn, chain };
	meta->epoch_count++;
	th_meta_write(engine);
}

static void meta_start(struct th_engine *engine)
{
	struct th_meta_writer *writer = &engine->meta_writer;
	uint64_t slot_generation = writer->written_generation + 1;
	uint64_t previous_ns = engine->meta.written_ns;

	writer->wanted = false;
	writer->writing_generation = slot_generation;
	engine->meta.generation = slot_generation;
	engine->meta.written_ns =
		TH_MAX(th_executor_wall_ns(engine->brick.executor),
		       TH_MAX(engine->tail.time_ns, engine->reader.position.time_ns));
	engine->meta.written_ns = TH_MAX(engine->meta.written_ns, previous_ns);
	th_meta_pack(&engine->meta, writer->block);
	writer->writing_device_bytes = engine->meta.device_bytes;
	if (th_mutated(TH_MUTATE_META_SLOT))
		slot_generation = 0;
	th_file_io_start(engine, &writer->io,
			 &(struct th_file_command){ .operation = TH_WRITE,
						    .flags = TH_FUA,
						    .file = writer->file,
						    .position =
							    th_meta_slot_offset(slot_generation),
						    .length = TH_BLOCK_BYTES,
						    .buffer = writer->block });
}

void th_meta_step(struct th_engine *engine)
{
	struct th_meta_writer *writer = &engine->meta_writer;

	/* Until the log is known to be good, opening changes nothing. */
	if (!writer->opened || !engine->opened)
		return;
	if (th_file_io_finished(&writer->io)) {
		if (writer->io.error) {
			th_engine_note_error(
				engine, writer->io.error,
				"the meta file cannot be written (errno %d): the checkpoint does "
				"not move, it is tried again. Check the log's file system",
				-writer->io.error);
			writer->wanted = true;
			writer->failures++;
			writer->retry_ns = engine->now_ns + TH_RETRY_NS;
			th_engine_kick(engine); /* calls wait for it */
		} else {
			writer->written_generation = writer->writing_generation;
			engine->device_bytes = writer->writing_device_bytes;
			writer->retry_ns = 0;
			th_engine_kick(engine);
		}
	}
	if (!writer->wanted || writer->io.busy)
		return;
	if (writer->retry_ns > engine->now_ns)
		th_engine_wake_at(engine, writer->retry_ns);
	else
		meta_start(engine);
}
