// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.function.Consumer;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ConnectionFrame.Hello;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.FrameDecoder;
import org.tharsis.replication.wire.WireException;

/** Says hello, waits for the server's, and makes way for {@link ClientConnection}. On the event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
final class ClientHello extends SimpleChannelInboundHandler<Frame> {
    private final NodeIdentity self;
    private final PeerAddress address;
    private final Consumer<ClientConnection> up;

    /** @param up gets the connection when it can be used */
    ClientHello(NodeIdentity self, PeerAddress address, Consumer<ClientConnection> up) {
        this.self = self;
        this.address = address;
        this.up = up;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (context.pipeline().get(SslHandler.class) == null) {
            context.writeAndFlush(Hellos.of(self));
        }
        context.fireChannelActive();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws WireException {
        if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
            String agreed = context.pipeline().get(SslHandler.class).applicationProtocol();
            if (!PeerServer.PROTOCOL.equals(agreed)) {
                throw WireException.protocol("what listens at " + address + " does not speak " + PeerServer.PROTOCOL);
            }
            context.writeAndFlush(Hellos.of(self));
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) throws WireException {
        if (frame instanceof ErrorFrame error) {
            throw new WireException(error.code(), "refused by " + address + ": " + error.sentence());
        }
        if (!(frame instanceof Hello hello)) {
            throw WireException.protocol("what listens at " + address + " does not begin with a hello");
        }
        NodeIdentity server = Hellos.checked(hello, self, context.channel());
        if (!server.node().equals(address.node())) {
            throw new WireException(
                    ErrorCode.IDENTITY,
                    "at " + address + " answers node " + server.name() + " (" + server.node() + "), not "
                            + address.node() + ": one of the addresses is wrong");
        }
        context.pipeline().get(FrameDecoder.class).helloDone();
        context.pipeline().get(Heartbeats.class).helloDone();
        ClientConnection connection = new ClientConnection(context.channel(), server);
        context.pipeline().replace(this, "connection", connection);
        up.accept(connection);
    }
}
