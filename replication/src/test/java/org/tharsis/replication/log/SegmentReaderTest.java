// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder.Entry;

class SegmentReaderTest {
    private static final SegmentName NAME = new SegmentName(2, 0x10000);
    private static final long CHAIN_BEFORE = 42;

    @TempDir
    private Path directory;

    /** A segment in the making: its bytes, and where each batch ends. */
    private static final class Segment {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final List<LogPosition> ends = new ArrayList<>();

        Segment() {
            byte[] header = LogEncoder.segmentHeader(NAME, 1, CHAIN_BEFORE);
            bytes.writeBytes(header);
            ends.add(LogEncoder.end(new LogPosition(NAME.startLsn(), NAME.epoch(), CHAIN_BEFORE), header));
        }

        Segment append(long timeNs, Entry... entries) {
            byte[] batch = LogEncoder.batch(end(), timeNs, entries);
            bytes.writeBytes(batch);
            ends.add(LogEncoder.end(end(), batch));
            return this;
        }

        LogPosition end() {
            return ends.get(ends.size() - 1);
        }

        byte[] toBytes() {
            return bytes.toByteArray();
        }

        /** Number of whole batches that end at or before a place in the file. */
        int batchesBefore(long offset) {
            return (int) ends.stream()
                            .filter(end -> end.lsn() - NAME.startLsn() <= offset)
                            .count()
                    - 1;
        }
    }

    private static Segment threeBatches() {
        return new Segment()
                .append(10, Entry.write(0, 512))
                .append(10, Entry.discard(4096, 4096))
                .append(11, Entry.write(512, 5120), Entry.writeZeroes(0, 512));
    }

    private SegmentReader open(byte[] bytes) throws IOException, LogFormatException {
        return SegmentReader.open(Files.write(directory.resolve(NAME.fileName()), bytes), LogEncoder.RESOURCE, 0);
    }

    private static int countBatches(SegmentReader reader) throws IOException {
        int batches = 0;
        while (reader.next().isPresent()) {
            batches++;
        }
        return batches;
    }

    @Test
    void readsEveryBatchOfASealedSegmentAndEndsWithTheFile() throws Exception {
        Segment segment = threeBatches();
        try (SegmentReader reader = open(segment.toBytes())) {
            assertThat(reader.header().chainBefore()).isEqualTo(CHAIN_BEFORE);
            for (LogPosition end : segment.ends) {
                assertThat(reader.position()).isEqualTo(end);
                assertThat(reader.next().isPresent()).isEqualTo(!end.equals(segment.end()));
            }
            assertThat(reader.refusal()).isEmpty();
        }
    }

    @Test
    void givesThePayloadOfEachRecord() throws Exception {
        try (SegmentReader reader = open(threeBatches().toBytes())) {
            reader.next();
            reader.next();
            Batch batch = reader.next().orElseThrow();

            assertThat(batch.payload(batch.header().records().get(0)))
                    .isEqualTo(ByteBuffer.wrap(LogEncoder.payload(5120)));
            assertThat(batch.payload(batch.header().records().get(1)).remaining())
                    .isZero();
            assertThat(batch.bytes().isReadOnly()).isTrue();
        }
    }

    @Test
    void goesOnWhenTheFileHasGrown() throws Exception {
        Segment segment = threeBatches();
        try (SegmentReader reader = open(segment.toBytes())) {
            assertThat(countBatches(reader)).isEqualTo(3);
            Files.write(
                    directory.resolve(NAME.fileName()),
                    segment.append(12, Entry.discard(0, 512)).toBytes());

            assertThat(countBatches(reader)).isEqualTo(1);
            assertThat(reader.position()).isEqualTo(segment.end());
        }
    }

