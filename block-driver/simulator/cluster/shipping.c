// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemons do between the nodes: the bytes of the primary's segment files, as far as they are durable, go to the
 * same place of the follower's files, in pieces of any size; they are made durable there, announced to the
 * follower's engine, and confirmed to the primary's.
 */
#include "cluster.h"

#include "../world/failure.h"

/* A segment of the history: where a file begins and where it ends. */
struct segment {
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t end_lsn; /* UINT64_MAX: nobody knows yet */
};

/* The segment that the byte at @lsn belongs to. */
static struct segment segment_at(const struct th_history *history, uint64_t lsn)
{
	struct segment segment = { .end_lsn = UINT64_MAX };

	for (uint32_t i = history->boundary_count; i-- > 0;) {
		const struct th_boundary *boundary = &history->boundaries[i];

		if (!boundary->after_header)
			continue;
		segment.epoch = boundary->position.epoch;
		segment.start_lsn = boundary->position.lsn - TH_BLOCK_BYTES;
		if (segment.start_lsn <= lsn)
			break;
		segment.end_lsn = segment.start_lsn;
	}
	return segment;
}

static void arm(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	uint64_t delay_ns = 1 + th_sim_random_below(th_cluster_random(cluster),
						    cluster->plan.ship_delay_max_ns);

	th_executor_arm(&cluster->outside.executor, &replica->shipping.timer,
			cluster->world.now_ns + delay_ns);
}

/* The bytes [@from, @to) of @segment. False: the source does not have them any more. */
static bool copy(struct th_replica *replica, const struct segment *segment, uint64_t from,
		 uint64_t to)
{
	char name[TH_SEGMENT_NAME_BYTES];
	struct th_sim_directory *directory = &replica->node.directory;
	const struct th_sim_inode *source;
	struct th_sim_inode *target;
	struct th_sim_write *write;

	th_segment_name(name, segment->epoch, segment->start_lsn);
	source = th_sim_directory_find(&replica->cluster->source->node.directory, name);
	if (!source)
		return false;
	target = th_sim_directory_find(directory, name);
	if (!target)
		target = th_sim_directory_create(directory, name);
	write = th_sim_media_begin(&target->media, from - segment->start_lsn, to - from);
	memcpy(write->data, source->media.current + write->position, write->length);
	th_sim_media_end(&target->media, write, false);
	return true;
}

static void flush(struct th_replica *replica)
{
	struct th_sim_directory *directory = &replica->node.directory;
	struct th_shipping *shipping = &replica->shipping;
	const struct th_list *link;

	th_list_for_each(link, &directory->names) {
		const struct th_sim_name *name = th_list_entry(link, struct th_sim_name, link);
		struct th_sim_media *media = &name->inode->media;
		uint64_t epoch, start_lsn;

		if (th_segment_name_parse(name->name, &epoch, &start_lsn))
			th_sim_media_flush_end(media, th_sim_media_flush_begin(media));
	}
	th_sim_directory_sync_end(directory, th_sim_directory_sync_begin(directory));
	shipping->flushed_lsn = shipping->written_lsn;
}

static void write_more(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_shipping *shipping = &replica->shipping;
	uint64_t limit_lsn = cluster->oracle.durable.position.lsn;
	uint64_t bytes = th_align_up(1 + th_sim_random_below(th_cluster_random(cluster),
							     cluster->plan.ship_bytes_max),
				     TH_SECTOR_BYTES);
	struct segment segment;
	uint64_t to_lsn;

	if (shipping->written_lsn >= limit_lsn)
		return;
	segment = segment_at(&cluster->history, shipping->written_lsn);
	/* A segment is durable before the next one is begun: so what is torn is always the last. */
	if (shipping->written_lsn == segment.start_lsn)
		flush(replica);
	to_lsn = TH_MIN(TH_MIN(shipping->written_lsn + bytes, limit_lsn), segment.end_lsn);
	if (copy(replica, &segment, shipping->written_lsn, to_lsn))
		shipping->written_lsn = to_lsn;
	else
		shipping->starved = true;
}

static void start_call(struct th_node *node, struct th_engine_call *call,
		       void (*done)(struct th_engine_call *, void *), void *context, bool *busy)
{
	struct th_heap *before = th_actor_enter(&node->actor);

	*busy = true;
	call->done = done;
	call->context = context;
	th_engine_start(node->translog, call);
	th_actor_leave(before);
}

