// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle on segment files: which may be deleted (log that the node itself does not need any more, and that every
 * peer has or has a bitmap for), and how long they are.
 */
#include "oracle.h"

#include "../world/failure.h"

/* Where the segment that begins at @start_lsn ends; UINT64_MAX: none follows it. */
static uint64_t segment_end(const struct th_history *history, uint64_t start_lsn)
{
	for (uint32_t i = 0; i < history->boundary_count; i++) {
		const struct th_boundary *boundary = &history->boundaries[i];

		if (boundary->after_header && boundary->position.lsn > start_lsn + TH_BLOCK_BYTES)
			return boundary->position.lsn - TH_BLOCK_BYTES;
	}
	return UINT64_MAX;
}

/* Is the file of this name a part of the history? Forks and torn headers are not. */
static bool in_history(const struct th_history *history, const struct th_sim_name *name,
		       uint64_t epoch, uint64_t start_lsn)
{
	const struct th_boundary *boundary =
		th_history_boundary(history, start_lsn + TH_BLOCK_BYTES);
	struct th_segment_header header;

	return boundary && boundary->after_header && boundary->position.epoch == epoch &&
	       TH_MIN(name->inode->media.bytes, name->inode->media.room_bytes) >= TH_BLOCK_BYTES &&
	       th_segment_header_unpack(&header, name->inode->media.current, epoch, start_lsn,
					&history->resource_uuid) == TH_FORMAT_OK &&
	       header.chain == boundary->position.chain;
}

static bool is_marked(const uint8_t *bits, uint64_t region_bytes, uint64_t position)
{
	uint64_t n = position / region_bytes;

	return bits[n / 8] & (1u << (n % 8));
}

void th_oracle_check_bitmap(const struct th_history *history, const struct th_log_view *view,
			    const struct th_uuid *peer, uint64_t from_lsn, uint64_t to_lsn)
{
	char name[TH_BITMAP_NAME_BYTES];
	struct th_bitmap_header header;
	const uint8_t *file;
	uint64_t bytes;

	th_bitmap_name(name, peer);
	file = th_log_view_file(view, name, &bytes);
	if (!file || bytes < TH_BLOCK_BYTES ||
	    th_bitmap_header_unpack(&header, file, &history->resource_uuid, peer) != TH_FORMAT_OK)
		th_fail("log from LSN %llu to %llu is dropped for a peer that has no bitmap",
			(unsigned long long)from_lsn, (unsigned long long)to_lsn);
	if (header.from_lsn > from_lsn || header.to_lsn < to_lsn)
		th_fail("log from LSN %llu to %llu is dropped, but the bitmap is of %llu to %llu",
			(unsigned long long)from_lsn, (unsigned long long)to_lsn,
			(unsigned long long)header.from_lsn, (unsigned long long)header.to_lsn);
	for (uint64_t sector = 0; sector < history->device_bytes / TH_SECTOR_BYTES; sector++) {
		const struct th_version *version = th_history_at(history, sector, to_lsn);
		uint64_t position = sector * TH_SECTOR_BYTES;

		if (version->lsn >= TH_MAX(from_lsn, 1) &&
		    (position >= header.device_bytes ||
		     !is_marked(file + TH_BLOCK_BYTES, header.region_bytes, position)))
			th_fail("sector %llu changed at LSN %llu, which is dropped, but is not in the bitmap",
				(unsigned long long)sector, (unsigned long long)version->lsn);
	}
}

static void check_peers(const struct th_oracle *oracle, const struct th_log_view *view,
			uint64_t end_lsn)
{
	for (uint32_t i = 0; i < oracle->peer_count; i++) {
		const struct th_oracle_peer *peer = &oracle->peers[i];

		if (peer->is_kept && peer->durable_lsn < end_lsn)
			th_oracle_check_bitmap(oracle->history, view, &peer->uuid,
					       peer->durable_lsn, end_lsn);
	}
}

void th_oracle_check_removal(const struct th_history *history, struct th_oracle *oracle,
			     const struct th_node *node, const struct th_sim_name *name)
{
	const struct th_log_view view = { .directory = &node->directory, .durable = true };
	struct th_meta meta = { 0 };
	uint64_t epoch, start_lsn, end_lsn;

	if (!th_segment_name_parse(name->name, &epoch, &start_lsn))
		return;
	if (oracle)
		th_oracle_look(oracle);
	if (!in_history(history, name, epoch, start_lsn))
		return;
	th_log_view_meta(&view, &meta);
	end_lsn = segment_end(history, start_lsn);
	if (end_lsn > meta.checkpoint_lsn)
		th_fail("%s: segment %s is removed, but the checkpoint is at LSN %llu",
			node->config.name, name->name, (unsigned long long)meta.checkpoint_lsn);
	if (oracle)
		check_peers(oracle, &view, end_lsn);
}

void th_oracle_check_bitmaps(const struct th_oracle *oracle, const struct th_node *node)
{
	const struct th_log_view view = { .directory = &node->directory, .durable = true };
	uint64_t oldest_lsn = UINT64_MAX;
	const struct th_list *link;

	th_list_for_each(link, &node->directory.durable_names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		uint64_t epoch, start_lsn;

		if (th_segment_name_parse(name->name, &epoch, &start_lsn) &&
		    in_history(oracle->history, name, epoch, start_lsn))
			oldest_lsn = TH_MIN(oldest_lsn, start_lsn);
	}
	if (oldest_lsn != UINT64_MAX)
		check_peers(oracle, &view, oldest_lsn);
}

void th_oracle_check_sealed(const struct th_history *history, const struct th_node *node)
{
	const struct th_list *link;

	th_list_for_each(link, &node->directory.names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		uint64_t epoch, start_lsn, end_lsn;

		if (!th_segment_name_parse(name->name, &epoch, &start_lsn) ||
		    !in_history(history, name, epoch, start_lsn))
			continue;
		end_lsn = segment_end(history, start_lsn);
		if (end_lsn != UINT64_MAX &&
		    name->inode->media.durable_bytes != end_lsn - start_lsn)
			th_fail("%s: segment %s is sealed at %llu bytes, but the file has %llu",
				node->config.name, name->name,
				(unsigned long long)(end_lsn - start_lsn),
				(unsigned long long)name->inode->media.durable_bytes);
	}
}
