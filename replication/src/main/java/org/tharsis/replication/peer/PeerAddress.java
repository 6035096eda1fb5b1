// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.util.UUID;

/**
 * Where a node is reached by its peers.
 *
 * @param node who must answer there
 * @param host name or address
 * @param port 1 to 65535
 */
public record PeerAddress(UUID node, String host, int port) {
    public PeerAddress {
        if (host.isEmpty() || port < 1 || port > 65535) {
            throw new IllegalArgumentException("a peer is reached at HOST:PORT, not at " + host + ":" + port);
        }
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
