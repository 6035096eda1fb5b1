// SPDX-License-Identifier: GPL-2.0
/*
 * Reads each case of docs/golden/ and says what it finds, in the words of the case's `expect` file; the two texts must be
 * the same. The reader here follows docs/log-format.md as simply as it can: whole files in memory. And each block
 * that is taken, packed again, must give the same bytes.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_format.h"
#include "testing.h"

#define PATH_BYTES   4096
#define CASES_MAX    512
#define SEGMENTS_MAX 16

struct file {
	uint8_t *data;
	size_t bytes;
};

static const char *golden_root;

/* Aligned for the unpack functions, with room for one header block even when the file is shorter. */
static struct file file_read(const char *folder, const char *name)
{
	struct file file;
	char path[PATH_BYTES];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s/%s", golden_root, folder, name);
	stream = fopen(path, "rb");
	if (!stream)
		fail_msg("%s cannot be opened", path);
	fseek(stream, 0, SEEK_END);
	file.bytes = (size_t)ftell(stream);
	rewind(stream);
	file.data = calloc(1, TH_MAX(file.bytes + 1, (size_t)TH_BLOCK_BYTES));
	assert_non_null(file.data);
	assert_int_equal(fread(file.data, 1, file.bytes, stream), file.bytes);
	fclose(stream);
	return file;
}

/* ---- words ---- */

static void print_uuid(FILE *out, const char *name, const struct th_uuid *uuid)
{
	fprintf(out, " %s=", name);
	for (uint32_t i = 0; i < TH_UUID_BYTES; i++)
		fprintf(out, "%02x", uuid->bytes[i]);
}

static void print_number(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, " %s=%llu", name, (unsigned long long)value);
}

static void print_chain(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, " %s=%016llx", name, (unsigned long long)value);
}

static void print_check(FILE *out, enum th_format_check check)
{
	fprintf(out, " check=%s", th_format_check_name(check));
}

static void uuid_parse(struct th_uuid *uuid, const char *digits)
{
	for (uint32_t i = 0; i < TH_UUID_BYTES; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(digits + 2 * i, "%2x", &byte), 1);
		uuid->bytes[i] = (uint8_t)byte;
	}
}

/* What a reader is told from outside: "<word> uuid=<digits>" in @expect; repeated in @out. */
static struct th_uuid given_uuid(FILE *out, const char *expect, const char *word)
{
	struct th_uuid uuid;
	char line[64];
	const char *found;

	snprintf(line, sizeof(line), "\n%s uuid=", word);
	found = strstr(expect, line);
	assert_non_null(found);
	uuid_parse(&uuid, found + strlen(line));
	fprintf(out, "%s", word);
	print_uuid(out, "uuid", &uuid);
	fprintf(out, "\n");
	return uuid;
}

/* ---- packing: what was unpacked from a block makes the same block again ---- */

struct block {
	_Alignas(8) uint8_t bytes[TH_BLOCK_BYTES];
};

static void assert_segment_packs_to(const uint8_t *data, struct th_segment_header header)
{
	struct block block;

	th_segment_header_pack(&header, block.bytes);
	assert_memory_equal(block.bytes, data, TH_BLOCK_BYTES);
}

static void assert_batch_packs_to(const uint8_t *data, struct th_batch_header header,
				  const struct th_record *records)
{
	struct block block = { 0 };
	uint64_t chain = header.chain;

	for (uint32_t i = 0; i < header.record_count; i++)
		th_batch_record_pack(&records[i], i, block.bytes);
	header.chain = 0;
	th_batch_header_pack(&header, block.bytes);
	assert_memory_equal(block.bytes, data, TH_BLOCK_BYTES);
	assert_int_equal(header.chain, chain);
}

static void assert_meta_packs_to(const uint8_t *data, const struct th_meta *meta)
{
	struct block block;

	th_meta_pack(meta, block.bytes);
	assert_memory_equal(block.bytes, data, TH_BLOCK_BYTES);
}

static void assert_bitmap_packs_to(const uint8_t *data, const struct th_bitmap_header *header)
{
	struct block block;

	th_bitmap_header_pack(header, block.bytes);
	assert_memory_equal(block.bytes, data, TH_BLOCK_BYTES);
}

static void assert_label_packs_to(const uint8_t *data, const struct th_label *label)
{
	struct block block;

	th_label_pack(label, block.bytes);
	assert_memory_equal(block.bytes, data, TH_BLOCK_BYTES);
}

