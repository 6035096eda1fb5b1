// SPDX-License-Identifier: GPL-2.0
#include "oracle.h"

#include "../world/failure.h"

void th_oracle_init(struct th_oracle *oracle, struct th_history *history)
{
	*oracle = (struct th_oracle){ .history = history };
}

static uint64_t log_bytes(const struct th_node *node)
{
	const struct th_list *link;
	uint64_t bytes = 0;

	th_list_for_each(link, &node->directory.names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		uint64_t epoch, start_lsn;

		if (th_segment_name_parse(name->name, &epoch, &start_lsn) ||
		    strncmp(name->name, "spare", 5) == 0)
			bytes += name->inode->media.bytes;
	}
	return bytes;
}

static void check_limit(const struct th_oracle *oracle)
{
	uint64_t bytes = oracle->log_limit_bytes ? log_bytes(oracle->primary) : 0;

	if (bytes >
	    TH_MAX(oracle->log_limit_bytes, oracle->log_start_bytes + oracle->segment_bytes))
		th_fail("the log takes %llu bytes, its limit is %llu", (unsigned long long)bytes,
			(unsigned long long)oracle->log_limit_bytes);
}

void th_oracle_follow(struct th_oracle *oracle, struct th_node *node)
{
	const struct th_history *history = oracle->history;
	const struct th_position *end = th_history_end(history);
	struct th_log_view view = { .directory = &node->directory };

	oracle->primary = node;
	oracle->log_start_bytes = log_bytes(node);
	th_log_walk_init(&oracle->seen, &view, &history->resource_uuid, history->block_bytes, end);
	view.durable = true;
	th_log_walk_init(&oracle->durable, &view, &history->resource_uuid, history->block_bytes,
			 end);
}

void th_oracle_unfollow(struct th_oracle *oracle)
{
	oracle->primary = NULL;
}

static bool lease_is_over(const struct th_oracle *oracle)
{
	return oracle->lease && oracle->primary->world->now_ns > oracle->lease_end_ns;
}

/* What is asked for when the lease is over does not get into the log before there is a new one. */
static void check_lease(const struct th_oracle *oracle, const struct th_log_walk_step *step)
{
	const struct th_history *history = oracle->history;

	if (!lease_is_over(oracle))
		return;
	for (uint32_t i = 0; i < step->batch.record_count; i++) {
		uint64_t sector = step->records[i].position / TH_SECTOR_BYTES;
		const struct th_versions *versions = &history->sectors[sector];
		uint64_t id = versions->items[versions->count - 1].id;

		if (history->issues[id].issued_ns > oracle->lease_end_ns)
			th_fail("request %llu was taken although the lease had run out before it came",
				(unsigned long long)id);
	}
}

void th_oracle_look(struct th_oracle *oracle)
{
	enum th_log_walk_result result;
	struct th_log_walk_step step;

	if (!oracle->primary)
		return;
	while ((result = th_log_walk_next(&oracle->seen, &step)) != TH_WALK_END) {
		th_history_append(oracle->history, &oracle->seen, result, &step);
		if (result == TH_WALK_BATCH)
			check_lease(oracle, &step);
	}
	while (th_log_walk_next(&oracle->durable, &step) != TH_WALK_END)
		;
	check_limit(oracle);
}

struct th_oracle_peer *th_oracle_peer(struct th_oracle *oracle, const struct th_uuid *uuid)
{
	for (uint32_t i = 0; i < oracle->peer_count; i++) {
		if (th_uuid_equal(&oracle->peers[i].uuid, uuid))
			return &oracle->peers[i];
	}
	return NULL;
}

static uint32_t peers_with(const struct th_oracle *oracle, uint64_t lsn)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < oracle->peer_count; i++)
		count += oracle->peers[i].durable_lsn >= lsn;
	return count;
}

static void promise(struct th_oracle *oracle, uint64_t lsn)
{
	struct th_history *history = oracle->history;

	if (oracle->durable.position.lsn < lsn)
		th_fail("LSN %llu was flushed and acknowledged, but only %llu is durable",
			(unsigned long long)lsn, (unsigned long long)oracle->durable.position.lsn);
	if (peers_with(oracle, lsn) < oracle->durability_remote)
		th_fail("LSN %llu was flushed and acknowledged, but %u of %u peers have it",
			(unsigned long long)lsn, peers_with(oracle, lsn),
			oracle->durability_remote);
	history->promised_lsn = TH_MAX(history->promised_lsn, lsn);
	if (oracle->durability_remote)
		history->promised_remote_lsn = TH_MAX(history->promised_remote_lsn, lsn);
}

void th_oracle_acknowledged(struct th_oracle *oracle, uint64_t end_lsn, bool promised)
{
	if (!oracle->primary)
		th_fail("a request was acknowledged by a node that is not primary");
	/* What was written before may still wait for peers. */
	if (oracle->suspended && !(promised && oracle->durability_remote))
		th_fail("a request was acknowledged while I/O is suspended");
	if (lease_is_over(oracle))
		th_fail("a request was acknowledged %llu ns after the lease had run out",
			(unsigned long long)(oracle->primary->world->now_ns -
					     oracle->lease_end_ns));
	if (promised)
		promise(oracle, end_lsn);
}

void th_oracle_read(struct th_oracle *oracle, uint64_t issued_ns)
{
	if (!oracle->primary)
		return;
	if (oracle->suspended && issued_ns > oracle->suspended_ns)
		th_fail("a read was begun and answered while I/O is suspended");
	if (lease_is_over(oracle) && !oracle->lease_reads && issued_ns > oracle->lease_end_ns)
		th_fail("a read was begun and answered after the lease had run out");
}

/* Was @id, as some version of the sector, in the log before @lsn? */
static const struct th_version *version_below(const struct th_history *history, uint64_t sector,
					      uint64_t id, uint64_t lsn)
{
	const struct th_versions *versions = &history->sectors[sector];

	for (uint32_t i = 0; i < versions->count; i++) {
		if (versions->items[i].id == id && (i == 0 || versions->items[i].lsn < lsn))
			return &versions->items[i];
	}
	return NULL;
}

void th_oracle_check_disk_write(const struct th_history *history, const struct th_node *node,
				uint64_t durable_lsn, uint64_t position, uint64_t length,
				const uint8_t *data)
{
	const struct th_log_view view = { .directory = &node->directory, .durable = true };
	struct th_meta meta = { 0 };

	if (position >= history->device_bytes)
		return; /* the label */
	th_log_view_meta(&view, &meta);
	for (uint64_t at = 0; at < length; at += TH_SECTOR_BYTES) {
		uint64_t sector = (position + at) / TH_SECTOR_BYTES;
		uint64_t id = data ? th_stamp_id(data + at, sector) : TH_ID_ZEROES;
		const struct th_version *version = version_below(history, sector, id, durable_lsn);

		if (!version)
			th_fail("%s: request %lld is written to sector %llu of the disk, but its "
				"record is not durable (the log is up to LSN %llu)",
				node->config.name, (long long)id, (unsigned long long)sector,
				(unsigned long long)durable_lsn);
		if (version->lsn && version->lsn >= meta.applied_limit_lsn)
			th_fail("%s: LSN %llu is written to sector %llu of the disk, but the meta "
				"file says that the disk holds nothing from %llu on",
				node->config.name, (unsigned long long)version->lsn,
				(unsigned long long)sector,
				(unsigned long long)meta.applied_limit_lsn);
	}
}
