// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

class IncomingLogTest {
    @TempDir(factory = MemoryDirectory.class)
    private Path directory;

    private IncomingLog open() throws IOException, LogFormatException {
        return IncomingLog.open(directory, LogEncoder.RESOURCE, TestLog.BEGINNING);
    }

    private static TestLog twoSegments() {
        return new TestLog(TestLog.BEGINNING)
                .segment(1)
                .append(Entry.write(0, 512))
                .append(Entry.discard(0, 4096), Entry.write(512, 9216))
                .segment(1)
                .append(Entry.write(1024, 512));
    }

    private static void acceptAll(IncomingLog log, TestLog source) throws IOException, LogFormatException {
        log.accept(
                log.received().lsn(),
                source.stream(log.received().lsn(), source.end().lsn()));
    }

    /** Sends the rest of the source in random pieces, some of them twice, with a sync now and then. */
    private static void acceptInPieces(IncomingLog log, TestLog source, Random random) throws Exception {
        long end = source.end().lsn();
        long next = log.received().lsn();
        while (next < end) {
            long to = Math.min(end, next + 1 + random.nextInt(random.nextBoolean() ? 100 : 20_000));
            log.accept(next, source.stream(next, to));
            next = to;
            if (random.nextInt(10) == 0) {
                next = Math.max(source.start().lsn(), next - random.nextInt(10_000));
            }
            if (random.nextInt(10) == 0) {
                log.sync();
            }
        }
    }

    @Test
    void theFilesAreThoseOfTheSourceHoweverTheStreamIsSplit() throws Exception {
        long seed = 20_261_121L;
        Random random = new Random(seed);
        for (int run = 0; run < 20; run++) {
            TestLog source = TestLog.random(random, 5);
            Path target = Files.createDirectory(directory.resolve("run" + run));
            try (IncomingLog log = IncomingLog.open(target, LogEncoder.RESOURCE, TestLog.BEGINNING)) {
                acceptInPieces(log, source, random);
                log.sync();

                assertThat(log.received())
                        .as("seed %d, run %d", seed, run)
                        .isEqualTo(source.end())
                        .isEqualTo(log.durable());
                assertThat(log.epochs()).isEqualTo(source.epochs);
            }
            assertThat(TestLog.filesIn(target)).as("seed %d, run %d", seed, run).isEqualTo(source.files());
        }
    }

    @Test
    void countsOnlyWholeBatches() throws Exception {
        TestLog source = twoSegments();
        try (IncomingLog log = open()) {
            for (long lsn = 0; lsn < source.end().lsn(); lsn += 512) {
                log.accept(lsn, source.stream(lsn, lsn + 512));

                assertThat(log.received()).isEqualTo(source.boundaryAtOrBelow(lsn + 512));
            }
            assertThat(log.receivedTimeNs()).isEqualTo(source.timeNs());
        }
    }

    @Test
    void tellsOfEachSegmentInLogOrderHowFarItIsDurable() throws Exception {
        TestLog source = twoSegments();
        SegmentName first = new SegmentName(1, 0);
        long second = source.segments.lastKey().startLsn();
        try (IncomingLog log = open()) {
            assertThat(log.sync()).isEmpty();
            log.accept(0, source.stream(0, 8192 + 4096));
            assertThat(log.sync()).containsExactly(new SegmentExtent(first, 8192 + 4096));
            assertThat(log.sync()).isEmpty();
            acceptAll(log, source);
            assertThat(log.durable().lsn()).isEqualTo(second);
            assertThat(log.sync())
                    .containsExactly(
                            new SegmentExtent(first, second),
                            new SegmentExtent(
                                    source.segments.lastKey(), source.end().lsn()));
            assertThat(log.durable()).isEqualTo(source.end());
        }
    }

