// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** Passes connections on, and cuts each one after so many bytes of the server as a test wants. */
public final class CuttingProxy implements Closeable {
    private final ServerSocket listener;
    private final InetSocketAddress server;
    private final LongSupplier bytesUntilCut;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    public final AtomicInteger connections = new AtomicInteger();
    /** While it is set, nothing is passed on in either direction. */
    public volatile boolean frozen;

    /** @param bytesUntilCut asked for each connection */
    public CuttingProxy(InetSocketAddress server, LongSupplier bytesUntilCut) throws IOException {
        this.server = server;
        this.bytesUntilCut = bytesUntilCut;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.execute(this::acceptAll);
    }

    public int port() {
        return listener.getLocalPort();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket follower = listener.accept();
                Socket onward = new Socket(server.getAddress(), server.getPort());
                sockets.add(follower);
                sockets.add(onward);
                connections.incrementAndGet();
                long cutAfter = bytesUntilCut.getAsLong();
                threads.execute(() -> pass(follower, onward, Long.MAX_VALUE));
                threads.execute(() -> pass(onward, follower, cutAfter));
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    private void pass(Socket from, Socket to, long bytesMax) {
        byte[] buffer = new byte[8192];
        long left = bytesMax;
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            while (left > 0) {
                int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (read < 0) {
                    return;
                }
                while (frozen) {
                    Thread.onSpinWait();
                }
                out.write(buffer, 0, read);
                left -= read;
            }
        } catch (IOException cut) {
            // Cut from the other side.
        }
    }

    @Override
    public void close() throws IOException {
        frozen = false;
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        threads.shutdownNow();
    }
}