    @Test
    void stopsInTheZeroesOfAPreallocatedFile() throws Exception {
        Segment segment = threeBatches();
        byte[] bytes = segment.toBytes();
        try (SegmentReader reader = open(Arrays.copyOf(bytes, bytes.length + 3 * 4096))) {
            assertThat(countBatches(reader)).isEqualTo(3);
            assertThat(reader.position()).isEqualTo(segment.end());
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadMagic.class);
        }
    }

    @Test
    void stopsAtABatchOfWhichOnlyAPartIsThere() throws Exception {
        byte[] bytes = threeBatches().toBytes();
        try (SegmentReader reader = open(Arrays.copyOf(bytes, bytes.length - 1))) {
            assertThat(countBatches(reader)).isEqualTo(2);
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadLength.class);
        }
    }

    @Test
    void stopsAtAWholeBatchOfAnEarlierUseOfThePlace() throws Exception {
        Segment earlier = threeBatches();
        Segment later = new Segment().append(20, Entry.write(0, 512));
        int end = later.toBytes().length;
        byte[] bytes = earlier.toBytes();
        System.arraycopy(later.toBytes(), 0, bytes, 0, end);

        try (SegmentReader reader = open(bytes)) {
            assertThat(countBatches(reader)).isEqualTo(1);
            assertThat(reader.position()).isEqualTo(later.end());
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadChain.class);
        }
    }

    @Test
    void stopsWhereTimeRunsBackwards() throws Exception {
        Segment segment = threeBatches().append(10, Entry.discard(0, 512));
        try (SegmentReader reader = open(segment.toBytes())) {
            assertThat(countBatches(reader)).isEqualTo(3);
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadContent.class);
        }
    }

    @Test
    void stopsAtADamagedPayload() throws Exception {
        byte[] bytes = threeBatches().toBytes();
        bytes[2 * 4096 + 100] ^= 0x40;
        try (SegmentReader reader = open(bytes)) {
            assertThat(countBatches(reader)).isZero();
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadChecksum.class);
        }
    }

    @Test
    void stopsAtBytesBehindTheLastPayload() throws Exception {
        byte[] bytes = threeBatches().toBytes();
        bytes[3 * 4096 - 1] = 1;
        try (SegmentReader reader = open(bytes)) {
            assertThat(countBatches(reader)).isZero();
            assertThat(reader.refusal()).containsInstanceOf(LogFormatException.BadLength.class);
        }
    }

    @Test
    void staysWhereItStopped() throws Exception {
        byte[] good = threeBatches().toBytes();
        byte[] damaged = good.clone();
        damaged[2 * 4096] ^= 1;
        try (SegmentReader reader = open(damaged)) {
            Optional<Batch> stopped = reader.next();
            Files.write(directory.resolve(NAME.fileName()), good);

            assertThat(stopped).isEmpty();
            assertThat(reader.next()).isEmpty();
            assertThat(reader.refusal()).isPresent();
        }
    }

    @Test
    void noFlippedBitGoesUnnoticed() throws Exception {
        long seed = 20_260_417L;
        Random random = new Random(seed);
        Segment segment = threeBatches();
        byte[] good = segment.toBytes();
        for (int run = 0; run < 500; run++) {
            byte[] damaged = good.clone();
            int place = 4096 + random.nextInt(good.length - 4096);
            damaged[place] ^= (byte) (1 << random.nextInt(8));
            try (SegmentReader reader = open(damaged)) {
                assertThat(countBatches(reader))
                        .as("seed %d, run %d, byte %d", seed, run, place)
                        .isEqualTo(segment.batchesBefore(place));
                assertThat(reader.refusal()).isPresent();
            }
        }
    }

    @Test
    void noCutGoesUnnoticed() throws Exception {
        long seed = 20_260_418L;
        Random random = new Random(seed);
        Segment segment = threeBatches();
        byte[] good = segment.toBytes();
        for (int run = 0; run < 200; run++) {
            int length = 4096 + random.nextInt(good.length - 4096);
            try (SegmentReader reader = open(Arrays.copyOf(good, length))) {
                assertThat(countBatches(reader))
                        .as("seed %d, run %d, length %d", seed, run, length)
                        .isEqualTo(segment.batchesBefore(length));
            }
        }
    }

    @Test
    void refusesAFileShorterThanItsHeader() {
        assertThatExceptionOfType(LogFormatException.BadLength.class)
                .isThrownBy(() -> open(Arrays.copyOf(threeBatches().toBytes(), 4095)))
                .withMessageContaining(NAME.fileName());
    }

    @Test
    void refusesTheLogOfAnotherResource() throws Exception {
        Path file =
                Files.write(directory.resolve(NAME.fileName()), threeBatches().toBytes());

        assertThatExceptionOfType(LogFormatException.Foreign.class)
                .isThrownBy(() -> SegmentReader.open(file, new UUID(0, 0), 0));
    }

    @Test
    void refusesAFileThatWasRenamed() throws Exception {
        Path file = Files.write(
                directory.resolve(new SegmentName(2, 0x20000).fileName()),
                threeBatches().toBytes());

        assertThatExceptionOfType(LogFormatException.BadLsn.class)
                .isThrownBy(() -> SegmentReader.open(file, LogEncoder.RESOURCE, 0));
    }

    @Test
    void opensNoFileThatIsNotNamedAsASegment() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SegmentReader.open(directory.resolve("meta"), LogEncoder.RESOURCE, 0))
                .withMessageContaining("meta");
    }
}
