// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import org.tharsis.replication.wire.ConnectionFrame.Hello;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.FrameDecoder;
import org.tharsis.replication.wire.WireException;

/** Waits for a follower's hello, answers it, and makes way for {@link ServerConnection}. On the event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
final class ServerHello extends SimpleChannelInboundHandler<Frame> {
    private final NodeIdentity self;
    private final StreamServer streams;

    ServerHello(NodeIdentity self, StreamServer streams) {
        this.self = self;
        this.streams = streams;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) throws WireException {
        if (!(frame instanceof Hello hello)) {
            throw WireException.protocol("the first frame is no hello");
        }
        NodeIdentity follower = Hellos.checked(hello, self, context.channel());
        context.writeAndFlush(Hellos.of(self));
        context.pipeline().get(FrameDecoder.class).helloDone();
        context.pipeline().get(Heartbeats.class).helloDone();
        context.pipeline().replace(this, "connection", new ServerConnection(context.channel(), follower, streams));
    }
}
