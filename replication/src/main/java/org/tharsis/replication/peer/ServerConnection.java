// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.WireException;
import org.tharsis.replication.wire.WireFormat;

/** A connection of a follower after the hellos: opens its streams, and gives each frame to its own. On the event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
final class ServerConnection extends SimpleChannelInboundHandler<Frame> {
    private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

    private final Channel channel;
    private final NodeIdentity follower;
    private final StreamServer server;
    private final Turns turns;
    private final Map<Integer, Open> open = new HashMap<>();
    private int newest;
    private String lastError = "";

    private record Open(ServedStream stream, StreamServer.Session session) {}

    ServerConnection(Channel channel, NodeIdentity follower, StreamServer server) {
        this.channel = channel;
        this.follower = follower;
        this.server = server;
        this.turns = new Turns(channel);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) throws WireException {
        if (frame instanceof FollowerFrame.Request request) {
            openStream(request);
        } else if (frame instanceof FollowerFrame ofStream) {
            toStream(ofStream);
        } else if (frame instanceof ErrorFrame error) {
            errorOfPeer(error);
        } else if (!(frame instanceof Heartbeat)) {
            throw WireException.protocol("a frame of type " + frame.type() + ", which a follower does not send now");
        }
    }

    private void openStream(FollowerFrame.Request request) throws WireException {
        int id = request.stream();
        if (Integer.compareUnsigned(id, newest) <= 0) {
            throw WireException.protocol("stream " + Integer.toUnsignedString(id) + " was opened before");
        }
        newest = id;
        if (open.size() >= WireFormat.STREAMS_MAX) {
            channel.writeAndFlush(new ErrorFrame(
                    id, ErrorCode.LIMIT, "at most " + WireFormat.STREAMS_MAX + " streams on a connection"));
            return;
        }
        boolean zeroCopy = channel.pipeline().get(SslHandler.class) == null;
        ServedStream stream = new ServedStream(
                id, request.windowBytes(), follower, channel.eventLoop(), turns, zeroCopy, () -> streamEnded(id));
        StreamServer.Session session = server.open(request, stream);
        if (stream.ended()) {
            session.closed();
        } else {
            open.put(id, new Open(stream, session));
        }
    }

    private void streamEnded(int id) {
        Open ended = open.remove(id);
        if (ended != null) {
            ended.session.closed();
        }
    }

    private void toStream(FollowerFrame frame) throws WireException {
        Open to = open.get(frame.stream());
        if (to == null) {
            // It has ended here while the frame was on its way; if it was ever opened.
            if (Integer.compareUnsigned(frame.stream(), newest) > 0) {
                throw WireException.protocol(
                        "stream " + Integer.toUnsignedString(frame.stream()) + " was never opened");
            }
        } else if (frame instanceof FollowerFrame.Credit credit) {
            to.stream.credit(credit.bytes());
        } else if (frame instanceof FollowerFrame.Close) {
            to.stream.end();
        } else {
            to.session.received(frame);
        }
    }

    private void errorOfPeer(ErrorFrame error) {
        // A follower that tries again says the same again.
        if (!error.sentence().equals(lastError)) {
            LOG.warn("Follower {} ended {}: {}", follower.name(), what(error.stream()), error.sentence());
            lastError = error.sentence();
        }
        if (error.stream() == 0) {
            channel.close();
        } else {
            Open to = open.get(error.stream());
            if (to != null) {
                to.stream.end();
            }
        }
    }

    private static String what(int stream) {
        return stream == 0 ? "the connection" : "stream " + Integer.toUnsignedString(stream);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        List.copyOf(open.values()).forEach(each -> each.stream.end());
    }
}
