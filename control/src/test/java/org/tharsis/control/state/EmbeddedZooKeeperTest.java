// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedZooKeeperTest {
    @TempDir
    Path directory;

    @Test
    void whatWasWrittenIsThereAfterARestartAndNoConfigurationFilesPileUp() throws Exception {
        EmbeddedZooKeeperConfig config = TestServer.config(directory, TestServer.freePort());
        for (int start = 0; start < 3; start++) {
            try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(config);
                    CuratorFramework client = client(server.connectString())) {
                if (start == 0) {
                    client.create().forPath("/kept", "x".getBytes(StandardCharsets.UTF_8));
                }
                assertThat(client.getData().forPath("/kept")).asString().isEqualTo("x");
            }
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactly("data");
        }
    }

    @Test
    void aPortInUseIsAnErrorThatNamesIt() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            EmbeddedZooKeeperConfig config = TestServer.config(directory, other.getLocalPort());
            assertThatThrownBy(() -> EmbeddedZooKeeper.start(config))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + other.getLocalPort());
        }
    }

    @Test
    void withoutTlsItListensAtLoopbackOnly() {
        EmbeddedZooKeeperConfig config = EmbeddedZooKeeperConfig.single(directory, "0.0.0.0", 7441, Optional.empty());
        assertThatThrownBy(() -> EmbeddedZooKeeper.start(config)).hasMessageContaining("loopback");
    }

    @Test
    void twoOfThreeServersOfAnEnsembleGoOnWithoutTheThird() throws Exception {
        List<EmbeddedZooKeeperConfig.Member> members = new ArrayList<>();
        for (int number = 1; number <= 3; number++) {
            members.add(new EmbeddedZooKeeperConfig.Member(
                    number, "127.0.0.1", TestServer.freePort(), TestServer.freePort()));
        }
        List<EmbeddedZooKeeper> servers = new ArrayList<>();
        try {
            for (int number = 1; number <= 3; number++) {
                servers.add(EmbeddedZooKeeper.start(new EmbeddedZooKeeperConfig(
                        directory.resolve("server" + number),
                        "127.0.0.1",
                        TestServer.freePort(),
                        Duration.ofMillis(200),
                        members,
                        number,
                        Optional.empty())));
            }
            try (CuratorFramework client =
                    client(servers.get(1).connectString() + "," + servers.get(2).connectString())) {
                client.create().forPath("/before", new byte[0]);
                servers.remove(0).close();
                client.create().forPath("/after", new byte[0]);
                assertThat(client.checkExists().forPath("/before")).isInstanceOf(Stat.class);
            }
        } finally {
            servers.forEach(EmbeddedZooKeeper::close);
        }
    }

    private static CuratorFramework client(String connectString) {
        CuratorFramework client = CuratorFrameworkFactory.newClient(connectString, new RetryForever(50));
        client.start();
        return client;
    }
}
