/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands on disk, as docs/log-format.md lays it down: types in memory, and pack / unpack pairs for each
 * block. Unpacking checks in the order of that page and names the first check that failed.
 *
 * Pure functions: any context, nothing is allocated, nothing is kept.
 */
#ifndef THARSIS_LOG_FORMAT_H
#define THARSIS_LOG_FORMAT_H

#include <tharsis/port.h>

#define TH_BLOCK_BYTES	      4096u
#define TH_BATCH_RECORDS_MAX  125u
#define TH_BATCH_PAYLOAD_MAX  (1u << 20)
#define TH_BATCH_BYTES_MAX    (TH_BLOCK_BYTES + TH_BATCH_PAYLOAD_MAX)
#define TH_META_FILE_BYTES    (2u * TH_BLOCK_BYTES)
#define TH_EPOCHS_MAX	      32u
#define TH_PEERS_MAX	      16u
#define TH_UUID_BYTES	      16u
#define TH_LSN_MAX	      (1ULL << 62)
#define TH_SEGMENT_NAME_BYTES 38u /* 16 + 1 + 16 + 4, and the final 0 */

struct th_uuid {
	uint8_t bytes[TH_UUID_BYTES];
};

static inline bool th_uuid_equal(const struct th_uuid *a, const struct th_uuid *b)
{
	return memcmp(a->bytes, b->bytes, TH_UUID_BYTES) == 0;
}

/* Why a block was refused, in the order in which it is checked. */
enum th_format_check {
	TH_FORMAT_OK,
	TH_FORMAT_MAGIC,
	TH_FORMAT_VERSION,
	TH_FORMAT_LENGTH, /* sizes, counts, bytes that must be zero */
	TH_FORMAT_FOREIGN, /* of another resource, node or peer */
	TH_FORMAT_LSN,
	TH_FORMAT_EPOCH,
	TH_FORMAT_CHECKSUM,
	TH_FORMAT_CHAIN,
	TH_FORMAT_CONTENT
};

/* One word for messages: "magic", "version", ... */
const char *th_format_check_name(enum th_format_check check);

enum th_record_operation { TH_RECORD_WRITE = 1, TH_RECORD_WRITE_ZEROES = 2, TH_RECORD_DISCARD = 3 };

struct th_record {
	enum th_record_operation operation;
	uint32_t payload_crc32c;
	uint64_t position;
	uint64_t length;
	uint32_t payload_offset;
};

struct th_batch_header {
	uint32_t record_count;
	uint32_t length;
	uint64_t lsn;
	uint64_t epoch;
	uint64_t time_ns;
	uint64_t chain_before;
	uint64_t durable_lsn;
	uint64_t chain; /* out: set by pack as well as by unpack */
};

struct th_segment_header {
	struct th_uuid resource_uuid;
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t previous_epoch;
	uint64_t chain_before;
	uint64_t created_ns;
	struct th_uuid creator_uuid;
	uint32_t block_bytes;
	uint64_t chain; /* out */
};

/*
 * A position at which a reader stands: what the next block must agree with. @time_ns: of the batch before.
 */
struct th_position {
	uint64_t lsn;
	uint64_t epoch;
	uint64_t chain;
	uint64_t time_ns;
};

void th_segment_name(char name[TH_SEGMENT_NAME_BYTES], uint64_t epoch, uint64_t start_lsn);
/* False when @name is not exactly what th_segment_name() makes. */
bool th_segment_name_parse(const char *name, uint64_t *epoch, uint64_t *start_lsn);

/* Here and below @block is TH_BLOCK_BYTES long and aligned to 8. Sets header->chain. */
void th_segment_header_pack(struct th_segment_header *header, uint8_t *block);
/*
 * @epoch and @start_lsn: from the file's name; @resource_uuid: NULL accepts any. The tie to the predecessor
 * (previous_epoch, chain_before) is for the caller to check.
 */
enum th_format_check th_segment_header_unpack(struct th_segment_header *header,
					      const uint8_t *block, uint64_t epoch,
					      uint64_t start_lsn,
					      const struct th_uuid *resource_uuid);

/*
 * Writing a batch: th_batch_record_pack() for record 0, 1, ... into its header block (zeroed before the first), then
 * th_batch_header_pack() once, which sets header->chain and everything around the descriptors.
 */
