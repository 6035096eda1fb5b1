// SPDX-License-Identifier: GPL-2.0
/*
 * When I/O may go on: leases, suspending, waiting for peers, slowing writers before the log is full.
 */
#include "engine_test.h"

#define WRITERS 32u

static void tune(struct node *node)
{
	assert_int_equal(node_tune(node), 0);
}

/* ---- leases ---- */

static struct node *new_leaseholder(void **state, uint64_t lease_ns)
{
	struct node *node = new_primary(state);

	node->options.fencing_lease = true;
	tune(node);
	assert_int_equal(node_lease(node, lease_ns), 0);
	return node;
}

static void without_a_lease_requests_wait_until_there_is_one(void **state)
{
	struct node *node = new_leaseholder(state, 0);
	struct io write, read, flush;

	assert_true(status_of(node).lease_expired);
	io_start(node, &write, TH_WRITE, 0, 0, BLOCK, 1);
	io_start(node, &read, TH_READ, 0, BLOCK, BLOCK, 0);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, LONG_NS);
	assert_false(write.done || read.done || flush.done);
	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	assert_int_equal(io_end(&write), 0);
	assert_int_equal(io_end(&read), 0);
	assert_int_equal(io_end(&flush), 0);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void a_write_that_is_appended_after_the_lease_ran_out_is_not_acknowledged(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_WRITE, ".log");
	struct io write;

	io_start(node, &write, TH_WRITE, 0, 0, BLOCK, 1);
	world_run_for(node->world, TH_NS_PER_S);
	fault_remove(rule);
	world_run_for(node->world, LONG_NS);
	assert_false(write.done);
	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	assert_int_equal(io_end(&write), 0);
}

static void a_flush_that_ends_after_the_lease_ran_out_is_not_acknowledged(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_FLUSH, ".log");
	struct io fua, flush;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	io_start(node, &fua, TH_WRITE, TH_FUA, 0, BLOCK, 2);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, TH_NS_PER_S);
	fault_remove(rule);
	world_run_for(node->world, LONG_NS);
	assert_false(fua.done || flush.done);
	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	assert_int_equal(io_end(&fua), 0);
	assert_int_equal(io_end(&flush), 0);
}

static void a_lease_that_is_renewed_in_time_is_not_noticed(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);

	for (uint64_t i = 1; i < 20; i++) {
		assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
		world_run_for(node->world, TH_NS_PER_S * 9 / 10);
		assert_false(status_of(node).lease_expired);
		assert_int_equal(node_write(node, 0, BLOCK, i), 0);
	}
}

static void a_lease_ends_to_the_nanosecond(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	uint64_t end_ns = node->world->now_ns + TH_NS_PER_S;

	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	end_ns = node->world->now_ns + TH_NS_PER_S;
	world_run_for(node->world, end_ns - 1 - node->world->now_ns);
	assert_false(status_of(node).lease_expired);
	assert_int_equal(status_of(node).lease_remaining_ns, 1);
	world_run_for(node->world, 1);
	assert_true(status_of(node).lease_expired);
}

static void a_lease_does_not_care_about_the_wall_clock(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);

	node->world->wall_offset_ns = -3600 * (int64_t)TH_NS_PER_S;
	world_run_for(node->world, TH_NS_PER_S);
	assert_true(status_of(node).lease_expired);
	node->world->wall_offset_ns = 3600 * (int64_t)TH_NS_PER_S;
	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	assert_false(status_of(node).lease_expired);
}

static void reads_without_a_lease_are_served_when_that_is_allowed(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	struct io write;

	node->options.lease_reads = true;
	tune(node);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	world_run_for(node->world, TH_NS_PER_S);
	assert_true(node_holds(node, 0, BLOCK, 1));
	io_start(node, &write, TH_WRITE, 0, 0, BLOCK, 2);
	world_run_for(node->world, LONG_NS);
	assert_false(write.done);
	assert_int_equal(node_lease(node, TH_NS_PER_S), 0);
	assert_int_equal(io_end(&write), 0);
}

static void a_lease_longer_than_an_hour_is_refused(void **state)
{
	struct node *node = new_leaseholder(state, 3600 * TH_NS_PER_S);

	assert_int_equal(node_lease(node, 3600 * TH_NS_PER_S + 1), -EINVAL);
	assert_false(status_of(node).lease_expired);
}

