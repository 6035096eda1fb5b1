// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;
import org.tharsis.replication.wire.WireFormat;

/**
 * The serving end of a stream: has chunks made ahead on another thread, a bounded number, and lets them go when it is the
 * stream's turn and the follower has given credit.
 *
 * <p>On the event loop of the connection, but for {@link #wake}.
 */
public final class ServedStream {
    /** Who comes first when several have something to send. */
    public enum Precedence {
        LOG,
        BACKFILL
    }

    /** Made ahead: what leaves in two turns. */
    private static final int AHEAD_BYTES = 2 * Turns.QUANTUM_BYTES;

    private final int id;
    private final NodeIdentity follower;
    private final EventExecutor loop;
    private final Turns turns;
    private final boolean zeroCopy;
    private final Runnable onEnd;
    private final Queue<Chunk> ahead = new ArrayDeque<>();
    private final AtomicBoolean wakePosted = new AtomicBoolean();
    private long creditBytes;
    private long aheadBytes;
    private Precedence precedence = Precedence.LOG;
    private Optional<Feed> feed = Optional.empty();
    private boolean hungry;
    private boolean feeding;
    private boolean ended;

    /** Where chunks come from, and the threads that make them. */
    private record Feed(ChunkSource source, Executor makers) {}

    ServedStream(
            int id,
            int windowBytes,
            NodeIdentity follower,
            EventExecutor loop,
            Turns turns,
            boolean zeroCopy,
            Runnable onEnd) {
        this.id = id;
        this.creditBytes = windowBytes;
        this.follower = follower;
        this.loop = loop;
        this.turns = turns;
        this.zeroCopy = zeroCopy;
        this.onEnd = onEnd;
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** Who asks. */
    public NodeIdentity follower() {
        return follower;
    }

    /** Where all calls belong. */
    public EventExecutor loop() {
        return loop;
    }

    /** A part of a file may be sent as such; else it must be read before. */
    public boolean zeroCopy() {
        return zeroCopy;
    }

    /** No more can be sent. */
    public boolean ended() {
        return ended;
    }

    /** Sends a frame at once, in front of the chunks that wait. Does nothing when the stream has ended. */
    public void send(ServerFrame frame) {
        if (!ended) {
            turns.sendNow(frame);
        }
    }

    /**
     * Begins to send what the source makes. Once; the stream owns the source from now on.
     *
     * @param makers runs the source
     */
    public void feed(ChunkSource source, Precedence chosen, Executor makers) {
        precedence = chosen;
        feed = Optional.of(new Feed(source, makers));
        if (ended) {
            closeSource();
        } else {
            hungry = true;
            makeAhead();
        }
    }

    /** The source may have something again. Any thread. */
    public void wake() {
        if (wakePosted.compareAndSet(false, true)) {
            loop.execute(() -> {
                wakePosted.set(false);
                hungry = true;
                makeAhead();
            });
        }
    }

    /** Sends a last frame, and ends the stream. */
    public void end(ServerFrame last) {
        endWith(last);
    }

    /** Ends the stream with a reason. */
    public void fail(ErrorCode code, String sentence) {
        endWith(new ErrorFrame(id, code, sentence));
    }

    private void endWith(Frame last) {
        if (!ended) {
            turns.sendNow(last);
            end();
        }
    }

    /** Ends the stream without a word. */
    void end() {
        if (ended) {
            return;
        }
        ended = true;
        ahead.forEach(Chunk::release);
        ahead.clear();
        if (!feeding) {
            closeSource();
        }
        onEnd.run();
    }

    /** @throws WireException when it is more than a stream may have */
    void credit(int bytes) throws WireException {
        creditBytes += bytes;
        if (creditBytes > WireFormat.WINDOW_BYTES_MAX) {
            throw WireException.protocol("credit of more than 1 GiB");
        }
        turns.ready(this);
    }

    Precedence precedence() {
        return precedence;
    }

    boolean canSend() {
        Chunk next = ahead.peek();
        return next != null && next.creditBytes() <= creditBytes;
    }

    /** The next chunk, which there is. */
    Chunk take() {
        Chunk chunk = ahead.remove();
        aheadBytes -= chunk.bytes();
        creditBytes -= chunk.creditBytes();
        return chunk;
    }

    /** Has more chunks made, when there is room and something to make them from. */
    void makeAhead() {
        if (feeding || ended || !hungry || feed.isEmpty() || aheadBytes >= AHEAD_BYTES) {
            return;
        }
        hungry = false;
        feeding = true;
        Feed from = feed.get();
        try {
            from.makers().execute(() -> make(from.source()));
        } catch (RejectedExecutionException closing) {
            feeding = false;
            end();
        }
    }

    /** On a thread of the makers. */
    private void make(ChunkSource source) {
        List<Chunk> made = new ArrayList<>();
        Optional<ErrorFrame> failure = Optional.empty();
        boolean more = true;
        int bytes = 0;
        try {
            while (more && bytes < Turns.QUANTUM_BYTES) {
                Optional<Chunk> next = source.next();
                next.ifPresent(made::add);
                bytes += next.map(Chunk::bytes).orElse(0);
                more = next.isPresent();
            }
        } catch (WireException reason) {
            failure = Optional.of(new ErrorFrame(id, reason.code(), String.valueOf(reason.getMessage())));
        } catch (IOException | RuntimeException broken) {
            failure = Optional.of(new ErrorFrame(id, ErrorCode.FAILED, Failures.sentence(broken)));
        }
        report(made, more, failure);
    }

    private void report(List<Chunk> made, boolean more, Optional<ErrorFrame> failure) {
        try {
            loop.execute(() -> made(made, more, failure));
        } catch (RejectedExecutionException closing) {
            made.forEach(Chunk::release);
            closeSource();
        }
    }

    private void made(List<Chunk> made, boolean more, Optional<ErrorFrame> failure) {
        feeding = false;
        if (ended) {
            made.forEach(Chunk::release);
            closeSource();
            return;
        }
        for (Chunk chunk : made) {
            ahead.add(chunk);
            aheadBytes += chunk.bytes();
        }
        hungry |= more;
        turns.ready(this);
        if (failure.isPresent()) {
            endWith(failure.get());
        } else {
            makeAhead();
        }
    }

    private void closeSource() {
        feed.ifPresent(from -> {
            try {
                from.makers().execute(from.source()::close);
            } catch (RejectedExecutionException closing) {
                from.source().close();
            }
        });
    }
}
