// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;
import org.tharsis.replication.wire.ConnectionFrame.Hello;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.FrameDecoder;
import org.tharsis.replication.wire.FrameWriter;

/** A peer that sends what a test wants, good or bad, over a plain socket; either side. Blocks. */
public final class RawPeer implements Closeable {
    private final Socket socket;
    private final EmbeddedChannel decoder;

    public RawPeer(InetSocketAddress server) throws IOException {
        this(new Socket(server.getAddress(), server.getPort()));
    }

    public RawPeer(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        FrameDecoder frames = new FrameDecoder();
        frames.helloDone();
        decoder = new EmbeddedChannel(frames);
    }

    /** Says hello as this node, and returns the answer. */
    public Frame hello(NodeIdentity self) throws IOException {
        send(new Hello(1, 1, self.cluster(), self.node(), self.name()));
        return next();
    }

    public void send(Frame frame) throws IOException {
        send(frame, Unpooled.EMPTY_BUFFER);
    }

    public void send(Frame frame, ByteBuf content) throws IOException {
        ByteBuf head = FrameWriter.head(ByteBufAllocator.DEFAULT, frame, content.readableBytes());
        send(ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head, content)));
        head.release();
    }

    public void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** The next frame that is no heartbeat. */
    public Frame next() throws IOException {
        while (true) {
            Frame frame = nextOfAny();
            if (!(frame instanceof Heartbeat)) {
                return frame;
            }
        }
    }

    /**
     * The next frame.
     *
     * @throws EOFException when the other side has closed the connection
     */
    public Frame nextOfAny() throws IOException {
        byte[] buffer = new byte[64 << 10];
        InputStream in = socket.getInputStream();
        for (Object frame = decoder.readInbound(); ; frame = decoder.readInbound()) {
            if (frame instanceof Frame read) {
                return read;
            }
            int bytes = in.read(buffer);
            if (bytes < 0) {
                throw new EOFException("the connection was closed");
            }
            decoder.writeInbound(Unpooled.copiedBuffer(buffer, 0, bytes));
        }
    }

    /** Makes reading end with a {@link java.net.SocketTimeoutException} after so long. */
    public void patience(int milliseconds) throws IOException {
        socket.setSoTimeout(milliseconds);
    }

    @Override
    public void close() throws IOException {
        socket.close();
        decoder.finishAndReleaseAll();
    }
}
