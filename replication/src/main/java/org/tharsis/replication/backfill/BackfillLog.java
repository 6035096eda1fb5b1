// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.tharsis.replication.log.BatchEncoder;
import org.tharsis.replication.log.BatchHeader;
import org.tharsis.replication.log.Crc32c;
import org.tharsis.replication.log.LogFormat;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.RecordDescriptor;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentReader;
import org.tharsis.replication.store.IncomingLog;
import org.tharsis.replication.store.LogHistory;
import org.tharsis.replication.store.SegmentExtent;

/**
 * The log of its own in which a backfill reaches the driver: epoch 1 from LSN 0, in segments of 64 MiB, written by the
 * receiver from what the sender found different. The driver replays it and removes what lies below its checkpoint.
 *
 * <p>Positions on the device ascend. Records gather in a batch until it is full or {@link #sync} is called. Any thread may call;
 * {@link #sync} holds up those that append only while it ends the batch, not while it waits for the disk.
 *
 * <p>Errors are those of {@link IncomingLog}, which writes it: the first one is final, but after a {@link
 * org.tharsis.replication.store.LogFullException} the same batch is tried again by the next call.
 */
public final class BackfillLog implements Closeable {
    private static final long EPOCH = 1;
    private static final long SEGMENT_BYTES_MAX = 64L << 20;
    private static final LogPosition BEGINNING = new LogPosition(0, 0, 0);

    private final IncomingLog log;
    private final UUID resourceUuid;
    private final UUID nodeUuid;
    private final long deviceBytes;
    private final int blockBytes;
    private final Clock clock;

    /** What follows is guarded by this object, as the encoder's records are. */
    private final BatchEncoder encoder = new BatchEncoder();

    /** Bytes of a segment or batch that are not in the log yet, because it had no room. */
    private ByteBuffer pending = ByteBuffer.allocate(0);

    /** End on the device of the last record in the log, and of the last one taken. */
    private long loggedOffset;

    private long takenOffset;

    /** Read without the lock. */
    private volatile long durableOffset;

    private BackfillLog(
            IncomingLog log,
            UUID resourceUuid,
            UUID nodeUuid,
            long deviceBytes,
            int blockBytes,
            Clock clock,
            long offset) {
        this.log = log;
        this.resourceUuid = resourceUuid;
        this.nodeUuid = nodeUuid;
        this.deviceBytes = deviceBytes;
        this.blockBytes = blockBytes;
        this.clock = clock;
        this.loggedOffset = offset;
        // A receiver that goes on may begin with the whole range again.
        this.takenOffset = offset - offset % DeviceRanges.RANGE_BYTES;
        this.durableOffset = offset;
    }

    /**
     * Opens the backfill's log at its verified end, or begins it.
     *
     * @param directory the backfill's log directory, which exists
     * @param nodeUuid of this node, the creator of the segments
     * @param deviceBytes size of the device
     * @param blockBytes of the device, 512 or 4096
     */
    public static BackfillLog open(Path directory, UUID resourceUuid, UUID nodeUuid, long deviceBytes, int blockBytes)
            throws IOException, LogFormatException {
        return open(directory, resourceUuid, nodeUuid, deviceBytes, blockBytes, Clock.systemUTC());
    }

    static BackfillLog open(
            Path directory, UUID resourceUuid, UUID nodeUuid, long deviceBytes, int blockBytes, Clock clock)
            throws IOException, LogFormatException {
        IncomingLog log = IncomingLog.open(directory, resourceUuid, BEGINNING);
        try {
            return new BackfillLog(
                    log,
                    resourceUuid,
                    nodeUuid,
                    deviceBytes,
                    blockBytes,
                    clock,
                    lastOffset(directory, resourceUuid, log.received().lsn()));
        } catch (IOException | LogFormatException failed) {
            log.close();
            throw failed;
        }
    }

    /** End on the device of the last record of the log; 0 when there is none. */
    private static long lastOffset(Path directory, UUID resourceUuid, long endLsn)
            throws IOException, LogFormatException {
        List<SegmentExtent> segments = new LogHistory(directory, resourceUuid).segments(endLsn);
        for (int i = segments.size() - 1; i >= 0; i--) {
            Path file = directory.resolve(segments.get(i).segment().fileName());
            try (SegmentReader reader = SegmentReader.open(file, resourceUuid, 0)) {
                Optional<BatchHeader> last = Optional.empty();
                for (Optional<BatchHeader> next = reader.skip(); next.isPresent(); next = reader.skip()) {
                    last = next;
                }
                if (last.isPresent()) {
                    List<RecordDescriptor> records = last.get().records();
                    RecordDescriptor record = records.get(records.size() - 1);
                    return record.position() + record.length();
                }
            } catch (NoSuchFileException replayedAndRemovedMeanwhile) {
                return 0;
            }
        }
        return 0;
    }

