// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.Batch;
import org.tharsis.replication.log.Crc32c;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogReader;
import org.tharsis.replication.log.LogSummary;
import org.tharsis.replication.log.LogVerify;
import org.tharsis.replication.log.RecordDescriptor;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.store.LogFullException;
import org.tharsis.replication.store.SegmentExtent;

class BackfillTest {
    private static final UUID RESOURCE = new UUID(1, 2);
    private static final UUID NODE = new UUID(3, 4);
    private static final int RANGE = DeviceRanges.RANGE_BYTES;

    @TempDir
    private Path directory;

    private BackfillLog open(Path log, long deviceBytes) throws IOException, LogFormatException {
        return BackfillLog.open(log, RESOURCE, NODE, deviceBytes, 512);
    }

    private Path log() throws IOException {
        return Files.createDirectories(directory.resolve("backfill"));
    }

    private static int crc(byte[] bytes) {
        return Crc32c.of(ByteBuffer.wrap(bytes), 0, bytes.length);
    }

    private static byte[] randomBytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A device of which some ranges are zeroes; the other one differs from it in some, in one byte or in all. */
    private static byte[] randomDevice(Random random, int bytes) {
        byte[] device = randomBytes(random, bytes);
        for (int range = 0; range < bytes / RANGE; range++) {
            if (random.nextInt(3) == 0) {
                Arrays.fill(device, range * RANGE, (range + 1) * RANGE, (byte) 0);
            }
        }
        return device;
    }

    private static byte[] changed(Random random, byte[] device) {
        byte[] other = device.clone();
        for (int range = 0; range * RANGE < device.length; range++) {
            if (random.nextInt(3) == 0) {
                other[range * RANGE + random.nextInt(Math.min(RANGE, device.length - range * RANGE))] ^= 1;
            }
        }
        return other;
    }

    /** What the driver does: applies the records of the log in their order. */
    private static void replay(Path log, byte[] device) throws Exception {
        if (SegmentName.in(log).isEmpty()) {
            return; // nothing differed
        }
        try (LogReader reader = LogReader.open(log, RESOURCE)) {
            for (Optional<Batch> batch = reader.next(); batch.isPresent(); batch = reader.next()) {
                for (RecordDescriptor record : batch.get().header().records()) {
                    int position = (int) record.position();
                    Arrays.fill(device, position, position + (int) record.length(), (byte) 0);
                    batch.get().payload(record).get(device, position, record.payloadBytes());
                }
            }
        }
    }

    @Test
    void theReceiversDiskBecomesTheSendersAlsoWhenItIsInterrupted() throws Exception {
        long seed = 20_261_161L;
        Random random = new Random(seed);
        for (int run = 0; run < 8; run++) {
            int deviceBytes = 512 * (1 + random.nextInt(20 * RANGE / 512));
            byte[] sender = randomDevice(random, deviceBytes);
            byte[] receiver = changed(random, sender);
            Path senderDisk = Files.write(directory.resolve("sender" + run), sender);
            Path receiverDisk = Files.write(directory.resolve("receiver" + run), receiver);
            Path log = Files.createDirectory(directory.resolve("log" + run));

            while (copySomeRanges(senderDisk, receiverDisk, log, deviceBytes, random)) {
                truncateSomewhere(log, random);
            }

            replay(log, receiver);
            assertThat(receiver).as("seed %d, run %d", seed, run).isEqualTo(sender);
        }
    }

    /** Goes on from what is durable; returns false when all was copied, true when it stopped before. */
    private boolean copySomeRanges(Path senderDisk, Path receiverDisk, Path path, long deviceBytes, Random random)
            throws Exception {
        DeviceRanges ranges = new DeviceRanges(deviceBytes);
        try (BackfillScan scan = new BackfillScan(DiskReader.open(senderDisk, ranges));
                DiskReader mine = DiskReader.open(receiverDisk, ranges);
                BackfillLog log = open(path, deviceBytes)) {
            for (long range = ranges.rangeAt(log.durableOffset()); range < ranges.count(); range++) {
                log.append(scan.compare(range, mine.digests(range, 1).get(0)));
                if (random.nextInt(4) == 0) {
                    log.sync();
                }
                if (random.nextInt(20) == 0) {
                    return true;
                }
            }
            log.sync();
            return false;
        }
    }

