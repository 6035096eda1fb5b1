// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.Closeable;
import java.util.concurrent.TimeUnit;

/** The event loops of one server, or of all links of one fetcher: epoll where it is there, else what the JDK has. */
public final class Transport implements Closeable {
    private static final int THREADS = Math.min(4, Runtime.getRuntime().availableProcessors());

    private final EventLoopGroup loops;
    private final Class<? extends Channel> channelClass;
    private final Class<? extends ServerChannel> serverChannelClass;

    /** @param name of the threads */
    public Transport(String name) {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        loops = new MultiThreadIoEventLoopGroup(THREADS, new DefaultThreadFactory(name, true), handlers);
        channelClass = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
        serverChannelClass = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    EventLoopGroup loops() {
        return loops;
    }

    Class<? extends Channel> channelClass() {
        return channelClass;
    }

    Class<? extends ServerChannel> serverChannelClass() {
        return serverChannelClass;
    }

    /** Ends connections and threads, and waits for it. */
    @Override
    public void close() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