/* ---- log ---- */

struct segment_name {
	char text[TH_SEGMENT_NAME_BYTES];
	uint64_t epoch;
	uint64_t start_lsn;
};

struct log_reader {
	FILE *out;
	const char *folder;
	struct th_uuid resource_uuid;
	struct segment_name names[SEGMENTS_MAX];
	uint32_t name_count;

	const struct segment_name *name; /* of the segment being read */
	struct file file;
	struct th_segment_header segment;
	struct th_position position;
	enum th_format_check stop;
	const char *stop_part;
};

static void list_segments(struct log_reader *reader)
{
	char path[PATH_BYTES];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/%s", golden_root, reader->folder);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		struct segment_name *name = &reader->names[reader->name_count];

		assert_true(reader->name_count < SEGMENTS_MAX);
		if (th_segment_name_parse(entry->d_name, &name->epoch, &name->start_lsn)) {
			th_segment_name(name->text, name->epoch, name->start_lsn);
			reader->name_count++;
		}
	}
	closedir(directory);
}

/* The newest epoch of the segments that start at @start_lsn and are older than @below_epoch; NULL: none. */
static const struct segment_name *find_segment(const struct log_reader *reader, uint64_t start_lsn,
					       uint64_t below_epoch)
{
	const struct segment_name *found = NULL;

	for (uint32_t i = 0; i < reader->name_count; i++) {
		const struct segment_name *name = &reader->names[i];

		if (name->start_lsn == start_lsn && name->epoch < below_epoch &&
		    (!found || name->epoch > found->epoch))
			found = name;
	}
	return found;
}

static uint64_t lowest_start(const struct log_reader *reader)
{
	uint64_t lowest = UINT64_MAX;

	assert_true(reader->name_count > 0);
	for (uint32_t i = 0; i < reader->name_count; i++)
		lowest = TH_MIN(lowest, reader->names[i].start_lsn);
	return lowest;
}

static enum th_format_check open_segment(struct log_reader *reader, const struct segment_name *name)
{
	free(reader->file.data);
	reader->name = name;
	reader->file = file_read(reader->folder, name->text);
	assert_true(reader->file.bytes >= TH_BLOCK_BYTES);
	return th_segment_header_unpack(&reader->segment, reader->file.data, name->epoch,
					name->start_lsn, &reader->resource_uuid);
}

static void print_segment(struct log_reader *reader, enum th_format_check check)
{
	const struct th_segment_header *header = &reader->segment;

	fprintf(reader->out, "segment file=%s", reader->name->text);
	print_check(reader->out, check);
	if (check == TH_FORMAT_OK) {
		print_number(reader->out, "epoch", header->epoch);
		print_number(reader->out, "start_lsn", header->start_lsn);
		print_number(reader->out, "previous_epoch", header->previous_epoch);
		print_chain(reader->out, "chain_before", header->chain_before);
		print_number(reader->out, "created_ns", header->created_ns);
		print_uuid(reader->out, "creator", &header->creator_uuid);
		print_number(reader->out, "block_bytes", header->block_bytes);
		print_chain(reader->out, "chain", header->chain);
	}
	fprintf(reader->out, "\n");
}

static void print_batch(struct log_reader *reader, const struct th_batch_header *header,
			const struct th_record *records)
{
	static const char *const operations[] = { "", "write", "write-zeroes", "discard" };

	fprintf(reader->out, "batch");
	print_number(reader->out, "lsn", header->lsn);
	print_number(reader->out, "length", header->length);
	print_number(reader->out, "time_ns", header->time_ns);
	print_number(reader->out, "durable_lsn", header->durable_lsn);
	print_number(reader->out, "records", header->record_count);
	print_chain(reader->out, "chain", header->chain);
	fprintf(reader->out, "\n");
	for (uint32_t i = 0; i < header->record_count; i++) {
		fprintf(reader->out, "record operation=%s", operations[records[i].operation]);
		print_number(reader->out, "position", records[i].position);
		print_number(reader->out, "length", records[i].length);
		print_number(reader->out, "payload_offset", records[i].payload_offset);
		fprintf(reader->out, " payload_crc32c=%08x\n", records[i].payload_crc32c);
	}
}

