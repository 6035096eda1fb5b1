// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.backfill.BackfillLog;
import org.tharsis.replication.backfill.BackfillState;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.store.SegmentExtent;
import org.tharsis.replication.wire.ServerFrame;

/**
 * A backfill's own log and state file while they are open. Written by one lane, synced and closed by another; the positions may be asked
 * by any thread.
 */
final class BackfillIntake {
    private static final Logger LOG = LoggerFactory.getLogger(BackfillIntake.class);
    /** What has to be compared again after a crash, where everything is equal. */
    private static final long STATE_AGE_NS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final BackfillTarget target;
    private final UUID server;
    private final BackfillLog log;
    private final GroupSync sync;
    private volatile Optional<BackfillState> state;
    /** All below it on the device is in the log. Of the write lane. */
    private volatile long offset;
    /** All below it on the device is in the log and durable. Of the sync lane. */
    private volatile long durableOffset;

    private long stateSavedNs;

    private BackfillIntake(
            BackfillTarget target,
            UUID server,
            BackfillLog log,
            Optional<BackfillState> state,
            Executor syncLane,
            Runnable synced,
            Consumer<Exception> failed) {
        this.target = target;
        this.server = server;
        this.log = log;
        this.state = state;
        this.offset = state.isPresent() ? resumeOffset(state.get(), log) : 0;
        this.durableOffset = offset;
        this.stateSavedNs = System.nanoTime();
        this.sync = new GroupSync(
                syncLane, this::syncLog, extent -> target.received(extent.segment(), extent.endLsn()), synced, failed);
    }

    /**
     * Opens what is there, or nothing yet. Blocks. The last parameters are those of {@link GroupSync}.
     *
     * @param server the node that is asked
     * @param node this one
     * @throws BackfillImpossibleException when what is there was begun otherwise
     */
    static BackfillIntake open(
            BackfillTarget target,
            UUID server,
            UUID node,
            Executor syncLane,
            Runnable synced,
            Consumer<Exception> failed)
            throws IOException, LogFormatException, BackfillImpossibleException {
        Optional<BackfillState> state = BackfillState.read(target.directory());
        if (state.isPresent() && !state.get().serverNode().equals(server)) {
            throw new BackfillImpossibleException("the backfill in " + target.directory() + " was begun from node "
                    + state.get().serverNode() + ", not from " + server);
        }
        if (state.isPresent() && state.get().deviceBytes() != target.deviceBytes()) {
            throw new BackfillImpossibleException(
                    "the backfill in " + target.directory() + " was begun for a device of "
                            + state.get().deviceBytes() + " bytes, not of " + target.deviceBytes());
        }
        BackfillLog log = BackfillLog.open(
                target.directory(), target.resourceUuid(), node, target.deviceBytes(), target.blockBytes());
        return new BackfillIntake(target, server, log, state, syncLane, synced, failed);
    }

    private static long resumeOffset(BackfillState state, BackfillLog log) {
        long saved = state.phase() instanceof BackfillState.Phase.Copying copying ? copying.offset() : 0;
        long known = Math.max(saved, log.durableOffset());
        return known == state.deviceBytes() ? known : known - known % DeviceRanges.RANGE_BYTES;
    }

    /** The resume point of a backfill that was begun before. */
    Optional<LogPosition> resume() {
        return state.map(BackfillState::resumePoint);
    }

    long offset() {
        return offset;
    }

    long durableOffset() {
        return durableOffset;
    }

    /** End of the backfill's own log. */
    long endLsn() {
        return log.endLsn();
    }

    /** Remembers the resume point before anything depends on it. On the write lane. */
    void begin(LogPosition resumePoint) throws IOException {
        if (state.isEmpty()) {
            BackfillState begun =
                    new BackfillState(server, resumePoint, target.deviceBytes(), new BackfillState.Phase.Copying(0));
            begun.write(target.directory());
            state = Optional.of(begun);
        }
    }

    /** Appends what a range is to hold. On the write lane. */
    void append(ServerFrame.Data difference) throws IOException, LogFormatException {
        if (difference instanceof ServerFrame.Blocks blocks) {
            log.write(blocks.position(), blocks.content().nioBuffer(), blocks.crc32c());
            offset = blocks.position() + blocks.content().readableBytes();
        } else if (difference instanceof ServerFrame.Zeroes zeroes) {
            log.writeZeroes(zeroes.position(), zeroes.length());
            offset = zeroes.position() + zeroes.length();
        } else if (difference instanceof ServerFrame.Equal equal) {
            offset = equal.position() + equal.length();
        }
    }

    void requestSync() {
        sync.request();
    }

    private List<SegmentExtent> syncLog() throws IOException, LogFormatException {
        long appended = offset;
        List<SegmentExtent> extents = log.sync();
        durableOffset = appended;
        if (System.nanoTime() - stateSavedNs >= STATE_AGE_NS_MAX) {
            saveState();
        }
        return extents;
    }

    private void saveState() throws IOException {
        if (state.isPresent()) {
            BackfillState begun = state.get();
            new BackfillState(
                            server,
                            begun.resumePoint(),
                            begun.deviceBytes(),
                            new BackfillState.Phase.Copying(durableOffset))
                    .write(target.directory());
            stateSavedNs = System.nanoTime();
        }
    }

    /** Makes all durable and announces it. On the sync lane. */
    void flush() throws IOException, LogFormatException {
        sync.now();
        saveState();
    }

    /** Closes; what is durable by then counts. On the sync lane, when nobody writes any more. */
    void close() {
        sync.stop();
        try {
            log.close();
        } catch (IOException failed) {
            LOG.warn("The backfill in {} could not be closed: {}", target.directory(), Reasons.of(failed));
        }
    }
}
