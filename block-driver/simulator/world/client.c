// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "client.h"

#include "failure.h"
#include "node.h"

#define AFTERMATH 0xee /* what a client's memory holds once its request was answered */

struct th_client_brick {
	struct th_brick brick;
	struct th_client *client;
	struct th_request_pool *pool;
	struct th_timer timer;
};

static const char *const operation_names[TH_OPERATION_COUNT] = {
	[TH_READ] = "read",	  [TH_WRITE] = "write", [TH_WRITE_ZEROES] = "write-zeroes",
	[TH_DISCARD] = "discard", [TH_FLUSH] = "flush",
};

static struct th_sim_random *random_of(struct th_client *client)
{
	return th_world_random(client->node->world);
}

void th_client_init(struct th_client *client, struct th_node *node, struct th_history *history,
		    uint64_t length_max_bytes)
{
	*client = (struct th_client){ .node = node, .history = history };
	for (uint32_t i = 0; i < TH_CLIENT_DEPTH_MAX; i++) {
		struct th_client_slot *slot = &client->slots[i];

		slot->client = client;
		slot->floors_count = length_max_bytes / TH_SECTOR_BYTES;
		slot->floors = calloc(slot->floors_count, sizeof(*slot->floors));
		slot->buffer = aligned_alloc(4096, th_align_up(length_max_bytes, 4096));
		if (!slot->floors || !slot->buffer)
			th_fail("the simulator itself is out of memory");
	}
}

void th_client_destroy(struct th_client *client)
{
	for (uint32_t i = 0; i < TH_CLIENT_DEPTH_MAX; i++) {
		free(client->slots[i].floors);
		free(client->slots[i].buffer);
	}
}

void th_client_killed(struct th_client *client)
{
	client->brick = NULL;
	client->outstanding = 0;
	for (uint32_t i = 0; i < TH_CLIENT_DEPTH_MAX; i++)
		client->slots[i].busy = false;
}

static bool changes_device(enum th_operation operation)
{
	return operation == TH_WRITE || operation == TH_WRITE_ZEROES || operation == TH_DISCARD;
}

static void look(struct th_client *client)
{
	if (client->watch.look)
		client->watch.look(client->watch.context);
}

/* ---- answers ---- */

static void check_exact(const struct th_client_slot *slot, uint64_t sector, uint64_t id)
{
	const struct th_history *history = slot->client->history;
	const struct th_version *version = th_history_at(history, sector, slot->exact_lsn);

	if (id != version->id)
		th_fail("%s: sector %llu at LSN %llu is of request %lld, but must be of %llu (LSN %llu)",
			slot->client->node->config.name, (unsigned long long)sector,
			(unsigned long long)slot->exact_lsn, (long long)id,
			(unsigned long long)version->id, (unsigned long long)version->lsn);
}

static void check_read(struct th_client_slot *slot)
{
	uint64_t first = slot->position / TH_SECTOR_BYTES;

	for (uint64_t i = 0; i < slot->length / TH_SECTOR_BYTES; i++) {
		uint64_t id = th_stamp_id(slot->buffer + i * TH_SECTOR_BYTES, first + i);

		if (slot->exact)
			check_exact(slot, first + i, id);
		else
			th_history_check_read(slot->client->history, first + i, slot->floors[i],
					      id);
	}
}

static void succeeded(struct th_client_slot *slot)
{
	struct th_client *client = slot->client;
	const struct th_client_watch *watch = &client->watch;
	uint64_t end_lsn = slot->covered_lsn;
	bool promised = slot->operation == TH_FLUSH || (slot->flags & TH_FUA);

	if (slot->must_fail)
		th_fail("an invalid %s of %llu bytes at %llu succeeded",
			operation_names[slot->operation], (unsigned long long)slot->length,
			(unsigned long long)slot->position);
	if (slot->operation == TH_READ) {
		check_read(slot);
		if (!slot->exact && watch->read)
			watch->read(watch->context, slot->issued_ns);
		return;
	}
	if (changes_device(slot->operation)) {
		th_history_acknowledge(client->history, slot->id);
		end_lsn = client->history->issues[slot->id].end_lsn;
	}
	if (watch->acknowledged)
		watch->acknowledged(watch->context, end_lsn, promised);
}

