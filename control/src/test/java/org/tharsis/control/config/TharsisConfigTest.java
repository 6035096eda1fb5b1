// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tharsis.control.config.TharsisConfig.ZooKeeperPlace;

class TharsisConfigTest {
    @TempDir
    private Path directory;

    private Path file(String text) throws Exception {
        return Files.writeString(directory.resolve("tharsis.conf"), text);
    }

    private TharsisConfig read(String text) throws Exception {
        return TharsisConfig.read(Optional.of(file(text)));
    }

    @Test
    void readsEveryKey() throws Exception {
        assertThat(read("""
                        # a comment, and an empty line

                        node = berlin-1
                          site=berlin
                        state-directory = /srv/tharsis/../tharsis
                        socket = /tmp/t.sock
                        driver = /tmp/b.sock
                        listen = 127.0.0.1:7000
                        advertise = [fe80::1]:7001
                        reach = paris@10.1.0.1:7001, rome@[::1]:7002
                        zookeeper = zk1:2181, [::1]:2181
                        zookeeper-listen = 127.0.0.1:7002
                        tls = no
                        """))
                .isEqualTo(new TharsisConfig(
                        "berlin-1",
                        "berlin",
                        Path.of("/srv/tharsis"),
                        Path.of("/tmp/t.sock"),
                        Optional.of(Path.of("/tmp/b.sock")),
                        new HostPort("127.0.0.1", 7000),
                        new HostPort("fe80::1", 7001),
                        Map.of("paris", new HostPort("10.1.0.1", 7001), "rome", new HostPort("::1", 7002)),
                        Optional.of(new ZooKeeperPlace.Servers("zk1:2181,[::1]:2181")),
                        new HostPort("127.0.0.1", 7002),
                        false));
    }

    @Test
    void fillsInTheDefaults() throws Exception {
        assertThat(read("node = a\nlisten = 10.0.0.1:7440\n"))
                .isEqualTo(new TharsisConfig(
                        "a",
                        "default",
                        Path.of("/var/lib/tharsis"),
                        Path.of("/run/tharsis/tharsis.sock"),
                        Optional.of(Path.of("/run/tharsis/brickd.sock")),
                        new HostPort("10.0.0.1", 7440),
                        new HostPort("10.0.0.1", 7440),
                        Map.of(),
                        Optional.empty(),
                        new HostPort("10.0.0.1", 7441),
                        true));
    }

    @Test
    void advertisesTheHostsNameWhenItListensEverywhere() throws Exception {
        TharsisConfig config = read("node = a\nlisten = 0.0.0.0:7450\n");

        assertThat(config.advertise().isEveryAddress()).isFalse();
        assertThat(config.advertise().port()).isEqualTo(7450);
    }

    @Test
    void knowsANodeWithoutADriverAndAnEmbeddedZooKeeper() throws Exception {
        TharsisConfig config = read("node = witness\ndriver = none\nzookeeper = embedded\n");

        assertThat(config.driver()).isEmpty();
        assertThat(config.zookeeper()).contains(new ZooKeeperPlace.Embedded());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nod = a | there is no key 'nod': known are node, site, state-directory, socket, driver, listen,",
                "Node = a | there is no key 'Node'",
                "node | 'node' is not 'key = value'",
                "node = | node has no value",
                "node = none | node: node name none",
                "node = -a | node: node name \"-a\": 1 to 40",
                "site = a b | site: site name \"a b\"",
                "state-directory = lib | 'lib' is not an absolute path",
                "socket = tharsis.sock | 'tharsis.sock' is not an absolute path",
                "driver = brickd | 'brickd' is not an absolute path",
                "listen = 7440 | listen: '7440' is not HOST:PORT",
                "listen = a:0 | listen: 'a:0' is not HOST:PORT",
                "listen = a:65536 | listen: 'a:65536' is not HOST:PORT",
                "listen = ::1:7440 | listen: '::1:7440' is not HOST:PORT",
                "advertise = 0.0.0.0:7440 | nobody can connect to 0.0.0.0:7440",
                "reach = paris | 'paris' is not NODE@HOST:PORT",
                "reach = a@h:1, a@h:2 | node a is named twice",
                "zookeeper = yes | allowed are the word 'embedded', or servers",
                "zookeeper = a:1, | allowed are the word 'embedded', or servers",
                "tls = on | 'on' is neither yes nor no",
            })
    void refusesAWrongLineAndSaysWhereAndWhatIsAllowed(String line, String message) throws Exception {
        Path file = file("# first\n" + line + "\n");

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> TharsisConfig.read(Optional.of(file)))
                .withMessageStartingWith(file + ":2: ")
                .withMessageContaining(message.strip());
    }

    @Test
    void refusesAKeyThatStandsTwice() throws Exception {
        Path file = file("node = a\ntls = yes\nnode = b\n");

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> TharsisConfig.read(Optional.of(file)))
                .withMessage(file + ":3: node stands in line 1 already: remove one of them");
    }

    @Test
    void refusesASocketThatNobodyCouldBind() throws Exception {
        Path file = file("socket = /" + "x".repeat(107) + "\n");

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> TharsisConfig.read(Optional.of(file)))
                .withMessageContaining("at most 107 bytes");
    }

    @Test
    void refusesAFileThatIsMissingOrNoText() throws Exception {
        Path missing = directory.resolve("missing");
        Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> TharsisConfig.read(Optional.of(missing)))
                .withMessageContaining("there is no such file");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> TharsisConfig.read(Optional.of(binary)))
                .withMessageContaining("not text in UTF-8");
    }
}
