/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one table of commands: which verbs and actions there are, which keys each of them takes, of what type and
 * within what bounds, and who handles it. docs/control-channel.md says what they mean.
 */
#ifndef THARSIS_COMMAND_H
#define THARSIS_COMMAND_H

#include "command_line.h"
#include "value.h"

struct th_session;
struct th_command;

/* A key has one type and one range wherever it occurs. */
enum th_key_id {
	TH_KEY_AS,
	TH_KEY_BATCHES_IN_FLIGHT,
	TH_KEY_BLOCK,
	TH_KEY_CHAIN,
	TH_KEY_CREATE_SIZE,
	TH_KEY_DIRECT,
	TH_KEY_DIRECTORY,
	TH_KEY_DIRTY_EXTENTS_MAX,
	TH_KEY_DISK,
	TH_KEY_DRAIN,
	TH_KEY_DURABILITY_REMOTE,
	TH_KEY_EPOCH,
	TH_KEY_FENCING,
	TH_KEY_FORMAT,
	TH_KEY_INCONSISTENT_UNTIL_EPOCH,
	TH_KEY_INCONSISTENT_UNTIL_LSN,
	TH_KEY_IO,
	TH_KEY_LABEL,
	TH_KEY_LEASE_READS,
	TH_KEY_LOG_FULL,
	TH_KEY_LOG_LIMIT_BYTES,
	TH_KEY_LOG_SYNC_MS,
	TH_KEY_LSN,
	TH_KEY_MILLISECONDS,
	TH_KEY_MIN_INTERVAL_MS,
	TH_KEY_NAME,
	TH_KEY_NODE_UUID,
	TH_KEY_PEER,
	TH_KEY_READ_ONLY,
	TH_KEY_RESOURCE_UUID,
	TH_KEY_SEGMENT_BYTES,
	TH_KEY_SIZE,
	TH_KEY_START_CHAIN,
	TH_KEY_START_EPOCH,
	TH_KEY_START_LSN,
	TH_KEY_TIMEOUT_MS,
	TH_KEY_UNTIL_LSN,
	TH_KEY_UNTIL_TIME_NS,
	TH_KEY_VERB,
	TH_KEY_WRITEBACK_DELAY_MS,
	TH_KEY_WRITEBACK_DEPTH,
	TH_KEY_COUNT
};

#define TH_KEY_BIT(id) (1ULL << (id))

extern const struct th_key th_keys[TH_KEY_COUNT];

enum th_subject { TH_SUBJECT_NONE, TH_SUBJECT_OPTIONAL, TH_SUBJECT_REQUIRED };

struct th_command_description {
	const char *verb;
	const char *action; /* NULL: takes none */
	enum th_subject resource;
	uint64_t required; /* keys, as bits */
	uint64_t optional;
	/* Ends, now or later, in one reply of the session. */
	void (*handle)(struct th_session *session, const struct th_command *command);
};

/* In the order in which help shows them. */
extern const struct th_command_description th_commands[];
extern const uint32_t th_command_count;

struct th_command {
	const struct th_command_description *description;
	const char *resource; /* NULL: not given */
	uint64_t given; /* keys, as bits */
	struct th_value values[TH_KEY_COUNT];
};

static inline bool th_command_has(const struct th_command *command, enum th_key_id id)
{
	return (command->given & TH_KEY_BIT(id)) != 0;
}

static inline uint64_t th_command_number(const struct th_command *command, enum th_key_id id)
{
	return command->values[id].number;
}

/* @otherwise when it is not given. */
static inline uint64_t th_command_number_or(const struct th_command *command, enum th_key_id id,
					    uint64_t otherwise)
{
	return th_command_has(command, id) ? command->values[id].number : otherwise;
}

/*
 * Finds the line's command and reads its values; @command points into @line. 0, or -EINVAL with a sentence that
 * says what is possible.
 */
int th_command_match(struct th_command *command, const struct th_command_line *line,
		     struct th_error *error);

/* How the command is written: "role RESOURCE primary epoch=NUMBER [chain=CHAIN]". */
#define TH_USAGE_MAX 384u
void th_command_usage(const struct th_command_description *description, char *text, size_t bytes);

#endif
