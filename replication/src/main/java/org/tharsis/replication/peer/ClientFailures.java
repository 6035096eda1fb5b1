// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.util.Optional;
import java.util.function.Consumer;
import org.tharsis.replication.peer.Heartbeats.PeerSilent;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.WireException;

/**
 * The end of a client's pipeline: the first thing that goes wrong closes the connection, and is told when it is closed. On the event
 * loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the channel is closed in any case
final class ClientFailures extends ChannelInboundHandlerAdapter {
    private final Consumer<String> lost;
    private Optional<String> why = Optional.empty();

    /** @param lost gets the reason, once, when there was a connection and there is none any more */
    ClientFailures(Consumer<String> lost) {
        this.lost = lost;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
        if (why.isPresent()) {
            return;
        }
        why = Optional.of(Failures.sentence(thrown));
        Throwable cause = thrown instanceof DecoderException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof WireException wire && wire.code() == ErrorCode.PROTOCOL) {
            context.writeAndFlush(new ErrorFrame(0, wire.code(), String.valueOf(wire.getMessage())))
                    .addListener(ChannelFutureListener.CLOSE);
        } else {
            context.close();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof PeerSilent silent && why.isEmpty()) {
            why = Optional.of(silent.sentence());
            context.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lost.accept(why.orElse("the peer closed the connection"));
    }
}
