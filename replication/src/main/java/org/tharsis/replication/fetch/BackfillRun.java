// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.log.EpochLsn;
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
 * Runs one backfill over one link.
 *
 * <pre>
 *   UNCONNECTED --up--> OPENING --offset known--> ASKED --begin--> RUNNING --end--> FINISHING --all durable--> ENDED
 *        ^                 |                        |                 |                 |
 *        |                 | cannot be opened       | refused         | cannot be stored, does not verify
 *        |                 v                        v                 v                 v
 *        +--pause over-- PAUSED <-------------------+<--log closed--- CLOSING <---------+
 * </pre>
 *
 * <p>The state belongs to the link's event loop. The backfill's log is opened and written on the write lane, synced and closed on the
 * sync lane; the disk is read on a lane of its own.
 */
final class BackfillRun implements Backfill, LinkUser, ClientStream.Listener {
    private enum Phase {
        UNCONNECTED,
        OPENING,
        ASKED,
        RUNNING,
        FINISHING,
        CLOSING,
        PAUSED,
        ENDED
    }

    private static final Logger LOG = LoggerFactory.getLogger(BackfillRun.class);
    private static final long TICK_MS = 250;
    /** The driver may be so far behind with replaying before the server is made to wait. */
    private static final long UNREPLAYED_BYTES_MAX = 256L << 20;

    private final PeerAddress source;
    private final UUID node;
    private final BackfillTarget target;
    private final Link link;
    private final EventLoop loop;
    private final SerialLane writeLane;
    private final SerialLane syncLane;
    private final DigestReader digests;
    private final Windows windows;
    private final Backoff backoff;
    private final Future<?> timer;
    private final CompletableFuture<BackfillResult> result = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private volatile BackfillProgress progress;

    private Phase phase = Phase.UNCONNECTED;
    private Optional<ClientConnection> connection = Optional.empty();
    private Optional<ClientStream> stream = Optional.empty();
    private LogPosition resumePoint = new LogPosition(0, 0, 0);
    private long askedOffset;
    private long receivedBytes;
    /** Of the open stream. */
    private int windowBytes;

    private int creditDueBytes;
    private String why = "";

    /** What is open. Set on the write lane, used on all threads for its positions. */
    private volatile Optional<BackfillIntake> intake = Optional.empty();