static void a_secondary_needs_no_lease(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

/* Two writes: one appended too late to be acknowledged, one that never got so far. */
static void expire_with_writes(struct node *node, struct io *appended, struct io *waiting)
{
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_WRITE, ".log");

	io_start(node, appended, TH_WRITE, 0, 0, BLOCK, 1);
	world_run_for(node->world, TH_NS_PER_S);
	io_start(node, waiting, TH_WRITE, 0, BLOCK, BLOCK, 2);
	fault_remove(rule);
	world_run_for(node->world, TH_NS_PER_S);
	assert_false(appended->done || waiting->done);
}

static void a_demotion_without_a_lease_acknowledges_nothing(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	struct io appended, waiting;

	expire_with_writes(node, &appended, &waiting);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(io_end(&appended), -EIO);
	assert_int_not_equal(io_end(&waiting), 0);
}

static void closing_without_a_lease_acknowledges_nothing(void **state)
{
	struct node *node = new_leaseholder(state, TH_NS_PER_S);
	struct io appended, waiting;

	expire_with_writes(node, &appended, &waiting);
	assert_int_equal(node_close(node), 0);
	assert_int_equal(io_end(&appended), -ESHUTDOWN);
	assert_int_equal(io_end(&waiting), -ESHUTDOWN);
}

/* ---- suspending ---- */

static void while_suspended_requests_wait_and_none_is_lost(void **state)
{
	struct node *node = new_primary(state);
	struct io io[WRITERS], flush;

	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	for (uint64_t i = 0; i < WRITERS; i++)
		io_start(node, &io[i], TH_WRITE, 0, i / 2 * BLOCK, BLOCK, i + 1);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, LONG_NS);
	for (uint32_t i = 0; i < WRITERS; i++)
		assert_false(io[i].done);
	assert_false(flush.done);
	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
	for (uint32_t i = 0; i < WRITERS; i++)
		assert_int_equal(io_end(&io[i]), 0);
	assert_int_equal(io_end(&flush), 0);
	for (uint64_t i = 1; i < WRITERS; i += 2)
		assert_true(node_holds(node, i / 2 * BLOCK, BLOCK, i + 1));
}

static void suspending_waits_for_what_is_under_way(void **state)
{
	struct node *node = new_primary(state);
	struct call suspend = { .call = { .operation = TH_CALL_SUSPEND } };
	struct fault_rule *append, *read_held;
	struct io write, read;

	append = hold(node, FAULT_FILES, TH_WRITE, ".log");
	read_held = hold(node, FAULT_DISK, TH_READ, NULL);
	io_start(node, &write, TH_WRITE, 0, 0, BLOCK, 1);
	io_start(node, &read, TH_READ, 0, BLOCK, BLOCK, 0);
	world_run_for(node->world, TH_NS_PER_MS);
	call_start(node, &suspend);
	world_run_for(node->world, LONG_NS);
	assert_false(suspend.done);
	fault_remove(append);
	world_run_for(node->world, LONG_NS);
	assert_true(write.done);
	assert_false(suspend.done);
	fault_remove(read_held);
	assert_int_equal(call_wait(&suspend), 0);
	assert_true(read.done);
	io_end(&read);
	assert_int_equal(io_end(&write), 0);
}

static void what_was_acknowledged_before_a_suspend_is_durable(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	assert_true(node_holds(node, 0, BLOCK, 1));
}

static void while_suspended_nothing_is_appended(void **state)
{
	struct node *node = new_primary(state);
	struct io io[WRITERS];
	uint64_t end;

	for (uint64_t i = 0; i < WRITERS; i++)
		io_start(node, &io[i], TH_WRITE, 0, i * BLOCK, BLOCK, 1);
	world_run_for(node->world, 50 * TH_NS_PER_US);
	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	end = status_of(node).end_lsn;
	for (uint64_t i = 0; i < WRITERS; i++) {
		if (io[i].done)
			continue;
		world_run_for(node->world, TH_NS_PER_S);
		assert_false(io[i].done);
	}
	assert_int_equal(status_of(node).end_lsn, end);
	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
	for (uint64_t i = 0; i < WRITERS; i++)
		assert_int_equal(io_end(&io[i]), 0);
}