    private static void truncateSomewhere(Path log, Random random) throws IOException {
        Optional<SegmentName> newest = SegmentName.in(log).stream().max(SegmentName::compareTo);
        if (newest.isPresent()) {
            try (RandomAccessFile file =
                    new RandomAccessFile(log.resolve(newest.get().fileName()).toFile(), "rw")) {
                file.setLength(random.nextLong(file.length() + 1));
            }
        }
    }

    @Test
    void tellsWhatIsDurableAndGoesOnThere() throws Exception {
        byte[] block = randomBytes(new Random(1), 1024);
        try (BackfillLog log = open(log(), 1 << 20)) {
            assertThat(log.durableOffset()).isZero();
            log.write(512, ByteBuffer.wrap(block), crc(block));
            log.writeZeroes(4096, 8192);
            assertThat(log.durableOffset()).isZero();

            List<SegmentExtent> told = log.sync();

            assertThat(log.durableOffset()).isEqualTo(4096 + 8192);
            assertThat(log.endLsn()).isEqualTo(3 * 4096);
            assertThat(told).containsExactly(new SegmentExtent(new SegmentName(1, 0), 3 * 4096));
            assertThat(log.sync()).isEmpty();
        }
        try (BackfillLog log = open(log(), 1 << 20)) {
            assertThat(log.durableOffset()).isEqualTo(4096 + 8192);
            log.writeZeroes(4096 + 8192, 512);
            assertThat(log.sync()).containsExactly(new SegmentExtent(new SegmentName(1, 0), 4 * 4096));
        }
    }

    @Test
    void isALogAsTheDriverReadsItInSegmentsOf64MiB() throws Exception {
        byte[] block = randomBytes(new Random(2), 1 << 20);
        int crc = crc(block);
        try (BackfillLog log = open(log(), 1 << 30)) {
            for (int i = 0; i < 70; i++) {
                log.write((long) i << 20, ByteBuffer.wrap(block), crc);
            }
            log.sync();
        }
        List<SegmentName> names = SegmentName.in(log()).stream().sorted().toList();
        assertThat(names).hasSize(2);
        assertThat(names.get(0)).isEqualTo(new SegmentName(1, 0));
        assertThat(Files.size(log().resolve(names.get(0).fileName())))
                .isEqualTo(names.get(1).startLsn())
                .isBetween(60L << 20, 64L << 20);
        LogSummary summary = LogVerify.verify(log());
        assertThat(summary.records()).isEqualTo(70);
        assertThat(summary.payloadBytes()).isEqualTo(70L << 20);
        assertThat(summary.epochs()).hasSize(1);
    }

    @Test
    void timeNeverRunsBackwardsWhateverTheClockSays() throws Exception {
        for (long second : new long[] {1000, 10, 2000}) {
            Clock clock = Clock.fixed(Instant.ofEpochSecond(second), ZoneOffset.UTC);
            try (BackfillLog log = BackfillLog.open(log(), RESOURCE, NODE, 1 << 20, 512, clock)) {
                log.writeZeroes(log.durableOffset(), 512);
                log.sync();
            }
        }
        assertThat(LogVerify.verify(log()).batches()).isEqualTo(3);
    }