static void failed(struct th_client_slot *slot, int error)
{
	struct th_client *client = slot->client;

	client->last_error = error;
	client->errors++;
	if (!slot->must_fail && !client->errors_allowed)
		th_fail("%s: a %s of %llu bytes at %llu failed (%d)", client->node->config.name,
			operation_names[slot->operation], (unsigned long long)slot->length,
			(unsigned long long)slot->position, error);
	/* It never gets into the log, while those with other errors may. */
	if (slot->must_fail && changes_device(slot->operation))
		client->history->issues[slot->id].under_way = false;
}

static void answered(struct th_request *request, void *context)
{
	struct th_client_slot *slot = context;
	struct th_client *client = slot->client;
	int error = request->error;

	th_trace("%s: %s %llu+%llu id %llu: %d", client->node->config.name,
		 operation_names[slot->operation], (unsigned long long)slot->position,
		 (unsigned long long)slot->length, (unsigned long long)slot->id, error);
	th_request_put(request);
	look(client);
	slot->busy = false;
	client->outstanding--;
	client->answered++;
	if (error)
		failed(slot, error);
	else
		succeeded(slot);
	if (slot->operation == TH_WRITE)
		memset(slot->buffer, AFTERMATH, slot->length);
}

/* ---- questions ---- */

static struct th_client_slot *free_slot(struct th_client *client)
{
	for (uint32_t i = 0; i < TH_CLIENT_DEPTH_MAX; i++) {
		if (!client->slots[i].busy)
			return &client->slots[i];
	}
	return NULL;
}

/* The buffer in up to TH_CLIENT_PIECES_MAX pieces. */
static uint32_t cut_buffer(struct th_client_slot *slot)
{
	uint64_t done = 0;
	uint32_t count = 0;

	while (done < slot->length) {
		uint64_t left = slot->length - done;
		uint64_t bytes = left;

		if (count < TH_CLIENT_PIECES_MAX - 1 && left > TH_SECTOR_BYTES)
			bytes = th_align_up(1 + th_sim_random_below(random_of(slot->client), left),
					    TH_SECTOR_BYTES);
		slot->vec[count].base = slot->buffer + done;
		slot->vec[count].bytes = (uint32_t)bytes;
		count++;
		done += bytes;
	}
	return count;
}

static void prepare_read(struct th_client_slot *slot)
{
	const struct th_history *history = slot->client->history;
	uint64_t first = slot->position / TH_SECTOR_BYTES;

	memset(slot->buffer, AFTERMATH, slot->length);
	for (uint64_t i = 0; i < slot->length / TH_SECTOR_BYTES; i++)
		slot->floors[i] = first + i < history->sector_count ? history->floors[first + i] :
								      0;
}

/* Fills in what the oracle needs to know about the slot's request. */
static void prepare(struct th_client_slot *slot)
{
	struct th_client *client = slot->client;

	slot->id = 0;
	slot->issued_ns = client->node->world->now_ns;
	slot->covered_lsn = client->history->acknowledged_lsn;
	if (changes_device(slot->operation))
		slot->id = th_history_issue(client->history, slot->operation, slot->position,
					    slot->length, slot->issued_ns);
	if (slot->operation == TH_WRITE)
		th_stamp(slot->buffer, slot->id, slot->position, slot->length);
	if (slot->operation == TH_READ)
		prepare_read(slot);
}

static void submit(struct th_client_slot *slot)
{
	struct th_client *client = slot->client;
	struct th_request *request = th_request_get(client->brick->pool);

	look(client);
	prepare(slot);
	slot->busy = true;
	client->outstanding++;
	client->issued++;
	request->operation = (uint8_t)slot->operation;
	request->flags = slot->flags;
	if (slot->operation != TH_FLUSH) {
		request->position = slot->position;
		request->length = slot->length;
	}
	if (slot->operation == TH_READ || slot->operation == TH_WRITE) {
		request->vec = slot->vec;
		request->vec_count = cut_buffer(slot);
	}
	th_trace("%s: issue %s %llu+%llu flags %u id %llu", client->node->config.name,
		 operation_names[slot->operation], (unsigned long long)slot->position,
		 (unsigned long long)slot->length, slot->flags, (unsigned long long)slot->id);
	th_request_push(request, answered, slot);
	th_input_submit(&client->brick->brick.inputs[0], request);
}

