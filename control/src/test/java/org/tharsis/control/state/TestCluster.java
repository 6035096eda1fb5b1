// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.awaitility.core.ConditionFactory;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ResourceIdentity;
import org.tharsis.control.model.ResourceOptions;
import org.tharsis.control.model.ResourceView;

/** A cluster in a test server, and the nodes that look at it. */
final class TestCluster implements AutoCloseable {
    private static final AtomicInteger CLUSTERS = new AtomicInteger();
    static final Duration SESSION = TestServer.TICK.multipliedBy(4);
    static final Duration SOON = Duration.ofSeconds(10);
    static final ReplicaRecord REPLICA = new ReplicaRecord("/srv/vol0.disk", "/dev/nbd0", "/srv/vol0.log");
    static final ResourceIdentity IDENTITY = new ResourceIdentity(
            UUID.fromString("00000000-0000-4000-8000-000000000001"), 1 << 20, 4096, 1700000000000000000L);

    final TestServer server;
    final String name = "test" + CLUSTERS.incrementAndGet();
    final UUID uuid = UUID.randomUUID();
    private final List<StateTree> trees = new ArrayList<>();

    TestCluster(TestServer server) throws IOException {
        this.server = server;
        assertThat(CuratorStateTree.createCluster(config(server.port()), name, uuid))
                .isEqualTo(new Outcome.Done(0));
    }

    static TreeConfig config(int port) {
        return new TreeConfig("127.0.0.1:" + port, SESSION, SOON, Optional.empty());
    }

    /** A node that is connected and registered. */
    CuratorStateTree node(String name) throws IOException {
        CuratorStateTree tree = observer(name, server.port());
        assertThat(tree.registerNode(record(name), 1)).isEqualTo(new Outcome.Done(0));
        soon().until(() -> tree.view().orElseThrow().isAlive(name));
        return tree;
    }

    /** A connected client that has not told its name. */
    CuratorStateTree observer(String name, int port) throws IOException {
        CuratorStateTree tree = CuratorStateTree.open(config(port), this.name, uuid, name);
        trees.add(tree);
        soon().until(() -> tree.connection().isConnected());
        return tree;
    }

    static NodeRecord record(String name) {
        return new NodeRecord(
                name,
                UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)),
                name + ":7440",
                Optional.empty(),
                "east",
                "0.1.0",
                "brickd");
    }

    /** Nodes a, b and c, where a is primary of vol0 and the others have replicas of it. */
    List<CuratorStateTree> threeNodesWithVol0() throws IOException {
        List<CuratorStateTree> nodes = List.of(node("a"), node("b"), node("c"));
        StateTree a = nodes.get(0);
        assertThat(a.createResource(new ResourceSpec("vol0", IDENTITY, ResourceOptions.DEFAULTS, "a", REPLICA)))
                .isEqualTo(new Outcome.Done(0));
        assertThat(a.joinReplica(vol0(a), "b", REPLICA)).isEqualTo(new Outcome.Done(0));
        assertThat(a.joinReplica(vol0(a), "c", REPLICA)).isEqualTo(new Outcome.Done(0));
        nodes.forEach(node -> until(
                node,
                view -> view.resource("vol0")
                        .filter(vol0 -> vol0.replicas().size() == 3
                                && vol0.problems().isEmpty()) // a replica's keys arrive one by one
                        .isPresent()));
        return nodes;
    }

    static ConditionFactory soon() {
        return await().atMost(SOON).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5));
    }

    static ResourceView vol0(StateTree tree) {
        until(tree, view -> view.resource("vol0").isPresent());
        return tree.view().orElseThrow().resource("vol0").orElseThrow();
    }

    static void until(StateTree tree, Predicate<ClusterView> condition) {
        soon().until(() -> tree.view().filter(condition).isPresent());
    }

    static void untilRole(StateTree tree, String role) {
        soon().until(() ->
                vol0(tree).role().filter(r -> r.value().format().equals(role)).isPresent());
    }

    /** Keys that were changed together arrive one by one. */
    static void untilRoleAndSealed(StateTree tree, String role, boolean sealed) {
        untilRole(tree, role);
        soon().until(() -> vol0(tree).sealed().isPresent() == sealed);
    }

    @Override
    public void close() {
        trees.forEach(StateTree::close);
    }
}
