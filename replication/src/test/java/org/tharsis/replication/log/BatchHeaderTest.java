// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.RecordDescriptor.Operation;

class BatchHeaderTest {
    private static final LogPosition AT = new LogPosition(0x9000, 4, 0xfedcba9876543210L);
    private static final long TIME_NS = 1_700_000_000_000_000_000L;

    // Where the descriptors of the batch below stand: a write, a discard, a write.
    private static final int FIRST = 64;
    private static final int SECOND = 96;
    private static final int THIRD = 128;
    private static final int RECORDS = 3;

    private static byte[] threeRecords() {
        return LogEncoder.batch(
                AT, TIME_NS, Entry.write(512, 512), Entry.discard(1 << 20, 1L << 40), Entry.write(8192, 1024));
    }

    private static BatchHeader unpack(byte[] batch) throws LogFormatException {
        return BatchHeader.unpack(ByteBuffer.wrap(batch), AT, TIME_NS, 512);
    }

    @Test
    void readsEveryField() throws Exception {
        byte[] batch = threeRecords();
        LogEncoder.littleEndian(batch).putLong(48, 0x8000);
        LogEncoder.seal(batch, LogEncoder.batchChainedBytes(RECORDS), AT.chain());

        BatchHeader header = unpack(batch);

        assertThat(header.lsn()).isEqualTo(0x9000);
        assertThat(header.epoch()).isEqualTo(4);
        assertThat(header.length()).isEqualTo(8192);
        assertThat(header.timeNs()).isEqualTo(TIME_NS);
        assertThat(header.chainBefore()).isEqualTo(AT.chain());
        assertThat(header.durableLsn()).isEqualTo(0x8000);
        assertThat(header.records())
                .containsExactly(
                        new RecordDescriptor(
                                Operation.WRITE,
                                512,
                                512,
                                4096,
                                ReferenceChecksums.crc32c(LogEncoder.payload(512), 0, 512)),
                        new RecordDescriptor(Operation.DISCARD, 1 << 20, 1L << 40, 0, 0),
                        new RecordDescriptor(
                                Operation.WRITE,
                                8192,
                                1024,
                                4608,
                                ReferenceChecksums.crc32c(LogEncoder.payload(1024), 0, 1024)));
        assertThat(header.end())
                .isEqualTo(new LogPosition(0xB000, 4, ReferenceChecksums.xxHash64(batch, 160, AT.chain())));
    }

    @Test
    void readsTheLargestBatch() throws Exception {
        Entry[] entries = IntStream.range(0, 125)
                .mapToObj(i -> i == 0 ? Entry.write(0, 1 << 20) : Entry.writeZeroes(i * 512L, 512))
                .toArray(Entry[]::new);

        BatchHeader header = unpack(LogEncoder.batch(AT, TIME_NS, entries));

        assertThat(header.length()).isEqualTo(1_052_672);
        assertThat(header.records()).hasSize(125);
        assertThat(header.records().get(124).operation()).isEqualTo(Operation.WRITE_ZEROES);
    }

    @Test
    void readsPositionsUpToTheEndOfTheUnsignedRange() throws Exception {
        BatchHeader header = unpack(LogEncoder.batch(AT, TIME_NS, Entry.discard(-1024, 512)));

        assertThat(header.records().get(0).position()).isEqualTo(-1024);
    }

    static Stream<Arguments> blocksThatAreSealedAndWrong() {
        return Stream.of(
                wrong("another magic", LogFormatException.BadMagic.class, b -> b.put(3, (byte) 'S')),
                wrong("version 2", LogFormatException.BadVersion.class, b -> b.putShort(8, (short) 2)),
                wrong("no length", LogFormatException.BadLength.class, b -> b.putInt(12, 0)),
                wrong("a length that is not aligned", LogFormatException.BadLength.class, b -> b.putInt(12, 8193)),
                wrong("a length beyond the largest", LogFormatException.BadLength.class, b -> b.putInt(12, 1_056_768)),
                wrong("a negative length", LogFormatException.BadLength.class, b -> b.putInt(12, -4096)),
                wrong("a byte behind the fields", LogFormatException.BadLength.class, b -> b.put(63, (byte) 1)),
                wrong("a byte in a descriptor", LogFormatException.BadLength.class, b -> b.put(SECOND + 1, (byte) 1)),
                wrong("a byte at its end", LogFormatException.BadLength.class, b -> b.put(THIRD + 31, (byte) 1)),
                wrong("a byte behind them", LogFormatException.BadLength.class, b -> b.put(THIRD + 32, (byte) 1)),
                wrong("a byte before the trailer", LogFormatException.BadLength.class, b -> b.put(4079, (byte) 1)),
                wrong("a byte in the trailer", LogFormatException.BadLength.class, b -> b.put(4088, (byte) 1)),
                wrong("another LSN", LogFormatException.BadLsn.class, b -> b.putLong(16, 0x8000)),
                wrong("durable beyond itself", LogFormatException.BadContent.class, b -> b.putLong(48, 0x9001)),
                wrong("another epoch", LogFormatException.BadEpoch.class, b -> b.putLong(24, 5)),
                wrong("another chain before", LogFormatException.BadChain.class, b -> b.putLong(40, 1)),
                wrong("an earlier time", LogFormatException.BadContent.class, b -> b.putLong(32, TIME_NS - 1)),
                wrong("a longer batch", LogFormatException.BadContent.class, b -> b.putInt(12, 12288)),
                wrong("a shorter batch", LogFormatException.BadContent.class, b -> b.putInt(12, 4096)),
                wrong("operation 0", LogFormatException.BadContent.class, b -> b.put(FIRST, (byte) 0)),
                wrong("a flush mark", LogFormatException.BadContent.class, b -> b.put(FIRST, (byte) 4)),
                wrong("a verify digest", LogFormatException.BadContent.class, b -> b.put(SECOND, (byte) 5)),
                wrong("operation 255", LogFormatException.BadContent.class, b -> b.put(THIRD, (byte) -1)),
                wrong("volume 1", LogFormatException.BadContent.class, b -> b.putShort(FIRST + 2, (short) 1)),
                wrong("half a block further", LogFormatException.BadContent.class, b -> b.putLong(FIRST + 8, 768)),
                wrong("half a block more", LogFormatException.BadContent.class, b -> b.putLong(SECOND + 16, 768)),
                wrong("length 0", LogFormatException.BadContent.class, b -> b.putLong(SECOND + 16, 0)),
                wrong("an overflow", LogFormatException.BadContent.class, b -> b.putLong(SECOND + 16, -512)),
                wrong("a write of 2 MiB", LogFormatException.BadContent.class, b -> b.putLong(FIRST + 16, 2 << 20)),
                wrong("a write of 2^63", LogFormatException.BadContent.class, b -> b.putLong(FIRST + 16, 1L << 63)),
                wrong("a gap before a payload", LogFormatException.BadContent.class, b -> b.putInt(THIRD + 24, 5120)),
                wrong("a payload in the header", LogFormatException.BadContent.class, b -> b.putInt(FIRST + 24, 0)),
                wrong("a discard's payload", LogFormatException.BadContent.class, b -> b.putInt(SECOND + 24, 4608)),
                wrong("a discard's checksum", LogFormatException.BadContent.class, b -> b.putInt(SECOND + 4, 1)));
    }

