// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "handlers.h"

#include "engine.h"

#define MS_PER_MINUTE	 60000u
#define MS_PER_HOUR	 3600000u
#define DEVICE_BYTES_MAX (1ULL << 60)

#define NUMBER(text, low, high)                                                \
	{                                                                      \
		.name = text, .type = TH_VALUE_NUMBER, .min = low, .max = high \
	}
#define SIZE(text, low, high)                                                \
	{                                                                    \
		.name = text, .type = TH_VALUE_SIZE, .min = low, .max = high \
	}
#define CHOICE(text, ...)                                                         \
	{                                                                         \
		.name = text, .type = TH_VALUE_CHOICE, .choices = { __VA_ARGS__ } \
	}
#define PLAIN(text, kind)                  \
	{                                  \
		.name = text, .type = kind \
	}

/* The order of choices is that of the enumerations they stand for. */
const struct th_key th_keys[TH_KEY_COUNT] = {
	[TH_KEY_AS] = CHOICE("as", "nbd", "ublk"),
	[TH_KEY_BATCHES_IN_FLIGHT] = NUMBER("batches-in-flight", 1, TH_BATCHES_MAX),
	[TH_KEY_BLOCK] = CHOICE("block", "512", "4096"),
	[TH_KEY_CHAIN] = PLAIN("chain", TH_VALUE_CHAIN),
	[TH_KEY_CREATE_SIZE] = SIZE("create-size", 512, DEVICE_BYTES_MAX),
	[TH_KEY_DIRECT] = PLAIN("direct", TH_VALUE_FLAG),
	[TH_KEY_DIRECTORY] = PLAIN("directory", TH_VALUE_PATH),
	[TH_KEY_DIRTY_EXTENTS_MAX] = NUMBER("dirty-extents-max", 1024, 1u << 26),
	[TH_KEY_DISK] = PLAIN("disk", TH_VALUE_PATH),
	[TH_KEY_DRAIN] = PLAIN("drain", TH_VALUE_FLAG),
	[TH_KEY_DURABILITY_REMOTE] = NUMBER("durability-remote", 0, TH_DURABILITY_REMOTE_MAX),
	[TH_KEY_EPOCH] = NUMBER("epoch", 1, UINT64_MAX),
	[TH_KEY_FENCING] = CHOICE("fencing", "none", "lease"),
	[TH_KEY_FORMAT] = CHOICE("format", "text", "dot"),
	[TH_KEY_INCONSISTENT_UNTIL_EPOCH] = NUMBER("inconsistent-until-epoch", 0, UINT64_MAX),
	[TH_KEY_INCONSISTENT_UNTIL_LSN] = NUMBER("inconsistent-until-lsn", 0, UINT64_MAX),
	[TH_KEY_IO] = CHOICE("io", "aio", "sio"),
	[TH_KEY_LABEL] = CHOICE("label", "check", "write"),
	[TH_KEY_LEASE_READS] = PLAIN("lease-reads", TH_VALUE_FLAG),
	[TH_KEY_LOG_FULL] = CHOICE("log-full", "stop", "drop"),
	[TH_KEY_LOG_LIMIT_BYTES] = SIZE("log-limit-bytes", 192 * TH_KIB, 1ULL << 50),
	[TH_KEY_LOG_SYNC_MS] = NUMBER("log-sync-ms", 0, MS_PER_MINUTE),
	[TH_KEY_LSN] = NUMBER("lsn", 0, UINT64_MAX),
	[TH_KEY_MILLISECONDS] = NUMBER("milliseconds", 0, MS_PER_HOUR),
	[TH_KEY_MIN_INTERVAL_MS] = NUMBER("min-interval-ms", 0, MS_PER_MINUTE),
	[TH_KEY_NAME] = PLAIN("name", TH_VALUE_NAME),
	[TH_KEY_NODE_UUID] = PLAIN("node-uuid", TH_VALUE_UUID),
	[TH_KEY_PEER] = PLAIN("peer", TH_VALUE_UUID),
	[TH_KEY_READ_ONLY] = PLAIN("read-only", TH_VALUE_FLAG),
	[TH_KEY_RESOURCE_UUID] = PLAIN("resource-uuid", TH_VALUE_UUID),
	[TH_KEY_SEGMENT_BYTES] = SIZE("segment-bytes", 64 * TH_KIB, 1ULL << 40),
	[TH_KEY_SIZE] = SIZE("size", 512, DEVICE_BYTES_MAX),
	[TH_KEY_START_CHAIN] = PLAIN("start-chain", TH_VALUE_CHAIN),
	[TH_KEY_START_EPOCH] = NUMBER("start-epoch", 0, UINT64_MAX),
	[TH_KEY_START_LSN] = NUMBER("start-lsn", 0, UINT64_MAX),
	[TH_KEY_TIMEOUT_MS] = NUMBER("timeout-ms", 1, MS_PER_HOUR),
	[TH_KEY_UNTIL_LSN] = NUMBER("until-lsn", 1, UINT64_MAX),
	[TH_KEY_UNTIL_TIME_NS] = NUMBER("until-time-ns", 1, UINT64_MAX),
	[TH_KEY_VERB] = PLAIN("verb", TH_VALUE_NAME),
	[TH_KEY_WRITEBACK_DELAY_MS] = NUMBER("writeback-delay-ms", 0, MS_PER_HOUR),
	[TH_KEY_WRITEBACK_DEPTH] = NUMBER("writeback-depth", 1, TH_WRITEBACK_DEPTH_MAX),
};

