// SPDX-License-Identifier: GPL-2.0
/*
 * Packing, unpacking, and what refuses a block. The golden files show the format's rules one by one; here stands what
 * holds for all blocks: nothing packed is lost, no flipped bit goes unnoticed, and checks come in their order.
 */
#include "log_format_disk.h"
#include "seed.h"

static uint64_t seed;

static const struct th_uuid resource = { { 1, 2, 3, 4 } };
static const struct th_uuid node = { { 5, 6, 7, 8 } };

/* As in a log cache: a block is aligned. */
struct block {
	_Alignas(4096) uint8_t bytes[TH_BLOCK_BYTES];
};

static struct block block;

/* ---- one valid block of each kind, and how it is unpacked ---- */

#define BATCH_LSN 0x7000u
#define EPOCH	  6u

static struct th_record records_out[TH_BATCH_RECORDS_MAX];

static void sample_batch(void)
{
	static const struct th_record records[] = {
		{ TH_RECORD_WRITE, 0xaabbccdd, 8192, 4096, 4096 },
		{ TH_RECORD_DISCARD, 0, 1 << 20, 1 << 20, 0 },
		{ TH_RECORD_WRITE, 0x11223344, 1 << 30, 8192, 8192 },
	};
	struct th_batch_header header = { .record_count = TH_ARRAY_COUNT(records),
					  .length = 4 * TH_BLOCK_BYTES,
					  .lsn = BATCH_LSN,
					  .epoch = EPOCH,
					  .time_ns = 77,
					  .chain_before = 99,
					  .durable_lsn = BATCH_LSN - TH_BLOCK_BYTES };

	memset(block.bytes, 0, sizeof(block.bytes));
	for (uint32_t i = 0; i < header.record_count; i++)
		th_batch_record_pack(&records[i], i, block.bytes);
	th_batch_header_pack(&header, block.bytes);
}

static enum th_format_check unpack_batch(void)
{
	static const struct th_position position = { BATCH_LSN, EPOCH, 99, 77 };
	struct th_batch_header header;

	return th_batch_header_unpack(&header, records_out, block.bytes, &position, 4096, 0);
}

static void sample_segment(void)
{
	struct th_segment_header header = { .resource_uuid = resource,
					    .epoch = EPOCH,
					    .start_lsn = 0x5000,
					    .previous_epoch = 5,
					    .chain_before = 99,
					    .created_ns = 77,
					    .creator_uuid = node,
					    .block_bytes = 512 };

	th_segment_header_pack(&header, block.bytes);
}

static enum th_format_check unpack_segment(void)
{
	struct th_segment_header header;

	return th_segment_header_unpack(&header, block.bytes, EPOCH, 0x5000, &resource);
}

static void sample_meta(void)
{
	struct th_meta meta = {
		.generation = 7,
		.resource_uuid = resource,
		.node_uuid = node,
		.device_bytes = 1 << 20,
		.block_bytes = 4096,
		.clean = true,
		.checkpoint_lsn = 11,
		.checkpoint_chain = 12,
		.checkpoint_epoch = 13,
		.applied_limit_lsn = 14,
		.inconsistent_until_lsn = 15,
		.inconsistent_until_epoch = 17,
		.written_ns = 16,
		.epoch_count = 2,
		.peer_count = 2,
		.epochs = { { 1, 0, 21 }, { 3, 4096, 22 } },
		.peers = { { node, 31, TH_PEER_FOLLOWING, 0, 0 },
			   { resource, 32, TH_PEER_BITMAP, 33, 34 } },
	};

	th_meta_pack(&meta, block.bytes);
}

static enum th_format_check unpack_meta(void)
{
	struct th_meta meta;

	return th_meta_unpack(&meta, block.bytes, 1, &resource);
}

static void sample_bitmap(void)
{
	struct th_bitmap_header header = { resource, node, 1 << 30, 65536, 1, 2, 3 };

	th_bitmap_header_pack(&header, block.bytes);
}

static enum th_format_check unpack_bitmap(void)
{
	struct th_bitmap_header header;

	return th_bitmap_header_unpack(&header, block.bytes, &resource, &node);
}

static void sample_label(void)
{
	struct th_label label = { resource, node, 1 << 30, 77 };

	th_label_pack(&label, block.bytes);
}

static enum th_format_check unpack_label(void)
{
	struct th_label label;

	return th_label_unpack(&label, block.bytes);
}

/* ---- what is packed comes back ---- */

