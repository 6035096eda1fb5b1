// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.peer.Chunk;
import org.tharsis.replication.peer.ChunkSource;
import org.tharsis.replication.store.LogHistory;
import org.tharsis.replication.store.SegmentExtent;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;
import org.tharsis.replication.wire.WireFormat;

/** The log of a replica as frames, from a position that was checked up to what is durable. */
final class LogSource implements ChunkSource {
    private final int stream;
    private final ServedReplica replica;
    private final LogHistory history;
    private final boolean zeroCopy;
    private List<SegmentExtent> segments = List.of();
    /** The segments above were looked up for this end of the log. */
    private long segmentsEndLsn;

    private Optional<Current> current = Optional.empty();
    private boolean endTold;
    /** All below was made into frames. Written by the makers, read by the event loop. */
    private volatile long madeLsn;

    /** The segment that is being sent. */
    private record Current(SegmentName name, SegmentFile file) {}

    /**
     * @param fromLsn in the history, at most its durable end
     * @param zeroCopy the bytes go from file to socket by themselves
     */
    LogSource(int stream, ServedReplica replica, LogHistory history, long fromLsn, boolean zeroCopy) {
        this.stream = stream;
        this.replica = replica;
        this.history = history;
        this.zeroCopy = zeroCopy;
        this.madeLsn = fromLsn;
        this.segmentsEndLsn = fromLsn;
    }

    long madeLsn() {
        return madeLsn;
    }

    @Override
    public Optional<Chunk> next() throws WireException, IOException {
        long durableLsn = replica.durableLsn();
        if (Long.compareUnsigned(durableLsn, madeLsn) < 0) {
            throw new WireException(
                    ErrorCode.REFUSED,
                    "the log of this node ends at LSN " + Long.toUnsignedString(durableLsn)
                            + " now, below what was sent: it was cut, or is being opened again; ask anew");
        }
        if (madeLsn == durableLsn) {
            return end(durableLsn);
        }
        if (madeLsn == segmentsEndLsn) {
            lookUpSegments(durableLsn);
        }
        return Optional.of(chunkOf(segmentAt(madeLsn)));
    }

    /** Told once each time when all was sent. */
    private Optional<Chunk> end(long durableLsn) {
        if (endTold) {
            return Optional.empty();
        }
        endTold = true;
        return Optional.of(Chunk.of(new ServerFrame.End(stream, durableLsn, Clock.nowNs())));
    }

    private void lookUpSegments(long durableLsn) throws IOException {
        try {
            segments = history.segments(durableLsn);
            segmentsEndLsn = durableLsn;
        } catch (LogFormatException damaged) {
            throw new IOException(damaged.getMessage(), damaged);
        }
    }

    private SegmentExtent segmentAt(long lsn) throws WireException {
        for (SegmentExtent extent : segments) {
            if (Long.compareUnsigned(extent.segment().startLsn(), lsn) <= 0
                    && Long.compareUnsigned(lsn, extent.endLsn()) < 0) {
                return extent;
            }
        }
        throw new WireException(
                ErrorCode.REFUSED, "the log at LSN " + Long.toUnsignedString(lsn) + " was removed: ask anew");
    }

    private Chunk chunkOf(SegmentExtent extent) throws IOException {
        endTold = false;
        if (current.isPresent() && !current.get().name().equals(extent.segment())) {
            close();
            return Chunk.of(new ServerFrame.Sealed(stream, madeLsn));
        }
        if (current.isEmpty()) {
            current = Optional.of(new Current(
                    extent.segment(),
                    SegmentFile.open(
                            replica.logDirectory().resolve(extent.segment().fileName()))));
            if (extent.segment().startLsn() == madeLsn) {
                return Chunk.of(new ServerFrame.Segment(stream, extent.segment()));
            }
        }
        return bytes(current.get(), extent.endLsn());
    }

    private Chunk bytes(Current from, long endLsn) throws IOException {
        long lsn = madeLsn;
        int bytes = (int) Math.min(WireFormat.BYTES_MAX, endLsn - lsn);
        long offset = lsn - from.name().startLsn();
        ServerFrame.Bytes head = new ServerFrame.Bytes(stream, lsn, Unpooled.EMPTY_BUFFER);
        Chunk chunk = zeroCopy
                ? Chunk.of(head, from.file().region(offset, bytes), bytes)
                : Chunk.of(head, from.file().read(offset, bytes), bytes);
        madeLsn = lsn + bytes;
        return chunk;
    }

    @Override
    public void close() {
        current.ifPresent(open -> open.file().release());
        current = Optional.empty();
    }
}
