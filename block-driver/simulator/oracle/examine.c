// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle on what a crash has left: the same question that recovery has to answer, answered without it.
 */
#include "oracle.h"

#include "../world/failure.h"

static void begin_walk(struct th_history *history, const struct th_node *node,
		       const struct th_log_view *view, const struct th_meta *meta,
		       struct th_log_walk *walk)
{
	const struct th_position checkpoint = {
		.lsn = meta->checkpoint_lsn,
		.epoch = meta->checkpoint_epoch,
		.chain = meta->checkpoint_chain,
	};
	const struct th_boundary *boundary = th_history_boundary(history, checkpoint.lsn);

	if (!boundary || boundary->position.epoch != checkpoint.epoch ||
	    boundary->position.chain != checkpoint.chain)
		th_fail("%s: the checkpoint at LSN %llu (epoch %llu) is not in the history",
			node->config.name, (unsigned long long)checkpoint.lsn,
			(unsigned long long)checkpoint.epoch);
	th_log_walk_init(walk, view, &history->resource_uuid, history->block_bytes, &checkpoint);
}

/* Walks to the end; what goes beyond the history becomes part of it, where that may be. */
static void walk_to_end(struct th_history *history, const struct th_node *node,
			struct th_log_walk *walk, bool grows)
{
	struct th_log_walk_step step;
	enum th_log_walk_result result;

	while ((result = th_log_walk_next(walk, &step)) != TH_WALK_END) {
		const struct th_boundary *boundary =
			th_history_boundary(history, walk->position.lsn);

		if (walk->position.lsn > th_history_end(history)->lsn && grows)
			th_history_append(history, walk, result, &step);
		else if (!boundary || boundary->position.chain != walk->position.chain)
			th_fail("%s: the log at LSN %llu is not the history's", node->config.name,
				(unsigned long long)walk->position.lsn);
	}
}

/* May the disk hold @id, when the log will be replayed from the checkpoint on? */
static bool is_applied_version(const struct th_history *history, const struct th_remains *remains,
			       uint64_t sector, uint64_t id)
{
	const struct th_versions *versions = &history->sectors[sector];

	for (uint32_t i = 0; i < versions->count; i++) {
		uint64_t lsn = versions->items[i].lsn;

		if (versions->items[i].id == id &&
		    (!lsn || lsn < remains->meta.inconsistent_until_lsn ||
		     (lsn < remains->end_lsn && lsn < remains->meta.applied_limit_lsn)))
			return true;
	}
	return versions->items[0].id == id;
}

/* Was it filled with a version that is newer than all that the log has, but not newer than it may be? */
static bool is_filled_version(const struct th_history *history, const struct th_remains *remains,
			      uint64_t sector, uint64_t id)
{
	const struct th_versions *versions = &history->sectors[sector];

	for (uint32_t i = 0; i < versions->count; i++)
		if (versions->items[i].id == id && versions->items[i].lsn >= remains->end_lsn &&
		    versions->items[i].lsn < remains->meta.inconsistent_until_lsn)
			return true;
	return false;
}

static void check_sector(const struct th_history *history, const struct th_node *node,
			 const struct th_remains *remains, uint64_t sector)
{
	const struct th_version *wanted = th_history_at(history, sector, remains->end_lsn);
	uint64_t id = th_stamp_id(node->disk.media.current + sector * TH_SECTOR_BYTES, sector);

	if (wanted->lsn < remains->meta.checkpoint_lsn && id != wanted->id &&
	    !is_filled_version(history, remains, sector, (uint64_t)id))
		th_fail("%s: sector %llu of the disk is of request %lld, but below the checkpoint (LSN "
			"%llu) it must be of %llu",
			node->config.name, (unsigned long long)sector, (long long)id,
			(unsigned long long)remains->meta.checkpoint_lsn,
			(unsigned long long)wanted->id);
	if (!is_applied_version(history, remains, sector, id))
		th_fail("%s: sector %llu of the disk is of request %lld, which is not in the log up to "
			"LSN %llu, or is above what the disk may hold (LSN %llu)",
			node->config.name, (unsigned long long)sector, (long long)id,
			(unsigned long long)remains->end_lsn,
			(unsigned long long)remains->meta.applied_limit_lsn);
}

static void trace_files(const struct th_node *node)
{
	const struct th_list *link;

	th_list_for_each(link, &node->directory.names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);

		th_trace("%s: file %s has %llu bytes", node->config.name, name->name,
			 (unsigned long long)name->inode->media.bytes);
	}
}

void th_oracle_examine(struct th_history *history, const struct th_node *node, bool grows,
		       struct th_remains *remains)
{
	const struct th_log_view view = { .directory = &node->directory };
	struct th_log_walk walk;

	trace_files(node);
	if (!th_log_view_meta(&view, &remains->meta))
		th_fail("%s: the meta file has no valid slot", node->config.name);
	begin_walk(history, node, &view, &remains->meta, &walk);
	walk_to_end(history, node, &walk, grows);
	remains->end_lsn = walk.position.lsn;
	remains->end_chain = walk.position.chain;
	th_trace("%s: the log goes from LSN %llu to %llu", node->config.name,
		 (unsigned long long)remains->meta.checkpoint_lsn,
		 (unsigned long long)remains->end_lsn);
	for (uint64_t sector = 0; sector < remains->meta.device_bytes / TH_SECTOR_BYTES; sector++)
		check_sector(history, node, remains, sector);
}

uint64_t th_oracle_durable_end(struct th_history *history, const struct th_node *node)
{
	const struct th_log_view view = { .directory = &node->directory, .durable = true };
	struct th_log_walk_step step;
	struct th_log_walk walk;
	struct th_meta meta;

	if (!th_log_view_meta(&view, &meta))
		th_fail("%s: the meta file has no durable slot", node->config.name);
	begin_walk(history, node, &view, &meta, &walk);
	while (th_log_walk_next(&walk, &step) != TH_WALK_END)
		;
	return walk.position.lsn;
}