/* For the other blocks the golden files show the same. */
static void a_batch_comes_back_as_it_was_packed(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		struct th_record records[TH_BATCH_RECORDS_MAX] = { 0 };
		struct th_batch_header packed = { 0 }, unpacked = { 0 };
		struct th_position position;
		uint32_t end = TH_BLOCK_BYTES;

		memset(block.bytes, 0, sizeof(block.bytes));
		packed.record_count = 1 + test_random_below(&random, TH_BATCH_RECORDS_MAX);
		for (uint32_t i = 0; i < packed.record_count; i++) {
			struct th_record *record = &records[i];

			record->operation = 1 + test_random_below(&random, 3);
			record->position = test_random(&random) >> 1 & ~511ull;
			record->length = 512ull * (1 + test_random_below(&random, 16));
			if (record->operation == TH_RECORD_WRITE) {
				record->payload_crc32c = (uint32_t)test_random(&random);
				record->payload_offset = end;
				end += (uint32_t)record->length;
			}
			th_batch_record_pack(record, i, block.bytes);
		}
		packed.length = (uint32_t)th_align_up(end, TH_BLOCK_BYTES);
		packed.lsn = test_random(&random) >> 3 & ~4095ull;
		packed.epoch = test_random(&random);
		packed.time_ns = test_random(&random);
		packed.chain_before = test_random(&random);
		packed.durable_lsn = packed.lsn - test_random_below(&random, 4096);
		th_batch_header_pack(&packed, block.bytes);

		position = (struct th_position){ packed.lsn, packed.epoch, packed.chain_before,
						 packed.time_ns };
		assert_int_equal(th_batch_header_unpack(&unpacked, records_out, block.bytes,
							&position, 512, 0),
				 TH_FORMAT_OK);
		assert_memory_equal(&unpacked, &packed, sizeof(packed));
		assert_memory_equal(records_out, records, packed.record_count * sizeof(*records));
	}
}

/* ---- what is not as it was packed is refused ---- */

static void assert_every_flip_is_detected(enum th_format_check (*unpack)(void))
{
	assert_int_equal(unpack(), TH_FORMAT_OK);
	for (uint32_t bit = 0; bit < TH_BLOCK_BYTES * 8; bit++) {
		block.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (unpack() == TH_FORMAT_OK)
			fail_msg("bit %u of byte %u may be flipped", bit % 8, bit / 8);
		block.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void every_single_bit_flip_in_a_block_is_detected(void **state)
{
	(void)state;
	sample_batch();
	assert_every_flip_is_detected(unpack_batch);
	sample_segment();
	assert_every_flip_is_detected(unpack_segment);
	sample_meta();
	assert_every_flip_is_detected(unpack_meta);
	sample_bitmap();
	assert_every_flip_is_detected(unpack_bitmap);
	sample_label();
	assert_every_flip_is_detected(unpack_label);
}

/*
 * A field, and the check that a bit flipped in it fails. @or_check: some of its values are possible ones, and
 * then only this check can tell.
 */
struct field {
	const char *name;
	uint32_t from, to;
	enum th_format_check check, or_check;
};

static void assert_flips_fail(const struct field *field, enum th_format_check (*unpack)(void))
{
	bool seen = false;

	for (uint32_t bit = field->from * 8; bit < field->to * 8; bit++) {
		enum th_format_check check;

		block.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		check = unpack();
		block.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		seen |= check == field->check;
		if (check != field->check && (!field->or_check || check != field->or_check))
			fail_msg("%s, bit %u of byte %u: %s, %s expected", field->name, bit % 8,
				 bit / 8, th_format_check_name(check),
				 th_format_check_name(field->check));
	}
	assert_true(seen);
}

static void assert_fields_fail(const struct field *fields, size_t count,
			       enum th_format_check (*unpack)(void))
{
	uint32_t end = 0;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fields[i].from, end);
		assert_flips_fail(&fields[i], unpack);
		end = fields[i].to;
	}
	assert_int_equal(end, TH_BLOCK_BYTES);
}

#define TRAILER_FIELDS                                       \
	{ "chain", 4080, 4088, TH_FORMAT_CHECKSUM, 0 },      \
		{ "zero", 4088, 4092, TH_FORMAT_LENGTH, 0 }, \
	{                                                    \
		"crc32c", 4092, 4096, TH_FORMAT_CHECKSUM, 0  \
	}

