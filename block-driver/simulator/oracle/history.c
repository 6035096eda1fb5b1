// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "history.h"

#include "../world/failure.h"

static void *grow(void *items, uint64_t bytes)
{
	void *memory = realloc(items, bytes);

	if (!memory)
		th_fail("the simulator itself is out of memory");
	return memory;
}

static void add_version(struct th_history *history, uint64_t sector, uint64_t lsn, uint64_t id)
{
	struct th_versions *versions = &history->sectors[sector];

	if (versions->count == versions->capacity) {
		versions->capacity = versions->capacity ? versions->capacity * 2 : 4;
		versions->items =
			grow(versions->items, versions->capacity * sizeof(*versions->items));
	}
	versions->items[versions->count++] = (struct th_version){ .lsn = lsn, .id = id };
}

static void add_boundary(struct th_history *history, const struct th_position *position,
			 bool after_header)
{
	if (history->boundary_count == history->boundary_capacity) {
		history->boundary_capacity =
			history->boundary_capacity ? history->boundary_capacity * 2 : 256;
		history->boundaries =
			grow(history->boundaries,
			     history->boundary_capacity * sizeof(*history->boundaries));
	}
	history->boundaries[history->boundary_count++] =
		(struct th_boundary){ .position = *position, .after_header = after_header };
}

static uint64_t add_issue(struct th_history *history, const struct th_issue *issue)
{
	if (history->issue_count == history->issue_capacity) {
		history->issue_capacity = history->issue_capacity ? history->issue_capacity * 2 :
								    256;
		history->issues =
			grow(history->issues, history->issue_capacity * sizeof(*history->issues));
	}
	history->issues[history->issue_count] = *issue;
	return history->issue_count++;
}

void th_history_init(struct th_history *history, const struct th_uuid *resource_uuid,
		     uint32_t block_bytes, uint64_t device_bytes, uint64_t device_bytes_max,
		     bool stamped_at_first)
{
	const struct th_position start = { 0 };

	*history = (struct th_history){
		.resource_uuid = *resource_uuid,
		.block_bytes = block_bytes,
		.device_bytes = device_bytes,
		.sector_count = device_bytes_max / TH_SECTOR_BYTES,
	};
	history->sectors = calloc(history->sector_count, sizeof(*history->sectors));
	history->floors = calloc(history->sector_count, sizeof(*history->floors));
	if (!history->sectors || !history->floors)
		th_fail("the simulator itself is out of memory");
	/* Ids 0 and 1 are no requests. */
	add_issue(history, &(struct th_issue){ 0 });
	add_issue(history, &(struct th_issue){ 0 });
	for (uint64_t sector = 0; sector < history->sector_count; sector++)
		add_version(history, sector, 0, stamped_at_first ? TH_ID_INITIAL : TH_ID_ZEROES);
	add_boundary(history, &start, false);
}

static void *duplicate(const void *items, uint64_t bytes)
{
	void *copy = grow(NULL, bytes);

	memcpy(copy, items, bytes);
	return copy;
}

void th_history_clone(struct th_history *copy, const struct th_history *history)
{
	*copy = *history;
	copy->sectors =
		duplicate(history->sectors, history->sector_count * sizeof(*history->sectors));
	copy->floors = duplicate(history->floors, history->sector_count * sizeof(*history->floors));
	copy->issues =
		duplicate(history->issues, history->issue_capacity * sizeof(*history->issues));
	copy->boundaries = duplicate(history->boundaries,
				     history->boundary_capacity * sizeof(*history->boundaries));
	for (uint64_t sector = 0; sector < history->sector_count; sector++) {
		const struct th_versions *versions = &history->sectors[sector];

		copy->sectors[sector].items =
			duplicate(versions->items, versions->capacity * sizeof(*versions->items));
	}
}

void th_history_destroy(struct th_history *history)
{
	for (uint64_t sector = 0; sector < history->sector_count; sector++)
		free(history->sectors[sector].items);
	free(history->sectors);
	free(history->floors);
	free(history->issues);
	free(history->boundaries);
}

uint64_t th_history_issue(struct th_history *history, enum th_operation operation,
			  uint64_t position, uint64_t length, uint64_t now_ns)
{
	return add_issue(history, &(struct th_issue){ .operation = operation,
						      .position = position,
						      .length = length,
						      .issued_ns = now_ns,
						      .under_way = true });
}

