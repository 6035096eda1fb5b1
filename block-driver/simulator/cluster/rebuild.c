// SPDX-License-Identifier: GPL-2.0
/*
 * A new replica made from another one's state: what an initial sync comes to. Here the simulator makes it by itself:
 * a disk with the history's contents where the source's newest segment begins, that segment's header, and a meta file whose
 * checkpoint is right behind it.
 */
#include "cluster.h"

#include "../world/failure.h"

/* Of those that the source cannot lose. */
static const struct th_boundary *newest_header(const struct th_cluster *cluster)
{
	const struct th_history *history = &cluster->history;

	for (uint32_t i = history->boundary_count; i-- > 0;) {
		const struct th_boundary *boundary = &history->boundaries[i];

		if (boundary->after_header &&
		    boundary->position.lsn <= cluster->oracle.durable.position.lsn)
			return boundary;
	}
	th_fail("a replica is to be built from a log that is empty");
}

static void fill_disk(struct th_replica *replica, uint64_t lsn)
{
	const struct th_history *history = &replica->cluster->history;
	struct th_sim_media *media = &replica->node.disk.media;

	for (uint64_t sector = 0; sector < history->sector_count; sector++) {
		uint64_t id = th_history_at(history, sector, lsn)->id;
		uint8_t *data = media->current + sector * TH_SECTOR_BYTES;

		memset(data, 0, TH_SECTOR_BYTES);
		if (id != TH_ID_ZEROES)
			th_stamp_sector(data, id, sector);
	}
}

static void write_label(struct th_replica *replica)
{
	const struct th_history *history = &replica->cluster->history;
	struct th_sim_media *media = &replica->node.disk.media;
	uint64_t offset = th_label_offset(media->bytes, history->device_bytes);
	const struct th_label label = {
		.resource_uuid = history->resource_uuid,
		.node_uuid = replica->node.uuid,
		.device_bytes = history->device_bytes,
	};

	if (offset) {
		memset(media->current + offset, 0, TH_BLOCK_BYTES);
		th_label_pack(&label, media->current + offset);
	}
}

static void write_file(struct th_sim_directory *directory, const char *name, const uint8_t *data,
		       uint64_t position, uint64_t length)
{
	struct th_sim_inode *inode = th_sim_directory_find(directory, name);
	struct th_sim_write *write;

	if (!inode)
		inode = th_sim_directory_create(directory, name);
	write = th_sim_media_begin(&inode->media, position, length);
	memcpy(write->data, data, length);
	th_sim_media_end(&inode->media, write, false);
	th_sim_media_flush_end(&inode->media, th_sim_media_flush_begin(&inode->media));
}

static void write_meta(struct th_replica *replica, const struct th_position *checkpoint)
{
	const struct th_history *history = &replica->cluster->history;
	struct th_meta meta = {
		.generation = 1,
		.resource_uuid = history->resource_uuid,
		.node_uuid = replica->node.uuid,
		.device_bytes = history->device_bytes,
		.block_bytes = history->block_bytes,
		.checkpoint_lsn = checkpoint->lsn,
		.checkpoint_chain = checkpoint->chain,
		.checkpoint_epoch = checkpoint->epoch,
		.applied_limit_lsn = checkpoint->lsn,
	};
	uint8_t blocks[TH_META_FILE_BYTES] = { 0 };

	th_meta_pack(&meta, blocks + th_meta_slot_offset(meta.generation));
	write_file(&replica->node.directory, "meta", blocks, 0, sizeof(blocks));
}

static bool copy_header(struct th_replica *replica, const struct th_position *position)
{
	const struct th_sim_directory *source = &replica->cluster->source->node.directory;
	char name[TH_SEGMENT_NAME_BYTES];
	const struct th_sim_inode *inode;

	th_segment_name(name, position->epoch, position->lsn - TH_BLOCK_BYTES);
	inode = th_sim_directory_find(source, name);
	if (inode)
		write_file(&replica->node.directory, name, inode->media.current, 0, TH_BLOCK_BYTES);
	return inode != NULL;
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
	int error;

	do {
		th_oracle_look(&cluster->oracle);
		*start = newest_header(cluster)->position;
		replica->shipping.announced_lsn = start->lsn;
		replica->shipping.starved = false;
		error = th_cluster_register(cluster->source, replica);
	} while (!error && replica->shipping.starved);
	return error;
}

static void build(struct th_replica *replica, const struct th_position *start)
{
	struct th_sim_media *disk = &replica->node.disk.media;
	struct th_sim_directory *directory = &replica->node.directory;

	wipe(replica);
	fill_disk(replica, start->lsn - TH_BLOCK_BYTES);
	write_label(replica);
	memcpy(disk->durable, disk->current, disk->bytes);
	if (!copy_header(replica, start))
		th_fail("%s: the newest segment is gone",
			replica->cluster->source->node.config.name);
	write_meta(replica, start);
	th_sim_directory_sync_end(directory, th_sim_directory_sync_begin(directory));
}

int th_cluster_rebuild(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_position start;
	int error;

	replica->is_open = false;
	if (replica->node.up)
		th_node_kill(&replica->node);
	th_shipping_killed(replica);
	error = give_up_peer(replica);
	if (!error)
		error = choose_start(replica, &start);
	if (error)
		return error;
	build(replica, &start);
	/* It may have been the one that had what was promised. */
	cluster->history.promised_remote_lsn =
		TH_MIN(cluster->history.promised_remote_lsn, start.lsn);
	replica->apart = false;
	th_oracle_examine(&cluster->history, &replica->node, false, &replica->remains);
	th_cluster_revive(replica);
	return 0;
}
