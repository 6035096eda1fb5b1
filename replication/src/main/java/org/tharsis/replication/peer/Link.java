// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.wire.FrameDecoder;
import org.tharsis.replication.wire.FrameEncoder;

/**
 * Keeps one connection to one peer for as long as someone needs it, and comes back after cuts.
 *
 * <pre>
 *   IDLE --first user--> CONNECTING --hellos--> UP
 *                          ^    |                |
 *                       pause   failed         lost        last user gone: back to IDLE, from everywhere
 *                          |    v                |
 *                         WAITING <--------------+
 * </pre>
 *
 * <p>{@link #add} and {@link #remove} on any thread; all else on the link's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // closing and timers: nothing depends on when they are done
public final class Link {
    private enum State {
        IDLE,
        CONNECTING,
        UP,
        WAITING
    }

    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    private final Transport transport;
    private final EventLoop loop;
    private final PeerAddress address;
    private final NodeIdentity self;
    private final Optional<PeerTls> tls;
    private final PeerSettings settings;
    private final Backoff backoff;
    private final List<LinkUser> users = new ArrayList<>();
    private State state = State.IDLE;
    private Optional<Channel> channel = Optional.empty();
    private Optional<ClientConnection> connection = Optional.empty();
    private String lastFailure = "";
    /** Which attempt it is: what belongs to an earlier one comes too late. */
    private long attempt;

    public Link(
            Transport transport, PeerAddress address, NodeIdentity self, Optional<PeerTls> tls, PeerSettings settings) {
        this.transport = transport;
        this.loop = transport.loops().next();
        this.address = address;
        this.self = self;
        this.tls = tls;
        this.settings = settings;
        this.backoff = new Backoff(settings, RandomGenerator.getDefault());
    }

    /** Where users are called. */
    public EventLoop loop() {
        return loop;
    }

    /** The user is told of connections from now on; of the one that is there, too. */
    public void add(LinkUser user) {
        loop.execute(() -> {
            users.add(user);
            if (state == State.IDLE) {
                connect();
            } else {
                connection.ifPresent(user::up);
            }
        });
    }

    /** The user is told of nothing any more. Its streams are its own to close, before. */
    public void remove(LinkUser user) {
        loop.execute(() -> {
            users.remove(user);
            if (users.isEmpty()) {
                state = State.IDLE;
                attempt++;
                connection = Optional.empty();
                channel.ifPresent(Channel::close);
                channel = Optional.empty();
                backoff.succeeded();
            }
        });
    }

    private void connect() {
        state = State.CONNECTING;
        long mine = ++attempt;
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(transport.channelClass())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) settings.deadAfterMs())
                .handler(new Pipeline(mine))
                .connect(address.host(), address.port());
        channel = Optional.of(connecting.channel());
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                lost(mine, "cannot connect to " + address + ": " + Failures.sentence(done.cause()));
            }
        });
    }

    private void up(long mine, ClientConnection now) {
        if (mine != attempt) {
            return;
        }
        state = State.UP;
        connection = Optional.of(now);
        backoff.succeeded();
        lastFailure = "";
        LOG.info("Connected to node {} at {}", now.server().name(), address);
        List.copyOf(users).forEach(user -> user.up(now));
    }

    private void lost(long mine, String why) {
        if (mine != attempt || state == State.WAITING) {
            return;
        }
        state = State.WAITING;
        connection = Optional.empty();
        long pauseMs = backoff.nextMs();
        if (!why.equals(lastFailure)) {
            LOG.warn("No connection to {}: {}; trying again", address, why);
            lastFailure = why;
        }
        loop.schedule(() -> retry(mine), pauseMs, TimeUnit.MILLISECONDS);
        List.copyOf(users).forEach(user -> user.down(why, backoff.attempts()));
    }

    private void retry(long mine) {
        if (mine == attempt && state == State.WAITING) {
            connect();
        }
    }

    /** What stands between the socket and the streams. */
    private final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final long mine;

        private Pipeline(long mine) {
            this.mine = mine;
        }

        @Override
        protected void initChannel(SocketChannel socket) {
            ChannelPipeline pipeline = socket.pipeline();
            tls.ifPresent(contexts -> {
                SslHandler handler = contexts.client().newHandler(socket.alloc(), address.host(), address.port());
                handler.setHandshakeTimeoutMillis(settings.deadAfterMs());
                pipeline.addLast(handler);
            });
            pipeline.addLast(new Heartbeats(settings, System::nanoTime));
            pipeline.addLast(new FrameDecoder(), new FrameEncoder());
            pipeline.addLast(new ClientHello(self, address, connection -> up(mine, connection)));
            pipeline.addLast(new ClientFailures(why -> lost(mine, why)));
        }
    }
}