    @Test
    void refusesWhatWasDamagedOrDoesNotBelongToTheDevice() throws Exception {
        byte[] block = randomBytes(new Random(3), 512);
        try (BackfillLog log = open(log(), 1 << 20)) {
            assertThatIOException()
                    .isThrownBy(() -> log.write(0, ByteBuffer.wrap(block), crc(block) + 1))
                    .withMessageContaining("checksum");
            for (long[] wrong : new long[][] {
                {-512, 512}, {100, 512}, {0, 100}, {0, 0}, {1 << 20, 512}, {0, (1 << 20) + 512}, {0, Long.MIN_VALUE}
            }) {
                assertThatIOException()
                        .as("position %d, length %d", wrong[0], wrong[1])
                        .isThrownBy(() -> log.writeZeroes(wrong[0], wrong[1]))
                        .withMessageContaining("do not belong there");
            }
            log.writeZeroes(0, 4096);
            assertThatIOException().isThrownBy(() -> log.writeZeroes(512, 512));
            log.write(4096, ByteBuffer.wrap(block), crc(block));
            log.sync();
            assertThat(log.durableOffset()).isEqualTo(4096 + 512);
        }
    }

    @Test
    void goesOnWhenThereIsRoomAgain() throws Exception {
        byte[] block = randomBytes(new Random(4), 1 << 20);
        Path first = log().resolve(new SegmentName(1, 0).fileName());
        Files.createSymbolicLink(first, Path.of("/dev/full"));
        try (BackfillLog log = open(log(), 1 << 30)) {
            log.write(0, ByteBuffer.wrap(block), crc(block));
            for (int i = 0; i < 3; i++) {
                assertThatExceptionOfType(LogFullException.class)
                        .isThrownBy(() -> log.write(1 << 20, ByteBuffer.wrap(block), crc(block)));
                assertThatExceptionOfType(LogFullException.class).isThrownBy(log::sync);
            }
            assertThat(log.durableOffset()).isZero();
            Files.delete(first);
            log.write(1 << 20, ByteBuffer.wrap(block), crc(block));
            log.sync();
            assertThat(log.durableOffset()).isEqualTo(2 << 20);
        }
        assertThat(LogVerify.verify(log()).records()).isEqualTo(2);
    }

    @Test
    void aDiskIsReadInRangesAlsoOneThatEndsInAnOddPlace() throws Exception {
        Random random = new Random(20_261_162L);
        for (int deviceBytes : new int[] {512, RANGE - 512, RANGE, RANGE + 512, 3 * RANGE + 1536}) {
            byte[] content = randomBytes(random, deviceBytes + 512 * random.nextInt(3));
            Path disk = Files.write(directory.resolve("disk"), content);
            DeviceRanges ranges = new DeviceRanges(deviceBytes);
            try (DiskReader reader = DiskReader.open(disk, ranges)) {
                for (long range = 0; range < ranges.count(); range++) {
                    int from = (int) ranges.offset(range);
                    assertThat(reader.read(range)).isEqualTo(ByteBuffer.wrap(content, from, ranges.length(range)));
                }
                assertThat(reader.digests(0, Integer.MAX_VALUE)).hasSize((int) ranges.count());
            }
        }
    }

    @Test
    void aDiskThatIsTooSmallIsNotRead() throws Exception {
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);

        assertThatIOException()
                .isThrownBy(() -> DiskReader.open(disk, new DeviceRanges(4097)))
                .withMessageContaining("less than the device");
    }

    @Test
    void digestsAreTheFirstHalfOfSha256AlsoOfZeroes() throws Exception {
        // Of the empty message: FIPS 180-4 test value e3b0c442 98fc1c14 9afbf4c8 996fb924 ...
        assertThat(RangeDigest.of(ByteBuffer.allocate(0)))
                .isEqualTo(new RangeDigest(0xe3b0c44298fc1c14L, 0x9afbf4c8996fb924L));
        // sha256sum of 128 KiB from /dev/zero.
        assertThat(RangeDigest.of(ByteBuffer.allocate(RANGE)))
                .isEqualTo(new RangeDigest(0xfa43239bcee7b97cL, 0xa62f007cc6848756L));
        ByteBuffer bytes = ByteBuffer.allocate(RangeDigest.BYTES);
        RangeDigest digest = new RangeDigest(1, -2);
        digest.put(bytes);
        assertThat(RangeDigest.get(bytes.flip())).isEqualTo(digest);
    }
}
