// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.replication.fetch.FollowState;
import org.tharsis.replication.fetch.FollowedReplica;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/** The replica of this node while it follows a source: tells the driver what has come in, and remembers what the source says. */
final class FollowedLog implements FollowedReplica {
    private static final Logger LOG = LoggerFactory.getLogger(FollowedLog.class);

    /**
     * What the source has told of itself.
     *
     * @param toldNs when, by {@link System#nanoTime}
     */
    record SourceEnd(long endLsn, long toldNs) {}

    private final ReplicaSpec spec;
    private final WatchedResource watched;
    private final LogPosition start;
    private final LagMeter meter;
    private final String source;
    private final Runnable stateListener;
    private final Announcer announcer; // of the caller of received
    private volatile Optional<FollowState> state = Optional.empty();
    private volatile Optional<SourceEnd> sourceEnd = Optional.empty();
    private final AtomicReference<String> told = new AtomicReference<>("");

    /**
     * @param start where the driver's log ends now
     * @param meter is told what the source tells
     * @param source its host
     * @param stateListener called after each change of {@link #state}; returns at once
     */
    FollowedLog(
            ReplicaSpec spec,
            DriverClient driver,
            WatchedResource watched,
            LogPosition start,
            LagMeter meter,
            String source,
            Runnable stateListener) {
        this.spec = spec;
        this.watched = watched;
        this.start = start;
        this.meter = meter;
        this.source = source;
        this.announcer = new Announcer(driver, spec.resource(), start.lsn());
        this.stateListener = stateListener;
    }

    Optional<FollowState> state() {
        return state;
    }

    Optional<SourceEnd> sourceEnd() {
        return sourceEnd;
    }

    @Override
    public UUID resourceUuid() {
        return spec.resourceUuid();
    }

    @Override
    public Path logDirectory() {
        return spec.logDirectory();
    }

    @Override
    public LogPosition start() {
        return start;
    }

    @Override
    public void received(SegmentName segment, long lsn) {
        announcer.received(segment, lsn);
    }

    @Override
    public long replayedLsn() {
        return watched.replica().map(ResourceStatus.Replica::replayedLsn).orElse(start.lsn());
    }

    @Override
    public void stateChanged(FollowState now) {
        state = Optional.of(now);
        FollowText.news(now, source)
                .filter(news -> !news.equals(told.getAndSet(news)))
                .ifPresent(news -> LOG.info("{}: {}", spec.resource(), news));
        stateListener.run();
    }

    @Override
    public void sourceAt(long endLsn, long timeNs) {
        long nowNs = System.nanoTime();
        meter.heard(endLsn, timeNs, replayedLsn(), nowNs);
        sourceEnd = Optional.of(new SourceEnd(endLsn, nowNs));
    }
}