static void suspending_and_resuming_can_be_repeated(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	assert_int_equal(node_do(node, TH_CALL_SUSPEND), 0);
	assert_true(status_of(node).suspended);
	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
	assert_int_equal(node_do(node, TH_CALL_RESUME), 0);
	assert_false(status_of(node).suspended);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
}

/* ---- remote durability ---- */

static const struct th_uuid peer_a = { { 0xa1 } }, peer_b = { { 0xb2 } };

/* A primary with two peers whose flushes wait for @remote of them. */
static struct node *new_durable(void **state, uint32_t remote)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	assert_int_equal(node_peer_add(node, &peer_b), 0);
	node->options.durability_remote = remote;
	tune(node);
	return node;
}

static void a_flush_waits_until_a_peer_has_all_that_it_covers(void **state)
{
	struct node *node = new_durable(state, 1);
	struct io flush;
	uint64_t end;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	end = status_of(node).end_lsn;
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	assert_int_equal(node_peer_durable(node, &peer_a, end - BLOCK), 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	assert_int_equal(node_peer_durable(node, &peer_a, end), 0);
	assert_int_equal(io_end(&flush), 0);
}

static void a_fua_write_waits_for_a_peer_and_a_plain_one_does_not(void **state)
{
	struct node *node = new_durable(state, 1);
	struct io fua;

	io_start(node, &fua, TH_WRITE, TH_FUA, 0, BLOCK, 1);
	assert_int_equal(node_write(node, BLOCK, BLOCK, 1), 0);
	world_run_for(node->world, LONG_NS);
	assert_false(fua.done);
	assert_int_equal(node_peer_durable(node, &peer_b, status_of(node).end_lsn), 0);
	assert_int_equal(io_end(&fua), 0);
}

static void a_flush_for_two_peers_waits_for_both(void **state)
{
	struct node *node = new_durable(state, 2);
	struct io flush;
	uint64_t end;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	end = status_of(node).end_lsn;
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	assert_int_equal(node_peer_durable(node, &peer_a, end), 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	assert_int_equal(node_peer_durable(node, &peer_b, end), 0);
	assert_int_equal(io_end(&flush), 0);
}

static void a_flush_waits_for_the_log_here_although_peers_have_it(void **state)
{
	struct node *node = new_durable(state, 1);
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_FLUSH, ".log");
	struct io flush;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	assert_int_equal(node_peer_durable(node, &peer_a, status_of(node).end_lsn), 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	fault_remove(rule);
	assert_int_equal(io_end(&flush), 0);
}

static void a_flush_that_waits_for_peers_goes_on_when_they_are_no_longer_asked_for(void **state)
{
	struct node *node = new_durable(state, 1);
	struct io flush;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	node->options.durability_remote = 0;
	tune(node);
	assert_int_equal(io_end(&flush), 0);
}

static void a_confirmation_never_goes_back(void **state)
{
	struct node *node = new_durable(state, 1);
	uint64_t end;

	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	end = status_of(node).end_lsn;
	assert_int_equal(node_peer_durable(node, &peer_a, end), 0);
	assert_int_equal(node_peer_durable(node, &peer_a, 0), 0);
	assert_int_equal(node_peer_durable(node, &peer_a, end - BLOCK), 0);
	assert_int_equal(status_of(node).peers[0].durable_lsn, end);
	assert_int_equal(node_flush(node), 0);
}

static void what_no_peer_can_have_is_not_believed(void **state)
{
	struct node *node = new_durable(state, 1);
	static const struct th_uuid stranger = { { 0xc3 } };
	uint64_t end = status_of(node).end_lsn;

	assert_int_equal(node_peer_durable(node, &peer_a, end + BLOCK), -EINVAL);
	assert_int_equal(node_peer_durable(node, &peer_a, UINT64_MAX), -EINVAL);
	assert_int_equal(node_peer_durable(node, &stranger, end), -ENOENT);
}

static uint64_t durable_after(struct node *node, uint64_t duration_ns)
{
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	world_run_for(node->world, duration_ns);
	return status_of(node).durable_lsn;
}

static void what_peers_wait_for_becomes_durable_without_a_flush(void **state)
{
	struct node *node = new_durable(state, 0);

	assert_true(durable_after(node, node->options.log_sync_ns / 2) < status_of(node).end_lsn);
	world_run_for(node->world, node->options.log_sync_ns);
	assert_int_equal(status_of(node).durable_lsn, status_of(node).end_lsn);
}

static void without_peers_nobody_pays_for_syncs_that_nobody_asked_for(void **state)
{
	struct node *node = new_primary(state);

	assert_true(durable_after(node, 10 * node->options.log_sync_ns) < status_of(node).end_lsn);
}

static void a_slow_disk_is_not_kept_busy_by_syncs_for_peers(void **state)
{
	struct node *node = new_durable(state, 0);
	struct fault_rule *rule = hold(node, FAULT_FILES, TH_FLUSH, ".log");
	uint64_t syncs;

	node_write(node, 0, BLOCK, 1);
	world_run_for(node->world, 20 * node->options.log_sync_ns);
	fault_remove(rule);
	world_run_for(node->world, node->options.log_sync_ns);
	syncs = status_of(node).log_syncs;
	assert_true(durable_after(node, 10 * node->options.log_sync_ns) < status_of(node).end_lsn);
	assert_int_equal(status_of(node).log_syncs, syncs);
	world_run_for(node->world, 20 * node->options.log_sync_ns);
	assert_int_equal(status_of(node).durable_lsn, status_of(node).end_lsn);
}

static void a_flush_whose_records_are_cut_fails(void **state)
{
	struct node *node = new_durable(state, 1);
	struct io flush;
	uint64_t end;

	node->options.writeback_delay_ns = 3600 * TH_NS_PER_S;
	tune(node);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	end = status_of(node).end_lsn;
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	assert_int_equal(node_do(node, TH_CALL_SECONDARY), 0);
	assert_int_equal(node_cut(node, 1, end), 0);
	assert_int_equal(io_end(&flush), -EIO);
}

/* ---- peers ---- */

static void the_log_is_kept_for_a_peer_and_goes_when_it_has_it(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(node_write(node, 0, TH_MIB, i + 1), 0);
		assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	}
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).oldest_lsn, 0);
	assert_int_equal(node_peer_durable(node, &peer_a, status_of(node).end_lsn), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 9), 0);
	assert_int_equal(node_flush(node), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).segment_count, 1);
}

