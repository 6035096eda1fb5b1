// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.time.Duration;
import java.util.Optional;

/**
 * How a node reaches ZooKeeper.
 *
 * @param connectString HOST:PORT of each server, with commas between them, optionally followed by a path
 * @param sessionTimeout the others see this node as dead after this time without a sign of life. 15 to 30 s between
 *     sites; the server may allow less
 * @param operationTimeout the longest that a change or a question waits for ZooKeeper
 * @param tls the certificates; empty: without TLS
 */
public record TreeConfig(
        String connectString, Duration sessionTimeout, Duration operationTimeout, Optional<ZooKeeperTls> tls) {
    /** The usual time-outs. */
    public static TreeConfig of(String connectString, Optional<ZooKeeperTls> tls) {
        return new TreeConfig(connectString, Duration.ofSeconds(15), Duration.ofSeconds(10), tls);
    }
}
