// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.tharsis.control.state.TestCluster.soon;
import static org.tharsis.control.state.TestCluster.until;
import static org.tharsis.control.state.TestCluster.untilRole;
import static org.tharsis.control.state.TestCluster.untilRoleAndSealed;
import static org.tharsis.control.state.TestCluster.vol0;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.ClusterEvent;
import org.tharsis.control.model.ClusterReader;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ClusterWriter;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.LostTail;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.ResourceOption;
import org.tharsis.control.model.ResourceOptions;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;

class CuratorStateTreeTest {
    @TempDir
    static Path directory;

    private static TestServer server;
    private TestCluster cluster;

    @BeforeAll
    static void startServer() throws Exception {
        server = new TestServer(directory);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new TestCluster(server);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void aPlannedHandoverGoesThroughItsStatesAndLeavesAnEpochThatSaysWhereItBegan() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        StateTree b = nodes.get(1);

        assertThat(b.startHandover(vol0(b), "b")).isEqualTo(new Outcome.Done(1));
        untilRole(a, "1 a handover:b");
        assertThat(a.seal(vol0(a), new SealedEnd(1, 8192, 0xfeedL))).isEqualTo(new Outcome.Done(2));
        untilRoleAndSealed(b, "1 none handover:b", true);
        assertThat(vol0(b).sealed().map(Versioned::value)).contains(new SealedEnd(1, 8192, 0xfeedL));
        EpochRecord second = new EpochRecord("b", 8192, 0xfeedL, 1, 1700000000000000001L, EpochRecord.Kind.PLANNED);
        assertThat(b.promotePlanned(vol0(b), second)).isEqualTo(new Outcome.Done(3));

        untilRoleAndSealed(a, "2 b primary", false);
        soon().untilAsserted(() -> assertThat(vol0(a).epochs()).hasSize(2).containsEntry(2L, second));
    }

    @Test
    void aSealedLogCanBeTakenUpByAnyReplicaButOnlyAtItsEnd() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        StateTree c = nodes.get(2);
        a.startHandover(vol0(a), "b");
        untilRole(a, "1 a handover:b");
        a.seal(vol0(a), new SealedEnd(1, 8192, 7));
        untilRoleAndSealed(c, "1 none handover:b", true);

