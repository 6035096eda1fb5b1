// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslHandler;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.wire.FrameDecoder;
import org.tharsis.replication.wire.FrameEncoder;

/** Listens for peers. Any thread may call. */
public final class PeerServer implements Closeable {
    /** The name of the wire protocol in ALPN. */
    public static final String PROTOCOL = "tharsis/1";

    private static final Logger LOG = LoggerFactory.getLogger(PeerServer.class);
    private static final int CONNECTIONS_MAX = 1024;

    private final Transport transport;
    private final NodeIdentity identity;
    private final Optional<PeerTls> tls;
    private final PeerSettings settings;
    private final StreamServer streams;
    private final Map<String, ChannelHandler> otherProtocols;
    private final AtomicInteger connections = new AtomicInteger();
    private final Complaints complaints = new Complaints(System::nanoTime);
    private final Channel listener;

    private PeerServer(
            InetSocketAddress bind,
            NodeIdentity identity,
            Optional<PeerTls> tls,
            PeerSettings settings,
            StreamServer streams,
            Map<String, ChannelHandler> otherProtocols)
            throws IOException {
        this.transport = new Transport("peer-server");
        this.identity = identity;
        this.tls = tls;
        this.settings = settings;
        this.streams = streams;
        this.otherProtocols = Map.copyOf(otherProtocols);
        ChannelFuture bound = new ServerBootstrap()
                .group(transport.loops())
                .channel(transport.serverChannelClass())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new Connections())
                .bind(bind)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            transport.close();
            throw new IOException(
                    "cannot listen for peers on " + bind + ": " + bound.cause().getMessage(), bound.cause());
        }
        listener = bound.channel();
    }

    /**
     * Begins to listen.
     *
     * @param bind port 0: any
     * @param tls empty: no TLS, and only the wire protocol
     * @param streams answers what followers ask
     * @param otherProtocols by their ALPN name, what is added to the pipeline of a connection that has agreed on it; sharable. No
     *     client certificate is demanded there
     * @throws IOException when the address cannot be bound
     */
    public static PeerServer start(
            InetSocketAddress bind,
            NodeIdentity identity,
            Optional<PeerTls> tls,
            PeerSettings settings,
            StreamServer streams,
            Map<String, ChannelHandler> otherProtocols)
            throws IOException {
        return new PeerServer(bind, identity, tls, settings, streams, otherProtocols);
    }

    /** Where it listens, with the port that was given to it. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Ends all connections, and waits until none of its threads runs any more. */
    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        transport.close();
    }

    private void speakTharsis(ChannelPipeline pipeline) {
        pipeline.addLast(new Heartbeats(settings, System::nanoTime));
        pipeline.addLast(new FrameDecoder(), new FrameEncoder());
        pipeline.addLast(new ServerHello(identity, streams), new ServerFailures(complaints));
    }

    /** Sets up each connection that comes in, up to a limit. */
    private final class Connections extends ChannelInitializer<SocketChannel> {
        @Override
        protected void initChannel(SocketChannel channel) {
            channel.closeFuture().addListener(closed -> connections.decrementAndGet());
            if (connections.incrementAndGet() > CONNECTIONS_MAX) {
                complaints.warn(
                        LOG,
                        "Refused",
                        channel.remoteAddress(),
                        "there are " + CONNECTIONS_MAX + " connections already");
                channel.close().addListener(closed -> {});
            } else if (tls.isPresent()) {
                SslHandler handler = tls.get().server().newHandler(channel.alloc());
                handler.setHandshakeTimeoutMillis(settings.deadAfterMs());
                channel.pipeline().addLast(handler, new ByProtocol());
            } else {
                speakTharsis(channel.pipeline());
            }
        }
    }

    /** Goes on with what was agreed on in the TLS handshake. */
    private final class ByProtocol extends ApplicationProtocolNegotiationHandler {
        private ByProtocol() {
            super("");
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext context, String protocol) {
            ChannelHandler other = otherProtocols.get(protocol);
            if (protocol.equals(PROTOCOL)) {
                speakTharsis(context.pipeline());
            } else if (other != null) {
                context.pipeline().addLast(other);
            } else {
                complaints.warn(
                        LOG,
                        "Refused",
                        context.channel().remoteAddress(),
                        "it agreed on no protocol that is spoken here");
                context.close().addListener(closed -> {});
            }
        }

        @Override
        protected void handshakeFailure(ChannelHandlerContext context, Throwable cause) {
            complaints.warn(LOG, "Refused", context.channel().remoteAddress(), Failures.sentence(cause));
            context.close().addListener(closed -> {});
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            handshakeFailure(context, cause);
        }
    }
}
