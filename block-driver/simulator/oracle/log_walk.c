// SPDX-License-Identifier: GPL-2.0
#include "log_walk.h"

#include "../world/failure.h"

static const struct th_list *names_of(const struct th_log_view *view)
{
	return view->durable ? &view->directory->durable_names : &view->directory->names;
}

static const uint8_t *inode_bytes(const struct th_log_view *view, const struct th_sim_inode *inode,
				  uint64_t *bytes)
{
	/* What stands behind the room is zero: nothing to be read there. */
	*bytes = TH_MIN(view->durable ? inode->media.durable_bytes : inode->media.bytes,
			inode->media.room_bytes);
	return view->durable ? inode->media.durable : inode->media.current;
}

const uint8_t *th_log_view_file(const struct th_log_view *view, const char *name, uint64_t *bytes)
{
	const struct th_list *link;

	th_list_for_each(link, names_of(view)) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);

		if (strcmp(entry->name, name) == 0)
			return inode_bytes(view, entry->inode, bytes);
	}
	return NULL;
}

bool th_log_view_meta(const struct th_log_view *view, struct th_meta *meta)
{
	uint64_t bytes;
	const uint8_t *file = th_log_view_file(view, "meta", &bytes);
	bool found = false;

	for (uint32_t slot = 0; file && slot < 2 && (slot + 1) * TH_BLOCK_BYTES <= bytes; slot++) {
		struct th_meta candidate;

		if (th_meta_unpack(&candidate, file + slot * TH_BLOCK_BYTES, slot, NULL) !=
			    TH_FORMAT_OK ||
		    (found && candidate.generation < meta->generation))
			continue;
		*meta = candidate;
		found = true;
	}
	return found;
}

/* The segment file that @position lies in or at the end of: the last one of its epoch that begins below. */
static void find_segment(struct th_log_walk *walk)
{
	const struct th_list *link;

	th_list_for_each(link, names_of(&walk->view)) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);
		uint64_t epoch, start_lsn;

		if (!th_segment_name_parse(entry->name, &epoch, &start_lsn) ||
		    epoch != walk->position.epoch || start_lsn >= walk->position.lsn ||
		    (walk->in_segment && start_lsn < walk->segment_start_lsn))
			continue;
		walk->in_segment = true;
		walk->segment_epoch = epoch;
		walk->segment_start_lsn = start_lsn;
	}
}

void th_log_walk_init(struct th_log_walk *walk, const struct th_log_view *view,
		      const struct th_uuid *resource_uuid, uint32_t block_bytes,
		      const struct th_position *position)
{
	*walk = (struct th_log_walk){
		.view = *view,
		.resource_uuid = resource_uuid,
		.block_bytes = block_bytes,
		.position = *position,
	};
	find_segment(walk);
}

static bool is_zero(const uint8_t *bytes, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* The payloads' checksums, and the zeroes behind them. */
static bool payloads_verify(const struct th_log_walk_step *step)
{
	uint64_t end = TH_BLOCK_BYTES;

	for (uint32_t i = 0; i < step->batch.record_count; i++) {
		const struct th_record *record = &step->records[i];

		if (record->operation != TH_RECORD_WRITE)
			continue;
		if (th_crc32c(0, step->bytes + record->payload_offset, record->length) !=
		    record->payload_crc32c)
			return false;
		end = record->payload_offset + record->length;
	}
	return is_zero(step->bytes + end, step->batch.length - end);
}

static bool find_batch(const struct th_log_walk *walk, struct th_log_walk_step *step)
{
	char name[TH_SEGMENT_NAME_BYTES];
	const uint8_t *file;
	uint64_t bytes, offset;

	if (!walk->in_segment)
		return false;
	th_segment_name(name, walk->segment_epoch, walk->segment_start_lsn);
	file = th_log_view_file(&walk->view, name, &bytes);
	offset = walk->position.lsn - walk->segment_start_lsn;
	if (!file || offset + TH_BLOCK_BYTES > bytes)
		return false;
	step->bytes = file + offset;
	return th_batch_header_unpack(&step->batch, step->records, step->bytes, &walk->position,
				      walk->block_bytes, 0) == TH_FORMAT_OK &&
	       offset + step->batch.length <= bytes && payloads_verify(step);
}

/* The segment that follows at the position: where several fit, the one of the highest epoch. */
static bool find_successor(const struct th_log_walk *walk, struct th_segment_header *successor)
{
	const struct th_list *link;
	bool found = false;

	th_list_for_each(link, names_of(&walk->view)) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);
		struct th_segment_header header;
		uint64_t epoch, start_lsn, bytes;
		const uint8_t *file = inode_bytes(&walk->view, entry->inode, &bytes);

		if (!th_segment_name_parse(entry->name, &epoch, &start_lsn) ||
		    start_lsn != walk->position.lsn || bytes < TH_BLOCK_BYTES ||
		    (found && epoch < successor->epoch) ||
		    th_segment_header_unpack(&header, file, epoch, start_lsn,
					     walk->resource_uuid) != TH_FORMAT_OK ||
		    header.previous_epoch != walk->position.epoch ||
		    header.chain_before != walk->position.chain ||
		    header.block_bytes != walk->block_bytes)
			continue;
		*successor = header;
		found = true;
	}
	return found;
}

static void enter_segment(struct th_log_walk *walk, const struct th_segment_header *header)
{
	walk->in_segment = true;
	walk->segment_epoch = header->epoch;
	walk->segment_start_lsn = header->start_lsn;
	walk->position.lsn += TH_BLOCK_BYTES;
	walk->position.epoch = header->epoch;
	walk->position.chain = header->chain;
}

enum th_log_walk_result th_log_walk_next(struct th_log_walk *walk, struct th_log_walk_step *step)
{
	bool batch = find_batch(walk, step);
	bool successor = find_successor(walk, &step->segment);

	if (batch && successor)
		th_fail("at LSN %llu the segment of epoch %llu goes on although another follows: "
			"it was not cut when it was sealed",
			(unsigned long long)walk->position.lsn,
			(unsigned long long)walk->segment_epoch);
	if (batch) {
		walk->position.lsn += step->batch.length;
		walk->position.chain = step->batch.chain;
		walk->position.time_ns = step->batch.time_ns;
		return TH_WALK_BATCH;
	}
	if (successor) {
		enter_segment(walk, &step->segment);
		return TH_WALK_SEGMENT;
	}
	return TH_WALK_END;
}
