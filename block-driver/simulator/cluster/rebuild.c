// SPDX-License-Identifier: GPL-2.0
/*
 * A new replica made from another one's state: what a backfill comes to. Here the simulator fills the disk by itself, with
 * the history's contents where the source's newest segment begins, or of later: as if it was read while the source went on.
 */
#include "cluster.h"

#include "../world/failure.h"

/* Where the newest segment begins, of those that the source cannot lose; when there is none, at the beginning. */
static struct th_position newest_start(const struct th_cluster *cluster)
{
	const struct th_history *history = &cluster->history;

	for (uint32_t i = history->boundary_count; i-- > 1;) {
		const struct th_boundary *boundary = &history->boundaries[i];

		if (boundary->after_header &&
		    boundary->position.lsn <= cluster->oracle.durable.position.lsn)
			return history->boundaries[i - 1].position;
	}
	return history->boundaries[0].position;
}

/* Each sector is read at some moment while the source goes from @start to @until. */
static void fill_disk(struct th_replica *replica, const struct th_position *start,
		      const struct th_position *until)
{
	struct th_sim_random *random = th_cluster_random(replica->cluster);
	const struct th_history *history = &replica->cluster->history;
	struct th_sim_media *media = &replica->node.disk.media;
	uint64_t room = until->lsn > start->lsn ? until->lsn - start->lsn : 0;

	for (uint64_t sector = 0; sector < history->sector_count; sector++) {
		uint64_t lsn = start->lsn + (room ? th_sim_random_below(random, room + 1) : 0);
		uint64_t id = th_history_at(history, sector, lsn)->id;
		uint8_t *data = media->current + sector * TH_SECTOR_BYTES;

		memset(data, 0, TH_SECTOR_BYTES);
		if (id != TH_ID_ZEROES)
			th_stamp_sector(data, id, sector);
	}
	memcpy(media->durable, media->current, media->bytes);
}

static void wipe(struct th_replica *replica)
{
	struct th_sim_directory *directory = &replica->node.directory;
	const struct th_sim_directory before = *directory;
	struct th_sim_loss loss = { .mode = TH_SIM_LOSE_ALL };

	th_sim_disk_crash(&replica->node.disk, &loss);
	th_sim_directory_destroy(directory);
	th_sim_directory_init(directory, before.environment, before.capacity_bytes,
			      before.is_volatile);
	directory->timing = before.timing;
	directory->removing = before.removing;
	directory->removing_context = before.removing_context;
}

static int give_up_peer(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_oracle_peer *peer = th_oracle_peer(&cluster->oracle, &replica->node.uuid);
	struct th_engine_call call = {
		.operation = TH_CALL_PEER_REMOVE,
		.peer = replica->node.uuid,
	};

	replica->registered = false;
	if (!peer)
		return 0;
	*peer = cluster->oracle.peers[--cluster->oracle.peer_count];
	return th_node_call(&cluster->source->node, &call);
}

/* Where the new replica begins. The source keeps its log from there on: it is registered as a peer before it is made. */
static int choose_start(struct th_replica *replica, struct th_position *start)
{
	struct th_cluster *cluster = replica->cluster;
	int error = 0;

	do {
		/* What is durable may lie before all that the source has: it may have begun just now, as this one does. */
		if (replica->shipping.starved)
			error = th_cluster_call(cluster->source, TH_CALL_FLUSH);
		if (error)
			break;
		th_oracle_look(&cluster->oracle);
		*start = newest_start(cluster);
		replica->shipping.announced_lsn = start->lsn;
		replica->shipping.starved = false;
		error = th_cluster_register(cluster->source, replica);
	} while (!error && replica->shipping.starved);
	return error;
}

int th_cluster_rebuild(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_position start, until = { 0 };
	int error;

	/* Should the source die meanwhile, there is nothing to expect of what it has. */
	replica->apart = true;
	if (replica->node.up)
		th_cluster_crash(replica);
	error = give_up_peer(replica);
	if (!error)
		error = choose_start(replica, &start);
	if (error)
		return error;
	/* What is on the source's disk is durable in its log. */
	if (th_cluster_chance(cluster, 800))
		until = cluster->oracle.durable.position;
	wipe(replica);
	fill_disk(replica, &start, &until);
	/* It may have been the one that had what was promised. */
	cluster->history.promised_remote_lsn =
		TH_MIN(cluster->history.promised_remote_lsn, start.lsn);
	replica->apart = false;
	replica->node.crash_armed = false;
	th_cluster_create(replica, &start, &until);
	return 0;
}
