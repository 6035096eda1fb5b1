// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.tharsis.control.state.TestCluster.soon;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperTlsTest {
    private static final UUID CLUSTER = UUID.fromString("00000000-0000-4000-8000-00000000c1c1");

    @TempDir
    Path directory;

    @Test
    void onlyWhoHasACertificateOfTheClusterIsLetIn() throws Exception {
        TestCertificates certificates = new TestCertificates(directory.resolve("ca"), "cluster CA");
        ZooKeeperTls server = certificates.node("server");
        EmbeddedZooKeeperConfig config = EmbeddedZooKeeperConfig.single(
                directory.resolve("zookeeper"), "127.0.0.1", TestServer.freePort(), Optional.of(server));
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(config)) {
            assertThat(create(zooKeeper, Optional.of(server))).isEqualTo(new Outcome.Done(0));
            TreeConfig client = config(zooKeeper, Optional.of(certificates.node("client")), TestCluster.SOON);
            try (StateTree tree = CuratorStateTree.open(client, "secure", CLUSTER, "a")) {
                soon().until(() -> tree.connection().isConnected());
                assertThat(tree.registerNode(TestCluster.record("a"), 1)).isEqualTo(new Outcome.Done(0));
                soon().until(() -> tree.get("alive/a").isPresent());
            }

            TestCertificates foreign = new TestCertificates(directory.resolve("foreign"), "another CA");
            ZooKeeperTls stranger = foreign.node("stranger");
            ZooKeeperTls trustingStranger = new ZooKeeperTls(server.caPem(), stranger.certPem(), stranger.keyPem());
            assertKeptOut(zooKeeper, Optional.of(trustingStranger));
            assertKeptOut(zooKeeper, Optional.of(stranger));
            assertKeptOut(zooKeeper, Optional.empty());
            assertThat(create(zooKeeper, Optional.of(server))).isEqualTo(new Outcome.Done(0));
        }
    }

    @Test
    void theFileWithTheKeyIsForItsUserOnlyAndMadeOnce() throws Exception {
        ZooKeeperTls node = new TestCertificates(directory, "CA").node("n");
        Path first = Path.of(String.valueOf(node.settings("ssl").get("ssl.keyStore.location")));
        Path second = Path.of(String.valueOf(node.settings("ssl").get("ssl.keyStore.location")));
        assertThat(second).isEqualTo(first);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
                .isEqualTo("rw-------");
        try (Stream<Path> files = Files.list(directory.resolve("n"))) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder("node.crt", "node.key", "zookeeper.pem");
        }
    }

    private static void assertKeptOut(EmbeddedZooKeeper zooKeeper, Optional<ZooKeeperTls> tls) throws Exception {
        TreeConfig config = config(zooKeeper, tls, Duration.ofMillis(1500));
        assertThat(CuratorStateTree.createCluster(config, "secure", CLUSTER))
                .isInstanceOfSatisfying(
                        Outcome.Unavailable.class,
                        unavailable -> assertThat(unavailable.mayHaveHappened()).isFalse());
    }

    private static Outcome create(EmbeddedZooKeeper zooKeeper, Optional<ZooKeeperTls> tls) throws Exception {
        return CuratorStateTree.createCluster(config(zooKeeper, tls, TestCluster.SOON), "secure", CLUSTER);
    }

    private static TreeConfig config(
            EmbeddedZooKeeper zooKeeper, Optional<ZooKeeperTls> tls, Duration operationTimeout) {
        return new TreeConfig(zooKeeper.connectString(), Duration.ofSeconds(6), operationTimeout, tls);
    }
}