void th_batch_record_pack(const struct th_record *record, uint32_t index, uint8_t *block);
void th_batch_header_pack(struct th_batch_header *header, uint8_t *block);

/*
 * Checks a batch's header block against where the reader stands; @records (of TH_BATCH_RECORDS_MAX) is filled. Left
 * to the caller: the payloads' checksums, and then the zeroes behind the last one (th_batch_payload_end()). @block_bytes: of the segment; @device_bytes: 0 or the bound for positions.
 */
enum th_format_check th_batch_header_unpack(struct th_batch_header *header,
					    struct th_record *records, const uint8_t *block,
					    const struct th_position *position,
					    uint32_t block_bytes, uint64_t device_bytes);
/* Where the last payload ends: from there up to the batch's length are zeroes. From the start of the batch. */
uint32_t th_batch_payload_end(const struct th_batch_header *header,
			      const struct th_record *records);

/*
 * Is @block, found at @lsn, the header of a batch of this epoch that was once written here, whatever came
 * before it? For the search for proof of durable content behind the end. Sets header when true.
 */
bool th_batch_header_plausible(struct th_batch_header *header, const uint8_t *block, uint64_t lsn,
			       uint64_t epoch);

struct th_meta_epoch {
	uint64_t epoch;
	uint64_t start_lsn;
	uint64_t chain;
};

enum th_peer_state { TH_PEER_FOLLOWING = 1, TH_PEER_BITMAP = 2 };

struct th_meta_peer {
	struct th_uuid peer_uuid;
	uint64_t durable_lsn;
	enum th_peer_state state;
	uint64_t bitmap_from_lsn;
	uint64_t bitmap_to_lsn;
};

struct th_meta {
	uint64_t generation;
	struct th_uuid resource_uuid;
	struct th_uuid node_uuid;
	uint64_t device_bytes;
	uint32_t block_bytes;
	bool clean;
	uint64_t checkpoint_lsn;
	uint64_t checkpoint_chain;
	uint64_t checkpoint_epoch;
	uint64_t applied_limit_lsn;
	uint64_t inconsistent_until_lsn;
	uint64_t inconsistent_until_epoch;
	uint64_t written_ns;
	uint32_t epoch_count;
	uint32_t peer_count;
	struct th_meta_epoch epochs[TH_EPOCHS_MAX];
	struct th_meta_peer peers[TH_PEERS_MAX];
};

/* Offset of the slot of @generation in the meta file. */
static inline uint64_t th_meta_slot_offset(uint64_t generation)
{
	return (generation % 2) * TH_BLOCK_BYTES;
}

void th_meta_pack(const struct th_meta *meta, uint8_t *block);
/* @slot: 0 or 1; a generation that does not belong there fails the length check. */
enum th_format_check th_meta_unpack(struct th_meta *meta, const uint8_t *block, uint32_t slot,
				    const struct th_uuid *resource_uuid);

struct th_bitmap_header {
	struct th_uuid resource_uuid;
	struct th_uuid peer_uuid;
	uint64_t device_bytes;
	uint64_t region_bytes;
	uint64_t from_lsn;
	uint64_t to_lsn;
	uint32_t bits_crc32c;
};

#define TH_BITMAP_NAME_BYTES 40u /* 32 + ".bitmap" and the final 0 */
void th_bitmap_name(char name[TH_BITMAP_NAME_BYTES], const struct th_uuid *peer_uuid);
/* Bytes of the bits, padded to TH_BLOCK_BYTES. @region_bytes: a power of two. */
uint64_t th_bitmap_bits_bytes(uint64_t device_bytes, uint64_t region_bytes);
void th_bitmap_header_pack(const struct th_bitmap_header *header, uint8_t *block);
enum th_format_check th_bitmap_header_unpack(struct th_bitmap_header *header, const uint8_t *block,
					     const struct th_uuid *resource_uuid,
					     const struct th_uuid *peer_uuid);

struct th_label {
	struct th_uuid resource_uuid;
	struct th_uuid node_uuid;
	uint64_t device_bytes;
	uint64_t created_ns;
};

/* Where the label of a disk of @disk_bytes stands; 0: a disk of this size has none. */
uint64_t th_label_offset(uint64_t disk_bytes, uint64_t device_bytes);
void th_label_pack(const struct th_label *label, uint8_t *block);
enum th_format_check th_label_unpack(struct th_label *label, const uint8_t *block);

#endif