/* Zeroes have no stamp, so two requests for the same zeroes at a time could not be told apart. */
static bool is_ambiguous(const struct th_client_slot *slot)
{
	const struct th_history *history = slot->client->history;

	if (slot->operation != TH_WRITE_ZEROES && slot->operation != TH_DISCARD)
		return false;
	for (uint64_t id = history->issue_count; id-- > 0;) {
		const struct th_issue *issue = &history->issues[id];

		if (issue->under_way && issue->operation != TH_WRITE &&
		    issue->position == slot->position && issue->length == slot->length)
			return true;
	}
	return false;
}

static enum th_operation choose_operation(struct th_client *client, bool *invalid)
{
	const struct th_client_mix *mix = &client->mix;
	const struct {
		uint32_t weight;
		enum th_operation operation;
	} kinds[] = {
		{ mix->write, TH_WRITE },
		{ mix->read, TH_READ },
		{ mix->write_zeroes, TH_WRITE_ZEROES },
		{ mix->discard, TH_DISCARD },
		{ mix->flush, TH_FLUSH },
		{ mix->invalid, TH_WRITE },
	};
	uint64_t sum = 0, at;
	uint32_t i = 0;

	for (uint32_t k = 0; k < TH_ARRAY_COUNT(kinds); k++)
		sum += kinds[k].weight;
	at = th_sim_random_below(random_of(client), sum);
	while (at >= kinds[i].weight)
		at -= kinds[i++].weight;
	*invalid = i == TH_ARRAY_COUNT(kinds) - 1;
	return kinds[i].operation;
}

static void choose_range(struct th_client_slot *slot)
{
	struct th_client *client = slot->client;
	struct th_sim_random *random = random_of(client);
	uint32_t block_bytes = client->history->block_bytes;
	uint64_t device_blocks = client->history->device_bytes / block_bytes;
	uint64_t blocks = TH_MIN(client->mix.length_max_bytes / block_bytes, device_blocks);
	uint64_t hot_blocks = TH_MIN(client->mix.hot_bytes / block_bytes, device_blocks);
	uint64_t first;

	blocks = 1 + th_sim_random_skewed(random, blocks);
	first = th_sim_random_below(random, device_blocks - blocks + 1);
	if (hot_blocks && th_sim_random_chance(random, 500)) {
		blocks = TH_MIN(blocks, hot_blocks);
		first = th_sim_random_below(random, hot_blocks - blocks + 1);
	}
	slot->position = first * block_bytes;
	slot->length = blocks * block_bytes;
}

/* Out of bounds, whether the device is growing just now or not. */
static void make_invalid(struct th_client_slot *slot)
{
	struct th_client *client = slot->client;
	uint64_t device_bytes = client->history->sector_count * TH_SECTOR_BYTES;

	switch (th_sim_random_below(random_of(client), 3)) {
	case 0:
		slot->position = device_bytes - slot->length + client->history->block_bytes;
		break;
	case 1:
		slot->position = UINT64_MAX - client->history->block_bytes + 1;
		break;
	default:
		slot->position = device_bytes;
		break;
	}
}

static void issue_by_chance(struct th_client *client)
{
	struct th_client_slot *slot = free_slot(client);
	struct th_sim_random *random = random_of(client);

	slot->exact = false;
	slot->flags = 0;
	slot->operation = choose_operation(client, &slot->must_fail);
	choose_range(slot);
	if (slot->must_fail)
		make_invalid(slot);
	if (is_ambiguous(slot))
		return;
	if (slot->operation == TH_WRITE_ZEROES && th_sim_random_chance(random, 300))
		slot->flags |= TH_NO_DEALLOCATE;
	if ((slot->operation == TH_WRITE || slot->operation == TH_WRITE_ZEROES) &&
	    th_sim_random_chance(random, client->mix.fua_permille))
		slot->flags |= TH_FUA;
	submit(slot);
}

