// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SegmentHeaderTest {
    private static final long CHAIN_BEFORE = 0x0123456789abcdefL;
    private static final SegmentName NAME = new SegmentName(7, 0x5000);

    @Test
    void readsEveryField() throws Exception {
        byte[] block = LogEncoder.segmentHeader(NAME, 6, CHAIN_BEFORE);

        SegmentHeader header = SegmentHeader.unpack(ByteBuffer.wrap(block), NAME, LogEncoder.RESOURCE);

        long chain = ReferenceChecksums.xxHash64(block, 112, CHAIN_BEFORE);
        assertThat(header)
                .isEqualTo(new SegmentHeader(
                        LogEncoder.RESOURCE,
                        7,
                        0x5000,
                        6,
                        CHAIN_BEFORE,
                        1_700_000_000_000_000_000L,
                        LogEncoder.CREATOR,
                        512,
                        chain));
        assertThat(header.end()).isEqualTo(new LogPosition(0x6000, 7, chain));
    }

    @Test
    void readsTheBlockAtTheBuffersPosition() throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(3 + 4096).position(3);
        bytes.put(LogEncoder.segmentHeader(NAME, 6, CHAIN_BEFORE)).position(3);

        assertThat(SegmentHeader.unpack(bytes, NAME, LogEncoder.RESOURCE).epoch())
                .isEqualTo(7);
        assertThat(bytes.position()).isEqualTo(3);
    }

    static Stream<Arguments> blocksThatAreSealedAndWrong() {
        return Stream.of(
                wrong("another magic", LogFormatException.BadMagic.class, b -> b.put(7, (byte) '2')),
                wrong("version 2", LogFormatException.BadVersion.class, b -> b.putInt(8, 2)),
                wrong("a larger header", LogFormatException.BadLength.class, b -> b.putInt(12, 8192)),
                wrong("blocks of 1024 bytes", LogFormatException.BadContent.class, b -> b.putInt(96, 1024)),
                wrong("a byte behind the fields", LogFormatException.BadLength.class, b -> b.put(100, (byte) 1)),
                wrong("a byte before the trailer", LogFormatException.BadLength.class, b -> b.put(4079, (byte) 1)),
                wrong("a byte in the trailer", LogFormatException.BadLength.class, b -> b.put(4091, (byte) 1)),
                wrong("another resource", LogFormatException.Foreign.class, b -> b.put(31, (byte) 0)),
                wrong("another start than its name", LogFormatException.BadLsn.class, b -> b.putLong(40, 0x6000)),
                wrong("a hole before it", LogFormatException.BadLsn.class, b -> b.putLong(56, 0x4000)),
                wrong("another epoch than its name", LogFormatException.BadEpoch.class, b -> b.putLong(32, 8)),
                wrong("a later predecessor", LogFormatException.BadContent.class, b -> b.putLong(48, 8)),
                wrong("a predecessor of epoch 2^64 - 1", LogFormatException.BadContent.class, b -> b.putLong(48, -1)),
                wrong("no predecessor", LogFormatException.BadContent.class, b -> b.putLong(48, 0)));
    }

    private static Arguments wrong(String what, Class<? extends LogFormatException> error, Consumer<ByteBuffer> edit) {
        return arguments(what, error, edit);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("blocksThatAreSealedAndWrong")
    void refusesAWrongFieldWithTheErrorOfItsCheck(
            String what, Class<? extends LogFormatException> error, Consumer<ByteBuffer> edit) {
        byte[] block = LogEncoder.segmentHeader(NAME, 6, CHAIN_BEFORE);
        edit.accept(LogEncoder.littleEndian(block));
        LogEncoder.seal(block, LogEncoder.SEGMENT_CHAINED_BYTES, CHAIN_BEFORE);

        assertRefused(block, NAME, LogEncoder.RESOURCE, error);
    }

    @Test
    void refusesAnotherChecksum() {
        byte[] block = LogEncoder.segmentHeader(NAME, 6, CHAIN_BEFORE);
        block[72] ^= 1;

        assertRefused(block, NAME, LogEncoder.RESOURCE, LogFormatException.BadChecksum.class);
    }

    @Test
    void refusesAnotherChainValue() {
        byte[] block = LogEncoder.segmentHeader(NAME, 6, CHAIN_BEFORE);
        LogEncoder.seal(block, LogEncoder.SEGMENT_CHAINED_BYTES, CHAIN_BEFORE + 1);

        assertRefused(block, NAME, LogEncoder.RESOURCE, LogFormatException.BadChain.class);
    }

    @Test
    void refusesAStartThatIsNotAligned() {
        SegmentName odd = new SegmentName(7, 0x5200);

        assertRefused(
                LogEncoder.segmentHeader(odd, 6, CHAIN_BEFORE),
                odd,
                LogEncoder.RESOURCE,
                LogFormatException.BadLsn.class);
    }

    @Test
    void refusesEpochZero() {
        SegmentName zero = new SegmentName(0, 0);

        assertRefused(
                LogEncoder.segmentHeader(zero, 0, 0), zero, LogEncoder.RESOURCE, LogFormatException.BadEpoch.class);
    }

    @Test
    void acceptsAFirstSegmentOnlyWithoutAPast() throws Exception {
        SegmentName first = new SegmentName(1, 0);
        byte[] good = LogEncoder.segmentHeader(first, 0, 0);

        assertThat(SegmentHeader.unpack(ByteBuffer.wrap(good), first, LogEncoder.RESOURCE)
                        .startLsn())
                .isZero();
        assertRefused(
                LogEncoder.segmentHeader(first, 1, 0), first, LogEncoder.RESOURCE, LogFormatException.BadContent.class);
        assertRefused(
                LogEncoder.segmentHeader(first, 0, 5), first, LogEncoder.RESOURCE, LogFormatException.BadContent.class);
    }

    /** All is wrong at first; each step repairs what was refused, and meets the next check. */
    @Test
    void checksInTheOrderOfTheFormat() {
        SegmentName first = new SegmentName(7, 0);
        UUID foreign = UUID.fromString("ffffffff-ffff-ffff-ffff-ffffffffffff");
        byte[] block = LogEncoder.segmentHeader(first, 0, 5);
        ByteBuffer fields = LogEncoder.littleEndian(block);
        fields.put(0, (byte) 'X')
                .putInt(8, 9)
                .putInt(12, 0)
                .putLong(40, 1)
                .putLong(32, 2)
                .put(72, (byte) 1);

        assertRefused(block, first, foreign, LogFormatException.BadMagic.class);
        fields.put(0, (byte) 'T');
        assertRefused(block, first, foreign, LogFormatException.BadVersion.class);
        fields.putInt(8, 1);
        assertRefused(block, first, foreign, LogFormatException.BadLength.class);
        fields.putInt(12, 4096);
        assertRefused(block, first, foreign, LogFormatException.Foreign.class);
        assertRefused(block, first, LogEncoder.RESOURCE, LogFormatException.BadLsn.class);
        fields.putLong(40, 0);
        assertRefused(block, first, LogEncoder.RESOURCE, LogFormatException.BadEpoch.class);
        fields.putLong(32, 7);
        assertRefused(block, first, LogEncoder.RESOURCE, LogFormatException.BadChecksum.class);
        LogEncoder.sealChecksum(block);
        assertRefused(block, first, LogEncoder.RESOURCE, LogFormatException.BadChain.class);
        LogEncoder.seal(block, LogEncoder.SEGMENT_CHAINED_BYTES, 5);
        assertRefused(block, first, LogEncoder.RESOURCE, LogFormatException.BadContent.class);
    }

    private static void assertRefused(
            byte[] block, SegmentName name, UUID resource, Class<? extends LogFormatException> error) {
        assertThatExceptionOfType(error)
                .isThrownBy(() -> SegmentHeader.unpack(ByteBuffer.wrap(block), name, resource))
                .withMessageStartingWith("segment " + name.fileName() + ": ");
    }
}
