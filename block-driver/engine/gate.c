// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do I/O now; and slowing writers down while the log fills up, so that they never meet a wall.
 */
#include "engine_internal.h"

/* Above this part of the log's limit writers are slowed, more and more. */
#define THROTTLE_FROM_PERCENT 75u
/* What 4 KiB cost just before the log is full: about 4 MiB/s. */
#define THROTTLE_BLOCK_NS_MAX TH_NS_PER_MS

bool th_gate_lease_expired(const struct th_engine *engine)
{
	return engine->options.fencing_lease && engine->role == TH_ROLE_PRIMARY &&
	       engine->now_ns >= engine->lease_deadline_ns;
}

uint64_t th_gate_consistent_lsn(const struct th_engine *engine)
{
	if (th_mutated(TH_MUTATE_CONSISTENT_EARLY))
		return engine->mandatory_lsn;
	return TH_MAX(engine->mandatory_lsn, engine->meta.inconsistent_until_lsn);
}

enum th_gate th_gate_write(struct th_engine *engine, int *error)
{
	if (engine->closing || !engine->opened) {
		*error = -ESHUTDOWN;
		return TH_GATE_REFUSE;
	}
	if (engine->role != TH_ROLE_PRIMARY || engine->demoting) {
		*error = -EROFS;
		return TH_GATE_REFUSE;
	}
	if (engine->log_failed) {
		*error = -EIO;
		return TH_GATE_REFUSE;
	}
	if (engine->suspended || th_gate_lease_expired(engine))
		return TH_GATE_HOLD;
	return TH_GATE_OPEN;
}

enum th_gate th_gate_read(struct th_engine *engine, int *error)
{
	if (engine->closing || !engine->opened) {
		*error = -ESHUTDOWN;
		return TH_GATE_REFUSE;
	}
	if (engine->role != TH_ROLE_PRIMARY &&
	    engine->reader.position.lsn < th_gate_consistent_lsn(engine)) {
		*error = -EUCLEAN;
		return TH_GATE_REFUSE;
	}
	if (engine->suspended || engine->cutting ||
	    (th_gate_lease_expired(engine) && !engine->options.lease_reads))
		return TH_GATE_HOLD;
	return TH_GATE_OPEN;
}

void th_gate_throttle(struct th_engine *engine, uint64_t bytes)
{
	/* Two segments are not for writers: the spare, and the one that is only partly needed. */
	uint64_t limit = engine->options.log_limit_bytes - 2 * engine->options.segment_bytes;
	uint64_t used = engine->tail.lsn - TH_MIN(engine->tail.lsn, th_retention_floor(engine));
	uint64_t from = limit / 100 * THROTTLE_FROM_PERCENT;
	uint64_t above, delay_ns;

	if (used <= from)
		return;
	/* Per mille of the way from where it begins to full, squared: gentle at first. */
	above = TH_MIN((used - from) * 1000 / (limit - from + 1), 1000);
	delay_ns = THROTTLE_BLOCK_NS_MAX * above / 1000 * above / 1000 *
		   (th_align_up(bytes, TH_BLOCK_BYTES) / TH_BLOCK_BYTES);
	engine->throttle_until_ns = TH_MAX(engine->throttle_until_ns, engine->now_ns) + delay_ns;
	engine->counters.throttled_ns += delay_ns;
}
