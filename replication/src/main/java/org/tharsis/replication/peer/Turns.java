// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import org.tharsis.replication.peer.ServedStream.Precedence;
import org.tharsis.replication.wire.Frame;

/**
 * Gives a connection to its streams in turn, 256 KiB at a time; backfills only when no log can send. Keeps little under way to
 * the socket, so that a turn comes soon. On the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
final class Turns {
    /** What a stream may send in one turn. */
    static final int QUANTUM_BYTES = 256 << 10;

    private static final int UNDER_WAY_BYTES_MAX = 1 << 20;

    private final Channel channel;
    private final Queue<ServedStream> logs = new ArrayDeque<>();
    private final Queue<ServedStream> backfills = new ArrayDeque<>();
    private final Set<ServedStream> waiting = new HashSet<>();
    private int underWayBytes;
    private boolean running;

    Turns(Channel channel) {
        this.channel = channel;
    }

    /** Sends a frame in front of all that waits. */
    void sendNow(Frame frame) {
        channel.writeAndFlush(frame);
    }

    /** The stream may have something that it can send. */
    void ready(ServedStream stream) {
        enqueue(stream);
        run();
    }

    private void enqueue(ServedStream stream) {
        if (stream.canSend() && waiting.add(stream)) {
            (stream.precedence() == Precedence.LOG ? logs : backfills).add(stream);
        }
    }

    private void run() {
        if (running) {
            return;
        }
        running = true;
        boolean wrote = false;
        while (underWayBytes < UNDER_WAY_BYTES_MAX && !waiting.isEmpty()) {
            ServedStream stream = logs.isEmpty() ? backfills.remove() : logs.remove();
            waiting.remove(stream);
            turnOf(stream);
            wrote = true;
        }
        running = false;
        if (wrote) {
            channel.flush();
        }
    }

    private void turnOf(ServedStream stream) {
        int sentBytes = 0;
        while (sentBytes < QUANTUM_BYTES && stream.canSend()) {
            Chunk chunk = stream.take();
            write(chunk);
            sentBytes += chunk.bytes();
            if (chunk.isLast()) {
                stream.end();
            }
        }
        enqueue(stream);
        stream.makeAhead();
    }

    private void write(Chunk chunk) {
        underWayBytes += chunk.bytes();
        ChannelFuture last = channel.newSucceededFuture();
        for (Object part : chunk.parts()) {
            last = channel.write(part);
        }
        last.addListener(written -> {
            underWayBytes -= chunk.bytes();
            run();
        });
    }
}