static void a_flip_in_a_batch_fails_the_check_of_its_field(void **state)
{
	static const struct field fields[] = {
		{ "magic", 0, 8, TH_FORMAT_MAGIC, 0 },
		{ "version", 8, 10, TH_FORMAT_VERSION, 0 },
		{ "record_count", 10, 12, TH_FORMAT_LENGTH, TH_FORMAT_CHECKSUM },
		{ "length", 12, 16, TH_FORMAT_LENGTH, TH_FORMAT_CHECKSUM },
		{ "lsn", 16, 24, TH_FORMAT_LSN, 0 },
		{ "epoch", 24, 32, TH_FORMAT_EPOCH, 0 },
		{ "time_ns", 32, 40, TH_FORMAT_CHECKSUM, 0 },
		{ "chain_before", 40, 48, TH_FORMAT_CHECKSUM, 0 },
		{ "durable_lsn", 48, 56, TH_FORMAT_CHECKSUM, 0 },
		{ "zero", 56, 64, TH_FORMAT_LENGTH, 0 },
		{ "operation", 64, 65, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 1", 65, 66, TH_FORMAT_LENGTH, 0 },
		{ "volume to payload_offset", 66, 92, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 28", 92, 96, TH_FORMAT_LENGTH, 0 },
		{ "operation", 96, 97, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 1", 97, 98, TH_FORMAT_LENGTH, 0 },
		{ "volume to payload_offset", 98, 124, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 28", 124, 128, TH_FORMAT_LENGTH, 0 },
		{ "operation", 128, 129, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 1", 129, 130, TH_FORMAT_LENGTH, 0 },
		{ "volume to payload_offset", 130, 156, TH_FORMAT_CHECKSUM, 0 },
		{ "zero 28", 156, 160, TH_FORMAT_LENGTH, 0 },
		{ "padding", 160, 4080, TH_FORMAT_LENGTH, 0 },
		TRAILER_FIELDS,
	};

	(void)state;
	sample_batch();
	assert_fields_fail(fields, TH_ARRAY_COUNT(fields), unpack_batch);
}

static void a_flip_in_a_segment_header_fails_the_check_of_its_field(void **state)
{
	static const struct field fields[] = {
		{ "magic", 0, 8, TH_FORMAT_MAGIC, 0 },
		{ "version", 8, 12, TH_FORMAT_VERSION, 0 },
		{ "header_bytes", 12, 16, TH_FORMAT_LENGTH, 0 },
		{ "resource_uuid", 16, 32, TH_FORMAT_FOREIGN, 0 },
		{ "epoch", 32, 40, TH_FORMAT_EPOCH, 0 },
		{ "start_lsn", 40, 48, TH_FORMAT_LSN, 0 },
		{ "previous_epoch", 48, 56, TH_FORMAT_CHECKSUM, 0 },
		{ "previous_end_lsn", 56, 64, TH_FORMAT_LSN, 0 },
		{ "chain_before to block_bytes", 64, 100, TH_FORMAT_CHECKSUM, 0 },
		{ "zero", 100, 4080, TH_FORMAT_LENGTH, 0 },
		TRAILER_FIELDS,
	};

	(void)state;
	sample_segment();
	assert_fields_fail(fields, TH_ARRAY_COUNT(fields), unpack_segment);
}

static void a_flip_in_a_meta_slot_fails_the_check_of_its_field(void **state)
{
	static const struct field fields[] = {
		{ "magic", 0, 8, TH_FORMAT_MAGIC, 0 },
		{ "version", 8, 12, TH_FORMAT_VERSION, 0 },
		{ "slot_bytes", 12, 16, TH_FORMAT_LENGTH, 0 },
		{ "generation", 16, 24, TH_FORMAT_LENGTH, TH_FORMAT_CHECKSUM },
		{ "resource_uuid", 24, 40, TH_FORMAT_FOREIGN, 0 },
		{ "node_uuid to block_bytes", 40, 68, TH_FORMAT_CHECKSUM, 0 },
		{ "flags", 68, 72, TH_FORMAT_LENGTH, TH_FORMAT_CHECKSUM },
		{ "checkpoint_lsn to written_ns", 72, 120, TH_FORMAT_CHECKSUM, 0 },
		{ "epoch_count, peer_count", 120, 124, TH_FORMAT_LENGTH, TH_FORMAT_CHECKSUM },
		{ "zero", 124, 128, TH_FORMAT_LENGTH, 0 },
		{ "inconsistent_until_epoch", 128, 136, TH_FORMAT_CHECKSUM, 0 },
		{ "zero", 136, 256, TH_FORMAT_LENGTH, 0 },
		{ "epoch", 256, 280, TH_FORMAT_CHECKSUM, 0 },
		{ "epoch's zero", 280, 288, TH_FORMAT_LENGTH, 0 },
		{ "epoch", 288, 312, TH_FORMAT_CHECKSUM, 0 },
		{ "epoch's zero, unused epochs", 312, 1280, TH_FORMAT_LENGTH, 0 },
		{ "peer", 1280, 1308, TH_FORMAT_CHECKSUM, 0 },
		{ "peer's zero", 1308, 1312, TH_FORMAT_LENGTH, 0 },
		{ "peer's bitmap", 1312, 1328, TH_FORMAT_CHECKSUM, 0 },
		{ "peer's zero at the end", 1328, 1344, TH_FORMAT_LENGTH, 0 },
		{ "peer", 1344, 1372, TH_FORMAT_CHECKSUM, 0 },
		{ "peer's zero", 1372, 1376, TH_FORMAT_LENGTH, 0 },
		{ "peer's bitmap", 1376, 1392, TH_FORMAT_CHECKSUM, 0 },
		{ "peer's zero at the end, unused peers", 1392, 4080, TH_FORMAT_LENGTH, 0 },
		TRAILER_FIELDS,
	};

	(void)state;
	sample_meta();
	assert_fields_fail(fields, TH_ARRAY_COUNT(fields), unpack_meta);
}

static void a_flip_in_a_bitmap_header_fails_the_check_of_its_field(void **state)
{
	static const struct field fields[] = {
		{ "magic", 0, 8, TH_FORMAT_MAGIC, 0 },
		{ "version", 8, 12, TH_FORMAT_VERSION, 0 },
		{ "header_bytes", 12, 16, TH_FORMAT_LENGTH, 0 },
		{ "resource_uuid, peer_uuid", 16, 48, TH_FORMAT_FOREIGN, 0 },
		{ "device_bytes to bits_crc32c", 48, 84, TH_FORMAT_CHECKSUM, 0 },
		{ "zero", 84, 4080, TH_FORMAT_LENGTH, 0 },
		TRAILER_FIELDS,
	};

	(void)state;
	sample_bitmap();
	assert_fields_fail(fields, TH_ARRAY_COUNT(fields), unpack_bitmap);
}

static void a_flip_in_a_label_fails_the_check_of_its_field(void **state)
{
	static const struct field fields[] = {
		{ "magic", 0, 8, TH_FORMAT_MAGIC, 0 },
		{ "version", 8, 12, TH_FORMAT_VERSION, 0 },
		{ "label_bytes", 12, 16, TH_FORMAT_LENGTH, 0 },
		{ "uuids, device_bytes, created_ns", 16, 64, TH_FORMAT_CHECKSUM, 0 },
		{ "zero", 64, 4080, TH_FORMAT_LENGTH, 0 },
		TRAILER_FIELDS,
	};

	(void)state;
	sample_label();
	assert_fields_fail(fields, TH_ARRAY_COUNT(fields), unpack_label);
}

/* ---- order of the checks ---- */

static struct th_trailer_disk *const trailer = (void *)(block.bytes + TH_TRAILER_OFFSET);

static void sum_again(void)
{
	trailer->crc32c = th_le32_put(th_crc32c(0, block.bytes, TH_BLOCK_BYTES - 4));
}

static void of_several_things_wrong_the_first_check_gives_the_error(void **state)
{
	struct th_batch_disk *disk = (void *)block.bytes;
	struct th_batch_disk right;

	(void)state;
	sample_batch();
	right = *disk;
	disk->records[0].operation = 4;
	disk->chain_before = th_le64_put(1);
	disk->epoch = th_le64_put(EPOCH + 1);
	disk->lsn = th_le64_put(BATCH_LSN + 1);
	disk->length = th_le32_put(0);
	disk->version = th_le16_put(2);
	disk->magic[0] = 'X';
	assert_int_equal(unpack_batch(), TH_FORMAT_MAGIC);
	disk->magic[0] = 'T';
	assert_int_equal(unpack_batch(), TH_FORMAT_VERSION);
	disk->version = right.version;
	assert_int_equal(unpack_batch(), TH_FORMAT_LENGTH);
	disk->length = right.length;
	assert_int_equal(unpack_batch(), TH_FORMAT_LSN);
	disk->lsn = right.lsn;
	assert_int_equal(unpack_batch(), TH_FORMAT_EPOCH);
	disk->epoch = right.epoch;
	assert_int_equal(unpack_batch(), TH_FORMAT_CHECKSUM);
	sum_again();
	assert_int_equal(unpack_batch(), TH_FORMAT_CHAIN);
	disk->chain_before = right.chain_before;
	sum_again();
	assert_int_equal(unpack_batch(), TH_FORMAT_CHAIN);
	trailer->chain = th_le64_put(th_xxh64(99, disk, 64 + 3 * 32));
	sum_again();
	assert_int_equal(unpack_batch(), TH_FORMAT_CONTENT);
	disk->records[0].operation = TH_RECORD_WRITE;
	trailer->chain = th_le64_put(th_xxh64(99, disk, 64 + 3 * 32));
	sum_again();
	assert_int_equal(unpack_batch(), TH_FORMAT_OK);
}

static void a_foreign_segment_is_called_foreign_before_its_place_is_looked_at(void **state)
{
	struct th_segment_header header;

	(void)state;
	sample_segment();
	assert_int_equal(th_segment_header_unpack(&header, block.bytes, 1, 0, &node),
			 TH_FORMAT_FOREIGN);
	assert_int_equal(th_segment_header_unpack(&header, block.bytes, 1, 0, &resource),
			 TH_FORMAT_LSN);
	assert_int_equal(th_segment_header_unpack(&header, block.bytes, 1, 0x5000, &resource),
			 TH_FORMAT_EPOCH);
}

/* ---- batches in their place ---- */

static void a_record_beyond_the_device_is_refused(void **state)
{
	static const struct th_position position = { BATCH_LSN, EPOCH, 99, 77 };
	const uint64_t end = (1ull << 30) + 8192; /* of the last record of the sample */
	struct th_batch_header header;

	(void)state;
	sample_batch();
	assert_int_equal(th_batch_header_unpack(&header, records_out, block.bytes, &position, 4096,
						end),
			 TH_FORMAT_OK);
	assert_int_equal(th_batch_header_unpack(&header, records_out, block.bytes, &position, 4096,
						end - 4096),
			 TH_FORMAT_CONTENT);
	assert_int_equal(th_batch_header_unpack(&header, records_out, block.bytes, &position, 4096,
						1 << 30),
			 TH_FORMAT_CONTENT);
}

static void a_batch_is_plausible_at_its_place_whatever_came_before(void **state)
{
	struct th_batch_header header;

	(void)state;
	sample_batch();
	assert_true(th_batch_header_plausible(&header, block.bytes, BATCH_LSN, EPOCH));
	assert_int_equal(header.durable_lsn, BATCH_LSN - TH_BLOCK_BYTES);
	assert_false(th_batch_header_plausible(&header, block.bytes, BATCH_LSN + 4096, EPOCH));
	assert_false(th_batch_header_plausible(&header, block.bytes, BATCH_LSN, EPOCH + 1));
	block.bytes[4000] = 1;
	sum_again();
	assert_false(th_batch_header_plausible(&header, block.bytes, BATCH_LSN, EPOCH));
	sample_segment();
	assert_false(th_batch_header_plausible(&header, block.bytes, 0x5000, EPOCH));
}

static void a_generation_counts_only_in_its_own_slot(void **state)
{
	struct th_meta meta;

	(void)state;
	sample_meta();
	assert_int_equal(th_meta_unpack(&meta, block.bytes, 0, NULL), TH_FORMAT_LENGTH);
	assert_int_equal(th_meta_slot_offset(7), 4096);
	assert_int_equal(th_meta_slot_offset(8), 0);
}

/* ---- names and places ---- */

static void segment_names_sort_in_log_order_and_parse_back(void **state)
{
	char name[TH_SEGMENT_NAME_BYTES];
	uint64_t epoch, start_lsn;

	(void)state;
	th_segment_name(name, 0x12, 0xfedcba9876543000);
	assert_string_equal(name, "0000000000000012-fedcba9876543000.log");
	assert_true(th_segment_name_parse(name, &epoch, &start_lsn));
	assert_int_equal(epoch, 0x12);
	assert_int_equal(start_lsn, 0xfedcba9876543000);
}

static void a_name_that_is_not_exactly_a_segments_is_not_ours(void **state)
{
	static const char *const names[] = {
		"",
		"meta",
		"0000000000000012",
		"0000000000000012-",
		"0000000000000012-fedcba9876543000",
		"0000000000000012-fedcba9876543000.lo",
		"0000000000000012-fedcba9876543000.logs",
		"0000000000000012-fedcba9876543000.log.gz",
		"0000000000000012-FEDCBA9876543000.log",
		"0000000000000012_fedcba9876543000.log",
		"000000000000001g-fedcba9876543000.log",
		"00000000000012-fedcba9876543000.log",
		" 000000000000012-fedcba9876543000.log",
	};
	uint64_t epoch, start_lsn;

	(void)state;
	for (size_t i = 0; i < TH_ARRAY_COUNT(names); i++) {
		/* On the heap, so that a look behind the end is seen. */
		char *name = strdup(names[i]);

		if (th_segment_name_parse(name, &epoch, &start_lsn))
			fail_msg("%s is taken for a segment", name);
		free(name);
	}
}

static void a_bitmap_is_named_after_its_peer(void **state)
{
	const struct th_uuid peer = { { 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78, 0x87, 0x96,
					0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0 } };
	char name[TH_BITMAP_NAME_BYTES];

	(void)state;
	th_bitmap_name(name, &peer);
	assert_string_equal(name, "0f1e2d3c4b5a69788796a5b4c3d2e1f0.bitmap");
}

static void a_bitmap_has_a_bit_for_each_region_that_has_a_byte(void **state)
{
	(void)state;
	assert_int_equal(th_bitmap_bits_bytes(0, 4096), 0);
	assert_int_equal(th_bitmap_bits_bytes(1, 4096), 4096);
	assert_int_equal(th_bitmap_bits_bytes(32768ull * 4096, 4096), 4096);
	assert_int_equal(th_bitmap_bits_bytes(32768ull * 4096 + 512, 4096), 8192);
	assert_int_equal(th_bitmap_bits_bytes(UINT64_MAX, 1 << 20), (1ull << 44) / 8);
}

static void a_label_stands_in_the_last_whole_block_behind_the_device(void **state)
{
	const uint64_t device = 1 << 20;

	(void)state;
	assert_int_equal(th_label_offset(device, device), 0);
	assert_int_equal(th_label_offset(device + 4095, device), 0);
	assert_int_equal(th_label_offset(device + 4096, device), device);
	assert_int_equal(th_label_offset(device + 8191, device), device);
	assert_int_equal(th_label_offset(device + 8192, device), device + 4096);
	assert_int_equal(th_label_offset(device + 512 + 4096, device + 512), 0);
	assert_int_equal(th_label_offset(device + 8192, device + 512), device + 4096);
	assert_int_equal(th_label_offset(512, 0), 0);
}

/* ---- misuse ---- */

static void pack_126th_record(void *context)
{
	th_batch_record_pack(context, TH_BATCH_RECORDS_MAX, block.bytes);
}

static void a_record_more_than_fits_stops_the_host(void **state)
{
	struct th_record record = { .operation = TH_RECORD_DISCARD };

	(void)state;
	assert_true(test_aborts(pack_126th_record, &record));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_comes_back_as_it_was_packed),
		cmocka_unit_test(every_single_bit_flip_in_a_block_is_detected),
		cmocka_unit_test(a_flip_in_a_batch_fails_the_check_of_its_field),
		cmocka_unit_test(a_flip_in_a_segment_header_fails_the_check_of_its_field),
		cmocka_unit_test(a_flip_in_a_meta_slot_fails_the_check_of_its_field),
		cmocka_unit_test(a_flip_in_a_bitmap_header_fails_the_check_of_its_field),
		cmocka_unit_test(a_flip_in_a_label_fails_the_check_of_its_field),
		cmocka_unit_test(of_several_things_wrong_the_first_check_gives_the_error),
		cmocka_unit_test(a_foreign_segment_is_called_foreign_before_its_place_is_looked_at),
		cmocka_unit_test(a_record_beyond_the_device_is_refused),
		cmocka_unit_test(a_batch_is_plausible_at_its_place_whatever_came_before),
		cmocka_unit_test(a_generation_counts_only_in_its_own_slot),
		cmocka_unit_test(segment_names_sort_in_log_order_and_parse_back),
		cmocka_unit_test(a_name_that_is_not_exactly_a_segments_is_not_ours),
		cmocka_unit_test(a_bitmap_is_named_after_its_peer),
		cmocka_unit_test(a_bitmap_has_a_bit_for_each_region_that_has_a_byte),
		cmocka_unit_test(a_label_stands_in_the_last_whole_block_behind_the_device),
		cmocka_unit_test(a_record_more_than_fits_stops_the_host),
	};

	seed = seed_given(argc, argv);
	return cmocka_run_group_tests_name("log format", tests, NULL, NULL);
}
