// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/** A secondary without a driver: remembers what it was told. */
public final class RecordingReplica implements FollowedReplica {
    /** A segment that may be replayed up to an LSN. */
    public record Received(SegmentName segment, long lsn) {}

    private final Path directory;
    public final List<Received> received = new CopyOnWriteArrayList<>();
    public final List<FollowState> states = new CopyOnWriteArrayList<>();
    public volatile LogPosition start = new LogPosition(0, 0, 0);
    public volatile long sourceEndLsn;
    public final AtomicInteger sourceTimes = new AtomicInteger();

    public RecordingReplica(Path directory) {
        this.directory = directory;
    }

    /** Up to here it could have replayed. */
    public long receivedLsn() {
        return received.isEmpty() ? 0 : received.get(received.size() - 1).lsn();
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
    public LogPosition start() {
        return start;
    }

    @Override
    public void received(SegmentName segment, long lsn) {
        received.add(new Received(segment, lsn));
    }

    @Override
    public long replayedLsn() {
        return receivedLsn();
    }

    @Override
    public void stateChanged(FollowState state) {
        states.add(state);
    }

    @Override
    public void sourceAt(long endLsn, long timeNs) {
        sourceEndLsn = endLsn;
        sourceTimes.incrementAndGet();
    }
}
