// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/**
 * A primary's log directory without a driver: grows when a test says so. What a test appends is made independently of the code under
 * test.
 */
public final class GrowingLog implements ServedReplica {
    /** What a follower said. */
    public record Acknowledged(UUID follower, long receivedLsn, long durableLsn, long replayedLsn) {}

    private final Path directory;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private LogPosition end = new LogPosition(0, 0, 0);
    private Path newest;
    private long timeNs = 1_000;
    private volatile long durableLsn;

    public final List<Acknowledged> acknowledged = new CopyOnWriteArrayList<>();
    /** From which LSN on the log was asked to be kept. */
    public final List<Long> kept = new CopyOnWriteArrayList<>();
    /** What a backfill is told, when there is a disk. */
    public volatile Optional<BackfillOrigin> origin = Optional.empty();

    /** What the driver would know of epochs. */
    public volatile List<EpochStart> epochs = List.of();

    public GrowingLog(Path directory) throws IOException {
        this.directory = directory;
        this.newest = directory;
        segment(1);
    }

    /** Begins a segment, preallocated as the driver does it, and cuts the one before. */
    public GrowingLog segment(long epoch) throws IOException {
        SegmentName name = new SegmentName(epoch, end.lsn());
        if (Files.isRegularFile(newest)) {
            trim();
        }
        newest = directory.resolve(name.fileName());
        byte[] header = LogEncoder.segmentHeader(name, end.epoch(), end.chain());
        Files.write(newest, header);
        end = LogEncoder.end(new LogPosition(end.lsn(), epoch, end.chain()), header);
        return this;
    }

    public GrowingLog append(int payloadBytes) throws IOException {
        byte[] batch = LogEncoder.batch(end, ++timeNs, Entry.write(0, payloadBytes));
        SegmentName name = SegmentName.parse(newest.getFileName().toString()).orElseThrow();
        try (var file = Files.newByteChannel(newest, StandardOpenOption.WRITE)) {
            file.position(end.lsn() - name.startLsn());
            file.write(ByteBuffer.wrap(batch));
        }
        end = LogEncoder.end(end, batch);
        return this;
    }

    /** Appends and rotates by chance; epochs grow. */
    public GrowingLog random(Random random, int batches) throws IOException {
        for (int i = 0; i < batches; i++) {
            if (random.nextInt(8) == 0) {
                segment(end.epoch() + random.nextInt(2));
            }
            append(512 * (1 + random.nextInt(400)));
        }
        return this;
    }

    /** Makes the newest file longer than its contents, with zeroes. */
    public GrowingLog preallocate(int bytes) throws IOException {
        Files.write(newest, new byte[bytes], StandardOpenOption.APPEND);
        return this;
    }

    private void trim() throws IOException {
        SegmentName name = SegmentName.parse(newest.getFileName().toString()).orElseThrow();
        try (var file = Files.newByteChannel(newest, StandardOpenOption.WRITE)) {
            file.truncate(end.lsn() - name.startLsn());
        }
    }

    /** All that was appended may be served from now on. */
    public GrowingLog durable() {
        durableLsn = end.lsn();
        listeners.forEach(Runnable::run);
        return this;
    }

    public LogPosition end() {
        return end;
    }

    /** The file that is being appended to. */
    public Path newest() {
        return newest;
    }

    @Override
    public UUID resourceUuid() {
        return LogEncoder.RESOURCE;
    }

    @Override
    public Path logDirectory() {
        return directory;
    }

    @Override
    public long durableLsn() {
        return durableLsn;
    }

    @Override
    public List<EpochStart> epochs() {
        return epochs;
    }

    @Override
    public Closeable onGrowth(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** How many wait for the log to grow. */
    public int listeners() {
        return listeners.size();
    }

    @Override
    public CompletionStage<Void> keepLog(UUID follower, long fromLsn) {
        kept.add(fromLsn);
        return CompletableFuture.completedStage(null);
    }

    @Override
    public void acknowledged(UUID follower, long receivedLsn, long durable, long replayedLsn) {
        acknowledged.add(new Acknowledged(follower, receivedLsn, durable, replayedLsn));
    }

    @Override
    public CompletionStage<BackfillOrigin> prepareBackfill(UUID follower, Optional<LogPosition> resume) {
        return origin.<CompletionStage<BackfillOrigin>>map(CompletableFuture::completedStage)
                .orElseGet(() -> CompletableFuture.failedStage(new IllegalStateException("no disk is attached")));
    }

    @Override
    public CompletionStage<EpochLsn> flushedEnd() {
        return CompletableFuture.completedStage(new EpochLsn(end.epoch(), end.lsn()));
    }
}