/* Checks the payloads of the batch at @data; NULL when they verify, else the part that does not. */
static const char *check_payloads(const uint8_t *data, const struct th_batch_header *header,
				  const struct th_record *records, enum th_format_check *check)
{
	*check = TH_FORMAT_CHECKSUM;
	for (uint32_t i = 0; i < header->record_count; i++) {
		if (records[i].operation == TH_RECORD_WRITE &&
		    th_crc32c(0, data + records[i].payload_offset, records[i].length) !=
			    records[i].payload_crc32c)
			return "payload";
	}
	*check = TH_FORMAT_LENGTH;
	for (uint32_t i = th_batch_payload_end(header, records); i < header->length; i++) {
		if (data[i] != 0)
			return "padding";
	}
	*check = TH_FORMAT_OK;
	return NULL;
}

/* Takes one batch; false at the end of what verifies, with the reason in the reader. */
static bool read_batch(struct log_reader *reader)
{
	uint64_t offset = reader->position.lsn - reader->segment.start_lsn;
	uint64_t left = reader->file.bytes - offset;
	const uint8_t *data = reader->file.data + offset;
	struct th_record records[TH_BATCH_RECORDS_MAX];
	struct th_batch_header header;

	reader->stop = TH_FORMAT_OK;
	reader->stop_part = "file";
	if (left < TH_BLOCK_BYTES)
		return false;
	reader->stop_part = "header";
	reader->stop = th_batch_header_unpack(&header, records, data, &reader->position,
					      reader->segment.block_bytes, 0);
	if (reader->stop != TH_FORMAT_OK)
		return false;
	if (left < header.length) {
		reader->stop = TH_FORMAT_LENGTH;
		reader->stop_part = "file";
		return false;
	}
	reader->stop_part = check_payloads(data, &header, records, &reader->stop);
	if (reader->stop_part)
		return false;
	print_batch(reader, &header, records);
	assert_batch_packs_to(data, header, records);
	reader->position.lsn += header.length;
	reader->position.chain = header.chain;
	reader->position.time_ns = header.time_ns;
	return true;
}

static void enter_segment(struct log_reader *reader)
{
	print_segment(reader, TH_FORMAT_OK);
	assert_segment_packs_to(reader->file.data, reader->segment);
	reader->position.lsn = reader->segment.start_lsn + TH_BLOCK_BYTES;
	reader->position.epoch = reader->segment.epoch;
	reader->position.chain = reader->segment.chain;
}

/* Goes on with the segment that continues the end of this one; false, with this one still open, when there is none. */
static bool follow(struct log_reader *reader)
{
	const struct segment_name *here = reader->name;
	const struct segment_name *name = find_segment(reader, reader->position.lsn, UINT64_MAX);

	for (; name; name = find_segment(reader, reader->position.lsn, name->epoch)) {
		if (open_segment(reader, name) == TH_FORMAT_OK &&
		    reader->segment.previous_epoch == reader->position.epoch &&
		    reader->segment.chain_before == reader->position.chain)
			return true;
	}
	assert_int_equal(open_segment(reader, here), TH_FORMAT_OK);
	return false;
}

static void print_verdict(struct log_reader *reader)
{
	uint64_t start = reader->segment.start_lsn;
	uint64_t offset = reader->position.lsn - start + TH_BLOCK_BYTES;
	struct th_batch_header header;

	for (; offset + TH_BLOCK_BYTES <= reader->file.bytes; offset += TH_BLOCK_BYTES) {
		if (th_batch_header_plausible(&header, reader->file.data + offset, start + offset,
					      reader->segment.epoch) &&
		    header.durable_lsn > reader->position.lsn) {
			fprintf(reader->out, "verdict damaged proof_offset=%llu\n",
				(unsigned long long)offset);
			return;
		}
	}
	fprintf(reader->out, "verdict end\n");
}

static void print_end(struct log_reader *reader)
{
	fprintf(reader->out, "end");
	print_number(reader->out, "lsn", reader->position.lsn);
	print_number(reader->out, "epoch", reader->position.epoch);
	print_chain(reader->out, "chain", reader->position.chain);
	print_number(reader->out, "time_ns", reader->position.time_ns);
	fprintf(reader->out, "\nstop file=%s", reader->name->text);
	print_number(reader->out, "offset", reader->position.lsn - reader->segment.start_lsn);
	print_check(reader->out, reader->stop);
	fprintf(reader->out, " part=%s\n", reader->stop_part);
	print_verdict(reader);
}

