// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Serves {@link NodeCommands} on a Unix socket that root and the daemon's group may use. Requests run side by side: so many that
 * look, so many that work; more are answered as unreachable, because this node is busy.
 */
public final class ApiServer implements Closeable {
    private static final int BODY_BYTES_MAX = 1 << 20;
    private static final int LOOKING_MAX = 8;
    private static final int LOOKING_WAITING_MAX = 64;
    private static final int WORKING_MAX = 64;
    private static final int STOP_SECONDS_MAX = 5;

    private final Path socket;
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("api", true), NioIoHandler.newFactory());
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final ExecutorService looking = new ThreadPoolExecutor(
            LOOKING_MAX,
            LOOKING_MAX,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(LOOKING_WAITING_MAX),
            new DefaultThreadFactory("api-look", true));
    private final ExecutorService working = new ThreadPoolExecutor(
            0, WORKING_MAX, 1, TimeUnit.MINUTES, new SynchronousQueue<>(), new DefaultThreadFactory("api-work", true));

    private ApiServer(Path socket) {
        this.socket = socket;
    }

    /**
     * Begins to serve. A socket that a dead daemon has left is replaced.
     *
     * @throws IOException when another daemon serves there, or the place cannot be used
     */
    public static ApiServer start(Path socket, NodeCommands node) throws IOException {
        refuseWhenServed(socket);
        ApiServer server = new ApiServer(socket);
        try {
            server.bind(new Routes(node));
            return server;
        } catch (IOException | RuntimeException failed) {
            server.close();
            throw failed;
        }
    }

    private static void refuseWhenServed(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            return;
        }
        try (SocketChannel other = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException nobody) {
            return;
        }
        throw new IOException("another tharsisd serves " + socket + ": stop it, or give this one another 'socket'");
    }

    /** Under another name first: nobody connects before the file's mode is right. */
    private void bind(Routes routes) throws IOException {
        Path directory = socket.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        Path unfinished = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(unfinished);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(NioServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        channel.pipeline()
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                                .addLast(new ApiConnection(routes, looking, working));
                    }
                });
        var bound = bootstrap.bind(UnixDomainSocketAddress.of(unfinished)).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "the socket " + socket + " cannot be made: " + bound.cause().getMessage(), bound.cause());
        }
        channels.add(bound.channel());
        Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-rw----"));
        Files.move(unfinished, socket, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Ends all connections; commands under way are interrupted. */
    @Override
    public void close() throws IOException {
        channels.close().awaitUninterruptibly();
        looking.shutdownNow();
        working.shutdownNow();
        try {
            looking.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS);
            working.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException stopAtOnce) {
            Thread.currentThread().interrupt();
        }
        group.shutdownGracefully(0, STOP_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
        Files.deleteIfExists(socket);
    }
}
