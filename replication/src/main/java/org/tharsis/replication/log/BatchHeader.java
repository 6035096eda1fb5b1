// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The header block of a batch: one append to the log, and the records in it.
 *
 * <pre>
 *     0  magic THARBAT1    8        32  time_ns              8
 *     8  version           2        40  chain_before         8
 *    10  record_count      2        48  durable_lsn          8
 *    12  length            4        56  zero                 8
 *    16  lsn               8        64  descriptors         32 each
 *    24  epoch             8      4080  trailer             16  chain over bytes 0 to the last descriptor
 * </pre>
 *
 * @param lsn of the batch's first byte, unsigned
 * @param epoch of the segment
 * @param length of the whole batch in bytes, header block included; a multiple of 4096
 * @param timeNs wall clock in nanoseconds since 1970 when the batch was closed; never less than in the one before
 * @param chainBefore chain value of everything before
 * @param durableLsn the log was on stable storage up to here when the batch was closed
 * @param records in the order in which they apply
 * @param chain chain value after this batch
 */
public record BatchHeader(
        long lsn,
        long epoch,
        int length,
        long timeNs,
        long chainBefore,
        long durableLsn,
        List<RecordDescriptor> records,
        long chain) {
    private static final String MAGIC = "THARBAT1";
    private static final int DESCRIPTORS_OFFSET = 64;

    public BatchHeader {
        records = List.copyOf(records);
    }

    /**
     * Verifies the block at the buffer's position, which is not changed. The payloads are not looked at.
     *
     * @param expected where the reader stands
     * @param previousTimeNs time of the batch before; 0 when it is not known
     * @param blockBytes of the segment
     */
    public static BatchHeader unpack(ByteBuffer bytes, LogPosition expected, long previousTimeNs, int blockBytes)
            throws LogFormatException {
        HeaderBlock block = blockAt(bytes, expected.lsn());
        checkInPlace(block, expected.lsn(), expected.epoch());
        int recordCount = block.u16(10);
        int length = (int) block.u32(12);
        long chain = checkedChain(block, expected.chain(), recordCount);
        checkHistory(block, previousTimeNs);
        return new BatchHeader(
                block.u64(16),
                block.u64(24),
                length,
                block.u64(32),
                block.u64(40),
                block.u64(48),
                unpackRecords(block, recordCount, length, blockBytes),
                chain);
    }

    /**
     * What the block at the buffer's position proves about the log, whatever came before it: was it once written here, as a
     * batch of this epoch? Then it says up to which LSN the log was durable by that time.
     */
    static OptionalLong provenDurableLsn(ByteBuffer bytes, long lsn, long epoch) {
        HeaderBlock block = blockAt(bytes, lsn);
        try {
            checkInPlace(block, lsn, epoch);
        } catch (LogFormatException nothingProven) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(block.u64(48));
    }

    /** Writes the header block of a batch at the start of the buffer; the payloads stand behind it. */
    static void pack(
            ByteBuffer buffer,
            LogPosition before,
            int length,
            long timeNs,
            long durableLsn,
            List<RecordDescriptor> records) {
        HeaderBlockBuilder block = new HeaderBlockBuilder(buffer, MAGIC)
                .u16(8, LogFormat.VERSION)
                .u16(10, records.size())
                .u32(12, length)
                .u64(16, before.lsn())
                .u64(24, before.epoch())
                .u64(32, timeNs)
                .u64(40, before.chain())
                .u64(48, durableLsn);
        for (int i = 0; i < records.size(); i++) {
            records.get(i).pack(block, descriptorOffset(i));
        }
        block.seal(before.chain(), descriptorOffset(records.size()));
    }

    /** Where the next batch begins. */
    public LogPosition end() {
        return new LogPosition(lsn + length, epoch, chain);
    }

    /** Bytes from the start of the batch to the end of its last payload; behind it are zeroes. */
    int usedBytes() {
        return usedBytes(records);
    }

    private static int usedBytes(List<RecordDescriptor> records) {
        return LogFormat.HEADER_BYTES
                + records.stream().mapToInt(RecordDescriptor::payloadBytes).sum();
    }

    private static HeaderBlock blockAt(ByteBuffer bytes, long lsn) {
        return new HeaderBlock(bytes, "batch at LSN " + LogFormat.hex(lsn));
    }

    /** All checks that need nothing but the place where the block was found. */
    private static void checkInPlace(HeaderBlock block, long lsn, long epoch) throws LogFormatException {
        block.checkMagic(MAGIC);
        block.checkVersion(block.u16(8));
        checkLength(block);
        checkPlace(block, lsn, epoch);
        block.checkChecksum();
    }

    private static void checkLength(HeaderBlock block) throws LogFormatException {
        int recordCount = block.u16(10);
        if (recordCount < 1 || recordCount > LogFormat.BATCH_RECORDS_MAX) {
            throw new LogFormatException.BadLength(block.where(), recordCount + " records, 1 to 125 expected");
        }
        long length = block.u32(12);
        if (length < LogFormat.HEADER_BYTES
                || length > LogFormat.BATCH_BYTES_MAX
                || length % LogFormat.HEADER_BYTES != 0) {
            throw new LogFormatException.BadLength(
                    block.where(),
                    "length " + length + ", a multiple of 4096 up to " + LogFormat.BATCH_BYTES_MAX + " expected");
        }
        checkZeroes(block, recordCount);
    }

    private static void checkZeroes(HeaderBlock block, int recordCount) throws LogFormatException {
        block.checkZero(56, DESCRIPTORS_OFFSET);
        for (int i = 0; i < recordCount; i++) {
            int descriptor = descriptorOffset(i);
            block.checkZero(descriptor + 1, descriptor + 2);
            block.checkZero(descriptor + 28, descriptor + 32);
        }
        block.checkZeroToTrailer(descriptorOffset(recordCount));
    }

    private static void checkPlace(HeaderBlock block, long lsn, long epoch) throws LogFormatException {
        if (block.u64(16) != lsn) {
            throw new LogFormatException.BadLsn(
                    block.where(), "it says that its LSN is " + LogFormat.hex(block.u64(16)));
        }
        if (LogFormat.endsAboveLimit(lsn, block.u32(12))) {
            throw new LogFormatException.BadLsn(block.where(), "it ends beyond the highest LSN, 2^62");
        }
        if (block.u64(24) != epoch) {
            throw new LogFormatException.BadEpoch(
                    block.where(),
                    "epoch " + Long.toUnsignedString(block.u64(24)) + ", " + Long.toUnsignedString(epoch)
                            + " expected");
        }
    }

    private static long checkedChain(HeaderBlock block, long before, int recordCount) throws LogFormatException {
        if (block.u64(40) != before) {
            throw new LogFormatException.BadChain(
                    block.where(),
                    "it continues chain " + LogFormat.hex(block.u64(40)) + ", before it stands "
                            + LogFormat.hex(before));
        }
        return block.checkChain(before, descriptorOffset(recordCount));
    }

    private static void checkHistory(HeaderBlock block, long previousTimeNs) throws LogFormatException {
        if (Long.compareUnsigned(block.u64(48), block.u64(16)) > 0) {
            throw new LogFormatException.BadContent(
                    block.where(), "it says that the log was durable beyond it, to " + LogFormat.hex(block.u64(48)));
        }
        if (Long.compareUnsigned(block.u64(32), previousTimeNs) < 0) {
            throw new LogFormatException.BadContent(block.where(), "it is older than the batch before it");
        }
    }

    private static List<RecordDescriptor> unpackRecords(HeaderBlock block, int recordCount, int length, int blockBytes)
            throws LogFormatException {
        List<RecordDescriptor> records = new ArrayList<>(recordCount);
        int payloadOffset = LogFormat.HEADER_BYTES;
        for (int i = 0; i < recordCount; i++) {
            RecordDescriptor record = RecordDescriptor.unpack(block, descriptorOffset(i), payloadOffset, blockBytes);
            payloadOffset += record.payloadBytes();
            records.add(record);
        }
        if (LogFormat.alignUp(payloadOffset) != length) {
            throw new LogFormatException.BadContent(
                    block.where(), "length " + length + ", but its payloads end at " + payloadOffset);
        }
        return records;
    }

    private static int descriptorOffset(int index) {
        return DESCRIPTORS_OFFSET + index * LogFormat.DESCRIPTOR_BYTES;
    }
}
