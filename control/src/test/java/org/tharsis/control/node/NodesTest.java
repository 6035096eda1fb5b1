// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.driver.BrickdProcess;

/** Nodes in one process, each with a real brickd. */
@Tag("cluster")
@Timeout(120)
class NodesTest {
    private static final long SIZE = 16 << 20;
    private static final Caller NOBODY = new Caller() {
        @Override
        public void progress(Progress progress) {}

        @Override
        public boolean gone() {
            return false;
        }
    };

    @TempDir
    Path directory;

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        while (!toClose.isEmpty()) {
            toClose.pop().close();
        }
    }

    private <T extends AutoCloseable> T closing(T part) {
        toClose.push(part);
        return part;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private TharsisConfig config(String name, boolean tls) throws IOException {
        Path home = Files.createDirectories(directory.resolve(name));
        BrickdProcess brickd = closing(new BrickdProcess(home));
        HostPort listen = new HostPort("127.0.0.1", freePort());
        return new TharsisConfig(
                name,
                "default",
                home.resolve("state"),
                home.resolve("tharsis.sock"),
                Optional.of(brickd.socket()),
                listen,
                listen,
                Map.of(),
                Optional.empty(),
                new HostPort("127.0.0.1", freePort()),
                tls);
    }

    private static <T> T done(Outcome<T> outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Done.class);
        return ((Outcome.Done<T>) outcome).result();
    }

    private static Command.WaitResource wait(Command.Condition condition) {
        return new Command.WaitResource("vol0", condition, Optional.empty(), Optional.of(30_000L));
    }

    private static Command.Primary primary() {
        return new Command.Primary("vol0", false, false, false, Optional.of(20_000L));
    }

    private Node first(boolean tls) throws IOException {
        Node a = closing(Node.start(config("a", tls), Clock.systemUTC()));
        done(a.createCluster(new Command.CreateCluster("test"), NOBODY));
        done(a.createResource(
                new Command.CreateResource(
                        "vol0",
                        directory.resolve("a/disk").toString(),
                        Optional.of(SIZE),
                        true,
                        Optional.empty(),
                        Optional.empty()),
                NOBODY));
        return a;
    }

    private Node joined(Node to, String name, boolean tls) throws IOException {
        Node node = closing(Node.start(config(name, tls), Clock.systemUTC()));
        String token = done(to.token()).token();
        done(node.joinCluster(new Command.JoinCluster(token, Optional.empty()), NOBODY));
        done(node.joinResource(
                new Command.JoinResource(
                        "vol0", directory.resolve(name + "/disk").toString(), true, Optional.empty()),
                NOBODY));
        return node;
    }

    private static ViewReport.Resource view(Node node) {
        return done(node.view(Optional.of("vol0"))).resources().get(0);
    }

    private void replicatesAndHandsOver(boolean tls) throws Exception {
        Node a = first(tls);
        Node b = joined(a, "b", tls);
        Changed consistent = done(b.waitResource(wait(Command.Condition.CONSISTENT), NOBODY));
        assertThat(consistent.message()).isEqualTo("vol0 on b is consistent.");
        done(b.waitResource(wait(Command.Condition.CAUGHT_UP), NOBODY));

        done(b.primary(primary(), NOBODY));
        assertThat(view(b).role().primary()).contains("b");
        assertThat(view(b).role().epoch()).isEqualTo(2);
        done(a.waitResource(wait(Command.Condition.SECONDARY), NOBODY));

        done(a.primary(primary(), NOBODY));
        assertThat(view(a).role().primary()).contains("a");
        assertThat(view(a).role().epoch()).isEqualTo(3);
    }

    @Test
    void aNewReplicaIsFilledAndTheRoleGoesThereAndBack() throws Exception {
        replicatesAndHandsOver(false);
    }
}
