// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import io.netty.util.concurrent.Future;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.peer.ServedStream;
import org.tharsis.replication.peer.ServedStream.Precedence;
import org.tharsis.replication.peer.StreamServer;
import org.tharsis.replication.store.BranchPoint;
import org.tharsis.replication.store.LogHistory;
import org.tharsis.replication.store.PositionCheck;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

/**
 * Serves one follower of one log: checks where it stands, has the log kept for it, and sends.
 *
 * <p>On the event loop of the connection, but for the check of the position, which reads files.
 */
final class FollowSession implements StreamServer.Session {
    private static final Logger LOG = LoggerFactory.getLogger(FollowSession.class);

    private final FollowerFrame.Follow request;
    private final ServedStream stream;
    private final ServedReplica replica;
    private final Executor makers;
    private final long heartbeatMs;
    private final LogHistory history;
    private final UUID follower;
    private Optional<LogSource> source = Optional.empty();
    private Optional<Closeable> growth = Optional.empty();
    private Optional<Future<?>> timer = Optional.empty();
    private long receivedLsn;
    private long durableLsn;

    /**
     * @param makers threads that read files
     * @param heartbeatMs the follower is told the log's end so often
     */
    FollowSession(
            FollowerFrame.Follow request,
            ServedStream stream,
            ServedReplica replica,
            Executor makers,
            long heartbeatMs) {
        this.heartbeatMs = heartbeatMs;
        this.request = request;
        this.stream = stream;
        this.replica = replica;
        this.makers = makers;
        this.history = new LogHistory(replica.logDirectory(), replica.resourceUuid());
        this.follower = stream.follower().node();
        this.receivedLsn = request.position().lsn();
    }

    void start() {
        orFail(CompletableFuture.supplyAsync(this::check, makers).thenAcceptAsync(this::checked, stream.loop()));
    }

    /** Ends the stream when the stage, or what depends on it, has failed. */
    private void orFail(CompletionStage<Void> stage) {
        CompletionStage<Void> unused = stage.whenCompleteAsync(
                (done, failure) -> {
                    if (failure != null) {
                        failed(failure);
                    }
                },
                stream.loop());
    }

    private PositionCheck check() {
        try {
            PositionCheck check = history.check(request.position(), request.epochs(), replica.durableLsn());
            if (check instanceof PositionCheck.Behind behind) {
                return orDiverged(behind);
            }
            return check instanceof PositionCheck.Gone gone ? orDiverged(gone) : check;
        } catch (IOException | LogFormatException unreadable) {
            throw new CompletionException(unreadable);
        }
    }

    /**
     * The follower has more of the history in the files. When this node has begun an epoch that the follower has not, it goes
     * on otherwise from here, although the log has no record of it yet: the follower cannot wait for what it has.
     */
    private PositionCheck orDiverged(PositionCheck.Behind behind) {
        List<EpochStart> epochs = replica.epochs();
        if (epochs.isEmpty()) {
            return behind;
        }
        EpochStart begun = epochs.get(epochs.size() - 1);
        boolean followerKnowsIt =
                request.epochs().stream().anyMatch(epoch -> Long.compareUnsigned(epoch.epoch(), begun.epoch()) >= 0);
        return followerKnowsIt || begun.startLsn() != behind.endLsn()
                ? behind
                : new PositionCheck.Diverged(
                        epochs.size() < 2 ? 0 : epochs.get(epochs.size() - 2).epoch(), behind.endLsn());
    }

    /** The log that would show where the histories branch is removed, but the driver knows where the epochs began. */
    private PositionCheck orDiverged(PositionCheck.Gone gone) {
        long lsn = request.position().lsn();
        return BranchPoint.of(replica.epochs(), replica.durableLsn(), request.epochs(), lsn)
                .filter(branch -> Long.compareUnsigned(branch.lsn(), lsn) < 0)
                .<PositionCheck>map(branch -> new PositionCheck.Diverged(branch.epoch(), branch.lsn()))
                .orElse(gone);
    }

    private void checked(PositionCheck check) {
        if (stream.ended()) {
            return; // the follower has gone meanwhile
        }
        if (check instanceof PositionCheck.Following) {
            orFail(replica.keepLog(follower, request.position().lsn()).thenRunAsync(this::follow, stream.loop()));
        } else if (check instanceof PositionCheck.Diverged diverged) {
            stream.end(new ServerFrame.Diverged(stream.id(), diverged.epoch(), diverged.lsn()));
        } else if (check instanceof PositionCheck.Gone gone) {
            stream.end(new ServerFrame.Gone(stream.id(), gone.oldestLsn()));
        } else if (check instanceof PositionCheck.Behind behind) {
            stream.end(new ServerFrame.Behind(stream.id(), behind.endLsn()));
        } else if (check instanceof PositionCheck.Foreign foreign) {
            stream.fail(ErrorCode.REFUSED, foreign.why());
        }
    }

    private void follow() {
        if (stream.ended()) {
            return;
        }
        long fromLsn = request.position().lsn();
        LogSource log = new LogSource(stream.id(), replica, history, fromLsn, stream.zeroCopy());
        source = Optional.of(log);
        stream.send(new ServerFrame.Following(stream.id(), fromLsn));
        growth = Optional.of(replica.onGrowth(stream::wake));
        stream.feed(log, Precedence.LOG, makers);
        timer = Optional.of(
                stream.loop().scheduleAtFixedRate(this::tellEnd, heartbeatMs, heartbeatMs, TimeUnit.MILLISECONDS));
    }

    private void tellEnd() {
        stream.send(new ServerFrame.End(stream.id(), replica.durableLsn(), Clock.nowNs()));
    }

    private void failed(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        ErrorCode code = cause instanceof IOException || cause instanceof LogFormatException
                ? ErrorCode.FAILED
                : ErrorCode.REFUSED;
        stream.fail(code, cause.getMessage() == null ? cause.toString() : cause.getMessage());
    }

    @Override
    public void received(FollowerFrame frame) throws WireException {
        if (!(frame instanceof FollowerFrame.Ack ack) || source.isEmpty()) {
            throw WireException.protocol(
                    "a frame of type " + frame.type() + " on a stream that follows, or before it does");
        }
        if (Long.compareUnsigned(ack.receivedLsn(), source.get().madeLsn()) > 0
                || Long.compareUnsigned(ack.receivedLsn(), receivedLsn) < 0
                || Long.compareUnsigned(ack.durableLsn(), ack.receivedLsn()) > 0
                || Long.compareUnsigned(ack.durableLsn(), durableLsn) < 0
                || Long.compareUnsigned(ack.replayedLsn(), ack.receivedLsn()) > 0) {
            throw WireException.protocol("an acknowledgement of what was not sent, or of less than before");
        }
        receivedLsn = ack.receivedLsn();
        durableLsn = ack.durableLsn();
        replica.acknowledged(follower, receivedLsn, durableLsn, ack.replayedLsn());
    }

    @Override
    public void closed() {
        timer.ifPresent(running -> running.cancel(false));
        growth.ifPresent(listener -> {
            try {
                listener.close();
            } catch (IOException failed) {
                LOG.warn("A listener to the log of {} could not be removed", replica.resourceUuid(), failed);
            }
        });
    }
}
