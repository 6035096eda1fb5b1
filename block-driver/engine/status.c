// SPDX-License-Identifier: GPL-2.0
/*
 * The status: one consistent picture of the engine, for whoever asks.
 */
#include "engine_internal.h"

static void status_positions(const struct th_engine *engine, struct th_engine_status *status)
{
	const struct th_segment *first = th_segment_first(engine);
	const struct th_position *end = engine->role == TH_ROLE_PRIMARY ? &engine->appended :
									  &engine->reader.position;

	status->epoch = end->epoch;
	status->oldest_lsn = first ? first->start_lsn : engine->received_lsn;
	status->checkpoint_lsn = engine->checkpoint_durable_lsn;
	status->replayed_lsn = end->lsn;
	status->received_lsn = engine->received_lsn;
	status->durable_lsn = engine->durable_lsn;
	status->end_lsn = engine->appended.lsn;
	if (engine->role == TH_ROLE_SECONDARY)
		status->end_lsn = engine->received_lsn;
	else
		status->received_lsn = engine->appended.lsn;
	status->end_chain = end->chain;
	status->end_time_ns = end->time_ns;
	status->applied_limit_lsn = engine->meta.applied_limit_lsn;
	status->consistent_from_lsn = th_gate_consistent_lsn(engine);
	status->consistent = end->lsn >= status->consistent_from_lsn;
}

void th_engine_status(const struct th_brick *translog, struct th_engine_status *status)
{
	const struct th_engine *engine = th_container_of(translog, const struct th_engine, brick);
	uint64_t now_ns = th_executor_now_ns(engine->brick.executor);

	*status = engine->counters;
	status->error = engine->error;
	status->role = engine->role;
	status->log_limit_bytes = engine->options.log_limit_bytes;
	if (!engine->opened)
		return;
	status_positions(engine, status);
	status->disk_attached = engine->disk_attached;
	status->suspended = engine->suspended;
	status->lease_expired = engine->options.fencing_lease && engine->role == TH_ROLE_PRIMARY &&
				now_ns >= engine->lease_deadline_ns;
	status->lease_remaining_ns =
		engine->lease_deadline_ns > now_ns ? engine->lease_deadline_ns - now_ns : 0;
	status->replay_paused = !engine->replay_run || engine->replay_stopped ||
				engine->reader.result == TH_READER_PAUSED;
	status->log_full = engine->log_full;
	status->resource_uuid = engine->meta.resource_uuid;
	status->node_uuid = engine->meta.node_uuid;
	status->device_bytes = engine->device_bytes;
	status->block_bytes = engine->meta.block_bytes;
	status->dirty_bytes = engine->index.dirty_bytes;
	status->dirty_extents = engine->index.count;
	status->cache_bytes = th_log_cache_bytes(&engine->cache);
	status->log_bytes = th_segments_bytes(engine);
	status->segment_count = engine->segment_count;
	status->epoch_count = engine->meta.epoch_count;
	status->peer_count = engine->meta.peer_count;
	memcpy(status->epochs, engine->meta.epochs, sizeof(status->epochs));
	memcpy(status->peers, engine->meta.peers, sizeof(status->peers));
}