    private static Arguments wrong(String what, Class<? extends LogFormatException> error, Consumer<ByteBuffer> edit) {
        return arguments(what, error, edit);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("blocksThatAreSealedAndWrong")
    void refusesAWrongFieldWithTheErrorOfItsCheck(
            String what, Class<? extends LogFormatException> error, Consumer<ByteBuffer> edit) {
        byte[] batch = threeRecords();
        edit.accept(LogEncoder.littleEndian(batch));
        LogEncoder.seal(batch, LogEncoder.batchChainedBytes(RECORDS), AT.chain());

        assertRefused(batch, error);
    }

    @ParameterizedTest
    @MethodSource
    void refusesACountOutOfRangeBeforeItReadsADescriptor(int count) {
        byte[] batch = LogEncoder.batch(AT, TIME_NS);
        LogEncoder.littleEndian(batch).putShort(10, (short) count);
        LogEncoder.seal(batch, LogEncoder.batchChainedBytes(0), AT.chain());

        assertRefused(batch, LogFormatException.BadLength.class);
    }

    static IntStream refusesACountOutOfRangeBeforeItReadsADescriptor() {
        return IntStream.of(0, 126, 127, 0x7fff, 0x8000, 0xffff);
    }

    @Test
    void refusesAnotherChecksum() {
        byte[] batch = threeRecords();
        batch[FIRST + 4] ^= 1;

        assertRefused(batch, LogFormatException.BadChecksum.class);
    }

    @Test
    void refusesAChainValueThatDoesNotCoverTheDescriptors() {
        byte[] batch = threeRecords();
        LogEncoder.seal(batch, LogEncoder.batchChainedBytes(RECORDS - 1), AT.chain());

        assertRefused(batch, LogFormatException.BadChain.class);
    }

    @Test
    void refusesPositionsThatAreNotInTheSegmentsBlocks() {
        byte[] batch = LogEncoder.batch(AT, TIME_NS, Entry.write(512, 4096));

        assertThatExceptionOfType(LogFormatException.BadContent.class)
                .isThrownBy(() -> BatchHeader.unpack(ByteBuffer.wrap(batch), AT, 0, 4096));
    }

    /** All is wrong at first; each step repairs what was refused, and meets the next check. */
    @Test
    void checksInTheOrderOfTheFormat() {
        byte[] batch = threeRecords();
        ByteBuffer fields = LogEncoder.littleEndian(batch);
        fields.put(0, (byte) 'X')
                .putShort(8, (short) 9)
                .putInt(12, 1)
                .putLong(16, 1)
                .putLong(24, 9);
        fields.putLong(32, 0);

        assertRefused(batch, LogFormatException.BadMagic.class);
        fields.put(0, (byte) 'T');
        assertRefused(batch, LogFormatException.BadVersion.class);
        fields.putShort(8, (short) 1);
        assertRefused(batch, LogFormatException.BadLength.class);
        fields.putInt(12, 8192);
        assertRefused(batch, LogFormatException.BadLsn.class);
        fields.putLong(16, AT.lsn());
        assertRefused(batch, LogFormatException.BadEpoch.class);
        fields.putLong(24, AT.epoch());
        assertRefused(batch, LogFormatException.BadChecksum.class);
        LogEncoder.sealChecksum(batch);
        assertRefused(batch, LogFormatException.BadChain.class);
        LogEncoder.seal(batch, LogEncoder.batchChainedBytes(RECORDS), AT.chain());
        assertRefused(batch, LogFormatException.BadContent.class);
    }

    private static void assertRefused(byte[] batch, Class<? extends LogFormatException> error) {
        assertThatExceptionOfType(error)
                .isThrownBy(() -> unpack(batch))
                .withMessageStartingWith("batch at LSN 0000000000009000");
    }
}