static void report_log(FILE *out, const char *folder, const char *expect)
{
	struct log_reader reader = { .out = out, .folder = folder };
	const struct segment_name *first;
	enum th_format_check check;

	reader.resource_uuid = given_uuid(out, expect, "resource");
	list_segments(&reader);
	first = find_segment(&reader, lowest_start(&reader), UINT64_MAX);
	check = open_segment(&reader, first);
	if (check != TH_FORMAT_OK) {
		print_segment(&reader, check);
	} else {
		do {
			enter_segment(&reader);
			while (read_batch(&reader))
				;
		} while (follow(&reader));
		print_end(&reader);
	}
	free(reader.file.data);
}

/* ---- meta file ---- */

static void print_meta(FILE *out, const struct th_meta *meta)
{
	fprintf(out, "meta");
	print_number(out, "generation", meta->generation);
	print_uuid(out, "node", &meta->node_uuid);
	print_number(out, "device_bytes", meta->device_bytes);
	print_number(out, "block_bytes", meta->block_bytes);
	print_number(out, "clean", meta->clean);
	print_number(out, "checkpoint_lsn", meta->checkpoint_lsn);
	print_chain(out, "checkpoint_chain", meta->checkpoint_chain);
	print_number(out, "checkpoint_epoch", meta->checkpoint_epoch);
	print_number(out, "applied_limit_lsn", meta->applied_limit_lsn);
	print_number(out, "inconsistent_until_lsn", meta->inconsistent_until_lsn);
	print_number(out, "inconsistent_until_epoch", meta->inconsistent_until_epoch);
	print_number(out, "written_ns", meta->written_ns);
	fprintf(out, "\n");
	for (uint32_t i = 0; i < meta->epoch_count; i++) {
		fprintf(out, "epoch");
		print_number(out, "epoch", meta->epochs[i].epoch);
		print_number(out, "start_lsn", meta->epochs[i].start_lsn);
		print_chain(out, "chain", meta->epochs[i].chain);
		fprintf(out, "\n");
	}
	for (uint32_t i = 0; i < meta->peer_count; i++) {
		fprintf(out, "peer");
		print_uuid(out, "uuid", &meta->peers[i].peer_uuid);
		print_number(out, "durable_lsn", meta->peers[i].durable_lsn);
		print_number(out, "state", meta->peers[i].state);
		print_number(out, "bitmap_from_lsn", meta->peers[i].bitmap_from_lsn);
		print_number(out, "bitmap_to_lsn", meta->peers[i].bitmap_to_lsn);
		fprintf(out, "\n");
	}
}

static void report_meta(FILE *out, const char *folder, const char *expect)
{
	struct th_uuid resource_uuid = given_uuid(out, expect, "resource");
	struct file file = file_read(folder, "meta");
	struct th_meta slots[2];
	uint64_t best = 0;

	assert_int_equal(file.bytes, TH_META_FILE_BYTES);
	for (uint32_t slot = 0; slot < 2; slot++) {
		enum th_format_check check = th_meta_unpack(
			&slots[slot], file.data + slot * TH_BLOCK_BYTES, slot, &resource_uuid);

		fprintf(out, "slot number=%u", slot);
		print_check(out, check);
		fprintf(out, "\n");
		if (check == TH_FORMAT_OK) {
			best = TH_MAX(best, slots[slot].generation);
			assert_meta_packs_to(file.data + slot * TH_BLOCK_BYTES, &slots[slot]);
		}
	}
	if (best == 0) {
		fprintf(out, "valid slot=none\n");
	} else {
		uint64_t slot = th_meta_slot_offset(best) / TH_BLOCK_BYTES;

		fprintf(out, "valid slot=%u\n", (uint32_t)slot);
		print_meta(out, &slots[slot]);
	}
	free(file.data);
}

/* ---- bitmap ---- */

static bool bit_is_set(const uint8_t *bits, uint64_t bit)
{
	return bits[bit / 8] >> bit % 8 & 1;
}

static void print_regions(FILE *out, const uint8_t *bits, uint64_t count)
{
	uint64_t first, end;

	for (first = 0; first < count; first = end) {
		end = first + 1;
		if (!bit_is_set(bits, first))
			continue;
		while (end < count && bit_is_set(bits, end))
			end++;
		fprintf(out, "region");
		print_number(out, "first", first);
		print_number(out, "count", end - first);
		fprintf(out, "\n");
	}
}