    @Test
    void tellsOfAllSegmentsAgainWhenItIsOpenedAgain() throws Exception {
        TestLog source = twoSegments().writeTo(directory);
        try (IncomingLog log = open()) {
            assertThat(log.received()).isEqualTo(source.end()).isEqualTo(log.durable());
            assertThat(log.receivedTimeNs()).isEqualTo(source.timeNs());
            assertThat(log.epochs()).isEqualTo(source.epochs);
            assertThat(log.sync())
                    .containsExactly(
                            new SegmentExtent(
                                    new SegmentName(1, 0),
                                    source.segments.lastKey().startLsn()),
                            new SegmentExtent(
                                    source.segments.lastKey(), source.end().lsn()));
            assertThat(log.sync()).isEmpty();
        }
    }

    @Test
    void beginsWhereItIsToldWhenThereIsNoLogYet() throws Exception {
        LogPosition start = new LogPosition(0x40000, 3, 77);
        TestLog source = new TestLog(start).segment(5).append(Entry.write(0, 512));
        try (IncomingLog log = IncomingLog.open(directory, LogEncoder.RESOURCE, start)) {
            assertThat(log.received()).isEqualTo(start);
            acceptAll(log, source);
            assertThat(log.received()).isEqualTo(source.end());
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void filesMayBeReadAndWrittenByTheDriversGroup() throws Exception {
        try (IncomingLog log = open()) {
            acceptAll(log, twoSegments());
        }
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(directory.resolve(new SegmentName(1, 0).fileName()))))
                .isEqualTo("rw-rw----");
    }

    @Test
    void noFlippedBitIsCountedAndWhatCameBeforeStaysGood() throws Exception {
        long seed = 20_261_122L;
        Random random = new Random(seed);
        TestLog source = twoSegments();
        for (int run = 0; run < 100; run++) {
            String what = "seed " + seed + ", run " + run;
            byte[] damaged = source.stream();
            int place = random.nextInt(damaged.length);
            damaged[place] ^= (byte) (1 << random.nextInt(8));
            Path target = Files.createDirectory(directory.resolve("run" + run));
            IncomingLog log = IncomingLog.open(target, LogEncoder.RESOURCE, TestLog.BEGINNING);
            assertThatExceptionOfType(LogFormatException.class)
                    .as(what)
                    .isThrownBy(() -> log.accept(0, ByteBuffer.wrap(damaged)))
                    .satisfies(first -> assertThatExceptionOfType(LogFormatException.class)
                            .isThrownBy(() -> acceptAll(log, source))
                            .isSameAs(first));

            assertThat(log.received()).as(what).isEqualTo(source.boundaryAtOrBelow(place));
            log.sync();
            assertThat(log.durable()).as(what).isEqualTo(log.received());
            log.close();
            try (IncomingLog again = IncomingLog.open(target, LogEncoder.RESOURCE, TestLog.BEGINNING)) {
                acceptAll(again, source);
            }
            assertThat(TestLog.filesIn(target)).as(what).isEqualTo(source.files());
        }
    }

    @Test
    void afterACrashAtAnyMomentItGoesOnToTheSameFiles() throws Exception {
        long seed = 20_261_123L;
        Random random = new Random(seed);
        for (int run = 0; run < 60; run++) {
            String what = "seed " + seed + ", run " + run;
            TestLog source = TestLog.random(random, 4);
            Path target = Files.createDirectory(directory.resolve("run" + run));
            LogPosition durable = crashSomewhere(target, source, random);

            try (IncomingLog log = IncomingLog.open(target, LogEncoder.RESOURCE, TestLog.BEGINNING)) {
                assertThat(source.boundaries).as(what).contains(log.received());
                assertThat(log.received().lsn()).as(what).isGreaterThanOrEqualTo(durable.lsn());
                acceptInPieces(log, source, random);
            }
            assertThat(TestLog.filesIn(target)).as(what).isEqualTo(source.files());
        }
    }