    /**
     * Up to where on the device the differences are known to be in the log and durable: a backfill that was interrupted goes
     * on there. It is the end of the last record whose batch is durable, so after a long run of equal ranges, or when the
     * driver has removed all records, those are compared again.
     */
    public long durableOffset() {
        return durableOffset;
    }

    /** Where the log ends: to be compared with how far the driver has replayed it. */
    public long endLsn() {
        return log.received().lsn();
    }

    /**
     * Appends what a range is to hold. {@code Equal} is nothing.
     *
     * @throws IOException as {@link #write} and {@link #writeZeroes}
     */
    public void append(RangeDifference difference) throws IOException, LogFormatException {
        if (difference instanceof RangeDifference.Block block) {
            write(block.position(), block.bytes(), block.crc32c());
        } else if (difference instanceof RangeDifference.Zeroes zeroes) {
            writeZeroes(zeroes.position(), zeroes.length());
        }
    }

    /**
     * Appends bytes that the device is to hold from {@code position} on.
     *
     * @param bytes whole blocks, at most 1 MiB; the buffer's position is not changed
     * @param crc32c of the bytes, as the sender computed it
     * @throws IOException when they do not fit to it, or not to the device, or not behind what came before: a refusal, after which
     *     the log is as it was
     */
    public synchronized void write(long position, ByteBuffer bytes, int crc32c) throws IOException, LogFormatException {
        int computed = Crc32c.of(bytes, bytes.position(), bytes.remaining());
        if (computed != crc32c) {
            throw new IOException(String.format(
                    "block at %d on the device: checksum %08x, computed %08x; it was damaged on its way: it is to be sent again",
                    position, crc32c, computed));
        }
        if (bytes.remaining() > LogFormat.WRITE_BYTES_MAX) {
            throw new IOException("a block of " + bytes.remaining() + " bytes: at most 1 MiB fits into a record");
        }
        makeRoom(bytes.remaining());
        take(position, bytes.remaining());
        encoder.write(position, bytes);
    }

    /**
     * Appends zeroes that the device is to hold from {@code position} on.
     *
     * @throws IOException when they do not fit to the device, or not behind what came before
     */
    public synchronized void writeZeroes(long position, long length) throws IOException, LogFormatException {
        makeRoom(0);
        take(position, length);
        encoder.writeZeroes(position, length);
    }

    /**
     * Makes durable what was appended before.
     *
     * @return what the driver is to be told, in log order; the first time, all segments that there are
     */
    public List<SegmentExtent> sync() throws IOException, LogFormatException {
        long offset;
        synchronized (this) {
            endBatch();
            offset = loggedOffset;
        }
        List<SegmentExtent> extents = log.sync();
        durableOffset = Math.max(durableOffset, offset);
        return extents;
    }

    /** Closes the files; what was not synced may be lost. Does nothing the second time. */
    @Override
    public synchronized void close() throws IOException {
        log.close();
    }

    private void take(long position, long length) throws IOException {
        boolean inDevice = position >= 0 && length > 0 && length <= deviceBytes && position <= deviceBytes - length;
        if (!inDevice || position % blockBytes != 0 || length % blockBytes != 0 || position < takenOffset) {
            throw new IOException(String.format(
                    "%d bytes at %d on the device do not belong there: the device has %d bytes in blocks of %d, and up to %d"
                            + " the backfill has all; the sender is of another version, or broken",
                    length, position, deviceBytes, blockBytes, takenOffset));
        }
        takenOffset = position + length;
    }

    private void makeRoom(int payloadBytes) throws IOException, LogFormatException {
        // What is pending stands in the encoder's memory.
        if (pending.hasRemaining() || !encoder.hasRoom(payloadBytes)) {
            endBatch();
        }
    }

    private void endBatch() throws IOException, LogFormatException {
        writePending();
        if (encoder.isEmpty()) {
            return;
        }
        LogPosition end = log.received();
        Optional<SegmentHeader> segment = log.newestSegment();
        if (segment.isEmpty() || end.lsn() - segment.get().startLsn() > SEGMENT_BYTES_MAX - encoder.length()) {
            pending = SegmentHeader.following(end, EPOCH, resourceUuid, nowNs(), nodeUuid, blockBytes)
                    .pack();
            writePending();
        }
        LogPosition before = log.received();
        long timeNs = Math.max(nowNs(), log.receivedTimeNs());
        pending = encoder.encode(before, timeNs, log.durable().lsn());
        writePending();
    }

    private void writePending() throws IOException, LogFormatException {
        if (pending.hasRemaining()) {
            log.accept(log.received().lsn(), pending.duplicate());
            pending.position(pending.limit());
            loggedOffset = encoder.isEmpty() ? takenOffset : loggedOffset;
        }
    }

    private long nowNs() {
        Instant now = clock.instant();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }
}
