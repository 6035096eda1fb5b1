// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Three nodes with disks, {@code a}, {@code b} and {@code c}, and a witness with the ZooKeeper; between any two of them, and
 * from each to ZooKeeper, a {@link Line}. One thread at a time.
 */
final class TestCluster implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration TURN = Duration.ofSeconds(5);

    private final Path directory;
    private final TestNode witness;
    private final List<TestNode> nodes;

    private TestCluster(Path directory) {
        this.directory = directory;
        this.witness = new TestNode("w", directory, false);
        this.nodes = Stream.of("a", "b", "c")
                .map(name -> new TestNode(name, directory, true))
                .toList();
    }

    /** Starts all processes and makes one cluster of them. */
    static TestCluster start() {
        try {
            // Short, because of the sockets in it; on a real file system, because of O_DIRECT.
            TestCluster cluster = new TestCluster(Files.createTempDirectory(Path.of("/var/tmp"), "tharsis-"));
            try {
                cluster.assemble();
                return cluster;
            } catch (RuntimeException | AssertionError failed) {
                cluster.printLogs();
                cluster.close();
                throw failed;
            }
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    private void assemble() {
        for (TestNode node : nodes) {
            node.reachZooKeeperOf(witness);
            nodes.stream().filter(peer -> peer != node).forEach(node::reach);
        }
        for (TestNode node : all()) {
            node.configure();
            node.startBrickd();
            node.startTharsisd();
        }
        all().forEach(TestNode::awaitStarted);
        witness.tharsis("cluster", "create", "test").succeeds();
        for (TestNode node : nodes) {
            String token = witness.tharsis("--json", "cluster", "token")
                    .succeeds()
                    .json()
                    .path("token")
                    .asText();
            node.tharsis("cluster", "join", token).succeeds();
        }
    }

    TestNode witness() {
        return witness;
    }

    List<TestNode> nodes() {
        return nodes;
    }

    private List<TestNode> all() {
        return Stream.concat(Stream.of(witness), nodes.stream()).toList();
    }

    TestNode a() {
        return nodes.get(0);
    }

    TestNode b() {
        return nodes.get(1);
    }

    TestNode c() {
        return nodes.get(2);
    }

    Path directory() {
        return directory;
    }

    /** Starts what is dead and heals what is cut, and waits until all answer. */
    void restore() {
        all().forEach(TestNode::restore);
        all().forEach(TestNode::awaitStarted);
    }

    // ---- resources

    /** Makes a resource with a replica on each of these nodes; the first one is its primary. */
    void create(String resource, String size, TestNode... on) {
        on[0].tharsis(
                        "create-resource",
                        resource,
                        "--disk",
                        on[0].disk(resource).toString(),
                        "--create-disk",
                        "--size",
                        size)
                .succeeds();
        for (int i = 1; i < on.length; i++) {
            join(resource, on[i]);
        }
    }

    /** Begins a new replica; its backfill goes on afterwards. */
    void join(String resource, TestNode node) {
        node.tharsis("join-resource", resource, "--disk", node.disk(resource).toString(), "--create-disk")
                .succeeds();
    }

    /** Gives all replicas up, and with the last one the resource; disks and logs stay. */
    void forget(String resource) {
        await("nothing is left of " + resource, () -> {
            List<String> hosts = new ArrayList<>();
            witness.resource(resource)
                    .path("replicas")
                    .forEach(replica -> hosts.add(replica.path("node").asText()));
            for (TestNode node : nodes) {
                if (hosts.contains(node.name())) {
                    // One that is the primary stays until it is the last one.
                    boolean left = node.leave(resource, hosts.size() == 1);
                    hosts.removeIf(host -> left && host.equals(node.name()));
                }
            }
            return hosts.isEmpty();
        });
    }

    /** An NBD client at work, wherever the primary is. */
    NumberedWriter write(String resource, long sizeBytes, int perSecond) {
        NumberedWriter writer = NumberedWriter.start(
                directory.resolve("writer.log"),
                sizeBytes,
                perSecond,
                nodes.stream().map(node -> node.uri(resource)).toList());
        writer.awaitAccepted();
        return writer;
    }

    /** Waits until each of these replicas is well, follows, and has replayed all that the primary has. */
    void awaitCaughtUp(String resource, TestNode... secondaries) {
        for (TestNode node : secondaries) {
            await(
                    resource + " on " + node.name() + " has caught up",
                    () -> node.waitsUntilCaughtUp(resource, TURN) && isCaughtUp(resource, node));
        }
    }

    private static boolean isCaughtUp(String resource, TestNode node) {
        JsonNode replica = node.replica(resource, node);
        return replica.path("health").asText().equals("ok")
                && replica.path("source").isTextual()
                && !replica.has("hindrance")
                && replica.path("lagBytes").isIntegralNumber()
                && replica.path("lagBytes").asLong() == 0;
    }

    void awaitHealth(String resource, TestNode node, String health) {
        await(
                resource + " on " + node.name() + " is " + health,
                () -> node.replica(resource, node).path("health").asText().equals(health));
    }

    /** Waits; what the nodes see then is in the failure. */
    void await(String what, BooleanSupplier condition) {
        try {
            Awaitility.await(what)
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(50))
                    .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                    .until(condition::getAsBoolean);
        } catch (ConditionTimeoutException late) {
            throw new AssertionError(late.getMessage() + "\n" + views(), late);
        }
    }

    private String views() {
        StringBuilder text = new StringBuilder();
        for (TestNode node : all()) {
            try {
                text.append(node.name()).append(" sees ").append(node.view()).append('\n');
            } catch (UncheckedIOException | AssertionError silent) {
                text.append(node.name())
                        .append(" does not answer: ")
                        .append(silent)
                        .append('\n');
            }
        }
        return text.toString();
    }

    // ---- its end

    /** The last lines of what all processes have said. */
    void printLogs() {
        for (TestNode node : all()) {
            for (String of : List.of("brickd", "tharsisd")) {
                printEnd(node.name() + "'s " + of, node.log(of));
            }
        }
    }

    private static void printEnd(String title, Path log) {
        if (!Files.exists(log)) {
            return;
        }
        System.out.println("---- the end of what " + title + " said:");
        try {
            List<String> lines = Files.readAllLines(log);
            lines.subList(Math.max(0, lines.size() - 60), lines.size()).forEach(System.out::println);
        } catch (IOException cannot) {
            System.out.println(cannot);
        }
    }

    @Override
    public void close() {
        all().forEach(TestNode::close);
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }
}
