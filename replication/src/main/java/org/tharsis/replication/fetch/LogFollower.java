// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.peer.Backoff;
import org.tharsis.replication.peer.ClientConnection;
import org.tharsis.replication.peer.ClientStream;
import org.tharsis.replication.peer.Link;
import org.tharsis.replication.peer.LinkUser;
import org.tharsis.replication.peer.PeerAddress;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

/**
 * Follows one log over one link.
 *
 * <pre>
 *   UNCONNECTED --up--> OPENING --position known--> ASKED --following--> FOLLOWING
 *        ^                 |                          |                     |
 *        |                 |           diverged, gone, behind, refused      | does not verify, cannot be stored
 *        |                 v                          v                     v
 *        +--pause over-- PAUSED <---------------------+<--log closed--- CLOSING
 * </pre>
 *
 * <p>The state belongs to the link's event loop. The log is opened and written on the write lane; it is synced, announced and closed on
 * the sync lane.
 */
final class LogFollower implements Follower, LinkUser, ClientStream.Listener {
    private enum Phase {
        UNCONNECTED,
        OPENING,
        ASKED,
        FOLLOWING,
        CLOSING,
        PAUSED,
        STOPPED
    }

    private final PeerAddress source;
    private final FollowedReplica replica;
    private final Link link;
    private final EventLoop loop;
    private final SerialLane writeLane;
    private final SerialLane syncLane;
    private final Windows windows;
    private final Backoff backoff;
    private final CompletableFuture<LogPosition> stopped = new CompletableFuture<>();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final Future<?> timer;
    private volatile FollowState state;

    private Phase phase = Phase.UNCONNECTED;
    private Optional<ClientConnection> connection = Optional.empty();
    private Optional<ClientStream> stream = Optional.empty();
    /** LSN of the next byte that must come. */
    private long nextLsn;

    private FollowerFrame.Ack lastAck = new FollowerFrame.Ack(0, 0, 0, 0);
    /** Of the open stream. */
    private int windowBytes;

    private int creditDueBytes;
    /** The open log. Set on the write lane, used on all threads for its positions. */
    private volatile Optional<LogIntake> intake = Optional.empty();

    LogFollower(
            PeerAddress source,
            FollowedReplica replica,
            Link link,
            PeerSettings settings,
            Workers workers,
            Windows windows) {
        this.source = source;
        this.replica = replica;
        this.link = link;
        this.loop = link.loop();
        this.writeLane = workers.writeLane();
        this.syncLane = workers.syncLane();
        this.windows = windows;
        this.backoff = new Backoff(settings, RandomGenerator.getDefault());
        this.state = new FollowState.Connecting(source, "", 1);
        this.timer = loop.scheduleAtFixedRate(
                () -> acknowledge(true), settings.heartbeatMs(), settings.heartbeatMs(), TimeUnit.MILLISECONDS);
    }

    void start() {
        replica.stateChanged(state);
        link.add(this);
    }

    /** Complete when it has ended. */
    CompletionStage<LogPosition> stopped() {
        return stopped.minimalCompletionStage();
    }

    @Override
    public FollowState state() {
        return state;
    }

    private void become(FollowState now) {
        if (!now.equals(state)) {
            state = now;
            replica.stateChanged(now);
        }
    }

    // ---- connection

    @Override
    public void up(ClientConnection now) {
        connection = Optional.of(now);
        if (phase == Phase.UNCONNECTED) {
            openLog();
        }
    }

    @Override
    public void down(String why, int attempt) {
        connection = Optional.empty();
        stream = Optional.empty();
        if (phase == Phase.ASKED || phase == Phase.FOLLOWING) {
            phase = Phase.UNCONNECTED;
        }
        if (phase != Phase.STOPPED) {
            become(new FollowState.Connecting(source, why, attempt));
        }
    }

    // ---- asking

    private void openLog() {
        phase = Phase.OPENING;
        writeLane.execute(() -> {
            try {
                LogIntake open = intake.isPresent() ? intake.get() : openIntake();
                LogPosition position = open.received();
                List<EpochStart> epochs = open.epochs();
                loop.execute(() -> ask(position, epochs));
            } catch (IOException | LogFormatException | RuntimeException failure) {
                loop.execute(() -> opened(failure));
            }
        });
    }

