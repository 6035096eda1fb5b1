// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.tharsis.replication.peer.ServedStream.Precedence;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

class TurnsTest {
    private static final NodeIdentity FOLLOWER = new NodeIdentity(UUID.randomUUID(), UUID.randomUUID(), "follower");
    private static final int CHUNK = 64 << 10;
    private static final int WINDOW = 1 << 30;

    /** The socket: takes what is written, and is done with it when the test says so. */
    private static final class Socket extends ChannelOutboundHandlerAdapter {
        private final Queue<ChannelPromise> underWay = new ArrayDeque<>();
        private final List<Object> control = new ArrayList<>();
        /** Stream of each chunk, in the order in which they were written. */
        private final List<Integer> chunks = new ArrayList<>();

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            if (message instanceof ByteBuf bytes && bytes.readableBytes() < 64) {
                chunks.add(bytes.getIntLE(8));
                promise.setSuccess();
            } else if (message instanceof ByteBuf) {
                underWay.add(promise);
            } else {
                control.add(message);
                promise.setSuccess();
            }
            ReferenceCountUtil.release(message);
        }
    }

    /** So many chunks, and an end. */
    private static final class Chunks implements ChunkSource {
        private final int stream;
        private int left;
        private boolean closed;

        private Chunks(int stream, int count) {
            this.stream = stream;
            this.left = count;
        }

        @Override
        public Optional<Chunk> next() throws WireException {
            if (left == 0) {
                return Optional.empty();
            }
            left--;
            return Optional.of(Chunk.of(
                    new ServerFrame.Bytes(stream, 0, Unpooled.EMPTY_BUFFER),
                    Unpooled.wrappedBuffer(new byte[CHUNK]),
                    CHUNK));
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final Socket socket = new Socket();
    private final EmbeddedChannel channel = new EmbeddedChannel(socket);
    private final Turns turns = new Turns(channel);
    private int ended;

    private ServedStream stream(int id, int windowBytes) {
        return new ServedStream(id, windowBytes, FOLLOWER, channel.eventLoop(), turns, false, () -> ended++);
    }

    private Chunks feed(ServedStream stream, Precedence precedence, int chunks) {
        Chunks source = new Chunks(stream.id(), chunks);
        stream.feed(source, precedence, Runnable::run);
        channel.runPendingTasks();
        return source;
    }

    /** The socket is done with the oldest chunk. */
    private boolean sentOne() {
        if (socket.underWay.isEmpty()) {
            return false;
        }
        socket.underWay.remove().setSuccess();
        channel.runPendingTasks();
        return true;
    }

    private void sendAll() {
        while (sentOne()) {
            assertThat(socket.underWay).hasSizeLessThanOrEqualTo((1 << 20) / CHUNK + 4);
        }
    }

    @Test
    void twoStreamsGetTheSameShareWhileBothHaveSomething() {
        feed(stream(1, WINDOW), Precedence.LOG, 200);
        feed(stream(2, WINDOW), Precedence.LOG, 200);
        sendAll();

        int[] sent = new int[3];
        for (int i = 0; i < 360; i++) {
            sent[socket.chunks.get(i)]++;
            // What was under way before the second one began, and a turn.
            assertThat(Math.abs(sent[1] - sent[2]) * CHUNK)
                    .as("chunk %d", i)
                    .isLessThanOrEqualTo((1 << 20) + 3 * (256 << 10));
        }
        assertThat(socket.chunks).hasSize(400);
    }

    @Test
    void aLogGoesBeforeABackfill() {
        feed(stream(1, WINDOW), Precedence.BACKFILL, 100);
        int before = socket.chunks.size();
        feed(stream(2, WINDOW), Precedence.LOG, 50);
        sendAll();

        assertThat(socket.chunks.subList(before, before + 50)).containsOnly(2);
        assertThat(socket.chunks).hasSize(150);
    }

    @Test
    void aStreamWithoutCreditHoldsUpNoOther() {
        feed(stream(1, 3 * CHUNK), Precedence.LOG, 100);
        feed(stream(2, WINDOW), Precedence.LOG, 100);
        sendAll();

        assertThat(socket.chunks.stream().filter(id -> id == 1)).hasSize(2);
        assertThat(socket.chunks.stream().filter(id -> id == 2)).hasSize(100);
    }

    @Test
    void creditLetsGoOn() throws WireException {
        ServedStream stream = stream(1, 3 * CHUNK);
        feed(stream, Precedence.LOG, 10);
        sendAll();
        stream.credit(2 * CHUNK);
        sendAll();

        assertThat(socket.chunks).hasSize(4);
    }

    @Test
    void noMoreIsMadeThanWhatCanLeaveSoon() {
        Chunks source = feed(stream(1, 1 << 20), Precedence.LOG, 1000);
        sendAll();

        assertThat(1000 - source.left).isLessThanOrEqualTo(16 + 8 + 4);
    }

    @Test
    void whatWasMadeAheadIsReleasedAndTheSourceClosedWhenTheStreamEnds() {
        ServedStream stream = stream(1, WINDOW);
        Chunks source = feed(stream, Precedence.LOG, 1000);
        stream.end();
        channel.runPendingTasks();
        sendAll();

        assertThat(source.closed).isTrue();
        assertThat(ended).isEqualTo(1);
        assertThat(socket.chunks.size()).isLessThan(30);
    }

    @Test
    void aSourceThatFailsEndsItsStreamWithTheReason() {
        ServedStream stream = stream(5, WINDOW);
        stream.feed(
                new ChunkSource() {
                    @Override
                    public Optional<Chunk> next() throws IOException {
                        throw new IOException("disk on fire");
                    }

                    @Override
                    public void close() {}
                },
                Precedence.LOG,
                Runnable::run);
        channel.runPendingTasks();

        assertThat(socket.control).containsExactly(new ErrorFrame(5, ErrorCode.FAILED, "disk on fire"));
        assertThat(ended).isEqualTo(1);
    }
}
