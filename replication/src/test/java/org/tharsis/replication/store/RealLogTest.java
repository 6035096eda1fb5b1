// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.backfill.BackfillLog;
import org.tharsis.replication.backfill.BackfillScan;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.backfill.DiskReader;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.LogSummary;
import org.tharsis.replication.log.LogVerify;
import org.tharsis.replication.log.SegmentName;

/** Logs and disks of a real brickd. */
@Tag("cluster")
class RealLogTest {
    private static final UUID RESOURCE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID NODE = UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");
    private static final UUID OTHER = UUID.fromString("aaaaaaaa-b4a5-9687-7869-5a4b3c2d1e0f");
    private static final int DEVICE_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    private Brickd brickd;

    @BeforeEach
    void start() throws Exception {
        brickd = new Brickd(directory);
    }

    @AfterEach
    void stop() throws Exception {
        brickd.close();
    }

    private Path logOf(String name) {
        return directory.resolve(name + ".log");
    }

    private Path diskOf(String name) {
        return directory.resolve(name + ".disk");
    }

    private void create(String name, UUID node) throws Exception {
        Files.createDirectory(logOf(name));
        brickd.command("create " + name + " directory=" + logOf(name) + " size=" + DEVICE_BYTES + " resource-uuid="
                + RESOURCE + " node-uuid=" + node);
        brickd.command("open " + name + " directory=" + logOf(name));
        brickd.command("attach " + name + " disk=" + diskOf(name) + " create-size=17MiB label=write");
        brickd.command("tune " + name + " segment-bytes=1MiB log-limit-bytes=512MiB writeback-delay-ms=0");
    }

    /** Random writes, zeroes and discards, the same for the same seed. */
    private void write(String name, int seed) throws Exception {
        brickd.nbd(name, """
                import random
                r = random.Random(%d)
                for i in range(400):
                    length = 4096 * r.randint(1, 16)
                    offset = 4096 * r.randint(0, %d - 16)
                    kind = r.randint(0, 9)
                    if kind == 0:
                        h.zero(length, offset)
                    elif kind == 1:
                        h.trim(length, offset)
                    else:
                        h.pwrite(r.randbytes(length), offset)
                h.flush()
                """.formatted(seed, DEVICE_BYTES / 4096));
    }

    /** Gives the follower what is durable and tells its driver. */
    private void ship(LogHistory history, String from, IncomingLog to, String follower) throws Exception {
        send(history, from, to);
        tell(follower, to.sync());
    }

