// SPDX-License-Identifier: GPL-2.0
#include "status.h"

static const char *const role_names[] = {
	[TH_ROLE_CLOSED] = "closed",
	[TH_ROLE_SECONDARY] = "secondary",
	[TH_ROLE_PRIMARY] = "primary",
};

static void put_place(struct th_reply *reply, const char *path_key, const char *io_key,
		      const char *direct_key, const struct th_place *place)
{
	th_reply_text(reply, path_key, place->path);
	th_reply_text(reply, io_key, place->io == TH_PLACE_AIO ? "aio" : "sio");
	th_reply_flag(reply, direct_key, place->direct);
}

static void put_exports(struct th_reply *reply, const struct th_resource *resource)
{
	const struct th_control_host *host = resource->control->host;
	char key[TH_REPLY_KEY_MAX], place[TH_EXPORT_PLACE_MAX] = "";

	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		const struct th_export *export = resource->exports[i];

		if (!export)
			continue;
		th_snprintf(key, sizeof(key), "export.%s.read-only", export->name);
		th_reply_flag(reply, key, export->read_only);
		th_snprintf(key, sizeof(key), "export.%s.clients", export->name);
		th_reply_number(reply, key, host->export_clients(host, export->name));
		if (host->export_place)
			host->export_place(host, export->name, place);
		if (place[0]) {
			th_snprintf(key, sizeof(key), "export.%s.device", export->name);
			th_reply_text(reply, key, place);
		}
	}
}

static void put_events(struct th_reply *reply, const struct th_resource *resource)
{
	static const char *const levels[] = {
		[TH_LOG_ERROR] = "error",
		[TH_LOG_WARNING] = "warning",
		[TH_LOG_INFO] = "info",
		[TH_LOG_DEBUG] = "debug",
	};
	uint64_t kept = TH_MIN(resource->event_count, (uint64_t)TH_EVENTS_KEPT);
	char key[TH_REPLY_KEY_MAX], text[TH_ERROR_TEXT_MAX + 16];

	for (uint64_t n = resource->event_count - kept; n < resource->event_count; n++) {
		const struct th_event *event = &resource->events[n % TH_EVENTS_KEPT];

		th_snprintf(key, sizeof(key), "event.%llu", (unsigned long long)n);
		th_snprintf(text, sizeof(text), "%s %s", levels[event->level], event->text);
		th_reply_text(reply, key, text);
	}
}

static void put_identity(struct th_reply *reply, const struct th_engine_status *status)
{
	th_reply_uuid(reply, "resource-uuid", &status->resource_uuid);
	th_reply_uuid(reply, "node-uuid", &status->node_uuid);
	th_reply_number(reply, "device-bytes", status->device_bytes);
	th_reply_number(reply, "block-bytes", status->block_bytes);
	th_reply_number(reply, "epoch", status->epoch);
}

static void put_condition(struct th_reply *reply, const struct th_engine_status *status,
			  const struct th_engine_options *options)
{
	th_reply_flag(reply, "consistent", status->consistent);
	if (!status->consistent)
		th_reply_number(reply, "inconsistent-until-lsn", status->consistent_from_lsn);
	th_reply_flag(reply, "disk-attached", status->disk_attached);
	th_reply_flag(reply, "suspended", status->suspended);
	th_reply_flag(reply, "lease-expired", status->lease_expired);
	if (options->fencing_lease)
		th_reply_number(reply, "lease-remaining-ms",
				status->lease_remaining_ns / TH_NS_PER_MS);
	th_reply_flag(reply, "replay-paused", status->replay_paused);
	th_reply_flag(reply, "log-full", status->log_full);
	if (status->error.code) {
		th_reply_text(reply, "error-code",
			      th_error_code_name(th_error_code_of(status->error.code, true)));
		th_reply_text(reply, "error-text", status->error.text);
	}
}

