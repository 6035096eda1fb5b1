// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A ZooKeeper server for a test: quick ticks, and it can be killed and come back at the same port. */
final class TestServer implements AutoCloseable {
    /** Sessions die after two of these. */
    static final Duration TICK = Duration.ofMillis(250);

    private final EmbeddedZooKeeperConfig config;
    private Optional<EmbeddedZooKeeper> server = Optional.empty();

    TestServer(Path directory) throws IOException {
        this.config = config(directory, freePort());
        start();
    }

    static EmbeddedZooKeeperConfig config(Path directory, int port) {
        return new EmbeddedZooKeeperConfig(directory, "127.0.0.1", port, TICK, List.of(), 1, Optional.empty());
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    void start() throws IOException {
        server = Optional.of(EmbeddedZooKeeper.start(config));
    }

    void stop() {
        server.ifPresent(EmbeddedZooKeeper::close);
        server = Optional.empty();
    }

    int port() {
        return config.port();
    }

    String connectString() {
        return "127.0.0.1:" + config.port();
    }

    @Override
    public void close() {
        stop();
    }
}
