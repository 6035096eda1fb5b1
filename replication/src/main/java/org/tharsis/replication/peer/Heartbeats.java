// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;

/**
 * Stands in front of the decoder, from the connection's first byte on: any byte is a sign of life. Sends heartbeats once the
 * hellos are exchanged. On the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is seen elsewhere
final class Heartbeats extends ChannelInboundHandlerAdapter {
    private final PeerSettings settings;
    private final LongSupplier clockNs;
    private boolean helloDone;
    private long lastSignNs;
    private Optional<ChannelFuture> lastHeartbeat = Optional.empty();
    private Optional<Future<?>> timer = Optional.empty();

    /** @param clockNs monotonic */
    Heartbeats(PeerSettings settings, LongSupplier clockNs) {
        this.settings = settings;
        this.clockNs = clockNs;
    }

    /** From now on there are heartbeats, and a silence is that of an idle peer that should send them as well. */
    void helloDone() {
        helloDone = true;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        lastSignNs = clockNs.getAsLong();
        timer = Optional.of(context.executor()
                .scheduleAtFixedRate(
                        () -> tick(context), settings.heartbeatMs(), settings.heartbeatMs(), TimeUnit.MILLISECONDS));
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        timer.ifPresent(running -> running.cancel(false));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (helloDone) {
            lastSignNs = clockNs.getAsLong();
        }
        context.fireChannelRead(message);
    }

    private void tick(ChannelHandlerContext context) {
        long silentMs = TimeUnit.NANOSECONDS.toMillis(clockNs.getAsLong() - lastSignNs);
        if (silentMs >= settings.deadAfterMs()) {
            context.fireUserEventTriggered(new PeerSilent(silentMs, helloDone));
        } else if (helloDone && lastHeartbeat.map(ChannelFuture::isDone).orElse(true)) {
            // One that has not left yet is enough: behind it a full socket is being emptied, which is a sign of life
            // itself.
            lastHeartbeat =
                    Optional.of(context.channel().writeAndFlush(new Heartbeat(System.currentTimeMillis() * 1_000_000)));
        }
    }

    /** The peer has sent nothing for so long. */
    record PeerSilent(long silentMs, boolean helloDone) {
        String sentence() {
            return helloDone
                    ? "the peer was silent for " + silentMs + " ms: it is dead, or the network between is"
                    : "the peer did not say hello within " + silentMs + " ms";
        }
    }
}
