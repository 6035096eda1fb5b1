// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.store.IncomingLog;

/**
 * A follower's log while it is open, with the group sync that belongs to it. Written by one lane, synced and closed by another; the
 * positions may be asked by any thread.
 */
final class LogIntake {
    private static final Logger LOG = LoggerFactory.getLogger(LogIntake.class);

    private final IncomingLog log;
    private final GroupSync sync;

    private LogIntake(IncomingLog log, GroupSync sync) {
        this.log = log;
        this.sync = sync;
    }

    /** Opens the replica's log at its verified end. Blocks. The parameters are those of {@link GroupSync}. */
    static LogIntake open(FollowedReplica replica, Executor syncLane, Runnable synced, Consumer<Exception> failed)
            throws IOException, LogFormatException {
        IncomingLog log = IncomingLog.open(replica.logDirectory(), replica.resourceUuid(), replica.start());
        GroupSync sync = new GroupSync(
                syncLane, log::sync, extent -> replica.received(extent.segment(), extent.endLsn()), synced, failed);
        return new LogIntake(log, sync);
    }

    LogPosition received() {
        return log.received();
    }

    LogPosition durable() {
        return log.durable();
    }

    List<EpochStart> epochs() {
        return log.epochs();
    }

    /** On the write lane. */
    void accept(long lsn, ByteBuffer bytes) throws IOException, LogFormatException {
        log.accept(lsn, bytes);
    }

    void requestSync() {
        sync.request();
    }

    /** Makes all durable, announces it, and closes. On the sync lane, when nobody writes any more. Returns the end. */
    LogPosition close() throws IOException, LogFormatException {
        sync.stop();
        try (log) {
            sync.now();
        }
        return log.durable();
    }

    /** Closes after a failure; as much as is possible. On the sync lane, when nobody writes any more. */
    void abandon() {
        sync.stop();
        try {
            log.close();
        } catch (IOException failed) {
            LOG.warn("The log could not be closed after a failure: {}", Reasons.of(failed));
        }
    }
}