static void on_confirmed(struct th_engine_call *call, void *context)
{
	struct th_replica *replica = context;

	replica->shipping.confirmed_busy = false;
	if (call->error.code && replica->cluster->source->is_open)
		th_fail("%s: the source does not take the confirmation of LSN %llu: %s",
			replica->node.config.name, (unsigned long long)call->lsn, call->error.text);
}

static void confirm(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;
	struct th_shipping *shipping = &replica->shipping;
	struct th_oracle_peer *peer = th_oracle_peer(&cluster->oracle, &replica->node.uuid);

	if (!replica->registered || !peer || shipping->confirmed_lsn >= shipping->announced_lsn ||
	    shipping->confirmed_busy)
		return;
	shipping->confirmed_lsn = shipping->announced_lsn;
	peer->durable_lsn = TH_MAX(peer->durable_lsn, shipping->announced_lsn);
	shipping->confirmed = (struct th_engine_call){
		.operation = TH_CALL_PEER_DURABLE,
		.peer = replica->node.uuid,
		.lsn = shipping->announced_lsn,
	};
	start_call(&cluster->source->node, &shipping->confirmed, on_confirmed, replica,
		   &shipping->confirmed_busy);
}

static void on_received(struct th_engine_call *call, void *context)
{
	struct th_replica *replica = context;

	replica->shipping.received_busy = false;
	if (call->error.code && !replica->is_open)
		return;
	if (call->error.code)
		th_fail("%s: log up to LSN %llu is not taken: %s", replica->node.config.name,
			(unsigned long long)call->lsn, call->error.text);
	replica->shipping.announced_lsn = call->lsn;
}

/* One announcement is within one segment. */
static void announce(struct th_replica *replica)
{
	struct th_shipping *shipping = &replica->shipping;
	struct segment segment = segment_at(&replica->cluster->history, shipping->announced_lsn);

	shipping->received = (struct th_engine_call){
		.operation = TH_CALL_RECEIVED,
		.epoch = segment.epoch,
		.start_lsn = segment.start_lsn,
		.lsn = TH_MIN(shipping->flushed_lsn, segment.end_lsn),
	};
	start_call(&replica->node, &shipping->received, on_received, replica,
		   &shipping->received_busy);
}

static bool is_linked(const struct th_replica *replica)
{
	const struct th_replica *source = replica->cluster->source;

	return source->node.up && source->is_open && !replica->shipping.cut;
}

static void on_timer(struct th_timer *timer)
{
	struct th_replica *replica = th_container_of(timer, struct th_replica, shipping.timer);
	struct th_cluster *cluster = replica->cluster;
	struct th_shipping *shipping = &replica->shipping;

	arm(replica);
	if (replica == cluster->source || replica->apart || !replica->is_open)
		return;
	th_oracle_look(&cluster->oracle);
	if (shipping->written_lsn > shipping->flushed_lsn &&
	    th_sim_random_chance(th_cluster_random(cluster), 700))
		flush(replica);
	if (shipping->flushed_lsn > shipping->announced_lsn && !shipping->received_busy)
		announce(replica);
	if (!is_linked(replica))
		return;
	confirm(replica);
	write_more(replica);
}

int th_shipping_settle(struct th_replica *replica)
{
	struct th_shipping *shipping = &replica->shipping;
	uint64_t start_ns = replica->cluster->world.now_ns;

	while (replica->node.up && shipping->announced_lsn < shipping->written_lsn)
		th_node_wait(&replica->node, start_ns, "the announcement of what was received");
	return replica->node.up ? 0 : TH_CRASHED;
}

void th_shipping_init(struct th_replica *replica)
{
	th_timer_init(&replica->shipping.timer, on_timer);
	if (replica->cluster->plan.replica_count > 1)
		arm(replica);
}

void th_shipping_restart(struct th_replica *replica, uint64_t lsn)
{
	struct th_shipping *shipping = &replica->shipping;

	shipping->written_lsn = lsn;
	shipping->flushed_lsn = lsn;
	shipping->announced_lsn = lsn;
	shipping->starved = false;
}

void th_shipping_killed(struct th_replica *replica)
{
	struct th_cluster *cluster = replica->cluster;

	replica->shipping.received_busy = false;
	if (cluster->source != replica)
		return;
	/* The next process of the source has to be told again. */
	for (uint32_t i = 0; i < cluster->plan.replica_count; i++) {
		cluster->replicas[i].shipping.confirmed_busy = false;
		cluster->replicas[i].shipping.confirmed_lsn = 0;
	}
}
