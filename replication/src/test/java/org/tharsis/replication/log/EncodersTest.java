// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.replication.log.LogEncoder.Entry;

class EncodersTest {
    private static final LogPosition BEFORE = new LogPosition(0x10000, 2, 42);

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static void add(BatchEncoder encoder, Entry entry) {
        if (entry.operation() == 1) {
            encoder.write(entry.position(), ByteBuffer.wrap(LogEncoder.payload((int) entry.length())));
        } else {
            encoder.writeZeroes(entry.position(), entry.length());
        }
    }

    @Test
    void aSegmentHeaderIsWrittenAsTheFormatSays() {
        SegmentHeader header = SegmentHeader.following(
                new LogPosition(0x10000, 1, 42),
                2,
                LogEncoder.RESOURCE,
                1_700_000_000_000_000_000L,
                LogEncoder.CREATOR,
                512);
        byte[] expected = LogEncoder.segmentHeader(new SegmentName(2, 0x10000), 1, 42);

        assertThat(bytesOf(header.pack())).isEqualTo(expected);
        assertThat(header.end()).isEqualTo(LogEncoder.end(new LogPosition(0x10000, 2, 42), expected));
        assertThat(header.start()).isEqualTo(new LogPosition(0x10000, 1, 42));
    }

    @Test
    void batchesAreWrittenAsTheFormatSaysOneAfterTheOther() {
        long seed = 20_261_151L;
        Random random = new Random(seed);
        BatchEncoder encoder = new BatchEncoder();
        for (int run = 0; run < 200; run++) {
            Entry[] entries = new Entry[1 + random.nextInt(125)];
            for (int i = 0; i < entries.length; i++) {
                long position = 512L * random.nextInt(1000);
                int length = 512 * (1 + random.nextInt(16));
                entries[i] = random.nextBoolean() ? Entry.write(position, length) : Entry.writeZeroes(position, length);
                add(encoder, entries[i]);
            }
            byte[] expected = LogEncoder.batch(BEFORE, 10, entries);

            assertThat(encoder.length()).isEqualTo(expected.length);
            assertThat(bytesOf(encoder.encode(BEFORE, 10, BEFORE.lsn())))
                    .as("seed %d, run %d", seed, run)
                    .isEqualTo(expected);
            assertThat(encoder.isEmpty()).isTrue();
        }
    }

    @Test
    void aBatchIsFullAt125RecordsOrOneMebibyte() {
        BatchEncoder encoder = new BatchEncoder();
        for (int i = 0; i < 125; i++) {
            assertThat(encoder.hasRoom(0)).isTrue();
            encoder.writeZeroes(0, 4096);
        }
        assertThat(encoder.hasRoom(0)).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> encoder.writeZeroes(0, 4096));

        encoder.encode(BEFORE, 1, 0);
        encoder.write(0, ByteBuffer.allocate(1 << 20));
        assertThat(encoder.hasRoom(0)).isTrue();
        assertThat(encoder.hasRoom(512)).isFalse();
        assertThat(encoder.length()).isEqualTo(LogFormat.BATCH_BYTES_MAX);
        encoder.encode(BEFORE, 1, 0);
        assertThatIllegalStateException().isThrownBy(() -> encoder.encode(BEFORE, 1, 0));
    }

    /** Golden logs without discards, which a backfill has no need of. */
    @ParameterizedTest
    @ValueSource(strings = {"log-512", "log-first", "log-rotated"})
    void goldenLogsAreWrittenAgainByteByByte(String name) throws Exception {
        Path directory = Path.of("..", "docs", "golden", name);
        UUID resource = UUID.fromString(Files.readAllLines(directory.resolve("expect"))
                .get(1)
                .replaceFirst("resource uuid=(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5"));
        List<SegmentName> names = SegmentName.in(directory).stream().sorted().toList();
        assertThat(names).isNotEmpty();
        for (SegmentName segment : names) {
            Path file = directory.resolve(segment.fileName());
            assertThat(writtenAgain(file, resource)).isEqualTo(Files.readAllBytes(file));
        }
    }

    private static byte[] writtenAgain(Path file, UUID resource) throws IOException, LogFormatException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        BatchEncoder encoder = new BatchEncoder();
        try (SegmentReader reader = SegmentReader.open(file, resource, 0)) {
            SegmentHeader header = reader.header();
            written.writeBytes(bytesOf(SegmentHeader.following(
                            header.start(),
                            header.epoch(),
                            resource,
                            header.createdNs(),
                            header.creatorUuid(),
                            header.blockBytes())
                    .pack()));
            LogPosition end = reader.position();
            for (Optional<Batch> batch = reader.next(); batch.isPresent(); batch = reader.next()) {
                for (RecordDescriptor record : batch.get().header().records()) {
                    if (record.operation() == RecordDescriptor.Operation.WRITE) {
                        encoder.write(record.position(), batch.get().payload(record));
                    } else {
                        encoder.writeZeroes(record.position(), record.length());
                    }
                }
                BatchHeader of = batch.get().header();
                written.writeBytes(bytesOf(encoder.encode(end, of.timeNs(), of.durableLsn())));
                end = reader.position();
            }
        }
        return written.toByteArray();
    }

    @Test
    void whatIsWrittenHereIsReadHere() throws Exception {
        BatchEncoder encoder = new BatchEncoder();
        SegmentHeader header =
                SegmentHeader.following(new LogPosition(0, 0, 0), 1, LogEncoder.RESOURCE, 5, LogEncoder.CREATOR, 4096);
        encoder.write(8192, ByteBuffer.wrap(LogEncoder.payload(4096)));
        encoder.writeZeroes(0, 1L << 40);
        ByteBuffer batch = encoder.encode(header.end(), 6, 0);
        StreamVerifier verifier =
                new StreamVerifier(LogEncoder.RESOURCE, new LogPosition(0, 0, 0), Optional.empty(), 0);
        List<StreamVerifier.Piece> pieces = new ArrayList<>();
        for (ByteBuffer bytes : List.of(header.pack(), batch.duplicate())) {
            verifier.take(bytes).ifPresent(pieces::add);
        }

        assertThat(pieces).hasSize(2);
        assertThat(verifier.position().lsn()).isEqualTo(4096 + batch.remaining());
    }
}
