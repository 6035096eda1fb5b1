/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A resource: one replica on this host, put together from bricks.
 *
 *   exports ---> translog (named as the resource) ---> NAME/log   its log directory
 *                                                 \--> NAME/disk  once attached
 *
 * Three kinds of ladders build it: the resource itself, its disk, each of its exports. One of them moves at a time; the
 * engine's calls run beside. A resource whose ladder is down is freed.
 */
#ifndef THARSIS_RESOURCE_H
#define THARSIS_RESOURCE_H

#include "control.h"

#define TH_EXPORTS_MAX 4u
#define TH_EVENTS_KEPT 8u

struct th_resource;
typedef void th_resource_done(void *context, const struct th_error *error);

struct th_export {
	struct th_resource *resource;
	char name[TH_VALUE_NAME_MAX + 1];
	enum th_export_kind kind;
	bool read_only;
	struct th_ladder ladder;
};

struct th_event {
	enum th_log_level level;
	char text[TH_ERROR_TEXT_MAX];
};

struct th_resource {
	struct th_list link; /* in control->resources */
	struct th_control *control;
	uint64_t id;
	char name[TH_VALUE_NAME_MAX + 1];
	uint64_t change; /* control->change when it last changed */

	struct th_place log_place;
	struct th_output *log;
	struct th_brick *translog;
	struct th_ladder ladder;
	struct th_engine_call call; /* of the ladder */

	struct th_place disk_place;
	struct th_output *disk;
	struct th_ladder disk_ladder;
	struct th_engine_call disk_call;

	struct th_export *exports[TH_EXPORTS_MAX];

	struct th_engine_options options; /* as the engine has them */
	bool tuning; /* they are being changed */
	uint64_t event_count; /* the newest TH_EVENTS_KEPT are kept, number n at n modulo that */
	struct th_event events[TH_EVENTS_KEPT];
	bool creating; /* only for as long as `create` runs: not shown to others */
	bool given_up; /* could not be closed when the host was stopped */

	/* who waits for the ladder that moves */
	th_resource_done *done;
	void *context;
};

/* What `open` and `create` need to know. Fields that the other one uses are zero. */
struct th_resource_plan {
	const char *name;
	struct th_place log;
	struct th_uuid resource_uuid; /* all zero: open any */
	struct th_uuid node_uuid;
	uint64_t device_bytes;
	uint32_t block_bytes;
	/* create: where its log will begin, and until where it is not consistent */
	uint64_t start_lsn;
	uint64_t start_epoch;
	uint64_t start_chain;
	uint64_t inconsistent_until_lsn;
	uint64_t inconsistent_until_epoch;
	uint64_t until_lsn; /* open: replay does not pass it; 0: no limit */
	uint64_t until_ns;
	struct th_engine_options options;
};

/*
 * Begin something; @done runs once, never inside these calls, with the error or code 0. A negative errno at once, with
 * @error set, means that nothing was begun.
 */
int th_resource_open(struct th_control *control, const struct th_resource_plan *plan,
		     th_resource_done *done, void *context, struct th_resource **resource,
		     struct th_error *error);
/* The files of a new replica are made; it is not open afterwards. */
int th_resource_create(struct th_control *control, const struct th_resource_plan *plan,
		       th_resource_done *done, void *context, struct th_error *error);
/* The resource is gone afterwards, unless it failed. -EBUSY while exported. */
int th_resource_close(struct th_resource *resource, bool drain, th_resource_done *done,
		      void *context, struct th_error *error);
int th_resource_attach(struct th_resource *resource, const struct th_place *place, bool write_label,
		       th_resource_done *done, void *context, struct th_error *error);
int th_resource_detach(struct th_resource *resource, th_resource_done *done, void *context,
		       struct th_error *error);
int th_resource_export(struct th_resource *resource, const char *name, enum th_export_kind kind,
		       bool read_only, th_resource_done *done, void *context,
		       struct th_error *error);
int th_resource_unexport(struct th_resource *resource, const char *name, th_resource_done *done,
			 void *context, struct th_error *error);

/* One of its ladders moves: what else would change its shape is refused. */
bool th_resource_is_changing(const struct th_resource *resource);
/* Open, and neither opening nor closing: the engine takes calls. */
bool th_resource_is_open(const struct th_resource *resource);
/* "opening", "open", "closing" */
const char *th_resource_state(const struct th_resource *resource);

/* By name, open or not; NULL. */
struct th_resource *th_resource_find(const struct th_control *control, const char *name);
/* By name, open. NULL, with a sentence in @error: -ENOENT, -EBUSY. */
struct th_resource *th_resource_find_open(const struct th_control *control, const char *name,
					  struct th_error *error);
struct th_resource *th_resource_find_id(const struct th_control *control, uint64_t id);

/* Something that the status shows has changed: those who watch are told soon. */
void th_resource_changed(struct th_resource *resource);

#endif