        EpochRecord behind = new EpochRecord("c", 4096, 5, 1, 1, EpochRecord.Kind.PLANNED);
        assertThat(c.promotePlanned(vol0(c), behind))
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused -> assertThat(refused.why()).contains("8192", "4096"));
        EpochRecord atItsEnd = new EpochRecord("c", 8192, 7, 1, 1, EpochRecord.Kind.PLANNED);
        assertThat(c.promotePlanned(vol0(c), atItsEnd)).isInstanceOf(Outcome.Done.class);
        untilRole(a, "2 c primary");
    }

    @Test
    void ofManyAdminsWhoChangeARoleAtOnceExactlyOneWinsAndTheOthersAreToldWho() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        List<ResourceView> views = nodes.stream().map(TestCluster::vol0).toList();
        ExecutorService admins = Executors.newFixedThreadPool(6);
        CountDownLatch go = new CountDownLatch(1);
        List<Future<Outcome>> asked = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            StateTree node = nodes.get(i % 3);
            ResourceView view = views.get(i % 3);
            EpochRecord record =
                    new EpochRecord("abc".substring(i % 3, i % 3 + 1), i, i, 1, i, EpochRecord.Kind.FORCED);
            asked.add(admins.submit(() -> {
                go.await();
                return node.promoteForced(view, record);
            }));
        }
        go.countDown();
        List<Outcome> outcomes = new ArrayList<>();
        for (Future<Outcome> outcome : asked) {
            outcomes.add(outcome.get());
        }
        admins.shutdown();

        int winner = IntStream.range(0, 6)
                .filter(i -> outcomes.get(i) instanceof Outcome.Done)
                .findFirst()
                .orElseThrow();
        untilRole(nodes.get(0), "2 " + "abc".charAt(winner % 3) + " forced");
        Role role = vol0(nodes.get(0)).role().orElseThrow().value();
        outcomes.remove(winner);
        assertThat(outcomes)
                .hasSize(5)
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOfSatisfying(Outcome.Lost.class, lost -> {
                    assertThat(lost.current()).contains(role);
                    assertThat(lost.why()).contains("somebody else was faster", role.format());
                }));
        assertThat(vol0(nodes.get(0)).epoch(2).orElseThrow().startLsn()).isEqualTo(winner);
    }

    @Test
    void aHandoverIsNotBegunToAReplicaWhoseHealthChangedMeanwhile() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree b = nodes.get(1);
        b.publish("vol0", report(new Health.Ok(), Optional.empty()))
                .toCompletableFuture()
                .get();
        until(b, view -> vol0(b).replica("b").orElseThrow().isConsistent());
        ResourceView old = vol0(b);
        b.publish("vol0", report(new Health.Failed("disk gone"), Optional.empty()))
                .toCompletableFuture()
                .get();

        assertThat(b.startHandover(old, "b"))
                .isInstanceOfSatisfying(
                        Outcome.Lost.class, lost -> assertThat(lost.why()).contains("the replica at b changed"));
        assertThat(vol0(b).role().orElseThrow().value()).isEqualTo(Role.first("a"));
    }

    @Test
    void anUndoneHandoverLeavesThePrimaryWhereItIsOrNowhere() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        a.startHandover(vol0(a), "b");
        untilRole(a, "1 a handover:b");
        a.undoHandover(vol0(a));
        untilRole(a, "1 a primary");
        a.startHandover(vol0(a), "c");
        untilRole(a, "1 a handover:c");
        a.seal(vol0(a), new SealedEnd(1, 4096, 1));
        untilRole(a, "1 none handover:c");
        a.undoHandover(vol0(a));
        untilRoleAndSealed(a, "1 none none", true);
    }

    @Test
    void whatIsNotPossibleIsRefusedWithTheReason() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        ResourceView vol0 = vol0(a);
        assertRefused(a.startHandover(vol0, "a"), "itself");
        assertRefused(a.startHandover(vol0, "d"), "d has no replica of vol0");
        assertRefused(a.undoHandover(vol0), "no handover");
        assertRefused(
                a.promotePlanned(vol0, new EpochRecord("b", 0, 0, 1, 1, EpochRecord.Kind.PLANNED)),
                "a is primary of vol0");
        assertRefused(a.deleteResource(vol0, "a"), "has a primary, a");
        assertRefused(a.leaveReplica(vol0, "a"), "a is primary");
        assertRefused(a.resize(vol0, 4096), "it can grow");
        assertRefused(a.removeNode("b"), "b is alive");
        assertRefused(a.removeNode("a"), "vol0");
        assertThat(a.createResource(new ResourceSpec(
                        "vol0", TestCluster.IDENTITY, ResourceOptions.DEFAULTS, "a", TestCluster.REPLICA)))
                .isEqualTo(new Outcome.Lost(Optional.empty(), "there is a resource vol0 already"));
        assertThat(a.joinReplica(vol0, "b", TestCluster.REPLICA))
                .isEqualTo(new Outcome.Lost(Optional.empty(), "b has a replica of vol0 already"));
        for (String key : List.of(
                "uuid",
                "version",
                "resources/vol0/role",
                "resources/vol0/epochs/1",
                "resources/vol0/replicas/a/position",
                "resources/vol0/replicas/a/actual/users",
                "nodes/b/address")) {
            assertRefused(a.set(key, "1 b primary"), "is not changed by hand");
        }
        assertRefused(a.set("resources/vol0/options/colour", "red"), "option \"colour\" is unknown");
        assertRefused(a.set("resources/vol0/options/writeback-depth", "99"), "a number from 1 to 32");
        assertRefused(a.set("resources/vol0/options/segment-bytes", "1MiB"), "4096 segments");
        assertRefused(a.set("resources/vol0/replicas/b/todo/fetch", "maybe"), "yes or no");
        assertRefused(a.set("resources/../uuid", "x"), "names with one slash");
        assertThat(a.set("resources/none/options/fencing", "none"))
                .isEqualTo(new Outcome.Lost(Optional.empty(), "there is no resources/none"));
        assertThat(vol0(a)).isEqualTo(vol0);
    }

    @Test
    void optionsAndTodoAreSetByTheirKeysAndSeenByAll() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        assertThat(a.set("resources/vol0/options/log-limit-bytes", "2GiB")).isInstanceOf(Outcome.Done.class);
        assertThat(a.set("resources/vol0/replicas/b/todo/replay", "no")).isInstanceOf(Outcome.Done.class);
        StateTree c = nodes.get(2);
        until(c, view -> !vol0(c).replica("b").orElseThrow().todo().wants(Switch.REPLAY));
        assertThat(vol0(c).options().get(ResourceOption.LOG_LIMIT_BYTES)).isEqualTo("2147483648");
        assertThat(c.get("/resources/vol0/options/log-limit-bytes/")
                        .orElseThrow()
                        .text())
                .isEqualTo("2147483648");
        assertThat(c.list("resources/vol0/replicas")).contains(List.of("a", "b", "c"));
        assertThat(c.list("")).contains(List.of("alive", "events", "nodes", "resources", "uuid", "version"));
        assertThat(c.get("resources/vol9")).isEmpty();

        a.setOption("vol0", ResourceOption.LOG_LIMIT_BYTES, Optional.empty());
        until(c, view -> vol0(c).options().values().isEmpty());
    }

    @Test
    void replicasLeaveAndAResourceWithoutPrimaryIsDeletedAsAWhole() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        assertThat(a.leaveReplica(vol0(a), "b")).isInstanceOf(Outcome.Done.class);
        until(a, view -> vol0(a).replicas().size() == 2);
        assertThat(a.seal(vol0(a), new SealedEnd(1, 4096, 3))).isInstanceOf(Outcome.Done.class);
        untilRole(a, "1 none none");
        assertRefused(a.deleteResource(vol0(a), "a"), "replicas at c");
        assertThat(a.leaveReplica(vol0(a), "c")).isInstanceOf(Outcome.Done.class);
        until(a, view -> vol0(a).replicas().size() == 1);
        ResourceView last = vol0(a);
        assertThat(a.deleteResource(last, "a")).isInstanceOf(Outcome.Done.class);
        until(
                nodes.get(2),
                view -> view.resources().isEmpty() && view.unreadable().isEmpty());

        assertRefused(a.resize(last, 1 << 21), "was deleted");
    }

    @Test
    void reportsAreWrittenWhenTheyChangeAndReachTheOthers() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree b = nodes.get(1);
        Position position = new Position(1, 8192, 8192, 4096, 0, 5);
        LostTail lost = new LostTail(1, 2, 3, 4, 5, 6, 7);
        ReplicaReport report = new ReplicaReport(
                new Actual(Set.of(Switch.ATTACH, Switch.FETCH), 2, Optional.of("a")),
                Optional.of(position),
                new Health.Diverged(1, 4096),
                Optional.of(lost));
        b.publish("vol0", report).toCompletableFuture().get();
        StateTree a = nodes.get(0);
        until(a, view -> vol0(a).replica("b").orElseThrow().lost().isPresent());
        assertThat(vol0(a).replica("b").orElseThrow().actual()).contains(report.actual());
        until(a, view -> vol0(a).replica("b").orElseThrow().position().equals(Optional.of(position)));

        int version = a.get("resources/vol0/replicas/b/health").orElseThrow().version();
        b.publish("vol0", report).toCompletableFuture().get();
        b.publish("vol0", report(new Health.Diverged(1, 4096), Optional.of(position)))
                .toCompletableFuture()
                .get();
        assertThat(a.get("resources/vol0/replicas/b/health").orElseThrow().version())
                .isEqualTo(version);
        assertThat(a.get("resources/vol0/replicas/b/lost")).isEmpty();
    }

    @Test
    void positionsThatChangeAllTheTimeAreWrittenAtMostOnceASecondAndTheNewestWins() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree b = nodes.get(1);
        long beganNs = System.nanoTime();
        for (int end = 1; end <= 300; end++) {
            b.publish("vol0", report(new Health.Ok(), Optional.of(new Position(1, end, end, end, 0, end))));
        }
        b.publish("vol0", report(new Health.Ok(), Optional.of(new Position(1, 301, 301, 301, 0, 301))))
                .toCompletableFuture()
                .get();
        long seconds = Duration.ofNanos(System.nanoTime() - beganNs).toSeconds();
        var written = b.get("resources/vol0/replicas/b/position").orElseThrow();
        assertThat(written.text()).isEqualTo("1 301 301 301 0 301");
        assertThat((long) written.version()).isLessThanOrEqualTo(seconds + 1);
    }

    @Test
    void aReportOfAReplicaThatIsNotInTheTreeIsKeptUntilItJoins() throws Exception {
        cluster.threeNodesWithVol0();
        StateTree d = cluster.node("d");
        d.publish("vol0", report(new Health.Ok(), Optional.empty()))
                .toCompletableFuture()
                .get();
        assertThat(d.get("resources/vol0/replicas/d")).isEmpty();
        d.joinReplica(vol0(d), "d", TestCluster.REPLICA);
        until(d, view -> vol0(d).replica("d").filter(r -> r.isConsistent()).isPresent());
    }

    @Test
    void aListenerSeesTheNewestStateAfterTheServerWasAway() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        StateTree b = nodes.get(1);
        List<ClusterView> seen = new CopyOnWriteArrayList<>();
        b.onView(seen::add);
        List<TreeConnection.State> states = new ArrayList<>();
        b.onConnection(connection -> {
            synchronized (states) {
                states.add(connection.state());
            }
        });
        cluster.server.stop();
        soon().until(() -> b.connection().state() == TreeConnection.State.LOST);
        assertThat(b.connection().viewAge()).isPositive();
        assertThat(b.view()).isPresent();
        b.publish("vol0", report(new Health.Ok(), Optional.empty()));
        cluster.server.start();
        soon().until(() -> a.connection().isConnected() && b.connection().isConnected());
        a.startHandover(vol0(a), "c");

        soon().until(() -> {
            ClusterView newest = seen.get(seen.size() - 1);
            ResourceView vol0 = newest.resource("vol0").orElseThrow();
            return vol0.role().orElseThrow().value().format().equals("1 a handover:c")
                    && vol0.replica("b").orElseThrow().isConsistent()
                    && newest.alive().keySet().equals(Set.of("a", "b", "c"));
        });
        assertThat(b.connection().viewAge()).isZero();
        synchronized (states) {
            assertThat(states).contains(TreeConnection.State.LOST).endsWith(TreeConnection.State.CONNECTED);
        }
    }

    @Test
    void aSessionThatWasEndedByForceIsReplacedAndTheNodeIsAliveAgain() throws Exception {
        CuratorStateTree a = cluster.node("a");
        CuratorStateTree b = cluster.node("b");
        CuratorFramework client = a.client();
        long oldSession = client.getZookeeperClient().getZooKeeper().getSessionId();
        ZooKeeper twin = new ZooKeeper(
                cluster.server.connectString(),
                1000,
                event -> {},
                oldSession,
                client.getZookeeperClient().getZooKeeper().getSessionPasswd());
        soon().until(() -> twin.getState().isConnected());
        twin.close();
        soon().until(() -> a.connection().isConnected()
                && client.getZookeeperClient().getZooKeeper().getSessionId() != oldSession);
        until(b, view -> view.isAlive("a"));
        assertThat(a.confirmSession().toCompletableFuture().get()).isTrue();
        assertThat(b.get("alive/a").orElseThrow().text()).isEqualTo("1");
        cluster.node("c");
        until(a, view -> view.isAlive("c"));
    }

    @Test
    void anEphemeralThatSomebodyRemovedComesBack() throws Exception {
        CuratorStateTree a = cluster.node("a");
        a.client().delete().forPath(path("alive/a"));
        soon().until(() -> a.get("alive/a").isPresent());
    }

    @Test
    void aNodeThatEndsIsNotAliveAtOnce() throws Exception {
        StateTree a = cluster.node("a");
        StateTree b = cluster.node("b");
        until(a, view -> view.isAlive("b"));
        b.close();
        until(a, view -> !view.isAlive("b") && view.node("b").isPresent());
        assertThat(a.removeNode("b")).isEqualTo(new Outcome.Done(0));
        until(a, view -> view.node("b").isEmpty());
    }

    @Test
    void twoNodesCannotHaveOneName() throws Exception {
        cluster.node("a");
        StateTree other = cluster.observer("a", cluster.server.port());
        NodeRecord record =
                new NodeRecord("a", UUID.randomUUID(), "elsewhere:7440", Optional.empty(), "west", "0.1.0", "none");
        assertRefused(other.registerNode(record, 1), "another node of this cluster has the name a");
    }

    @Test
    void aTransactionWhoseReplyWasLostIsRecognisedAsDone() throws Exception {
        cluster.threeNodesWithVol0();
        try (ReplyLosingProxy proxy = new ReplyLosingProxy(cluster.server.port())) {
            StateTree b = cluster.observer("b", proxy.port());
            ResourceView view = vol0(b);
            for (int round = 0; round < 2; round++) {
                view = vol0(b);
                int version = view.role().orElseThrow().version();
                long epoch = view.role().orElseThrow().value().epoch();
                EpochRecord record = new EpochRecord("b", round, round, epoch, round, EpochRecord.Kind.FORCED);
                proxy.loseTheReplyToTheNextTransaction();
                assertThat(b.promoteForced(view, record)).isEqualTo(new Outcome.Done(version + 1));
                assertThat(proxy.lostReplies()).isEqualTo(round + 1);
                untilRole(b, (epoch + 1) + " b forced");
                assertThat(vol0(b).epoch(epoch + 1)).contains(record);
            }
            assertThat(vol0(b).epochs()).hasSize(3);
        }
    }

    @Test
    void withoutZooKeeperAChangeIsUnavailableInTimeAndSaysWhetherItMayHaveHappened() throws Exception {
        cluster.threeNodesWithVol0();
        StateTree b = CuratorStateTree.open(
                new TreeConfig(
                        cluster.server.connectString(), TestCluster.SESSION, Duration.ofMillis(500), Optional.empty()),
                cluster.name,
                cluster.uuid,
                "b");
        try (b) {
            soon().until(() -> b.connection().isConnected());
            ResourceView view = vol0(b);
            server.stop();
            soon().until(() -> !b.connection().isConnected());
            long beganNs = System.nanoTime();
            assertThat(b.startHandover(view, "b"))
                    .isInstanceOfSatisfying(
                            Outcome.Unavailable.class,
                            u -> assertThat(u.mayHaveHappened()).isFalse());
            assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isLessThan(Duration.ofSeconds(3));
            assertThat(b.confirmSession().toCompletableFuture().get()).isFalse();
        } finally {
            server.start();
        }
    }

    @Test
    void aForeignClusterOrAnotherMajorVersionIsLeftAlone() throws Exception {
        StateTree a = cluster.node("a");
        try (StateTree foreign = CuratorStateTree.open(
                TestCluster.config(cluster.server.port()), cluster.name, UUID.randomUUID(), "x")) {
            soon().until(() -> foreign.connection().state() == TreeConnection.State.REFUSED);
            assertThat(foreign.connection().detail()).contains("another one of the same name", cluster.uuid.toString());
            assertThat(foreign.view()).isEmpty();
            assertRefused(foreign.registerNode(TestCluster.record("x"), 1), "another one of the same name");
        }
        try (StateTree missing =
                CuratorStateTree.open(TestCluster.config(cluster.server.port()), "other", cluster.uuid, "x")) {
            soon().until(() -> missing.connection().state() == TreeConnection.State.REFUSED);
            assertThat(missing.connection().detail()).contains("there is no cluster other");
        }
        overwrite("version", "2.0");
        try (StateTree newer =
                CuratorStateTree.open(TestCluster.config(cluster.server.port()), cluster.name, cluster.uuid, "x")) {
            soon().until(() -> newer.connection().state() == TreeConnection.State.REFUSED);
            assertThat(newer.connection().detail()).contains("version 2.0", "1.x");
        }
        assertThat(CuratorStateTree.createCluster(
                        TestCluster.config(cluster.server.port()), cluster.name, UUID.randomUUID()))
                .isInstanceOf(Outcome.Lost.class);
        assertThat(a.get("nodes/x")).isEmpty();
    }

    @Test
    void aClusterIsNotCreatedBelowAPathThatIsNotThere() throws Exception {
        TreeConfig config = new TreeConfig(
                server.connectString() + "/missing", TestCluster.SESSION, TestCluster.SOON, Optional.empty());
        assertRefused(CuratorStateTree.createCluster(config, "other", UUID.randomUUID()), "create it first");
    }

    @Test
    void nonsenseInOneKeyIsNamedAndTheRestStaysUsable() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree a = nodes.get(0);
        StateTree b = nodes.get(1);
        b.createResource(
                new ResourceSpec("vol1", TestCluster.IDENTITY, ResourceOptions.DEFAULTS, "b", TestCluster.REPLICA));
        until(a, view -> view.resource("vol1").isPresent());
        overwrite("resources/vol0/role", "seven b king");
        overwrite("resources/vol0/replicas/c/log", "x".repeat(100_000));
        overwrite("resources/vol1/size", "-1");
        overwrite("nodes/c/address", "");
        until(
                a,
                view -> view.unreadable().contains("vol1")
                        && view.problems().size() == 2
                        && view.resource("vol0").orElseThrow().problems().size() == 2);

        ClusterView view = a.view().orElseThrow();
        assertThat(view.problems().toString()).contains("resources/vol1/size", "\"-1\"", "nodes/c", "HOST:PORT");
        ResourceView vol0 = view.resource("vol0").orElseThrow();
        assertThat(vol0.problems().toString())
                .contains(
                        "resources/vol0/role",
                        "seven b king",
                        "<epoch> <primary|none>",
                        "resources/vol0/replicas/c/log");
        assertThat(vol0.role()).isEmpty();
        assertThat(vol0.replicas()).hasSize(3);
        assertThat(view.nodes().keySet()).containsExactly("a", "b");
        assertRefused(a.startHandover(vol0, "b"), "the role of vol0 cannot be read");

        overwrite("resources/vol0/role", "5 a primary");
        untilRole(a, "5 a primary");
    }

    @Test
    void eventsAreToldInOrderAndOnlyTheNewestAreKept() throws Exception {
        StateTree a = cluster.node("a");
        CuratorFramework client = cluster.observer("z", cluster.server.port()).client();
        for (int i = 0; i < EventLog.KEPT_MAX; i++) {
            client.create()
                    .withMode(CreateMode.PERSISTENT_SEQUENTIAL)
                    .inBackground()
                    .forPath(
                            path("events/"),
                            new ClusterEvent(i, "z", "old " + i).format().getBytes(StandardCharsets.UTF_8));
        }
        soon().until(() -> a.events().size() == EventLog.KEPT_MAX);
        a.addEvent("first");
        a.addEvent("second\nline " + "x".repeat(5000));
        soon().until(() -> a.events().size() == EventLog.KEPT_MAX
                && a.events().get(EventLog.KEPT_MAX - 1).text().startsWith("second line x"));
        List<ClusterEvent> events = a.events();
        assertThat(events.get(EventLog.KEPT_MAX - 2).text()).isEqualTo("first");
        assertThat(events.get(0).text()).isEqualTo("old 2");
    }

    @Test
    void theKeysOfAViewMakeTheSameViewAgain() throws Exception {
        List<CuratorStateTree> nodes = cluster.threeNodesWithVol0();
        StateTree b = nodes.get(1);
        b.publish("vol0", report(new Health.Syncing(1, 2), Optional.of(new Position(1, 2, 3, 4, 5, 6))))
                .toCompletableFuture()
                .get();
        b.set("resources/vol0/replicas/b/todo/sync", "no");
        b.set("resources/vol0/options/fencing", "lease");
        b.startHandover(vol0(nodes.get(0)), "c");
        untilRole(b, "1 a handover:c");
        until(b, view -> !vol0(b).options().values().isEmpty());
        ClusterView view = b.view().orElseThrow();
        assertThat(ClusterReader.read(view.cluster(), view.uuid(), ClusterWriter.keys(view)))
                .isEqualTo(view);
        assertThat(view.resource("vol0").orElseThrow().options().values())
                .isEqualTo(Map.of(ResourceOption.FENCING, "lease"));
    }

    private String path(String key) {
        return "/tharsis/" + cluster.name + "/" + key;
    }

    private void overwrite(String key, String text) throws Exception {
        cluster.observer("z", cluster.server.port())
                .client()
                .setData()
                .forPath(path(key), text.getBytes(StandardCharsets.UTF_8));
    }

    private static ReplicaReport report(Health health, Optional<Position> position) {
        return new ReplicaReport(new Actual(Set.of(), 0, Optional.empty()), position, health, Optional.empty());
    }

    private static void assertRefused(Outcome outcome, String why) {
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused -> assertThat(refused.why()).contains(why));
    }
}
