// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A server that answers each line as a test wants it, however wrong; an empty answer ends the connection. */
final class ScriptedDriver implements Closeable {
    private final ServerSocketChannel server;
    private final Function<String, Optional<String>> script;
    private final List<SocketChannel> connections = new CopyOnWriteArrayList<>();
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Path socket;

    ScriptedDriver(Path socket, Function<String, Optional<String>> script) throws IOException {
        this.socket = socket;
        this.script = script;
        Files.deleteIfExists(socket);
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        daemon(this::accept);
    }

    /** All lines that came in, over all connections. */
    List<String> lines() {
        return lines;
    }

    /** How many connections there have been. */
    int connections() {
        return connections.size();
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel connection = server.accept();
                connections.add(connection);
                daemon(() -> answer(connection));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void answer(SocketChannel connection) {
        try (connection;
                BufferedReader reader = new BufferedReader(Channels.newReader(connection, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
                Optional<String> reply = script.apply(line);
                if (reply.isEmpty()) {
                    return;
                }
                ByteBuffer out = StandardCharsets.UTF_8.encode(reply.get());
                while (out.hasRemaining()) {
                    connection.write(out);
                }
            }
        } catch (IOException closed) {
            // The client has gone.
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "scripted-driver");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (SocketChannel connection : connections) {
            connection.close();
        }
        Files.deleteIfExists(socket);
    }
}
