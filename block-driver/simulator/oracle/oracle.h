/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: watches a primary from outside, and says at once when a rule is broken. It looks at the simulated storage
 * itself, at every request that is answered, every write to a disk and every removal of a file; and after each
 * crash at what is left, before any code of the engine has seen it.
 */
#ifndef THARSIS_ORACLE_H
#define THARSIS_ORACLE_H

#include "../world/node.h"
#include "history.h"

/* A peer as it was registered with the primary. */
struct th_oracle_peer {
	struct th_uuid uuid;
	uint64_t durable_lsn; /* the most that the primary was told */
	bool is_kept; /* it was confirmed that log is kept for this peer */
};

struct th_oracle {
	struct th_history *history;
	struct th_node *primary; /* NULL: nobody writes now */
	struct th_log_walk seen; /* up to the end of what is appended */
	struct th_log_walk durable; /* up to the end of what no crash can take */

	/* what the primary was told, and must keep to */
	struct th_oracle_peer peers[TH_PEERS_MAX];
	uint32_t peer_count;
	uint32_t durability_remote;
	bool lease;
	bool lease_reads; /* reads go on without a lease */
	uint64_t lease_end_ns;
	bool suspended;
	uint64_t suspended_ns; /* since then */
	uint64_t log_limit_bytes; /* 0: not checked */
	uint64_t log_start_bytes; /* what the log took when its node became primary: that may be more */
	uint64_t segment_bytes; /* and so much more it may take for the first segment of the epoch */
};

void th_oracle_init(struct th_oracle *oracle, struct th_history *history);
/* @node is primary from now on: its log goes on from the end of the history. */
void th_oracle_follow(struct th_oracle *oracle, struct th_node *node);
/* Nobody is. */
void th_oracle_unfollow(struct th_oracle *oracle);

/* Reads how the log has grown. */
void th_oracle_look(struct th_oracle *oracle);
/* For struct th_client_watch. */
void th_oracle_acknowledged(struct th_oracle *oracle, uint64_t end_lsn, bool promised);
void th_oracle_read(struct th_oracle *oracle, uint64_t issued_ns);
struct th_oracle_peer *th_oracle_peer(struct th_oracle *oracle, const struct th_uuid *uuid);

/* Rules for any replica whose log is part of the history. */

/* Called before each write to its disk. @durable_lsn: of its log. */
void th_oracle_check_disk_write(const struct th_history *history, const struct th_node *node,
				uint64_t durable_lsn, uint64_t position, uint64_t length,
				const uint8_t *data);
/* Called before a segment file goes. @oracle: NULL when the node is no primary. */
void th_oracle_check_removal(const struct th_history *history, struct th_oracle *oracle,
			     const struct th_node *node, const struct th_sim_name *name);

/* What a crash has left of a replica. */
struct th_remains {
	struct th_meta meta;
	uint64_t end_lsn; /* the log verifies up to here */
	uint64_t end_chain;
};

/*
 * Examines a replica after a crash, before it is opened again: the meta file, the log from the checkpoint, the disk, and for
 * a primary the bitmaps. @grows: the log may go on where the history ends (a primary); then the history does too.
 * Fails the run when the log from the checkpoint, applied to the disk, is not the history up to its end.
 */
void th_oracle_examine(struct th_history *history, const struct th_node *node, bool grows,
		       struct th_remains *remains);
/* Each segment that another one follows is, on stable storage, exactly as long as its contents. */
void th_oracle_check_sealed(const struct th_history *history, const struct th_node *node);
/* Up to where the log would verify after the worst of all crashes. */
uint64_t th_oracle_durable_end(struct th_history *history, const struct th_node *node);
/* Each peer whose log was dropped has a bitmap with all that changed there. */
void th_oracle_check_bitmaps(const struct th_oracle *oracle, const struct th_node *node);
/* Is every sector that changed in [@from_lsn, @to_lsn) in the bitmap of @peer? Fails the run when not. */
void th_oracle_check_bitmap(const struct th_history *history, const struct th_log_view *view,
			    const struct th_uuid *peer, uint64_t from_lsn, uint64_t to_lsn);

#endif