void th_history_acknowledge(struct th_history *history, uint64_t id)
{
	struct th_issue *issue = &history->issues[id];

	if (issue->logged_bytes != issue->length)
		th_fail("request %llu (%llu bytes at %llu) was acknowledged with %llu of its bytes "
			"in the log, or with earlier batches missing",
			(unsigned long long)id, (unsigned long long)issue->length,
			(unsigned long long)issue->position,
			(unsigned long long)issue->logged_bytes);
	issue->under_way = false;
	issue->acknowledged = true;
	history->acknowledged_lsn = TH_MAX(history->acknowledged_lsn, issue->end_lsn);
	for (uint64_t at = 0; at < issue->length; at += TH_SECTOR_BYTES) {
		uint64_t sector = (issue->position + at) / TH_SECTOR_BYTES;

		history->floors[sector] = TH_MAX(history->floors[sector], issue->lsn);
	}
}

void th_history_abandon(struct th_history *history)
{
	for (uint64_t id = 0; id < history->issue_count; id++)
		history->issues[id].under_way = false;
}

static void note_logged(struct th_issue *issue, uint64_t bytes, uint64_t lsn, uint64_t end_lsn)
{
	if (!issue->logged_bytes)
		issue->lsn = lsn;
	issue->logged_bytes += bytes;
	issue->end_lsn = end_lsn;
}

/*
 * A record of zeroes has no stamp: the request is found by what it asked for. Of two that ask for the same at once the
 * older one is meant: the engine takes requests in the order in which they arrive.
 * Whether it was a discard or a write-zeroes does not tell: both may end up as either record.
 */
static struct th_issue *zeroes_issue(struct th_history *history, const struct th_record *record,
				     bool exactly)
{
	for (uint64_t id = 0; id < history->issue_count; id++) {
		struct th_issue *issue = &history->issues[id];

		if (!issue->under_way || issue->operation == TH_WRITE ||
		    issue->logged_bytes == issue->length)
			continue;
		if (exactly ?
			    record->position == issue->position && record->length == issue->length :
			    record->position >= issue->position &&
				    record->position + record->length <=
					    issue->position + issue->length)
			return issue;
	}
	return NULL;
}

static void append_zeroes(struct th_history *history, const struct th_record *record, uint64_t lsn,
			  uint64_t end_lsn)
{
	struct th_issue *issue = zeroes_issue(history, record, true);

	if (!issue)
		issue = zeroes_issue(history, record, false);
	if (!issue)
		th_fail("the log has zeroes for %llu bytes at %llu that nobody asked for",
			(unsigned long long)record->length, (unsigned long long)record->position);
	note_logged(issue, record->length, lsn, end_lsn);
	for (uint64_t at = 0; at < record->length; at += TH_SECTOR_BYTES)
		add_version(history, (record->position + at) / TH_SECTOR_BYTES, lsn, TH_ID_ZEROES);
}

static void append_write(struct th_history *history, const struct th_record *record,
			 const uint8_t *payload, uint64_t lsn, uint64_t end_lsn)
{
	for (uint64_t at = 0; at < record->length; at += TH_SECTOR_BYTES) {
		uint64_t sector = (record->position + at) / TH_SECTOR_BYTES;
		uint64_t id = th_stamp_id(payload + at, sector);
		struct th_issue *issue = id < history->issue_count ? &history->issues[id] : NULL;

		if (!issue || issue->operation != TH_WRITE || !issue->under_way ||
		    sector * TH_SECTOR_BYTES - issue->position >= issue->length)
			th_fail("the log has data for sector %llu at LSN %llu that nobody wrote",
				(unsigned long long)sector, (unsigned long long)lsn);
		note_logged(issue, TH_SECTOR_BYTES, lsn, end_lsn);
		add_version(history, sector, lsn, id);
	}
}

void th_history_append(struct th_history *history, const struct th_log_walk *walk,
		       enum th_log_walk_result result, const struct th_log_walk_step *step)
{
	if (result == TH_WALK_BATCH) {
		for (uint32_t i = 0; i < step->batch.record_count; i++) {
			const struct th_record *record = &step->records[i];

			if (record->position + record->length > history->device_bytes)
				th_fail("the log has a record behind the device's end, at LSN %llu",
					(unsigned long long)step->batch.lsn);
			if (record->operation == TH_RECORD_WRITE)
				append_write(history, record, step->bytes + record->payload_offset,
					     step->batch.lsn, walk->position.lsn);
			else
				append_zeroes(history, record, step->batch.lsn, walk->position.lsn);
		}
	}
	add_boundary(history, &walk->position, result == TH_WALK_SEGMENT);
}

