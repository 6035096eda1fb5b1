// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.ZooDefs;

/** Stands before a ZooKeeper server, and breaks the connection when the reply to a transaction comes, instead of passing it on. */
final class ReplyLosingProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final int serverPort;
    private final AtomicBoolean armed = new AtomicBoolean();
    private final AtomicInteger lost = new AtomicInteger();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    ReplyLosingProxy(int serverPort) throws IOException {
        this.serverPort = serverPort;
        this.listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        start("accept", this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void loseTheReplyToTheNextTransaction() {
        armed.set(true);
    }

    int lostReplies() {
        return lost.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // The connection ended: so does this.
                        Thread.currentThread().interrupt();
                    }
                },
                "proxy-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
            sockets.add(client);
            sockets.add(server);
            Set<Integer> doomed = java.util.Collections.synchronizedSet(new HashSet<>());
            start("requests", () -> requests(client, server, doomed));
            start("replies", () -> replies(server, client, doomed));
        }
    }

    /** Requests are a length, a transaction number (xid) and a type, after one request to connect. */
    private void requests(Socket from, Socket to, Set<Integer> doomed) throws IOException {
        boolean first = true;
        try (from;
                to) {
            while (true) {
                byte[] frame = read(from);
                ByteBuffer header = ByteBuffer.wrap(frame);
                if (!first && header.getInt(4) == ZooDefs.OpCode.multi && armed.compareAndSet(true, false)) {
                    doomed.add(header.getInt(0));
                }
                first = false;
                write(to, frame);
            }
        }
    }

    private void replies(Socket from, Socket to, Set<Integer> doomed) throws IOException {
        try (from;
                to) {
            while (true) {
                byte[] frame = read(from);
                if (doomed.contains(ByteBuffer.wrap(frame).getInt(0))) {
                    lost.incrementAndGet();
                    return;
                }
                write(to, frame);
            }
        }
    }

    private static byte[] read(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return frame;
    }

    private static void write(Socket socket, byte[] frame) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        byte[] whole = ByteBuffer.allocate(4 + frame.length)
                .putInt(frame.length)
                .put(frame)
                .array();
        out.write(whole);
        out.flush();
    }
}
