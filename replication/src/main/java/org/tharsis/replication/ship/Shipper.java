// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.io.Closeable;
import org.tharsis.replication.peer.StreamServer;

/** Serves the replicas of this node to followers, over the connections of a {@link org.tharsis.replication.peer.PeerServer}. */
public final class Shipper implements StreamServer, Closeable {
    public Shipper(ServedReplicas replicas) {
        throw new UnsupportedOperationException(replicas.toString());
    }

    /** Ends its threads; to be called after the server was closed. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
