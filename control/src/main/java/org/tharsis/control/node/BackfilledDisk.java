// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.replication.fetch.BackfillProgress;
import org.tharsis.replication.fetch.BackfillTarget;
import org.tharsis.replication.log.SegmentName;

/** The disk of this node's replica while it is filled from a source, by way of the driver. */
final class BackfilledDisk implements BackfillTarget {
    private final ReplicaSpec spec;
    private final Path directory;
    private final WatchedResource watched;
    private final Announcer announcer; // of the caller of received
    private volatile Optional<BackfillProgress> newest = Optional.empty();

    /** @param announcedLsn end of the backfill's log, as the driver has it */
    BackfilledDisk(ReplicaSpec spec, Path directory, DriverClient driver, WatchedResource watched, long announcedLsn) {
        this.spec = spec;
        this.directory = directory;
        this.watched = watched;
        this.announcer = new Announcer(driver, spec.resource(), announcedLsn);
    }

    Optional<BackfillProgress> newest() {
        return newest;
    }

    @Override
    public UUID resourceUuid() {
        return spec.resourceUuid();
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public Path disk() {
        return spec.disk();
    }

    @Override
    public long deviceBytes() {
        return spec.deviceBytes();
    }

    @Override
    public int blockBytes() {
        return spec.blockBytes();
    }

    @Override
    public void received(SegmentName segment, long lsn) {
        announcer.received(segment, lsn);
    }

    @Override
    public long replayedLsn() {
        return watched.replica().map(ResourceStatus.Replica::replayedLsn).orElse(0L);
    }

    @Override
    public void progress(BackfillProgress progress) {
        newest = Optional.of(progress);
    }
}
