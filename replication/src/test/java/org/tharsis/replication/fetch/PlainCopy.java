// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.stream.ChunkedNioFile;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.tharsis.replication.peer.PeerTls;

/**
 * The least that could be done: files over one connection on the loopback, written on the other side as they come, and made durable at
 * the end. Nothing is verified or acknowledged. What shipping is compared with.
 */
final class PlainCopy implements Closeable {
    private static final int CHUNK_BYTES = 256 << 10;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private final List<Path> files;
    private final Optional<PeerTls> tls;
    private final Channel listener;

    PlainCopy(List<Path> files, Optional<PeerTls> tls) {
        this.files = files;
        this.tls = tls;
        this.listener = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        tls.ifPresent(contexts ->
                                channel.pipeline().addLast(contexts.server().newHandler(channel.alloc())));
                        channel.pipeline().addLast(new ChunkedWriteHandler(), new Sender());
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    /** Copies all files into a directory; they are durable when it returns. */
    void copyTo(Path directory) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        ChannelFuture connected = new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        tls.ifPresent(contexts ->
                                channel.pipeline().addLast(contexts.client().newHandler(channel.alloc())));
                        channel.pipeline().addLast(new Receiver(directory, new ArrayDeque<>(files), done));
                    }
                })
                .connect(listener.localAddress())
                .syncUninterruptibly();
        done.join();
        connected.channel().close().syncUninterruptibly();
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class Sender extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) throws IOException {
            if (tls.isEmpty()) {
                send(context);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) throws IOException {
            if (event instanceof SslHandshakeCompletionEvent) {
                send(context);
            }
        }

        private void send(ChannelHandlerContext context) throws IOException {
            for (Path file : files) {
                FileChannel bytes = FileChannel.open(file, StandardOpenOption.READ);
                Object content = tls.isPresent()
                        ? new ChunkedNioFile(bytes, CHUNK_BYTES)
                        : new DefaultFileRegion(bytes, 0, bytes.size());
                context.write(content).addListener(sent -> {});
            }
            context.flush();
        }
    }

    private static final class Receiver extends ChannelInboundHandlerAdapter {
        private final Path directory;
        private final Queue<Path> files;
        private final CompletableFuture<Boolean> done;
        private Optional<FileChannel> current = Optional.empty();
        private long left;

        private Receiver(Path directory, Queue<Path> files, CompletableFuture<Boolean> done) {
            this.directory = directory;
            this.files = files;
            this.done = done;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
            ByteBuf bytes = (ByteBuf) message;
            try {
                while (bytes.isReadable()) {
                    FileChannel file = file();
                    int written = bytes.readBytes(file, (int) Math.min(left, bytes.readableBytes()));
                    left -= written;
                    if (left == 0) {
                        file.force(false);
                        file.close();
                        current = Optional.empty();
                    }
                }
            } finally {
                bytes.release();
            }
            if (current.isEmpty() && files.isEmpty()) {
                done.complete(true);
            }
        }

        private FileChannel file() throws IOException {
            if (current.isEmpty()) {
                Path source = files.remove();
                left = Files.size(source);
                current = Optional.of(FileChannel.open(
                        directory.resolve(source.getFileName()),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE));
            }
            return current.get();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            done.completeExceptionally(failure);
        }
    }
}