static void arm(struct th_client *client)
{
	struct th_executor *executor = client->brick->brick.executor;
	uint64_t think_ns = th_sim_random_below(random_of(client), client->mix.think_ns + 1);

	th_executor_arm(executor, &client->brick->timer,
			th_executor_now_ns(executor) + 1 + think_ns);
}

static void on_timer(struct th_timer *timer)
{
	struct th_client *client = th_container_of(timer, struct th_client_brick, timer)->client;

	if (!client->running)
		return;
	if (client->outstanding < client->mix.depth && *client->budget) {
		(*client->budget)--;
		issue_by_chance(client);
	}
	arm(client);
}

void th_client_run(struct th_client *client)
{
	struct th_heap *before = th_actor_enter(&client->node->actor);

	client->running = true;
	arm(client);
	th_actor_leave(before);
}

int th_client_stop(struct th_client *client)
{
	uint64_t start_ns = client->node->world->now_ns;

	client->running = false;
	while (client->brick && client->outstanding)
		th_node_wait(client->node, start_ns, "the answer to a request");
	return client->brick ? 0 : TH_CRASHED;
}

static struct th_client_slot *issue(struct th_client *client, enum th_operation operation,
				    uint8_t flags, uint64_t position, uint64_t length)
{
	struct th_client_slot *slot = free_slot(client);
	struct th_heap *before = th_actor_enter(&client->node->actor);

	slot->exact = false;
	slot->must_fail = false;
	slot->operation = operation;
	slot->flags = flags;
	slot->position = position;
	slot->length = length;
	submit(slot);
	th_actor_leave(before);
	return slot;
}

void th_client_issue(struct th_client *client, enum th_operation operation, uint8_t flags,
		     uint64_t position, uint64_t length)
{
	issue(client, operation, flags, position, length);
}

int th_client_request(struct th_client *client, enum th_operation operation, uint8_t flags,
		      uint64_t position, uint64_t length)
{
	uint64_t start_ns = client->node->world->now_ns;
	struct th_client_slot *slot;

	if (!client->brick)
		return TH_CRASHED;
	client->last_error = 0;
	slot = issue(client, operation, flags, position, length);
	while (client->brick && slot->busy)
		th_node_wait(client->node, start_ns, "the answer to a request");
	return client->brick ? client->last_error : TH_CRASHED;
}

int th_client_verify(struct th_client *client, uint64_t lsn)
{
	uint64_t piece = client->slots[0].floors_count * TH_SECTOR_BYTES;
	uint64_t device_bytes = client->history->device_bytes;
	uint64_t start_ns = client->node->world->now_ns;

	if (!client->brick)
		return TH_CRASHED;
	client->last_error = 0;
	for (uint64_t at = 0; at < device_bytes; at += piece) {
		struct th_client_slot *slot =
			issue(client, TH_READ, 0, at, TH_MIN(piece, device_bytes - at));

		slot->exact = true;
		slot->exact_lsn = lsn;
		while (client->brick && slot->busy)
			th_node_wait(client->node, start_ns, "the answer to a read");
		if (!client->brick)
			return TH_CRASHED;
	}
	return client->last_error;
}

/* ---- the brick ---- */

static int create(struct th_brick *brick, const void *config, struct th_error *error)
{
	struct th_client_brick *user = th_container_of(brick, struct th_client_brick, brick);

	(void)error;
	user->client = (struct th_client *)(uintptr_t)config;
	th_timer_init(&user->timer, on_timer);
	return 0;
}

static void destroy(struct th_brick *brick)
{
	th_request_pool_destroy(th_container_of(brick, struct th_client_brick, brick)->pool);
}

static void power(struct th_brick *brick, bool on)
{
	struct th_client_brick *user = th_container_of(brick, struct th_client_brick, brick);

	if (on && th_request_pool_create(&brick->inputs[0], TH_CLIENT_DEPTH_MAX, &user->pool))
		th_fail("no memory for a pool of requests");
	user->client->brick = on ? user : NULL;
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

const struct th_brick_type th_client_type = {
	.name = "client",
	.brick_bytes = sizeof(struct th_client_brick),
	.input_count = 1,
	.inputs = { { "device", TH_PORT_BLOCK } },
	.create = create,
	.destroy = destroy,
	.power = power,
};