    /** Leaves a directory as a power cut might: of what was not durable some is missing, or is something else. */
    private static LogPosition crashSomewhere(Path target, TestLog source, Random random) throws Exception {
        IncomingLog log = IncomingLog.open(target, LogEncoder.RESOURCE, TestLog.BEGINNING);
        long cut = random.nextLong(source.end().lsn() + 1);
        long synced = random.nextLong(cut + 1);
        log.accept(0, source.stream(0, synced));
        log.sync();
        log.accept(synced, source.stream(synced, cut));
        LogPosition durable = log.durable();
        List<SegmentName> names = new ArrayList<>(source.segments.keySet());
        names.removeIf(name -> !Files.exists(target.resolve(name.fileName())));
        if (!names.isEmpty()) {
            damageTail(target, names.get(names.size() - 1), durable, random);
        }
        return durable;
    }

    private static void damageTail(Path target, SegmentName newest, LogPosition durable, Random random)
            throws IOException {
        Path path = target.resolve(newest.fileName());
        long safe = Math.max(0, durable.lsn() - newest.startLsn());
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            long length = file.length();
            switch (random.nextInt(4)) {
                case 0 -> file.setLength(safe + random.nextLong(length - safe + 1));
                case 1 -> file.setLength(length + random.nextInt(100_000));
                case 2 -> {
                    byte[] garbage = new byte[1 + random.nextInt(10_000)];
                    random.nextBytes(garbage);
                    file.seek(safe + random.nextLong(length - safe + 1));
                    file.write(garbage);
                }
                default -> {
                    // Only the process ended.
                }
            }
        }
    }

    @Test
    void leavesAloneWhatIsNotASegment() throws Exception {
        List<String> others =
                List.of("meta", "spare", "spare-3", "00112233445566778899aabbccddeeff.bitmap", "notes.txt");
        for (String other : others) {
            Files.write(directory.resolve(other), new byte[100]);
        }
        Files.createDirectory(directory.resolve("backfill"));
        try (IncomingLog log = open()) {
            acceptAll(log, twoSegments());
        }
        assertThat(TestLog.filesIn(directory)).containsKeys(others.toArray(String[]::new));
        assertThat(directory.resolve("backfill")).isDirectory();
    }

    @Test
    void whenItIsClosedOnlyWhatWasReceivedIsLeft() throws Exception {
        TestLog source = twoSegments();
        TestLog longer = source.fork().segment(2);
        try (IncomingLog log = open()) {
            acceptAll(log, source);
            Path newest = directory.resolve(source.segments.lastKey().fileName());
            try (RandomAccessFile preallocated = new RandomAccessFile(newest.toFile(), "rw")) {
                preallocated.setLength(1 << 20);
            }
            for (Map.Entry<String, ByteBuffer> file : longer.files().entrySet()) {
                if (!source.files().containsKey(file.getKey())) {
                    Files.write(
                            directory.resolve(file.getKey()),
                            Arrays.copyOf(file.getValue().array(), 4096));
                }
            }
            Files.write(directory.resolve(new SegmentName(3, 0x1000000).fileName()), new byte[0]);
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void beginsASegmentAnewThatACrashHasLeftEmpty() throws Exception {
        TestLog source = twoSegments();
        Files.write(directory.resolve(source.segments.lastKey().fileName()), new byte[0]);
        Files.write(directory.resolve(source.segments.firstKey().fileName()), new byte[8192]);
        try (IncomingLog log = open()) {
            assertThat(log.received()).isEqualTo(TestLog.BEGINNING);
            acceptAll(log, source);
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void aSegmentWithoutBatchesThatDoesNotJoinIsNotPartOfTheLog() throws Exception {
        TestLog source = twoSegments();
        source.segment(2).writeTo(directory);
        Path middle =
                directory.resolve(new SegmentName(1, source.boundaries.get(3).lsn()).fileName());
        Files.write(middle, Arrays.copyOf(Files.readAllBytes(middle), 4096));
        try (IncomingLog log = open()) {
            assertThat(log.received()).isEqualTo(source.boundaries.get(4));
            acceptAll(log, source);
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void refusesToOpenALogThatIsDamagedBeforeItsLastSegment() throws Exception {
        TestLog source = twoSegments().writeTo(directory);
        Path first = directory.resolve(source.segments.firstKey().fileName());
        byte[] bytes = Files.readAllBytes(first);
        Files.write(first, Arrays.copyOf(bytes, bytes.length - 4096));

        assertThatExceptionOfType(LogFormatException.class).isThrownBy(this::open);
        assertThat(TestLog.filesIn(directory)).hasSize(2);
    }

    @Test
    void refusesToOpenTheLogOfAnotherResource() throws Exception {
        twoSegments().writeTo(directory);

        assertThatExceptionOfType(LogFormatException.Foreign.class)
                .isThrownBy(() -> IncomingLog.open(directory, new UUID(1, 2), TestLog.BEGINNING));
    }

    @Test
    void refusesASegmentOfAnotherHistory() throws Exception {
        TestLog source = twoSegments();
        TestLog other =
                new TestLog(new LogPosition(source.end().lsn(), 1, source.end().chain() + 1)).segment(2);
        try (IncomingLog log = open()) {
            acceptAll(log, source);
            assertThatExceptionOfType(LogFormatException.BadChain.class)
                    .isThrownBy(() -> log.accept(source.end().lsn(), ByteBuffer.wrap(other.stream())));
            assertThat(log.received()).isEqualTo(source.end());
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void refusesBytesBeforeWhichSomeAreMissing() throws Exception {
        TestLog source = twoSegments();
        try (IncomingLog log = open()) {
            log.accept(0, source.stream(0, 5000));
            assertThatExceptionOfType(LogFormatException.BadLsn.class)
                    .isThrownBy(() -> log.accept(5001, source.stream(5001, 6000)))
                    .withMessageContaining("missing");
        }
    }

    @Test
    void aFullDiskIsSaidAndTheLogGoesOnWhenThereIsRoom() throws Exception {
        TestLog source = twoSegments();
        Path second = directory.resolve(source.segments.lastKey().fileName());
        Files.createSymbolicLink(second, Path.of("/dev/full"));
        try (IncomingLog log = open()) {
            assertThatExceptionOfType(LogFullException.class)
                    .isThrownBy(() -> acceptAll(log, source))
                    .withMessageContaining(second.toString())
                    .withMessageContaining("until space is freed");
            assertThat(log.received().lsn()).isEqualTo(source.segments.lastKey().startLsn());
            log.sync();
            assertThat(log.durable()).isEqualTo(log.received());

            Files.delete(second);
            acceptAll(log, source);
            assertThat(log.received()).isEqualTo(source.end());
        }
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void isSpentOnceItIsClosed() throws Exception {
        TestLog source = twoSegments();
        IncomingLog log = open();
        acceptAll(log, source);
        log.close();
        log.close();

        assertThatIllegalStateException().isThrownBy(log::sync);
        assertThatIllegalStateException().isThrownBy(() -> acceptAll(log, source));
        assertThat(TestLog.filesIn(directory)).isEqualTo(source.files());
    }

    @Test
    void syncsOnOneThreadWhatAnotherOneWrites() throws Exception {
        long seed = 20_261_124L;
        TestLog source = TestLog.random(new Random(seed), 30);
        List<SegmentExtent> told = new ArrayList<>();
        try (IncomingLog log = open()) {
            Thread syncing = new Thread(() -> {
                try {
                    while (!log.durable().equals(source.end())) {
                        told.addAll(log.sync());
                    }
                } catch (IOException failed) {
                    throw new IllegalStateException(failed);
                }
            });
            syncing.start();
            acceptInPieces(log, source, new Random(seed));
            syncing.join(20_000);

            assertThat(log.durable()).isEqualTo(source.end());
        }
        long before = 0;
        for (SegmentExtent extent : told) {
            assertThat(extent.endLsn()).as("seed %d", seed).isGreaterThan(before);
            assertThat(extent.segment().startLsn()).isLessThanOrEqualTo(extent.endLsn());
            before = extent.endLsn();
        }
        assertThat(before).isEqualTo(source.end().lsn());
    }
}
