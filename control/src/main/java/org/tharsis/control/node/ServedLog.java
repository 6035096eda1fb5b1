// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.ship.BackfillOrigin;
import org.tharsis.replication.ship.ServedReplica;
import org.tharsis.replication.store.LogHistory;

/** The replica of this node, as others fetch from it: tells the driver for whom the log is kept and how far they are. */
final class ServedLog implements ServedReplica {
    /** Who has not confirmed anything for so long is not being served. */
    private static final long SERVED_MS = 30_000;

    private static final long NS_PER_MS = 1_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(ServedLog.class);

    /** What a follower has confirmed. */
    private static final class Confirmed {
        private final LagMeter meter = new LagMeter();
        private long durableLsn; // guarded by this
        private boolean telling; // guarded by this
        private volatile Optional<Progress> progress = Optional.empty();
        private volatile long atMs;
    }

    /** How far a follower is: all unsigned. */
    record Progress(long receivedLsn, long durableLsn, long replayedLsn) {}

    /** A follower that confirms what it has, now. */
    record Served(Progress progress, Optional<Lag> lag) {}

    private final ReplicaSpec spec;
    private final DriverClient driver;
    private final WatchedResource watched;
    private final LogHistory history;
    private final Background background;
    private final LongSupplier clockMs;
    private final Map<UUID, Confirmed> followers = new ConcurrentHashMap<>();

    ServedLog(
            ReplicaSpec spec,
            DriverClient driver,
            WatchedResource watched,
            Background background,
            LongSupplier clockMs) {
        this.spec = spec;
        this.driver = driver;
        this.watched = watched;
        this.history = new LogHistory(spec.logDirectory(), spec.resourceUuid());
        this.background = background;
        this.clockMs = clockMs;
    }

    /** The nodes that are being served now. */
    Set<UUID> served() {
        long nowMs = clockMs.getAsLong();
        return followers.entrySet().stream()
                .filter(follower -> nowMs - follower.getValue().atMs < SERVED_MS)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** A follower, as far as it has confirmed within the last seconds; empty when it has not. Any thread may ask. */
    Optional<Served> served(UUID follower) {
        return Optional.ofNullable(followers.get(follower))
                .filter(confirmed -> clockMs.getAsLong() - confirmed.atMs <= Lag.HEARD_MS)
                .flatMap(confirmed -> confirmed.progress.map(progress -> new Served(
                        progress,
                        confirmed.meter.lag(
                                progress.receivedLsn(), progress.replayedLsn(), Optional.empty(), System.nanoTime()))));
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
    public long durableLsn() {
        return watched.replica().map(ResourceStatus.Replica::durableLsn).orElse(0L);
    }

    @Override
    public List<EpochStart> epochs() {
        return watched.replica().map(ResourceStatus.Replica::epochs).orElseGet(List::of);
    }

    @Override
    public Closeable onGrowth(Runnable listener) {
        return watched.onChange(sight -> listener.run());
    }

    @Override
    public CompletionStage<Void> keepLog(UUID follower, long fromLsn) {
        return background.run(() -> keepFrom(follower, fromLsn));
    }

    private void keepFrom(UUID follower, long fromLsn) throws IOException, DriverException {
        Optional<ResourceStatus.Peer> known = driver.status(spec.resource())
                .replica()
                .flatMap(replica -> replica.peers().stream()
                        .filter(peer -> peer.uuid().equals(follower))
                        .findFirst());
        boolean hasLost = known.filter(peer -> peer.bitmap().isPresent()
                        || peer.durableLsn()
                                .filter(lsn -> Long.compareUnsigned(lsn, fromLsn) > 0)
                                .isPresent())
                .isPresent();
        if (hasLost) {
            driver.peerRemove(spec.resource(), follower);
        }
        driver.peerAdd(spec.resource(), follower, Optional.of(fromLsn));
        confirmed(follower).atMs = clockMs.getAsLong();
    }

    private Confirmed confirmed(UUID follower) {
        return followers.computeIfAbsent(follower, uuid -> new Confirmed());
    }

    @Override
    public void acknowledged(UUID follower, long receivedLsn, long durableLsn, long replayedLsn) {
        Confirmed confirmed = confirmed(follower);
        confirmed.meter.heard(durableLsn(), clockMs.getAsLong() * NS_PER_MS, replayedLsn, System.nanoTime());
        confirmed.progress = Optional.of(new Progress(receivedLsn, durableLsn, replayedLsn));
        confirmed.atMs = clockMs.getAsLong();
        synchronized (confirmed) {
            boolean news = confirmed.durableLsn != durableLsn;
            confirmed.durableLsn = durableLsn;
            if (!news || confirmed.telling) {
                return;
            }
            confirmed.telling = true;
        }
        background.run(() -> tell(follower, confirmed));
    }

    /** Tells the driver the newest, until nothing has come meanwhile. */
    private void tell(UUID follower, Confirmed confirmed) {
        long told = 0;
        while (true) {
            synchronized (confirmed) {
                if (confirmed.durableLsn == told) {
                    confirmed.telling = false;
                    return;
                }
                told = confirmed.durableLsn;
            }
            try {
                driver.remoteDurable(spec.resource(), follower, told);
            } catch (DriverException | DriverGone refused) {
                LOG.debug(
                        "{}: the driver was not told what {} has: {}", spec.resource(), follower, refused.getMessage());
            }
        }
    }

    @Override
    public CompletionStage<BackfillOrigin> prepareBackfill(UUID follower, Optional<LogPosition> resume) {
        return background.start(() -> {
            ResourceStatus status = driver.status(spec.resource());
            ResourceStatus.Replica replica = status.replica()
                    .filter(open -> open.consistent() && open.diskAttached())
                    .orElseThrow(() -> new IOException(
                            spec.resource() + " is not consistent, or has no disk: a backfill cannot be read from it"));
            LogPosition from = resume.filter(this::isKept).orElseGet(() -> newResumePoint(replica.durableLsn()));
            keepFrom(follower, from.lsn());
            return new BackfillOrigin(from, spec.disk(), replica.deviceBytes(), replica.blockBytes());
        });
    }

    private boolean isKept(LogPosition resume) {
        try {
            return history.positionAt(resume.lsn(), durableLsn())
                    .filter(resume::equals)
                    .isPresent();
        } catch (IOException | LogFormatException unreadable) {
            LOG.warn(
                    "{}: the log at {} cannot be read ({}); the backfill begins anew.",
                    spec.resource(),
                    resume,
                    unreadable.getMessage());
            return false;
        }
    }

    private LogPosition newResumePoint(long durableBeforeLsn) {
        try {
            driver.rotate(spec.resource());
            long checkpoint = driver.checkpoint(spec.resource());
            long durable = driver.status(spec.resource())
                    .replica()
                    .map(ResourceStatus.Replica::durableLsn)
                    .orElse(durableBeforeLsn);
            return history.segmentStartAtOrBelow(checkpoint, durable)
                    .orElseThrow(() -> new IOException("the log of " + spec.resource() + " has no segment at its"
                            + " checkpoint, LSN " + checkpoint));
        } catch (IOException | DriverException | LogFormatException failed) {
            throw new IllegalStateException(String.valueOf(failed.getMessage()), failed);
        }
    }

    @Override
    public CompletionStage<EpochLsn> flushedEnd() {
        return background.start(() -> driver.flush(spec.resource()));
    }
}