    /** On the write lane, or on the sync lane when nothing else runs any more. */
    private LogIntake openIntake() throws IOException, LogFormatException {
        LogIntake open = LogIntake.open(replica, syncLane, this::synced, this::syncFailed);
        intake = Optional.of(open);
        return open;
    }

    private void opened(Exception failure) {
        if (phase == Phase.OPENING) {
            become(new FollowState.Failed(source, Reasons.of(failure)));
            pause();
        }
    }

    private void ask(LogPosition position, List<EpochStart> epochs) {
        if (phase != Phase.OPENING) {
            return;
        }
        if (connection.isEmpty()) {
            phase = Phase.UNCONNECTED;
            return;
        }
        phase = Phase.ASKED;
        nextLsn = position.lsn();
        creditDueBytes = 0;
        windowBytes = windows.bytes();
        stream = Optional.of(connection
                .get()
                .open(this, id -> new FollowerFrame.Follow(id, replica.resourceUuid(), windowBytes, position, epochs)));
        lastAck = new FollowerFrame.Ack(stream.get().id(), 0, 0, 0);
    }

    // ---- what the server says

    @Override
    public void received(ServerFrame frame) throws WireException {
        if (frame instanceof ServerFrame.Bytes bytes) {
            bytes(bytes);
        } else if (frame instanceof ServerFrame.Segment segment && phase == Phase.FOLLOWING) {
            checkNext(segment.name().startLsn());
        } else if (frame instanceof ServerFrame.Sealed sealed && phase == Phase.FOLLOWING) {
            checkNext(sealed.lsn());
        } else if (frame instanceof ServerFrame.End end && phase == Phase.FOLLOWING) {
            replica.sourceAt(end.lsn(), end.timeNs());
        } else if (phase == Phase.ASKED) {
            answered(frame);
        } else {
            throw unexpected(frame);
        }
    }

    private void answered(ServerFrame frame) throws WireException {
        if (frame instanceof ServerFrame.Following following) {
            checkNext(following.lsn());
            phase = Phase.FOLLOWING;
            become(new FollowState.Following(source, following.lsn()));
            intake.ifPresent(LogIntake::requestSync);
        } else if (frame instanceof ServerFrame.Diverged diverged) {
            notFollowing(new FollowState.Diverged(source, diverged.epoch(), diverged.lsn()));
        } else if (frame instanceof ServerFrame.Gone gone) {
            notFollowing(new FollowState.Gone(source, gone.oldestLsn()));
        } else if (frame instanceof ServerFrame.Behind behind) {
            notFollowing(new FollowState.Behind(source, behind.endLsn()));
        } else {
            throw unexpected(frame);
        }
    }

    private void notFollowing(FollowState why) {
        become(why);
        pause();
    }

    @Override
    public void refused(ErrorCode code, String why) {
        notFollowing(new FollowState.Refused(source, why));
    }

    private void checkNext(long lsn) throws WireException {
        if (lsn != nextLsn) {
            throw WireException.protocol("LSN " + Long.toUnsignedString(lsn) + " came, "
                    + Long.toUnsignedString(nextLsn) + " is the next one");
        }
    }

    private static WireException unexpected(ServerFrame frame) {
        return WireException.protocol("a frame of type " + frame.type() + " out of order");
    }

    // ---- the log

    private void bytes(ServerFrame.Bytes frame) throws WireException {
        if (phase != Phase.FOLLOWING || frame.lsn() != nextLsn) {
            frame.content().release();
            checkNext(frame.lsn());
            throw unexpected(frame);
        }
        nextLsn += frame.content().readableBytes();
        ClientStream from = stream.orElseThrow();
        writeLane.execute(() -> write(frame, from));
    }

