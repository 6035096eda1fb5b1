// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.nio.file.Path;
import java.util.Optional;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.state.EmbeddedZooKeeperConfig;
import org.tharsis.control.state.ZooKeeperTls;

/** Where ZooKeeper is, by the configuration. */
final class ZooKeeperPlaces {
    private final TharsisConfig config;

    ZooKeeperPlaces(TharsisConfig config) {
        this.config = config;
    }

    /** The server inside of this daemon. */
    EmbeddedZooKeeperConfig embedded() {
        return EmbeddedZooKeeperConfig.single(
                config.stateDirectory().resolve("zookeeper"),
                config.zookeeperListen().host(),
                config.zookeeperListen().port(),
                tls());
    }

    /** Where other nodes reach that server: where it listens, or this node's own address when it listens everywhere. */
    String embeddedConnectString() {
        HostPort listen = config.zookeeperListen();
        String host = listen.isEveryAddress() ? config.advertise().host() : listen.host();
        return new HostPort(host, listen.port()).toString();
    }

    Optional<ZooKeeperTls> tls() {
        Path directory = config.stateDirectory().resolve("tls");
        return config.tls()
                ? Optional.of(new ZooKeeperTls(
                        directory.resolve("ca.pem"), directory.resolve("node.pem"), directory.resolve("node.key")))
                : Optional.empty();
    }
}
