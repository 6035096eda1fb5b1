// SPDX-License-Identifier: GPL-2.0
/*
 * Exhaustive: all sequences of up to three operations on a device of four blocks; the process dies after each single event of
 * storage, until nothing happens any more; and for each of these moments the power fails in many ways: all that
 * is volatile is lost, all is kept, all but one change is kept, one change alone is kept. Each of these worlds is
 * examined, recovered and compared, on copies, while the original waits.
 */
#include <stdio.h>

#include "scenario.h"

#include "../world/failure.h"

#define LENGTH_MAX 3u
#define BLOCK	   TH_SECTOR_BYTES
#define SEEN_MAX   4096u

struct step {
	const char *name;
	enum th_operation operation; /* 0: a call */
	uint8_t flags;
	uint64_t position;
	uint64_t length;
	enum th_engine_operation call;
};

static const struct step alphabet[] = {
	{ "write 0", TH_WRITE, 0, 0, BLOCK, 0 },
	{ "write 0-1", TH_WRITE, 0, 0, 2 * BLOCK, 0 },
	{ "write 1 FUA", TH_WRITE, TH_FUA, BLOCK, BLOCK, 0 },
	{ "zero 0", TH_WRITE_ZEROES, 0, 0, BLOCK, 0 },
	{ "discard 1-2", TH_DISCARD, 0, BLOCK, 2 * BLOCK, 0 },
	{ "flush", TH_FLUSH, 0, 0, 0, 0 },
	{ "rotate", 0, 0, 0, 0, TH_CALL_ROTATE },
	{ "checkpoint", 0, 0, 0, 0, TH_CALL_CHECKPOINT },
};

/* What is left after a crash, by its hash: the same again needs no second look. */
struct seen {
	uint64_t hashes[SEEN_MAX];
	uint32_t count;
};

struct exploration {
	struct th_cluster cluster;
	struct seen seen;
	uint64_t moments;
	uint64_t recoveries;
	uint64_t repeated;
};

static uint64_t hash_directory(uint64_t hash, const struct th_sim_directory *directory)
{
	const struct th_list *link;

	th_list_for_each(link, &directory->names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		const struct th_sim_media *media = &name->inode->media;

		hash = th_xxh64(hash, name->name, sizeof(name->name));
		hash = th_xxh64(hash, &media->bytes, sizeof(media->bytes));
		hash = th_xxh64(hash, media->current, TH_MIN(media->bytes, media->room_bytes));
	}
	return hash;
}

/* What recovery sees, and what is expected of it. */
static uint64_t hash_remains(const struct th_cluster *cluster)
{
	const struct th_node *node = &cluster->replicas[0].node;
	const struct th_history *history = &cluster->history;
	uint64_t hash =
		th_xxh64(history->promised_lsn, node->disk.media.current, node->disk.media.bytes);

	hash = th_xxh64(hash, history->issues, history->issue_count * sizeof(*history->issues));
	return hash_directory(hash, &node->directory);
}

static bool is_new(struct seen *seen, uint64_t hash)
{
	for (uint32_t i = 0; i < seen->count; i++) {
		if (seen->hashes[i] == hash)
			return false;
	}
	if (seen->count < SEEN_MAX)
		seen->hashes[seen->count++] = hash;
	return true;
}

/* One way in which the power fails now. Returns the number of changes that were volatile. */
static uint32_t explore_loss(struct exploration *exploration, enum th_sim_loss_mode mode,
			     uint32_t one)
{
	static struct th_cluster twin;
	struct th_sim_loss loss = { .mode = mode, .one = one };

	th_cluster_fork(&twin, &exploration->cluster);
	th_node_lose(&twin.replicas[0].node, &loss);
	if (is_new(&exploration->seen, hash_remains(&twin))) {
		th_trace("crash mode %d, change %u of %u", (int)mode, one, loss.count);
		th_cluster_examine(&twin.replicas[0]);
		th_cluster_revive(&twin.replicas[0]);
		exploration->recoveries++;
	} else {
		exploration->repeated++;
	}
	th_cluster_destroy(&twin);
	return loss.count;
}