    /** On the write lane. */
    private void write(ServerFrame.Bytes frame, ClientStream from) {
        int frameBytes = frame.frameBytes();
        try {
            Optional<LogIntake> log = intake;
            // None: it was given up because of an earlier frame of this stream.
            if (log.isPresent()) {
                log.get().accept(frame.lsn(), frame.content().nioBuffer());
                log.get().requestSync();
                loop.execute(() -> credit(from, frameBytes));
            }
        } catch (IOException | LogFormatException | RuntimeException failure) {
            giveUp(failure);
        } finally {
            frame.content().release();
        }
    }

    private void credit(ClientStream to, int bytes) {
        if (stream.isPresent() && stream.get() == to) {
            creditDueBytes += bytes;
            if (creditDueBytes >= windowBytes / 8) {
                to.credit(creditDueBytes);
                creditDueBytes = 0;
            }
        }
    }

    /** On the sync lane. */
    private void synced() {
        loop.execute(() -> acknowledge(false));
    }

    /** @param always also when nothing has changed: the server sees that it is still followed */
    private void acknowledge(boolean always) {
        Optional<LogIntake> log = intake;
        if (phase != Phase.FOLLOWING || log.isEmpty() || stream.isEmpty()) {
            return;
        }
        long durableLsn = log.get().durable().lsn();
        long receivedLsn = log.get().received().lsn();
        long replayedLsn = replica.replayedLsn();
        FollowerFrame.Ack ack = new FollowerFrame.Ack(
                stream.get().id(),
                receivedLsn,
                durableLsn,
                Long.compareUnsigned(replayedLsn, receivedLsn) < 0 ? replayedLsn : receivedLsn);
        if (always || !ack.equals(lastAck)) {
            if (lastAck.durableLsn() != 0 && durableLsn != lastAck.durableLsn()) {
                backoff.succeeded();
            }
            lastAck = ack;
            stream.get().send(ack);
        }
    }

    /** The sync failed. On the sync lane. */
    private void syncFailed(Exception failure) {
        writeLane.execute(() -> giveUp(failure));
    }

    /** What came is not good, or cannot be stored: closes the log, to try again from its end. On the write lane. */
    private void giveUp(Exception failure) {
        Optional<LogIntake> broken = intake;
        intake = Optional.empty();
        broken.ifPresent(log -> {
            loop.execute(() -> failed(failure));
            syncLane.execute(() -> {
                log.abandon();
                loop.execute(this::closed);
            });
        });
    }

    private void failed(Exception failure) {
        if (phase != Phase.STOPPED) {
            ErrorCode code = failure instanceof LogFormatException ? ErrorCode.DAMAGED : ErrorCode.FAILED;
            FollowState failed = new FollowState.Failed(source, Reasons.of(failure));
            stream.ifPresent(open -> open.fail(code, Reasons.of(failure)));
            stream = Optional.empty();
            phase = Phase.CLOSING;
            become(failed);
        }
    }

    private void closed() {
        if (phase == Phase.CLOSING) {
            pause();
        }
    }

    // ---- pauses and the end

    private void pause() {
        stream = Optional.empty();
        phase = Phase.PAUSED;
        Future<?> unused = loop.schedule(this::pauseOver, backoff.nextMs(), TimeUnit.MILLISECONDS);
    }

    private void pauseOver() {
        if (phase == Phase.PAUSED) {
            phase = Phase.UNCONNECTED;
            connection.ifPresent(this::up);
        }
    }

    @Override
    public CompletionStage<LogPosition> stop() {
        if (stopping.compareAndSet(false, true)) {
            loop.execute(this::stopNow);
        }
        return stopped.minimalCompletionStage();
    }

    private void stopNow() {
        phase = Phase.STOPPED;
        timer.cancel(false);
        stream.ifPresent(ClientStream::close);
        stream = Optional.empty();
        link.remove(this);
        // Behind all that has come in, and behind a log that is just being closed.
        writeLane.execute(() -> syncLane.execute(this::closeLog));
    }

    private void closeLog() {
        try {
            LogIntake open = intake.isPresent() ? intake.get() : openIntake();
            intake = Optional.empty();
            LogPosition end = open.close();
            become(new FollowState.Stopped(end));
            stopped.complete(end);
        } catch (IOException | LogFormatException | RuntimeException failure) {
            stopped.completeExceptionally(failure);
        }
    }
}
