// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A ZooKeeper server inside of this process.
 *
 * @param directory where it keeps its data; made when it is missing
 * @param host name or address that it listens at; without TLS a loopback address
 * @param port 1 to 65535
 * @param tick ZooKeeper's unit of time: sessions live 2 to 20 ticks without a sign of life
 * @param members all servers of the ensemble, this one included; empty for a single server
 * @param self the number of this one among the members; 1 for a single server
 * @param tls the certificates; empty: without TLS
 */
public record EmbeddedZooKeeperConfig(
        Path directory,
        String host,
        int port,
        Duration tick,
        List<Member> members,
        int self,
        Optional<ZooKeeperTls> tls) {
    /**
     * A server of an ensemble.
     *
     * @param number 1 to 255, each once
     * @param host by which the other servers reach it
     * @param quorumPort for the leader's followers
     * @param electionPort for votes
     */
    public record Member(int number, String host, int quorumPort, int electionPort) {}

    public EmbeddedZooKeeperConfig {
        members = List.copyOf(members);
    }

    /** A single server. */
    public static EmbeddedZooKeeperConfig single(Path directory, String host, int port, Optional<ZooKeeperTls> tls) {
        return new EmbeddedZooKeeperConfig(directory, host, port, Duration.ofSeconds(2), List.of(), 1, tls);
    }
}
