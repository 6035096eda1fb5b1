// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.peer.Heartbeats.PeerSilent;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.WireException;

/**
 * The end of a server's pipeline: what goes wrong on a connection ends it, once, with a line in the log; what is the peer's fault is
 * told to the peer. On the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the channel is closed in any case
final class ServerFailures extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ServerFailures.class);

    private final Complaints complaints;

    ServerFailures(Complaints complaints) {
        this.complaints = complaints;
    }

    private boolean failed;

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
        if (failed) {
            return;
        }
        failed = true;
        Throwable cause = thrown instanceof DecoderException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof WireException wire) {
            complaints.warn(LOG, "Refused", context.channel().remoteAddress(), String.valueOf(wire.getMessage()));
            context.writeAndFlush(new ErrorFrame(0, wire.code(), String.valueOf(wire.getMessage())))
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        if (cause instanceof IOException || thrown instanceof DecoderException) {
            complaints.warn(LOG, "Closed", context.channel().remoteAddress(), Failures.sentence(thrown));
        } else {
            LOG.error(
                    "Closed the connection of {} after a failure of this program",
                    context.channel().remoteAddress(),
                    cause);
        }
        context.close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof PeerSilent silent && !failed) {
            failed = true;
            complaints.warn(LOG, "Closed", context.channel().remoteAddress(), silent.sentence());
            context.close();
        }
    }
}