    private void send(LogHistory history, String from, IncomingLog to) throws Exception {
        long durable = brickd.number(from, "durable-lsn");
        LogPosition position = to.received();
        assertThat(history.check(position, to.epochs(), durable)).isEqualTo(new PositionCheck.Following(position));
        for (SegmentExtent segment : history.segments(durable)) {
            long begin = Math.max(position.lsn(), segment.segment().startLsn());
            if (begin < segment.endLsn()) {
                Path file = logOf(from).resolve(segment.segment().fileName());
                ByteBuffer bytes = ByteBuffer.allocate((int) (segment.endLsn() - begin));
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    channel.read(bytes, begin - segment.segment().startLsn());
                }
                to.accept(begin, bytes.flip());
            }
        }
    }

    private void tell(String resource, List<SegmentExtent> extents) throws Exception {
        for (SegmentExtent extent : extents) {
            brickd.command("received " + resource + " epoch="
                    + extent.segment().epoch() + " start-lsn="
                    + extent.segment().startLsn() + " lsn="
                    + extent.endLsn());
        }
    }

    private void awaitReplayed(String resource, long lsn) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> brickd.number(resource, "replayed-lsn") == lsn);
    }

    private byte[] device(String name) throws Exception {
        brickd.command("checkpoint " + name);
        return Arrays.copyOf(Files.readAllBytes(diskOf(name)), DEVICE_BYTES);
    }

    @Test
    void aLogCopiedWhileItIsWrittenIsTheSameAndItsDriverReplaysItToTheSameDisk() throws Exception {
        create("vol0", NODE);
        create("copy", OTHER);
        brickd.command("peer-add vol0 peer=" + OTHER + " lsn=0");
        LogHistory history = new LogHistory(logOf("vol0"), RESOURCE);
        ExecutorService writer = Executors.newSingleThreadExecutor();
        try (IncomingLog incoming = IncomingLog.open(logOf("copy"), RESOURCE, TestLog.BEGINNING)) {
            for (int epoch = 1; epoch <= 3; epoch++) {
                brickd.command("role vol0 primary epoch=" + epoch);
                brickd.command("export vol0");
                int seed = epoch;
                Future<?> writing = writer.submit(() -> {
                    write("vol0", seed);
                    return true;
                });
                while (!writing.isDone()) {
                    ship(history, "vol0", incoming, "copy");
                }
                writing.get();
                brickd.command("unexport vol0");
                brickd.command("role vol0 secondary");
                ship(history, "vol0", incoming, "copy");
            }
            long end = brickd.number("vol0", "end-lsn");
            assertThat(incoming.durable().lsn()).isEqualTo(end);
            assertThat(incoming.epochs()).hasSize(3).isEqualTo(history.epochs(end));
            awaitReplayed("copy", end);
            assertThat(String.format("%016x", incoming.received().chain()))
                    .isEqualTo(brickd.command("status copy").get("end-chain"));
        } finally {
            writer.shutdown();
        }
        assertSameLog(history);
        assertThat(device("copy")).isEqualTo(device("vol0"));
    }

    private void assertSameLog(LogHistory history) throws Exception {
        long end = brickd.number("vol0", "end-lsn");
        List<SegmentExtent> segments = history.segments(end);
        assertThat(segments.size()).isGreaterThan(10);
        for (SegmentExtent segment : segments) {
            String file = segment.segment().fileName();
            int length = (int) (segment.endLsn() - segment.segment().startLsn());
            if (Files.exists(logOf("copy").resolve(file))) {
                assertThat(Files.readAllBytes(logOf("copy").resolve(file)))
                        .as(file)
                        .isEqualTo(
                                Arrays.copyOf(Files.readAllBytes(logOf("vol0").resolve(file)), length));
            }
        }
        LogSummary summary = LogVerify.verify(logOf("vol0"));
        assertThat(summary.end().lsn()).isEqualTo(end);
        assertThat(summary.damage()).isEmpty();
        assertThat(summary.records()).isGreaterThanOrEqualTo(1200);
        LogTail all = LogTail.measure(logOf("vol0"), RESOURCE, 0);
        assertThat(all.records()).isEqualTo(summary.records());
        assertThat(all.blocks()).isBetween(3000L, DEVICE_BYTES / 4096L);
    }

    @Test
    void aDriverThatReplaysABackfillsLogHasTheDiskOfTheSender() throws Exception {
        create("vol0", NODE);
        brickd.command("role vol0 primary epoch=1");
        brickd.command("export vol0");
        write("vol0", 7);
        byte[] expected = device("vol0");
        create("backfill", OTHER);
        DeviceRanges ranges = new DeviceRanges(DEVICE_BYTES);
        try (BackfillScan scan = new BackfillScan(DiskReader.open(diskOf("vol0"), ranges));
                DiskReader mine = DiskReader.open(diskOf("backfill"), ranges);
                BackfillLog log = BackfillLog.open(logOf("backfill"), RESOURCE, OTHER, DEVICE_BYTES, 4096)) {
            for (long range = 0; range < ranges.count(); range++) {
                log.append(scan.compare(range, mine.digests(range, 1).get(0)));
                if (range % 16 == 0) {
                    tell("backfill", log.sync());
                }
            }
            tell("backfill", log.sync());
            awaitReplayed("backfill", log.endLsn());
            assertThat(device("backfill")).isEqualTo(expected);
        }
        brickd.command("close backfill drain=yes");
    }

    @Test
    void aLogWhoseEndWasTornIsCompletedAfterTheDriverHasRecoveredIt() throws Exception {
        create("vol0", NODE);
        create("copy", OTHER);
        brickd.command("peer-add vol0 peer=" + OTHER + " lsn=0");
        brickd.command("role vol0 primary epoch=1");
        brickd.command("export vol0");
        write("vol0", 9);
        LogHistory history = new LogHistory(logOf("vol0"), RESOURCE);
        try (IncomingLog incoming = IncomingLog.open(logOf("copy"), RESOURCE, TestLog.BEGINNING)) {
            ship(history, "vol0", incoming, "copy");
            write("vol0", 10);
            send(history, "vol0", incoming);
        }
        brickd.command("close copy drain=no");
        Path newest = logOf("copy").resolve(newestSegment("copy").orElseThrow());
        try (FileChannel file = FileChannel.open(newest, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        brickd.command("open copy directory=" + logOf("copy"));
        try (IncomingLog incoming = IncomingLog.open(logOf("copy"), RESOURCE, TestLog.BEGINNING)) {
            assertThat(incoming.received().lsn()).isEqualTo(brickd.number("copy", "received-lsn"));
            ship(history, "vol0", incoming, "copy");
            awaitReplayed("copy", incoming.received().lsn());
            assertThat(incoming.received().lsn()).isEqualTo(brickd.number("vol0", "end-lsn"));
        }
    }

    private Optional<String> newestSegment(String name) throws IOException {
        return SegmentName.in(logOf(name)).stream().max(SegmentName::compareTo).map(SegmentName::fileName);
    }
}
