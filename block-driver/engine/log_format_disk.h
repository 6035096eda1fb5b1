/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The blocks of docs/log-format.md, field by field. Only log_format.c and its tests look at these.
 *
 * Each block is TH_BLOCK_BYTES long and ends in the same trailer. Bytes that must be zero have no name here where they
 * stand at the end of a structure: they reach from its size to the trailer.
 */
#ifndef THARSIS_LOG_FORMAT_DISK_H
#define THARSIS_LOG_FORMAT_DISK_H

#include "little_endian.h"
#include "log_format.h"

#define TH_MAGIC_BYTES	    8u
#define TH_SEGMENT_MAGIC    "THARSEG1"
#define TH_BATCH_MAGIC	    "THARBAT1"
#define TH_META_MAGIC	    "THARMET1"
#define TH_BITMAP_MAGIC	    "THARBMP1"
#define TH_LABEL_MAGIC	    "THARLAB1"
#define TH_FORMAT_VERSION_1 1u

#define TH_TRAILER_OFFSET 4080u

struct th_trailer_disk {
	struct th_le64 chain;
	struct th_le32 zero;
	struct th_le32 crc32c; /* of all bytes of the block before this field */
};

struct th_segment_disk {
	uint8_t magic[TH_MAGIC_BYTES];
	struct th_le32 version;
	struct th_le32 header_bytes;
	struct th_uuid resource_uuid;
	struct th_le64 epoch;
	struct th_le64 start_lsn;
	struct th_le64 previous_epoch;
	struct th_le64 previous_end_lsn;
	struct th_le64 chain_before;
	struct th_le64 created_ns;
	struct th_uuid creator_uuid;
	struct th_le32 block_bytes;
	uint8_t zero[12]; /* in the chain, unlike what follows */
};

struct th_record_disk {
	uint8_t operation;
	uint8_t zero_1;
	struct th_le16 volume;
	struct th_le32 payload_crc32c;
	struct th_le64 position;
	struct th_le64 length;
	struct th_le32 payload_offset;
	struct th_le32 zero_28;
};

struct th_batch_disk {
	uint8_t magic[TH_MAGIC_BYTES];
	struct th_le16 version;
	struct th_le16 record_count;
	struct th_le32 length;
	struct th_le64 lsn;
	struct th_le64 epoch;
	struct th_le64 time_ns;
	struct th_le64 chain_before;
	struct th_le64 durable_lsn;
	struct th_le64 zero;
	struct th_record_disk records[TH_BATCH_RECORDS_MAX];
};

struct th_meta_epoch_disk {
	struct th_le64 epoch;
	struct th_le64 start_lsn;
	struct th_le64 chain;
	struct th_le64 zero;
};

struct th_meta_peer_disk {
	struct th_uuid peer_uuid;
	struct th_le64 durable_lsn;
	struct th_le32 state;
	struct th_le32 zero_28;
	struct th_le64 bitmap_from_lsn;
	struct th_le64 bitmap_to_lsn;
	uint8_t zero_48[16];
};

#define TH_META_CLEAN 1u

struct th_meta_disk {
	uint8_t magic[TH_MAGIC_BYTES];
	struct th_le32 version;
	struct th_le32 slot_bytes;
	struct th_le64 generation;
	struct th_uuid resource_uuid;
	struct th_uuid node_uuid;
	struct th_le64 device_bytes;
	struct th_le32 block_bytes;
	struct th_le32 flags;
	struct th_le64 checkpoint_lsn;
	struct th_le64 checkpoint_chain;
	struct th_le64 checkpoint_epoch;
	struct th_le64 applied_limit_lsn;
	struct th_le64 inconsistent_until_lsn;
	struct th_le64 written_ns;
	struct th_le16 epoch_count;
	struct th_le16 peer_count;
	struct th_le32 zero_124;
	struct th_le64 inconsistent_until_epoch;
	uint8_t zero_136[120];
	struct th_meta_epoch_disk epochs[TH_EPOCHS_MAX];
	struct th_meta_peer_disk peers[TH_PEERS_MAX];
};