static void put_positions(struct th_reply *reply, const struct th_engine_status *status)
{
	th_reply_number(reply, "oldest-lsn", status->oldest_lsn);
	th_reply_number(reply, "checkpoint-lsn", status->checkpoint_lsn);
	th_reply_number(reply, "applied-limit-lsn", status->applied_limit_lsn);
	th_reply_number(reply, "replayed-lsn", status->replayed_lsn);
	if (status->role == TH_ROLE_SECONDARY)
		th_reply_number(reply, "received-lsn", status->received_lsn);
	th_reply_number(reply, "durable-lsn", status->durable_lsn);
	th_reply_number(reply, "end-lsn", status->end_lsn);
	th_reply_chain(reply, "end-chain", status->end_chain);
	if (status->end_time_ns)
		th_reply_number(reply, "end-time-ns", status->end_time_ns);
}

static void put_amounts(struct th_reply *reply, const struct th_engine_status *status)
{
	th_reply_number(reply, "dirty-bytes", status->dirty_bytes);
	th_reply_number(reply, "dirty-extents", status->dirty_extents);
	th_reply_number(reply, "cache-bytes", status->cache_bytes);
	th_reply_number(reply, "log-bytes", status->log_bytes);
	th_reply_number(reply, "segments", status->segment_count);
}

static void put_epochs(struct th_reply *reply, const struct th_engine_status *status)
{
	char key[TH_REPLY_KEY_MAX];

	for (uint32_t i = 0; i < status->epoch_count; i++) {
		const struct th_meta_epoch *epoch = &status->epochs[i];

		th_snprintf(key, sizeof(key), "epoch.%llu.start-lsn",
			    (unsigned long long)epoch->epoch);
		th_reply_number(reply, key, epoch->start_lsn);
		th_snprintf(key, sizeof(key), "epoch.%llu.chain", (unsigned long long)epoch->epoch);
		th_reply_chain(reply, key, epoch->chain);
	}
}

static void put_peer_number(struct th_reply *reply, const char *uuid, const char *what,
			    uint64_t number)
{
	char key[TH_REPLY_KEY_MAX];

	th_snprintf(key, sizeof(key), "peer.%s.%s", uuid, what);
	th_reply_number(reply, key, number);
}

static void put_peers(struct th_reply *reply, const struct th_engine_status *status)
{
	char key[TH_REPLY_KEY_MAX], uuid[TH_UUID_TEXT_BYTES];

	for (uint32_t i = 0; i < status->peer_count; i++) {
		const struct th_meta_peer *peer = &status->peers[i];
		bool bitmap = peer->state == TH_PEER_BITMAP;

		th_uuid_print(&peer->peer_uuid, uuid);
		th_snprintf(key, sizeof(key), "peer.%s.state", uuid);
		th_reply_text(reply, key, bitmap ? "bitmap" : "following");
		put_peer_number(reply, uuid, "durable-lsn", peer->durable_lsn);
		if (bitmap) {
			put_peer_number(reply, uuid, "bitmap-from-lsn", peer->bitmap_from_lsn);
			put_peer_number(reply, uuid, "bitmap-to-lsn", peer->bitmap_to_lsn);
		}
	}
}

static void put_counters(struct th_reply *reply, const struct th_engine_status *status)
{
	th_reply_number(reply, "reads", status->reads);
	th_reply_number(reply, "read-bytes", status->read_bytes);
	th_reply_number(reply, "writes", status->writes);
	th_reply_number(reply, "write-bytes", status->write_bytes);
	th_reply_number(reply, "flushes", status->flushes);
	th_reply_number(reply, "throttled-ns", status->throttled_ns);
	th_reply_number(reply, "batches", status->batches);
	th_reply_number(reply, "log-write-bytes", status->log_write_bytes);
	th_reply_number(reply, "log-syncs", status->log_syncs);
	th_reply_number(reply, "writebacks", status->writebacks);
	th_reply_number(reply, "writeback-bytes", status->writeback_bytes);
	th_reply_number(reply, "writeback-errors", status->writeback_errors);
	th_reply_number(reply, "spill-read-bytes", status->spill_read_bytes);
}

