// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverError;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.driver.FileAccess;
import org.tharsis.control.driver.NewReplica;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.reconcile.Action;
import org.tharsis.replication.backfill.BackfillState;
import org.tharsis.replication.fetch.BackfillResult;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.store.IncomingLog;
import org.tharsis.replication.store.SegmentExtent;

/**
 * Does what the reconciler has decided about driver, files and fetching; {@link RoleActions} does the rest. Belongs to the
 * replica's loop; every method may block for the driver, the disk, or the fetcher.
 */
final class ReplicaActions {
    private static final Duration REPLAYED_WITHIN = Duration.ofMinutes(10);

    private final ReplicaSpec spec;
    private final ReplicaDirectory directory;
    private final DriverClient driver;
    private final WatchedResource watched;
    private final Fetching fetching;
    private final RoleActions roles;
    private final Runnable wakeUp;
    private volatile boolean settled;

    ReplicaActions(
            ReplicaSpec spec,
            ReplicaDirectory directory,
            DriverClient driver,
            WatchedResource watched,
            Fetching fetching,
            RoleActions roles,
            Runnable wakeUp) {
        this.spec = spec;
        this.directory = directory;
        this.driver = driver;
        this.watched = watched;
        this.fetching = fetching;
        this.roles = roles;
        this.wakeUp = wakeUp;
    }

    /** What stands in the log directory was announced to the driver since that has opened it. */
    boolean settled() {
        return settled;
    }

    /** The driver has lost what it was told. */
    void unsettle() {
        settled = false;
    }

    void perform(Action action)
            throws IOException, DriverException, LogFormatException, TreeChangeException, InterruptedException {
        if (action instanceof Action.Follow follow) {
            fetching.follow(follow.source(), followedLog(follow.source().host()));
        } else if (action instanceof Action.StopFollowing) {
            fetching.stopFollowing();
            settled = true;
        } else if (action instanceof Action.Backfill backfill) {
            fetching.backfill(backfill.source(), backfilledDisk(), wakeUp);
        } else if (action instanceof Action.StopBackfill) {
            fetching.stopBackfill();
        } else if (action instanceof Action.PrepareBackfill) {
            directory.prepareBackfill();
            create(directory.backfill(), Optional.empty(), Optional.empty());
        } else if (action instanceof Action.OpenBackfill) {
            fetching.stopBackfill();
            open(directory.backfill());
        } else if (action instanceof Action.DrainBackfill) {
            drainBackfill();
        } else if (action instanceof Action.FinishBackfill) {
            finishBackfill();
        } else if (action instanceof Action.AbandonBackfill) {
            fetching.stopBackfill();
            directory.removeBackfill();
        } else if (action instanceof Action.Discard) {
            directory.discard();
            roles.discarded();
        } else if (action instanceof Action.Settle) {
            settle();
        } else if (!performAtDriver(action)) {
            roles.perform(action);
        }
    }

    private boolean performAtDriver(Action action)
            throws IOException, DriverException, LogFormatException, InterruptedException {
        String resource = spec.resource();
        if (action instanceof Action.Open) {
            directory.removeBackfill();
            open(directory.log());
        } else if (action instanceof Action.Close) {
            unless(DriverError.ABSENT, () -> driver.close(resource, true));
        } else if (action instanceof Action.Attach) {
            attach();
        } else if (action instanceof Action.Detach) {
            unless(DriverError.ABSENT, () -> driver.detach(resource));
        } else if (action instanceof Action.Tune tune) {
            driver.tune(resource, tune.options());
        } else if (action instanceof Action.ResumeReplay) {
            driver.replayRun(resource);
        } else if (action instanceof Action.PauseReplay) {
            driver.replayPause(resource);
        } else if (action instanceof Action.Export) {
            unless(DriverError.EXISTS, () -> driver.export(resource));
        } else if (action instanceof Action.Unexport) {
            unless(DriverError.ABSENT, () -> driver.unexport(resource));
        } else if (action instanceof Action.BecomeSecondary) {
            driver.roleSecondary(resource);
            settled = true; // it has written its log itself
        } else if (action instanceof Action.BecomePrimary become) {
            settle();
            driver.rolePrimary(resource, become.epoch(), Optional.of(become.chain()));
        } else {
            return performForPeers(action);
        }
        return true;
    }

    private boolean performForPeers(Action action) throws DriverException, DriverGone {
        if (action instanceof Action.KeepLog keep) {
            for (UUID peer : keep.peers()) {
                driver.peerAdd(spec.resource(), peer, Optional.empty());
            }
        } else if (action instanceof Action.ForgetPeers forget) {
            for (UUID peer : forget.peers()) {
                driver.peerRemove(spec.resource(), peer);
            }
        } else if (action instanceof Action.ConfirmDurable confirm) {
            for (Map.Entry<UUID, Long> peer : confirm.durable().entrySet()) {
                driver.remoteDurable(spec.resource(), peer.getKey(), peer.getValue());
            }
        } else {
            return false;
        }
        return true;
    }