static void report_bits(FILE *out, const struct file *file, const struct th_bitmap_header *header)
{
	uint64_t bytes = th_bitmap_bits_bytes(header->device_bytes, header->region_bytes);
	const uint8_t *bits = file->data + TH_BLOCK_BYTES;
	enum th_format_check check = TH_FORMAT_OK;

	if (file->bytes != TH_BLOCK_BYTES + bytes)
		check = TH_FORMAT_LENGTH;
	else if (th_crc32c(0, bits, bytes) != header->bits_crc32c)
		check = TH_FORMAT_CHECKSUM;
	fprintf(out, "bits");
	print_check(out, check);
	print_number(out, "bytes", bytes);
	fprintf(out, "\n");
	if (check == TH_FORMAT_OK)
		print_regions(out, bits, bytes * 8);
}

static void report_bitmap(FILE *out, const char *folder, const char *expect)
{
	struct th_uuid resource_uuid = given_uuid(out, expect, "resource");
	struct th_uuid peer_uuid = given_uuid(out, expect, "peer");
	struct th_bitmap_header header;
	char name[TH_BITMAP_NAME_BYTES];
	enum th_format_check check;
	struct file file;

	th_bitmap_name(name, &peer_uuid);
	file = file_read(folder, name);
	check = th_bitmap_header_unpack(&header, file.data, &resource_uuid, &peer_uuid);
	fprintf(out, "header");
	print_check(out, check);
	if (check == TH_FORMAT_OK) {
		print_number(out, "device_bytes", header.device_bytes);
		print_number(out, "region_bytes", header.region_bytes);
		print_number(out, "from_lsn", header.from_lsn);
		print_number(out, "to_lsn", header.to_lsn);
		fprintf(out, " bits_crc32c=%08x", header.bits_crc32c);
	}
	fprintf(out, "\n");
	if (check == TH_FORMAT_OK) {
		assert_bitmap_packs_to(file.data, &header);
		report_bits(out, &file, &header);
	}
	free(file.data);
}

/* ---- label ---- */

static void report_label(FILE *out, const char *folder, const char *expect)
{
	struct file file = file_read(folder, "label");
	struct th_label label;
	enum th_format_check check;

	(void)expect;
	assert_int_equal(file.bytes, TH_BLOCK_BYTES);
	check = th_label_unpack(&label, file.data);
	fprintf(out, "label");
	print_check(out, check);
	if (check == TH_FORMAT_OK) {
		print_uuid(out, "resource", &label.resource_uuid);
		print_uuid(out, "node", &label.node_uuid);
		print_number(out, "device_bytes", label.device_bytes);
		print_number(out, "created_ns", label.created_ns);
		assert_label_packs_to(file.data, &label);
	}
	fprintf(out, "\n");
	free(file.data);
}

/* ---- cases ---- */

struct kind {
	const char *name;
	void (*report)(FILE *out, const char *folder, const char *expect);
};

static const struct kind kinds[] = {
	{ "log", report_log },
	{ "meta", report_meta },
	{ "bitmap", report_bitmap },
	{ "label", report_label },
};

static const struct kind *find_kind(const char *expect)
{
	char word[16];

	assert_int_equal(sscanf(expect, "kind %15s", word), 1);
	for (size_t i = 0; i < TH_ARRAY_COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, word) == 0)
			return &kinds[i];
	}
	fail_msg("kind %s is unknown", word);
	return NULL;
}

/* One golden case, named as its folder: a reader says what its `expect` says. */
static void a_reader_says_what_is_expected(void **state)
{
	const char *folder = *state;
	struct file expect = file_read(folder, "expect");
	const struct kind *kind = find_kind((const char *)expect.data);
	char *said = NULL;
	size_t said_bytes;
	FILE *out = open_memstream(&said, &said_bytes);

	assert_non_null(out);
	fprintf(out, "kind %s\n", kind->name);
	kind->report(out, folder, (const char *)expect.data);
	fclose(out);
	assert_string_equal(said, (const char *)expect.data);
	free(said);
	free(expect.data);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[CASES_MAX];
	struct dirent **cases;
	int count, failed;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY (docs/golden)\n", argv[0]);
		return 2;
	}
	golden_root = argv[1];
	count = scandir(golden_root, &cases, is_case, compare_names);
	if (count <= 0 || count > CASES_MAX) {
		fprintf(stderr, "%s: %d cases, 1 to %d expected\n", golden_root, count, CASES_MAX);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		tests[i].name = cases[i]->d_name;
		tests[i].test_func = a_reader_says_what_is_expected;
		tests[i].initial_state = cases[i]->d_name;
	}
	failed = _cmocka_run_group_tests("golden", tests, (size_t)count, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(cases[i]);
	free(cases);
	return failed;
}