#define B(id) TH_KEY_BIT(TH_KEY_##id)

const struct th_command_description th_commands[] = {
	{ "version", NULL, TH_SUBJECT_NONE, 0, 0, th_handle_version },
	{ "help", NULL, TH_SUBJECT_NONE, 0, B(VERB), th_handle_help },
	{ "list", NULL, TH_SUBJECT_NONE, 0, 0, th_handle_list },
	{ "status", NULL, TH_SUBJECT_OPTIONAL, 0, 0, th_handle_status },
	{ "wire", NULL, TH_SUBJECT_NONE, 0, B(FORMAT), th_handle_wire },
	{ "watch", NULL, TH_SUBJECT_OPTIONAL, 0, B(TIMEOUT_MS) | B(MIN_INTERVAL_MS),
	  th_handle_watch },

	{ "create", NULL, TH_SUBJECT_REQUIRED, B(DIRECTORY) | B(SIZE),
	  B(BLOCK) | B(RESOURCE_UUID) | B(NODE_UUID) | B(IO) | B(DIRECT) | B(START_LSN) |
		  B(START_EPOCH) | B(START_CHAIN) | B(INCONSISTENT_UNTIL_LSN) |
		  B(INCONSISTENT_UNTIL_EPOCH),
	  th_handle_create },
	{ "open", NULL, TH_SUBJECT_REQUIRED, B(DIRECTORY),
	  B(RESOURCE_UUID) | B(IO) | B(DIRECT) | B(DIRTY_EXTENTS_MAX) | B(UNTIL_LSN) |
		  B(UNTIL_TIME_NS),
	  th_handle_open },
	{ "close", NULL, TH_SUBJECT_REQUIRED, 0, B(DRAIN), th_handle_close },
	{ "attach", NULL, TH_SUBJECT_REQUIRED, B(DISK),
	  B(IO) | B(DIRECT) | B(CREATE_SIZE) | B(LABEL), th_handle_attach },
	{ "detach", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_detach },
	{ "export", NULL, TH_SUBJECT_REQUIRED, 0, B(NAME) | B(AS) | B(READ_ONLY),
	  th_handle_export },
	{ "unexport", NULL, TH_SUBJECT_REQUIRED, 0, B(NAME), th_handle_unexport },

	{ "role", "primary", TH_SUBJECT_REQUIRED, B(EPOCH), B(CHAIN), th_handle_primary },
	{ "role", "secondary", TH_SUBJECT_REQUIRED, 0, 0, th_handle_secondary },
	{ "received", NULL, TH_SUBJECT_REQUIRED, B(EPOCH) | B(START_LSN) | B(LSN), 0,
	  th_handle_received },
	{ "replay", "run", TH_SUBJECT_REQUIRED, 0, B(UNTIL_LSN) | B(UNTIL_TIME_NS),
	  th_handle_replay_run },
	{ "replay", "pause", TH_SUBJECT_REQUIRED, 0, 0, th_handle_replay_pause },
	{ "cut", NULL, TH_SUBJECT_REQUIRED, B(EPOCH) | B(LSN), 0, th_handle_cut },

	{ "rotate", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_rotate },
	{ "flush", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_flush },
	{ "checkpoint", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_checkpoint },
	{ "peer-add", NULL, TH_SUBJECT_REQUIRED, B(PEER), B(LSN), th_handle_peer_add },
	{ "peer-remove", NULL, TH_SUBJECT_REQUIRED, B(PEER), 0, th_handle_peer_remove },
	{ "remote-durable", NULL, TH_SUBJECT_REQUIRED, B(PEER) | B(LSN), 0,
	  th_handle_remote_durable },

	{ "lease", NULL, TH_SUBJECT_REQUIRED, B(MILLISECONDS), 0, th_handle_lease },
	{ "suspend", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_suspend },
	{ "resume", NULL, TH_SUBJECT_REQUIRED, 0, 0, th_handle_resume },
	{ "resize", NULL, TH_SUBJECT_REQUIRED, B(SIZE), 0, th_handle_resize },
	{ "tune", NULL, TH_SUBJECT_REQUIRED, 0,
	  B(SEGMENT_BYTES) | B(LOG_LIMIT_BYTES) | B(LOG_FULL) | B(DURABILITY_REMOTE) | B(FENCING) |
		  B(LEASE_READS) | B(LOG_SYNC_MS) | B(WRITEBACK_DELAY_MS) | B(WRITEBACK_DEPTH) |
		  B(BATCHES_IN_FLIGHT),
	  th_handle_tune },
};

const uint32_t th_command_count = TH_ARRAY_COUNT(th_commands);