static void a_peer_that_was_given_up_keeps_no_log(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_call remove = { .operation = TH_CALL_PEER_REMOVE, .peer = peer_a };

	assert_int_equal(node_peer_add(node, &peer_a), 0);
	assert_int_equal(node_write(node, 0, TH_MIB, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	assert_int_equal(node_write_fua(node, 0, TH_MIB, 2), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(status_of(node).oldest_lsn, 0);
	assert_int_equal(node_call(node, &remove), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(status_of(node).oldest_lsn > 0);
	assert_int_equal(status_of(node).peer_count, 0);
	assert_int_equal(node_call(node, &remove), 0);
}

static void peers_are_remembered(void **state)
{
	struct node *node = new_durable(state, 0);
	struct th_engine_status status;

	node_power_cut(node, TH_SIM_LOSE_ALL);
	node_reopen(node);
	status = status_of(node);
	assert_int_equal(status.peer_count, 2);
	assert_true(th_uuid_equal(&status.peers[0].peer_uuid, &peer_a));
	assert_true(th_uuid_equal(&status.peers[1].peer_uuid, &peer_b));
}

static void there_are_at_most_16_peers(void **state)
{
	struct node *node = new_primary(state);
	struct th_uuid peer = { { 0 } };

	for (uint32_t i = 0; i < TH_PEERS_MAX; i++) {
		peer.bytes[0]++;
		assert_int_equal(node_peer_add(node, &peer), 0);
	}
	assert_int_equal(node_peer_add(node, &peer), 0);
	peer.bytes[0]++;
	assert_int_equal(node_peer_add(node, &peer), -ENOSPC);
}

static void a_peer_whose_log_is_gone_is_not_added(void **state)
{
	struct node *node = new_primary(state);
	struct th_engine_call add = {
		.operation = TH_CALL_PEER_ADD, .peer = peer_a, .lsn_given = true, .lsn = BLOCK
	};

	assert_int_equal(node_write(node, 0, TH_MIB, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 2), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(node_call(node, &add), -ENODATA);
	add.lsn = status_of(node).end_lsn + BLOCK;
	assert_int_equal(node_call(node, &add), -EINVAL);
	assert_int_equal(status_of(node).peer_count, 0);
}

static int add_peer_at(struct node *node, const struct th_uuid *peer, uint64_t lsn)
{
	struct th_engine_call add = {
		.operation = TH_CALL_PEER_ADD, .peer = *peer, .lsn_given = true, .lsn = lsn
	};

	return node_call(node, &add);
}

/* Its log begins above LSN 0. */
static struct node *new_shortened_log(void **state)
{
	struct node *node = new_primary(state);

	assert_int_equal(node_write(node, 0, TH_MIB, 1), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	assert_int_equal(node_write_fua(node, 0, BLOCK, 2), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	world_run_for(node->world, LONG_NS);
	assert_true(status_of(node).oldest_lsn > 0);
	return node;
}

static void a_peer_that_has_confirmed_nothing_keeps_the_log_and_promises_nothing(void **state)
{
	struct node *node = new_shortened_log(state);
	uint64_t oldest = status_of(node).oldest_lsn;
	struct io flush;

	node->options.durability_remote = 1;
	assert_int_equal(node_tune(node), 0);
	assert_int_equal(add_peer_at(node, &peer_a, 0), -ENODATA);
	assert_int_equal(node_peer_add(node, &peer_a), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(status_of(node).peers[0].durable_lsn, 0);
		io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
		world_run_for(node->world, LONG_NS);
		assert_false(flush.done);
		assert_int_equal(node_peer_durable(node, &peer_a, status_of(node).end_lsn), 0);
		assert_int_equal(io_end(&flush), 0);
		/* It is remembered, but not how far it was. */
		assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
		assert_int_equal(node_peer_add(node, &peer_a), 0);
		assert_true(status_of(node).peers[0].durable_lsn > 0);
		assert_int_equal(
			node_call(node, &(struct th_engine_call){ .operation = TH_CALL_PEER_REMOVE,
								  .peer = peer_a }),
			0);
		assert_int_equal(node_peer_add(node, &peer_a), 0);
		node_power_cut(node, TH_SIM_LOSE_ALL);
		node_reopen(node);
		assert_int_equal(node_primary(node, 2 + i), 0);
	}
	assert_true(status_of(node).oldest_lsn >= oldest);
	oldest = status_of(node).oldest_lsn;
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	assert_int_equal(node_do(node, TH_CALL_ROTATE), 0);
	world_run_for(node->world, LONG_NS);
	assert_int_equal(status_of(node).oldest_lsn, oldest);
}

static void a_peer_that_has_lost_data_counts_no_more_for_what_it_had(void **state)
{
	struct node *node = new_primary(state);
	uint64_t had, has;
	struct io flush;

	node->options.durability_remote = 1;
	assert_int_equal(node_tune(node), 0);
	assert_int_equal(node_peer_add(node, &peer_a), 0);
	assert_int_equal(node_write(node, 0, BLOCK, 1), 0);
	has = status_of(node).end_lsn;
	assert_int_equal(node_write(node, 0, BLOCK, 2), 0);
	had = status_of(node).end_lsn;
	assert_int_equal(node_peer_durable(node, &peer_a, had), 0);
	assert_int_equal(node_flush(node), 0);
	assert_int_equal(add_peer_at(node, &peer_a, has), 0);
	assert_int_equal(status_of(node).peers[0].durable_lsn, has);
	io_start(node, &flush, TH_FLUSH, 0, 0, 0, 0);
	world_run_for(node->world, LONG_NS);
	assert_false(flush.done);
	assert_int_equal(node_peer_durable(node, &peer_a, had), 0);
	assert_int_equal(io_end(&flush), 0);
}

static void a_peer_that_has_lost_data_of_which_the_log_is_gone_is_refused(void **state)
{
	struct node *node = new_shortened_log(state);
	uint64_t end = status_of(node).end_lsn;

	assert_int_equal(add_peer_at(node, &peer_a, end), 0);
	assert_int_equal(add_peer_at(node, &peer_a, BLOCK), -ENODATA);
	assert_int_equal(add_peer_at(node, &peer_a, 0), -ENODATA);
	assert_int_equal(status_of(node).peers[0].durable_lsn, end);
	assert_int_equal(add_peer_at(node, &peer_a, status_of(node).oldest_lsn), 0);
	assert_int_equal(status_of(node).peers[0].durable_lsn, status_of(node).oldest_lsn);
}

/* ---- slowing down ---- */

static void writers_are_slowed_before_the_log_is_full_and_not_earlier(void **state)
{
	struct node *node = new_node(state, &node_shape_default);
	uint64_t start_ns, quick_ns, slow_ns;

	node->options.segment_bytes = TH_MIB;
	node->options.log_limit_bytes = 18 * TH_MIB;
	node_begin(node);
	assert_int_equal(node_peer_add(node, &peer_a), 0);
	start_ns = node->world->now_ns;
	for (uint64_t i = 0; i < 15; i++)
		assert_int_equal(node_write(node, 0, TH_MIB - 64 * BLOCK, i + 1), 0);
	quick_ns = (node->world->now_ns - start_ns) / 15;
	assert_int_equal(status_of(node).throttled_ns, 0);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(node_write(node, 0, TH_MIB - 64 * BLOCK, i + 1), 0);
	start_ns = node->world->now_ns;
	assert_int_equal(node_write(node, 0, BLOCK, 99), 0);
	slow_ns = node->world->now_ns - start_ns;
	assert_true(status_of(node).throttled_ns > 0);
	assert_false(status_of(node).log_full);
	assert_true(slow_ns > 2 * quick_ns);
	/* And at full speed again when the peer has the log. */
	assert_int_equal(node_peer_durable(node, &peer_a, status_of(node).end_lsn), 0);
	assert_int_equal(node_do(node, TH_CALL_CHECKPOINT), 0);
	start_ns = node->world->now_ns;
	assert_int_equal(node_write(node, 0, BLOCK, 100), 0);
	assert_true(node->world->now_ns - start_ns <= 2 * TH_NS_PER_MS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		engine_test(without_a_lease_requests_wait_until_there_is_one),
		engine_test(a_write_that_is_appended_after_the_lease_ran_out_is_not_acknowledged),
		engine_test(a_flush_that_ends_after_the_lease_ran_out_is_not_acknowledged),
		engine_test(a_lease_that_is_renewed_in_time_is_not_noticed),
		engine_test(a_lease_ends_to_the_nanosecond),
		engine_test(a_lease_does_not_care_about_the_wall_clock),
		engine_test(reads_without_a_lease_are_served_when_that_is_allowed),
		engine_test(a_lease_longer_than_an_hour_is_refused),
		engine_test(a_secondary_needs_no_lease),
		engine_test(a_demotion_without_a_lease_acknowledges_nothing),
		engine_test(closing_without_a_lease_acknowledges_nothing),
		engine_test(while_suspended_requests_wait_and_none_is_lost),
		engine_test(suspending_waits_for_what_is_under_way),
		engine_test(what_was_acknowledged_before_a_suspend_is_durable),
		engine_test(while_suspended_nothing_is_appended),
		engine_test(suspending_and_resuming_can_be_repeated),
		engine_test(a_flush_waits_until_a_peer_has_all_that_it_covers),
		engine_test(a_fua_write_waits_for_a_peer_and_a_plain_one_does_not),
		engine_test(a_flush_for_two_peers_waits_for_both),
		engine_test(a_flush_waits_for_the_log_here_although_peers_have_it),
		engine_test(a_flush_that_waits_for_peers_goes_on_when_they_are_no_longer_asked_for),
		engine_test(a_confirmation_never_goes_back),
		engine_test(what_no_peer_can_have_is_not_believed),
		engine_test(what_peers_wait_for_becomes_durable_without_a_flush),
		engine_test(without_peers_nobody_pays_for_syncs_that_nobody_asked_for),
		engine_test(a_slow_disk_is_not_kept_busy_by_syncs_for_peers),
		engine_test(a_flush_whose_records_are_cut_fails),
		engine_test(the_log_is_kept_for_a_peer_and_goes_when_it_has_it),
		engine_test(a_peer_that_was_given_up_keeps_no_log),
		engine_test(peers_are_remembered),
		engine_test(there_are_at_most_16_peers),
		engine_test(a_peer_whose_log_is_gone_is_not_added),
		engine_test(a_peer_that_has_confirmed_nothing_keeps_the_log_and_promises_nothing),
		engine_test(a_peer_that_has_lost_data_counts_no_more_for_what_it_had),
		engine_test(a_peer_that_has_lost_data_of_which_the_log_is_gone_is_refused),
		engine_test(writers_are_slowed_before_the_log_is_full_and_not_earlier),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("engine: gates", tests, NULL, NULL);
}