void th_history_truncate(struct th_history *history, uint64_t lsn)
{
	if (lsn < history->promised_lsn)
		th_fail("the log was cut to LSN %llu, but %llu was flushed and acknowledged",
			(unsigned long long)lsn, (unsigned long long)history->promised_lsn);
	while (th_history_end(history)->lsn > lsn)
		history->boundary_count--;
	if (th_history_end(history)->lsn != lsn)
		th_fail("the log was cut to LSN %llu, which is inside a batch",
			(unsigned long long)lsn);
	history->acknowledged_lsn = TH_MIN(history->acknowledged_lsn, lsn);
	for (uint64_t sector = 0; sector < history->sector_count; sector++) {
		struct th_versions *versions = &history->sectors[sector];

		while (versions->items[versions->count - 1].lsn >= lsn && versions->count > 1)
			versions->count--;
		history->floors[sector] = versions->items[versions->count - 1].lsn;
	}
}

const struct th_boundary *th_history_boundary_below(const struct th_history *history, uint64_t lsn)
{
	uint32_t low = 0, high = history->boundary_count;

	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (history->boundaries[middle].position.lsn <= lsn)
			low = middle;
		else
			high = middle;
	}
	return &history->boundaries[low];
}

const struct th_boundary *th_history_boundary(const struct th_history *history, uint64_t lsn)
{
	const struct th_boundary *boundary = th_history_boundary_below(history, lsn);

	return boundary->position.lsn == lsn ? boundary : NULL;
}

const struct th_version *th_history_at(const struct th_history *history, uint64_t sector,
				       uint64_t lsn)
{
	const struct th_versions *versions = &history->sectors[sector];
	uint32_t i = versions->count;

	while (i > 1 && versions->items[i - 1].lsn >= lsn)
		i--;
	return &versions->items[i - 1];
}

const struct th_version *th_history_find(const struct th_history *history, uint64_t sector,
					 uint64_t id)
{
	const struct th_versions *versions = &history->sectors[sector];

	for (uint32_t i = versions->count; i-- > 0;) {
		if (versions->items[i].id == id)
			return &versions->items[i];
	}
	return NULL;
}

/* Is a request under way that may have put @id there? */
static bool may_be_under_way(const struct th_history *history, uint64_t sector, uint64_t id)
{
	for (uint64_t i = history->issue_count; i-- > 0;) {
		const struct th_issue *issue = &history->issues[i];

		if (issue->under_way && (issue->operation == TH_WRITE ? i : TH_ID_ZEROES) == id &&
		    sector * TH_SECTOR_BYTES - issue->position < issue->length)
			return true;
	}
	return false;
}

/* The oldest version by @id that is not below @floor_lsn: of several zeroes it is not known which was read. */
static const struct th_version *oldest_allowed(const struct th_history *history, uint64_t sector,
					       uint64_t id, uint64_t floor_lsn)
{
	const struct th_versions *versions = &history->sectors[sector];

	for (uint32_t i = 0; i < versions->count; i++) {
		if (versions->items[i].id == id && versions->items[i].lsn >= floor_lsn)
			return &versions->items[i];
	}
	return NULL;
}

void th_history_check_read(struct th_history *history, uint64_t sector, uint64_t floor_lsn,
			   uint64_t id)
{
	const struct th_version *version = oldest_allowed(history, sector, id, floor_lsn);

	if (version) {
		history->floors[sector] = TH_MAX(history->floors[sector], version->lsn);
		return;
	}
	if (id != TH_ID_GARBAGE && may_be_under_way(history, sector, id))
		return;
	th_fail("a read of sector %llu found %s %llu, which %s (it had to be from LSN %llu on)",
		(unsigned long long)sector, id == TH_ID_GARBAGE ? "garbage" : "request",
		(unsigned long long)id,
		th_history_find(history, sector, id) ? "is too old" : "is not in the history",
		(unsigned long long)floor_lsn);
}