    BackfillRun(
            PeerAddress source,
            UUID node,
            BackfillTarget target,
            Link link,
            PeerSettings settings,
            Workers workers,
            Windows windows) {
        this.source = source;
        this.node = node;
        this.target = target;
        this.link = link;
        this.loop = link.loop();
        this.writeLane = workers.writeLane();
        this.syncLane = workers.syncLane();
        this.digests =
                new DigestReader(target, loop, workers.readLane(), failure -> writeLane.execute(() -> giveUp(failure)));
        this.windows = windows;
        this.backoff = new Backoff(settings, RandomGenerator.getDefault());
        this.progress = new BackfillProgress(0, target.deviceBytes(), 0, "");
        this.timer = loop.scheduleAtFixedRate(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
    }

    void start() {
        link.add(this);
    }

    @Override
    public BackfillProgress progress() {
        return progress;
    }

    @Override
    public CompletionStage<BackfillResult> result() {
        return result.minimalCompletionStage();
    }

    @Override
    public CompletionStage<Void> stop() {
        if (stopping.compareAndSet(false, true)) {
            loop.execute(() -> end(() -> result.completeExceptionally(new CancellationException("it was stopped"))));
        }
        return ended.minimalCompletionStage();
    }

    private void tick() {
        giveCredit();
        BackfillProgress now = new BackfillProgress(
                intake.map(BackfillIntake::durableOffset).orElse(progress.doneBytes()),
                target.deviceBytes(),
                receivedBytes,
                why);
        if (!now.equals(progress)) {
            progress = now;
            target.progress(now);
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
    public void down(String reason, int attempt) {
        connection = Optional.empty();
        stream = Optional.empty();
        why = reason;
        if (phase == Phase.ASKED || phase == Phase.RUNNING) {
            phase = Phase.UNCONNECTED;
        }
    }

    // ---- asking

    private void openLog() {
        phase = Phase.OPENING;
        writeLane.execute(() -> {
            try {
                BackfillIntake open = intake.isPresent() ? intake.get() : openIntake();
                long offset = open.offset();
                loop.execute(() -> ask(open.resume(), offset));
            } catch (BackfillImpossibleException impossible) {
                loop.execute(() -> impossible(impossible));
            } catch (IOException | LogFormatException | RuntimeException failure) {
                loop.execute(() -> {
                    if (phase == Phase.OPENING) {
                        pause(Reasons.of(failure));
                    }
                });
            }
        });
    }

    private BackfillIntake openIntake() throws IOException, LogFormatException, BackfillImpossibleException {
        BackfillIntake open = BackfillIntake.open(
                target, source.node(), node, syncLane, () -> {}, failure -> writeLane.execute(() -> giveUp(failure)));
        intake = Optional.of(open);
        return open;
    }

    private void ask(Optional<LogPosition> resume, long offset) {
        if (phase != Phase.OPENING) {
            return;
        }
        if (connection.isEmpty()) {
            phase = Phase.UNCONNECTED;
            return;
        }
        phase = Phase.ASKED;
        askedOffset = offset;
        creditDueBytes = 0;
        windowBytes = windows.bytes();
        stream = Optional.of(connection
                .get()
                .open(
                        this,
                        id -> new FollowerFrame.BackfillRequest(
                                id, target.resourceUuid(), windowBytes, resume, target.deviceBytes(), offset)));
    }

    // ---- what the server says

    @Override
    public void received(ServerFrame frame) throws WireException {
        if (frame instanceof ServerFrame.BackfillBegin begin && phase == Phase.ASKED) {
            begin(begin);
        } else if (frame instanceof ServerFrame.Blocks blocks) {
            try {
                checkNext(frame, blocks.position(), blocks.content().readableBytes());
            } catch (WireException notNext) {
                blocks.content().release();
                throw notNext;
            }
            receivedBytes += blocks.content().readableBytes();
            take(blocks);
        } else if (frame instanceof ServerFrame.Zeroes zeroes) {
            checkNext(frame, zeroes.position(), zeroes.length());
            take(zeroes);
        } else if (frame instanceof ServerFrame.Equal equal) {
            checkNext(frame, equal.position(), equal.length());
            take(equal);
        } else if (frame instanceof ServerFrame.BackfillEnd end
                && phase == Phase.RUNNING
                && digests.expected() == digests.ranges().count()) {
            finish(end.consistent());
        } else {
            throw unexpected(frame);
        }
    }

    private void begin(ServerFrame.BackfillBegin begin) throws WireException {
        if (begin.rangeBytes() != DeviceRanges.RANGE_BYTES) {
            throw WireException.protocol("digests of ranges of " + begin.rangeBytes() + " bytes");
        }
        ClientStream open = stream.orElseThrow();
        if (begin.deviceBytes() != target.deviceBytes() || begin.blockBytes() != target.blockBytes()) {
            open.close();
            impossible(new BackfillImpossibleException(
                    "the source's device has " + begin.deviceBytes() + " bytes in blocks of " + begin.blockBytes()
                            + ", this one " + target.deviceBytes() + " in blocks of " + target.blockBytes()));
            return;
        }
        phase = Phase.RUNNING;
        why = "";
        resumePoint = begin.resumePoint();
        writeLane.execute(() -> intake.ifPresent(log -> {
            try {
                log.begin(begin.resumePoint());
            } catch (IOException | RuntimeException failure) {
                giveUp(failure);
            }
        }));
        digests.begin(open, askedOffset);
    }

    private void checkNext(ServerFrame frame, long position, long length) throws WireException {
        long range = digests.expected();
        if (phase != Phase.RUNNING
                || !digests.asked(range)
                || position != digests.ranges().offset(range)
                || length != digests.ranges().length(range)) {
            throw unexpected(frame);
        }
    }

    private static WireException unexpected(ServerFrame frame) {
        return WireException.protocol("a frame of type " + frame.type() + " out of order");
    }

    private void take(ServerFrame.Data difference) {
        ClientStream from = stream.orElseThrow();
        writeLane.execute(() -> append(difference, from));
        digests.answered();
    }

    @Override
    public void refused(ErrorCode code, String reason) {
        if (code == ErrorCode.GONE) {
            impossible(new BackfillImpossibleException(reason));
        } else {
            pause("refused by " + source + ": " + reason);
        }
    }

    // ---- the backfill's log

    /** On the write lane. */
    private void append(ServerFrame.Data difference, ClientStream from) {
        int frameBytes = difference.frameBytes();
        try {
            Optional<BackfillIntake> log = intake;
            // None: it was given up because of an earlier frame of this stream.
            if (log.isPresent()) {
                log.get().append(difference);
                log.get().requestSync();
                loop.execute(() -> creditDue(from, frameBytes));
            }
        } catch (IOException | LogFormatException | RuntimeException failure) {
            giveUp(failure);
        } finally {
            if (difference instanceof ServerFrame.Blocks blocks) {
                blocks.content().release();
            }
        }
    }

    private void creditDue(ClientStream to, int bytes) {
        if (stream.isPresent() && stream.get() == to) {
            creditDueBytes += bytes;
            if (creditDueBytes >= windowBytes / 8) {
                giveCredit();
            }
        }
    }

    /** Gives back what was stored, unless the driver is far behind: then with a later tick. */
    private void giveCredit() {
        Optional<BackfillIntake> log = intake;
        if (phase == Phase.RUNNING && creditDueBytes > 0 && log.isPresent()) {
            long unreplayedBytes = log.get().endLsn() - target.replayedLsn();
            boolean slow = unreplayedBytes > UNREPLAYED_BYTES_MAX;
            why = slow ? "waits for the driver to replay " + unreplayedBytes + " bytes" : "";
            if (!slow) {
                stream.orElseThrow().credit(creditDueBytes);
                creditDueBytes = 0;
            }
        }
    }

    /** Closes what is open after a failure, to try again from what is durable. On the write lane. */
    private void giveUp(Exception failure) {
        Optional<BackfillIntake> broken = intake;
        intake = Optional.empty();
        broken.ifPresent(log -> {
            loop.execute(() -> failed(failure));
            syncLane.execute(() -> {
                log.close();
                loop.execute(() -> closed(Reasons.of(failure)));
            });
        });
    }

    private void failed(Exception failure) {
        if (phase != Phase.ENDED) {
            LOG.warn("The backfill of {} from {} is not taken: {}", target.resourceUuid(), source, Reasons.of(failure));
            ErrorCode code = failure instanceof LogFormatException ? ErrorCode.DAMAGED : ErrorCode.FAILED;
            stream.ifPresent(open -> open.fail(code, Reasons.of(failure)));
            stream = Optional.empty();
            phase = Phase.CLOSING;
            why = Reasons.of(failure);
        }
    }

    private void closed(String reason) {
        if (phase == Phase.CLOSING) {
            pause(reason);
        }
    }

    // ---- pauses and the end

    private void pause(String reason) {
        why = reason;
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

    private void finish(EpochLsn consistent) throws WireException {
        if (Long.compareUnsigned(consistent.lsn(), resumePoint.lsn()) < 0
                || Long.compareUnsigned(consistent.epoch(), resumePoint.epoch()) < 0) {
            throw WireException.protocol(
                    "a backfill that ends at " + consistent + ", before its resume point, " + resumePoint);
        }
        phase = Phase.FINISHING;
        stream = Optional.empty();
        writeLane.execute(() -> syncLane.execute(() -> flush(consistent)));
    }

    /** On the sync lane, behind all that was appended. */
    private void flush(EpochLsn consistent) {
        Optional<BackfillIntake> log = intake;
        if (log.isEmpty()) {
            return; // it was given up meanwhile, and is tried again
        }
        try {
            log.get().flush();
            loop.execute(() -> {
                tick();
                end(() -> result.complete(new BackfillResult(resumePoint, consistent)));
            });
        } catch (IOException | LogFormatException | RuntimeException failure) {
            writeLane.execute(() -> giveUp(failure));
        }
    }

    private void impossible(BackfillImpossibleException reason) {
        why = Reasons.of(reason);
        end(() -> result.completeExceptionally(reason));
    }

    /** Ends it, whatever it does; the outcome is told when all is closed. The first one counts. */
    private void end(Runnable outcome) {
        if (phase == Phase.ENDED) {
            return;
        }
        phase = Phase.ENDED;
        timer.cancel(false);
        stream.ifPresent(ClientStream::close);
        stream = Optional.empty();
        link.remove(this);
        digests.close();
        writeLane.execute(() -> syncLane.execute(() -> {
            intake.ifPresent(BackfillIntake::close);
            intake = Optional.empty();
            outcome.run();
            ended.complete(null);
        }));
    }
}
