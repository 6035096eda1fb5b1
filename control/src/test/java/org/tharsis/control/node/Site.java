// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.driver.BrickdProcess;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;

/** A node of this process with a brickd of its own; either can be stopped and started again. */
final class Site implements Closeable {
    static final String RESOURCE = "vol0";
    static final long SIZE = 16 << 20;
    private static final long LIMIT_MS = 60_000;
    private static final Caller NOBODY = new Caller() {
        @Override
        public void progress(Progress progress) {}

        @Override
        public boolean gone() {
            return false;
        }
    };

    private final Path home;
    private final TharsisConfig config;
    private Optional<BrickdProcess> brickd;
    private Optional<Node> node = Optional.empty();

    Site(Path directory, String name, boolean tls) throws IOException {
        home = Files.createDirectories(directory.resolve(name));
        brickd = Optional.of(new BrickdProcess(home));
        HostPort listen = new HostPort("127.0.0.1", freePort());
        config = new TharsisConfig(
                name,
                "default",
                home.resolve("state"),
                home.resolve("tharsis.sock"),
                Optional.of(brickd.get().socket()),
                listen,
                listen,
                Map.of(),
                Optional.empty(),
                new HostPort("127.0.0.1", freePort()),
                tls);
        start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    Node node() {
        return node.orElseThrow();
    }

    /** Starts what does not run. */
    void start() throws IOException {
        if (brickd.isEmpty()) {
            brickd = Optional.of(new BrickdProcess(home));
        }
        if (node.isEmpty()) {
            node = Optional.of(Node.start(config, Clock.systemUTC()));
        }
    }

    void stopDaemon() {
        node.ifPresent(Node::close);
        node = Optional.empty();
    }

    void killDriver() throws InterruptedException {
        brickd.orElseThrow().kill();
        brickd = Optional.empty();
    }

    @Override
    public void close() throws IOException {
        stopDaemon();
        if (brickd.isPresent()) {
            brickd.get().close();
        }
    }

    static <T> T done(Outcome<T> outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Done.class);
        return ((Outcome.Done<T>) outcome).result();
    }

    void createCluster() {
        done(node().createCluster(new Command.CreateCluster("test"), NOBODY));
    }

    void joinCluster(Site other) {
        String token = done(other.node().token()).token();
        done(node().joinCluster(new Command.JoinCluster(token, Optional.empty()), NOBODY));
    }

    void createResource() {
        done(node().createResource(
                        new Command.CreateResource(
                                RESOURCE, disk(), Optional.of(SIZE), true, Optional.empty(), Optional.empty()),
                        NOBODY));
    }

    void joinResource() {
        done(node().joinResource(new Command.JoinResource(RESOURCE, disk(), true, Optional.empty()), NOBODY));
    }

    private String disk() {
        return home.resolve("disk").toString();
    }

    Outcome<Changed> primary(boolean force) {
        return node().primary(new Command.Primary(RESOURCE, force, false, false, Optional.of(LIMIT_MS)), NOBODY);
    }

    Outcome<Changed> secondary() {
        return node().secondary(new Command.Secondary(RESOURCE, false, Optional.of(LIMIT_MS)), NOBODY);
    }

    Outcome<Changed> invalidate() {
        return node().invalidate(new Command.Invalidate(RESOURCE), NOBODY);
    }

    Outcome<Changed> leave(boolean force) {
        return node().leaveResource(new Command.LeaveResource(RESOURCE, force), NOBODY);
    }

    void await(Command.Condition condition) {
        done(node().waitResource(
                        new Command.WaitResource(RESOURCE, condition, Optional.empty(), Optional.of(LIMIT_MS)),
                        NOBODY));
    }

    ViewReport.Resource view() {
        return done(node().view(Optional.of(RESOURCE))).resources().get(0);
    }

    /** This node's replica. */
    ViewReport.Replica replica() {
        return view().replicas().stream()
                .filter(replica -> replica.node().equals(config.node()))
                .findFirst()
                .orElseThrow();
    }

    /** The resources that the driver has open. */
    List<String> openAtDriver() throws DriverException, DriverGone {
        try (DriverClient client = new DriverClient(brickd.orElseThrow().socket())) {
            return client.list();
        }
    }

    /** Writes a pattern to the device, and flushes. */
    void write(int pattern, long offset, long bytes) throws IOException, InterruptedException {
        String uri = "nbd+unix:///" + RESOURCE + "?socket=" + home.resolve("nbd.sock");
        Process process = new ProcessBuilder(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -P " + pattern + " " + offset + " " + bytes,
                        "-c",
                        "flush",
                        uri)
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("qemu-io.log").toFile())
                .start();
        assertThat(process.waitFor(LIMIT_MS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(home.resolve("qemu-io.log")))
                .isZero();
    }
}