    /** A command to the driver. */
    @FunctionalInterface
    private interface Command {
        void give() throws DriverException, DriverGone;
    }

    /** What is done already is done. */
    private static void unless(DriverError done, Command command) throws DriverException, DriverGone {
        try {
            command.give();
        } catch (DriverException refused) {
            if (refused.error() != done) {
                throw refused;
            }
        }
    }

    private void open(Path logDirectory) throws DriverException, DriverGone {
        unless(
                DriverError.EXISTS,
                () -> driver.open(spec.resource(), logDirectory, spec.resourceUuid(), FileAccess.USUAL));
        watched.watch();
        settled = true; // the driver has just read it
    }

    /** Only for a backfill a disk is made or gets a label: a replica that exists has both. */
    private void attach() throws DriverException, DriverGone {
        boolean backfill = watched.status()
                .filter(status -> status.directory().equals(Optional.of(directory.backfill())))
                .isPresent();
        Optional<Long> newBytes =
                backfill && !Files.exists(spec.disk()) ? Optional.of(spec.newDiskBytes()) : Optional.empty();
        unless(
                DriverError.EXISTS,
                () -> driver.attach(spec.resource(), spec.disk(), backfill, newBytes, FileAccess.USUAL));
    }

    private void create(Path logDirectory, Optional<LogPosition> start, Optional<EpochLsn> inconsistentUntil)
            throws DriverException, DriverGone {
        NewReplica replica = new NewReplica(
                logDirectory,
                spec.deviceBytes(),
                spec.blockBytes(),
                spec.resourceUuid(),
                spec.nodeUuid(),
                start,
                inconsistentUntil);
        unless(DriverError.EXISTS, () -> driver.create(spec.resource(), replica, FileAccess.USUAL));
    }

    // Fetching

    private ResourceStatus.Replica openReplica() throws IOException {
        return watched.replica().orElseThrow(() -> new IOException(spec.resource() + " is not open any more"));
    }

    private FollowedLog followedLog(String source) throws IOException {
        ResourceStatus.Replica replica = openReplica();
        LogPosition end = new LogPosition(replica.endLsn(), replica.epoch(), replica.chain());
        return new FollowedLog(spec, driver, watched, end, fetching.meter(), source, wakeUp);
    }

    private BackfilledDisk backfilledDisk() throws IOException {
        return new BackfilledDisk(
                spec, directory.backfill(), driver, watched, openReplica().endLsn());
    }

    /**
     * Announces what an earlier daemon has received and not told any more, and removes what is no part of the log. So what the
     * driver knows and what the files hold is the same.
     */
    void settle() throws IOException, LogFormatException {
        if (settled) {
            return;
        }
        FollowedLog log = followedLog(""); // it only announces
        try (IncomingLog incoming = IncomingLog.open(directory.log(), spec.resourceUuid(), log.start())) {
            for (SegmentExtent extent : incoming.sync()) {
                log.received(extent.segment(), extent.endLsn());
            }
        }
        settled = true;
    }

    /** Stops following and replays all that has come in, so that the end of the log is known with its chain value. */
    ResourceStatus.Replica standStill() throws IOException, DriverException, LogFormatException, InterruptedException {
        fetching.stopFollowing();
        settle();
        driver.replayRun(spec.resource());
        return Awaited.of(watched, REPLAYED_WITHIN, replica -> replica.replayedLsn() == replica.endLsn())
                .orElseThrow(() -> new IOException(
                        "the log of " + spec.resource() + " is not replayed within " + REPLAYED_WITHIN));
    }

    // Backfills

    private void drainBackfill() throws IOException, DriverException {
        BackfillResult result = fetching.result()
                .orElseThrow(() -> new IOException("the backfill of " + spec.resource() + " is not complete"));
        BackfillState begun = directory
                .backfillState()
                .orElseThrow(() -> new IOException("the backfill in " + directory.backfill() + " has lost its state"));
        driver.close(spec.resource(), true);
        fetching.stopBackfill();
        new BackfillState(
                        begun.serverNode(),
                        result.resumePoint(),
                        begun.deviceBytes(),
                        new BackfillState.Phase.Applied(result.consistent()))
                .write(directory.backfill());
    }

    private void finishBackfill() throws IOException, DriverException {
        BackfillState applied = directory
                .backfillState()
                .orElseThrow(() -> new IOException("the backfill in " + directory.backfill() + " has lost its state"));
        if (!(applied.phase() instanceof BackfillState.Phase.Applied phase)) {
            throw new IOException("the backfill in " + directory.backfill() + " is not on the disk yet");
        }
        create(directory.log(), Optional.of(applied.resumePoint()), Optional.of(phase.consistent()));
        directory.removeBackfill();
    }
}
