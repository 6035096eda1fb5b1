// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.journal.HistoryEntry;
import org.tharsis.control.journal.LagRecorder;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.LostTail;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.Switch;
import org.tharsis.control.reconcile.Following;
import org.tharsis.control.reconcile.ReplicaFiles;
import org.tharsis.control.state.StateTree;
import org.tharsis.replication.fetch.BackfillProgress;
import org.tharsis.replication.fetch.FollowState;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.store.LogTail;

/** Makes the report of this node's replica, and publishes it. Belongs to the replica's loop; {@link #newest} is for all. */
final class ReplicaReporter {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaReporter.class);

    private final ReplicaSpec spec;
    private final String me;
    private final StateTree tree;
    private final WatchedResource watched;
    private final Fetching fetching;
    private final Events events;
    private final LagRecorder lags;
    private Optional<FollowState.Diverged> measured = Optional.empty();
    private Optional<LostTail> lost = Optional.empty();
    private volatile Optional<ReplicaReport> newest = Optional.empty();

    ReplicaReporter(
            ReplicaSpec spec,
            String me,
            StateTree tree,
            WatchedResource watched,
            Fetching fetching,
            Events events,
            LagRecorder lags) {
        this.spec = spec;
        this.me = me;
        this.tree = tree;
        this.watched = watched;
        this.fetching = fetching;
        this.events = events;
        this.lags = lags;
    }

    /**
     * How far the replica is behind what it follows, or has followed last; empty when it has heard of no source, or has
     * diverged from it. Any thread may ask.
     */
    Optional<Lag> lag() {
        if (fetching.state().orElse(null) instanceof FollowState.Diverged) {
            return Optional.empty();
        }
        return watched.replica()
                .filter(replica -> isOwnLog())
                .flatMap(replica -> fetching.meter()
                        .lag(replica.endLsn(), replica.replayedLsn(), replica.replayedTimeNs(), System.nanoTime()));
    }

    /** The driver has the replica's log open, and not that of a backfill. Any thread may ask. */
    boolean isOwnLog() {
        return watched.status()
                .filter(status -> status.directory().equals(Optional.of(spec.logDirectory())))
                .isPresent();
    }

    /** What was reported last. */
    Optional<ReplicaReport> newest() {
        return newest;
    }

    /** @param failure why the replica cannot be put together, if something is in the way */
    void report(ReplicaFiles files, Optional<String> failure) {
        if (files == ReplicaFiles.REPLICA) {
            measureLost();
        } else {
            measured = Optional.empty();
            lost = Optional.empty();
        }
        ReplicaReport report = new ReplicaReport(actual(files), position(files), health(files, failure), lost);
        if (!newest.equals(Optional.of(report))) {
            newest = Optional.of(report);
            tree.publish(spec.resource(), report);
        }
        lag().filter(Lag::isKnown)
                .ifPresent(lag -> lag.ms()
                        .ifPresent(
                                ms -> lags.sample(new HistoryEntry.LagSample(spec.resource(), me, lag.bytes(), ms))));
    }

    private Actual actual(ReplicaFiles files) {
        Set<Switch> on = EnumSet.noneOf(Switch.class);
        Optional<ResourceStatus.Replica> replica = watched.replica();
        if (replica.filter(ResourceStatus.Replica::diskAttached).isPresent()) {
            on.add(Switch.ATTACH);
        }
        if (replica.filter(open -> !open.replayPaused()).isPresent()) {
            on.add(Switch.REPLAY);
        }
        if (isFollowing()) {
            on.add(Switch.FETCH);
        }
        if (files == ReplicaFiles.REPLICA || fetching.filled().isPresent()) {
            on.add(Switch.SYNC); // it is filled, or being filled
        }
        return new Actual(on, watched.status().map(ResourceStatus::users).orElse(0), fetching.source());
    }

    private boolean isFollowing() {
        return fetching.following() instanceof Following.Running running
                && running.phase() == Following.Phase.FOLLOWING;
    }

    /** The LSNs of a backfill's log are its own, and mean nothing to others. */
    private Optional<Position> position(ReplicaFiles files) {
        return files == ReplicaFiles.REPLICA ? watched.replica().map(ReplicaReporter::position) : Optional.empty();
    }

    static Position position(ResourceStatus.Replica replica) {
        return new Position(
                Facts.newestEpoch(replica),
                replica.endLsn(),
                replica.durableLsn(),
                replica.replayedLsn(),
                replica.checkpointLsn(),
                replica.replayedTimeNs().orElse(0L));
    }

    private Health health(ReplicaFiles files, Optional<String> failure) {
        if (files == ReplicaFiles.DAMAGED) {
            return new Health.Failed("there is log in " + spec.logDirectory() + ", but no meta file");
        }
        if (files != ReplicaFiles.REPLICA) {
            return failure.<Health>map(Health.Failed::new).orElseGet(this::syncing);
        }
        if (watched.sight() instanceof DriverSight.Away away) {
            return new Health.Failed(away.why());
        }
        Optional<ResourceStatus.Replica> replica = watched.replica();
        if (replica.isEmpty()) {
            return new Health.Failed(failure.orElse("the driver has not opened it yet"));
        }
        return health(replica.get());
    }

    private Health syncing() {
        return fetching.filled()
                .flatMap(BackfilledDisk::newest)
                .map((BackfillProgress progress) ->
                        new Health.Syncing(Math.min(progress.doneBytes(), spec.deviceBytes()), spec.deviceBytes()))
                .orElseGet(() -> new Health.Syncing(0, spec.deviceBytes()));
    }

    private Health health(ResourceStatus.Replica replica) {
        Optional<ResourceStatus.Failure> failed = watched.status().flatMap(ResourceStatus::failure);
        if (failed.isPresent()) {
            return new Health.Failed(failed.get().text());
        }
        if (fetching.state().orElse(null) instanceof FollowState.Diverged diverged) {
            return new Health.Diverged(diverged.epoch(), diverged.lsn());
        }
        if (fetching.state().orElse(null) instanceof FollowState.Gone gone) {
            return new Health.Gone(gone.oldestLsn());
        }
        if (!replica.consistent()) {
            return new Health.Inconsistent(replica.inconsistentUntilLsn().orElse(0L));
        }
        return replica.diskAttached() ? new Health.Ok() : new Health.Detached();
    }

    /** What this replica has that the source's history has not: measured once, and told to everybody. */
    private void measureLost() {
        Optional<FollowState.Diverged> diverged =
                fetching.state().filter(FollowState.Diverged.class::isInstance).map(FollowState.Diverged.class::cast);
        boolean follows =
                fetching.state().filter(FollowState.Following.class::isInstance).isPresent();
        if (follows) {
            measured = Optional.empty();
            lost = Optional.empty();
        }
        if (diverged.isEmpty() || samePlace(diverged.get())) {
            return;
        }
        try {
            LogTail tail = LogTail.measure(
                    spec.logDirectory(), spec.resourceUuid(), diverged.get().lsn());
            measured = diverged;
            lost = Optional.of(new LostTail(
                    tail.fromLsn(),
                    tail.toLsn(),
                    tail.payloadBytes(),
                    tail.records(),
                    tail.blocks(),
                    tail.firstTimeNs(),
                    tail.lastTimeNs()));
            events.tell("diverged", spec.resource(), sentence(tail, diverged.get()));
        } catch (IOException | LogFormatException unreadable) {
            LOG.warn(
                    "{}: what this replica has beyond LSN {} cannot be measured: {}. It is kept all the same, and measured with the next look.",
                    spec.resource(),
                    Long.toUnsignedString(diverged.get().lsn()),
                    unreadable.getMessage());
        }
    }

    private boolean samePlace(FollowState.Diverged diverged) {
        return measured.filter(before -> before.epoch() == diverged.epoch() && before.lsn() == diverged.lsn())
                .isPresent();
    }

    private String sentence(LogTail tail, FollowState.Diverged diverged) {
        return me + " has another history than the primary behind LSN " + Long.toUnsignedString(diverged.lsn())
                + " of epoch " + diverged.epoch() + ": " + tail.records() + " records, " + tail.payloadBytes()
                + " bytes of data in " + tail.blocks() + " blocks. They are kept until 'tharsis invalidate "
                + spec.resource() + "' on " + me + ".";
    }
}
