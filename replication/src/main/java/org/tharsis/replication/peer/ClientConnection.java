// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.EventExecutor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

/** A connection to a server after the hellos. On its event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
public final class ClientConnection extends SimpleChannelInboundHandler<Frame> {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

    private final Channel channel;
    private final NodeIdentity server;
    private final Map<Integer, ClientStream> streams = new HashMap<>();
    private int newest;

    ClientConnection(Channel channel, NodeIdentity server) {
        this.channel = channel;
        this.server = server;
    }

    /** Who answers. */
    public NodeIdentity server() {
        return server;
    }

    /** Where all calls belong. */
    public EventExecutor loop() {
        return channel.eventLoop();
    }

    /**
     * Opens a stream.
     *
     * @param request makes the first frame for the stream's number
     */
    public ClientStream open(ClientStream.Listener listener, IntFunction<FollowerFrame.Request> request) {
        newest++;
        FollowerFrame.Request first = request.apply(newest);
        ClientStream stream = new ClientStream(newest, this, listener, first.windowBytes());
        streams.put(newest, stream);
        send(first);
        return stream;
    }

    void send(FollowerFrame frame) {
        channel.writeAndFlush(frame);
    }

    void sendError(int stream, ErrorCode code, String sentence) {
        channel.writeAndFlush(new ErrorFrame(stream, code, sentence));
    }

    void forget(ClientStream stream) {
        stream.end();
        streams.remove(stream.id());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) throws WireException {
        if (frame instanceof ServerFrame ofStream) {
            toStream(ofStream);
        } else if (frame instanceof ErrorFrame error) {
            errorOfPeer(error);
        } else if (!(frame instanceof Heartbeat)) {
            throw WireException.protocol("a frame of type " + frame.type() + ", which a server does not send now");
        }
    }

    private void toStream(ServerFrame frame) throws WireException {
        ClientStream to = streams.get(frame.stream());
        if (to == null) {
            release(frame);
            // It was closed here while the frame was on its way; if it was ever opened.
            if (Integer.compareUnsigned(frame.stream(), newest) > 0) {
                throw WireException.protocol(
                        "stream " + Integer.toUnsignedString(frame.stream()) + " was never opened");
            }
            return;
        }
        if (frame instanceof ServerFrame.Data data) {
            try {
                to.use(data);
            } catch (WireException tooMuch) {
                release(frame);
                throw tooMuch;
            }
        }
        if (frame instanceof ServerFrame.Last) {
            forget(to);
        }
        to.listener().received(frame);
    }

    private static void release(ServerFrame frame) {
        if (frame instanceof ServerFrame.Bytes bytes) {
            bytes.content().release();
        } else if (frame instanceof ServerFrame.Blocks blocks) {
            blocks.content().release();
        }
    }

    private void errorOfPeer(ErrorFrame error) throws WireException {
        if (error.stream() == 0) {
            throw new WireException(
                    error.code(), "node " + server.name() + " ended the connection: " + error.sentence());
        }
        ClientStream to = streams.get(error.stream());
        if (to != null) {
            forget(to);
            LOG.debug("Node {} ended stream {}: {}", server.name(), error.stream(), error.sentence());
            to.listener().refused(error.code(), error.sentence());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        streams.values().forEach(ClientStream::end);
        streams.clear();
        context.fireChannelInactive();
    }
}