static void explore_moment(void *context)
{
	struct exploration *exploration = context;
	struct th_world *world = &exploration->cluster.world;
	uint32_t changes;

	th_oracle_look(&exploration->cluster.oracle);
	changes = explore_loss(exploration, TH_SIM_LOSE_ALL, 0);
	explore_loss(exploration, TH_SIM_KEEP_ALL, 0);
	/* With one change these are the two above, with two they are the same. */
	for (uint32_t i = 0; i < changes && changes > 1; i++)
		explore_loss(exploration, TH_SIM_KEEP_ONE, i);
	for (uint32_t i = 0; i < changes && changes > 2; i++)
		explore_loss(exploration, TH_SIM_LOSE_ONE, i);
	exploration->moments++;
	world->stop_event = world->environment.events + 1;
	th_world_enter(world);
}

static void do_step(struct th_cluster *cluster, const struct step *step, bool wait)
{
	struct th_client *client = &cluster->replicas[0].client;
	int error;

	if (!step->operation)
		error = th_cluster_call(&cluster->replicas[0], step->call);
	else if (wait)
		error = th_client_request(client, step->operation, step->flags, step->position,
					  step->length);
	else
		error = 0;
	if (error)
		th_fail("%s fails (%d)", step->name, error);
	if (step->operation && !wait)
		th_client_issue(client, step->operation, step->flags, step->position, step->length);
}

/* @wait: each operation is answered before the next one is issued; else they are under way together. */
static void explore_sequence(uint64_t seed, const uint32_t *sequence, uint32_t length, bool wait,
			     const struct th_plan *plan, struct exploration *exploration)
{
	struct th_cluster *cluster = &exploration->cluster;

	th_trace("sequence of %u operations%s", length, wait ? ", one after the other" : "");
	th_cluster_init(cluster, seed, plan);
	if (th_client_stop(&cluster->replicas[0].client))
		th_fail("the process died although nothing lets it");
	exploration->seen.count = 0;
	cluster->world.stopped = explore_moment;
	cluster->world.stopped_context = exploration;
	cluster->world.stop_event = cluster->world.environment.events + 1;
	for (uint32_t i = 0; i < length; i++) {
		th_trace("step %s", alphabet[sequence[i]].name);
		do_step(cluster, &alphabet[sequence[i]], wait);
	}
	while (th_world_step(&cluster->world))
		;
	if (cluster->replicas[0].client.outstanding)
		th_fail("an operation was never answered");
	th_cluster_destroy(cluster);
}

static void plan_tiny(struct th_plan *plan)
{
	*plan = (struct th_plan){
		.replica_count = 1,
		.block_bytes = BLOCK,
		.device_bytes = 4 * BLOCK,
		.device_bytes_max = 4 * BLOCK,
		.stamped_at_first = true,
		.memory_bytes = TH_LOG_CACHE_CHUNKS_MIN * TH_CHUNK_BYTES,
		.delay_max_ns = 20 * TH_NS_PER_US,
		.mix = { .write = 1, .length_max_bytes = 4 * BLOCK, .think_ns = TH_NS_PER_S },
		.ship_delay_max_ns = TH_NS_PER_S,
	};
	th_engine_options_default(&plan->options);
	plan->options.segment_bytes = 64 * TH_KIB;
	plan->options.log_limit_bytes = 8 * plan->options.segment_bytes;
	plan->options.log_sync_ns = 0;
	plan->options.writeback_delay_ns = 0;
	plan->options.writeback_depth = 2;
	plan->options.dirty_extents_max = 1024;
}

/* The next sequence in lexical order; false after the last one of this length. */
static bool next_sequence(uint32_t *sequence, uint32_t length)
{
	for (uint32_t i = length; i-- > 0;) {
		if (++sequence[i] < TH_ARRAY_COUNT(alphabet))
			return true;
		sequence[i] = 0;
	}
	return false;
}

void th_exhaustive_run(uint64_t seed)
{
	static struct exploration exploration;
	struct th_plan plan;
	uint64_t sequences = 0;

	plan_tiny(&plan);
	for (uint32_t length = 1; length <= LENGTH_MAX; length++) {
		uint32_t sequence[LENGTH_MAX] = { 0 };

		do {
			explore_sequence(seed, sequence, length, true, &plan, &exploration);
			explore_sequence(seed, sequence, length, false, &plan, &exploration);
			sequences++;
		} while (next_sequence(sequence, length));
		printf("all %llu sequences of up to %u operations: %llu moments, %llu recoveries "
		       "(%llu more were repetitions)\n",
		       (unsigned long long)sequences, length,
		       (unsigned long long)exploration.moments,
		       (unsigned long long)exploration.recoveries,
		       (unsigned long long)exploration.repeated);
	}
}