struct th_bitmap_disk {
	uint8_t magic[TH_MAGIC_BYTES];
	struct th_le32 version;
	struct th_le32 header_bytes;
	struct th_uuid resource_uuid;
	struct th_uuid peer_uuid;
	struct th_le64 device_bytes;
	struct th_le64 region_bytes;
	struct th_le64 from_lsn;
	struct th_le64 to_lsn;
	struct th_le32 bits_crc32c;
	uint8_t zero_84[4];
};

struct th_label_disk {
	uint8_t magic[TH_MAGIC_BYTES];
	struct th_le32 version;
	struct th_le32 label_bytes;
	struct th_uuid resource_uuid;
	struct th_uuid node_uuid;
	struct th_le64 device_bytes;
	struct th_le64 created_ns;
};

#define TH_OFFSET_IS(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field " is misplaced")
#define TH_SIZE_IS(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), #type " has a wrong size")

TH_SIZE_IS(th_trailer_disk, TH_BLOCK_BYTES - TH_TRAILER_OFFSET);
TH_OFFSET_IS(th_trailer_disk, crc32c, 4092 - TH_TRAILER_OFFSET);

TH_OFFSET_IS(th_segment_disk, resource_uuid, 16);
TH_OFFSET_IS(th_segment_disk, epoch, 32);
TH_OFFSET_IS(th_segment_disk, previous_end_lsn, 56);
TH_OFFSET_IS(th_segment_disk, chain_before, 64);
TH_OFFSET_IS(th_segment_disk, creator_uuid, 80);
TH_OFFSET_IS(th_segment_disk, block_bytes, 96);
TH_SIZE_IS(th_segment_disk, 112);

TH_OFFSET_IS(th_record_disk, payload_crc32c, 4);
TH_OFFSET_IS(th_record_disk, position, 8);
TH_OFFSET_IS(th_record_disk, payload_offset, 24);
TH_SIZE_IS(th_record_disk, 32);

TH_OFFSET_IS(th_batch_disk, record_count, 10);
TH_OFFSET_IS(th_batch_disk, length, 12);
TH_OFFSET_IS(th_batch_disk, lsn, 16);
TH_OFFSET_IS(th_batch_disk, time_ns, 32);
TH_OFFSET_IS(th_batch_disk, durable_lsn, 48);
TH_OFFSET_IS(th_batch_disk, records, 64);
TH_SIZE_IS(th_batch_disk, 64 + 32 * TH_BATCH_RECORDS_MAX);

TH_SIZE_IS(th_meta_epoch_disk, 32);
TH_OFFSET_IS(th_meta_peer_disk, state, 24);
TH_OFFSET_IS(th_meta_peer_disk, bitmap_from_lsn, 32);
TH_SIZE_IS(th_meta_peer_disk, 64);
TH_OFFSET_IS(th_meta_disk, generation, 16);
TH_OFFSET_IS(th_meta_disk, device_bytes, 56);
TH_OFFSET_IS(th_meta_disk, checkpoint_lsn, 72);
TH_OFFSET_IS(th_meta_disk, applied_limit_lsn, 96);
TH_OFFSET_IS(th_meta_disk, epoch_count, 120);
TH_OFFSET_IS(th_meta_disk, inconsistent_until_epoch, 128);
TH_OFFSET_IS(th_meta_disk, epochs, 256);
TH_OFFSET_IS(th_meta_disk, peers, 1280);
TH_SIZE_IS(th_meta_disk, 2304);

TH_OFFSET_IS(th_bitmap_disk, device_bytes, 48);
TH_OFFSET_IS(th_bitmap_disk, bits_crc32c, 80);
TH_SIZE_IS(th_bitmap_disk, 88);

TH_OFFSET_IS(th_label_disk, device_bytes, 48);
TH_SIZE_IS(th_label_disk, 64);

#endif