static void put_histogram(struct th_reply *reply, const char *name,
			  const struct th_histogram *histogram)
{
	char key[TH_REPLY_KEY_MAX];
	char buckets[TH_HISTOGRAM_BUCKETS * 21 + 1];
	size_t used = 0;

	th_snprintf(key, sizeof(key), "latency.%s.count", name);
	th_reply_number(reply, key, histogram->count);
	th_snprintf(key, sizeof(key), "latency.%s.sum-us", name);
	th_reply_number(reply, key, histogram->sum_us);
	for (uint32_t i = 0; i < TH_HISTOGRAM_BUCKETS; i++)
		used += (size_t)th_snprintf(buckets + used, sizeof(buckets) - used, "%s%llu",
					    i ? "," : "", (unsigned long long)histogram->bucket[i]);
	th_snprintf(key, sizeof(key), "latency.%s.buckets", name);
	th_reply_text(reply, key, buckets);
}

static void put_latencies(struct th_reply *reply, const struct th_engine_status *status)
{
	static const char *const names[TH_LATENCY_COUNT] = {
		[TH_LATENCY_READ] = "read",	    [TH_LATENCY_WRITE] = "write",
		[TH_LATENCY_FLUSH] = "flush",	    [TH_LATENCY_LOG_APPEND] = "log-append",
		[TH_LATENCY_LOG_SYNC] = "log-sync", [TH_LATENCY_WRITEBACK] = "writeback",
	};

	for (uint32_t i = 0; i < TH_LATENCY_COUNT; i++)
		put_histogram(reply, names[i], &status->latency[i]);
}

void th_status_options(struct th_reply *reply, const struct th_engine_options *options)
{
	th_reply_number(reply, "option.segment-bytes", options->segment_bytes);
	th_reply_number(reply, "option.log-limit-bytes", options->log_limit_bytes);
	th_reply_text(reply, "option.log-full",
		      options->log_full == TH_LOG_FULL_STOP ? "stop" : "drop");
	th_reply_number(reply, "option.durability-remote", options->durability_remote);
	th_reply_text(reply, "option.fencing", options->fencing_lease ? "lease" : "none");
	th_reply_flag(reply, "option.lease-reads", options->lease_reads);
	th_reply_number(reply, "option.log-sync-ms", options->log_sync_ns / TH_NS_PER_MS);
	th_reply_number(reply, "option.writeback-delay-ms",
			options->writeback_delay_ns / TH_NS_PER_MS);
	th_reply_number(reply, "option.writeback-depth", options->writeback_depth);
	th_reply_number(reply, "option.batches-in-flight", options->batches_in_flight);
	th_reply_number(reply, "option.dirty-extents-max", options->dirty_extents_max);
}

static void put_engine(struct th_reply *reply, struct th_resource *resource)
{
	struct th_engine_status *status = &resource->control->status;

	th_engine_status(resource->translog, status);
	th_reply_text(reply, "role", role_names[status->role]);
	if (status->role == TH_ROLE_CLOSED)
		return;
	put_identity(reply, status);
	put_condition(reply, status, &resource->options);
	put_positions(reply, status);
	put_amounts(reply, status);
	put_epochs(reply, status);
	put_peers(reply, status);
	th_status_options(reply, &resource->options);
	put_counters(reply, status);
	put_latencies(reply, status);
}

void th_status_resource(struct th_reply *reply, struct th_resource *resource)
{
	th_reply_text(reply, "resource", resource->name);
	th_reply_text(reply, "state", th_resource_state(resource));
	th_reply_number(reply, "change", resource->change);
	put_place(reply, "directory", "log-io", "log-direct", &resource->log_place);
	if (resource->disk_ladder.level)
		put_place(reply, "disk", "disk-io", "disk-direct", &resource->disk_place);
	put_exports(reply, resource);
	if (resource->translog)
		put_engine(reply, resource);
	put_events(reply, resource);
}
