// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.Closeable;
import java.util.Optional;
import org.tharsis.replication.peer.NodeIdentity;
import org.tharsis.replication.peer.PeerAddress;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;

/** Fetches logs and backfills from peers; one connection for all that comes from the same peer. Any thread may call. */
public final class Fetcher implements Closeable {
    public Fetcher(NodeIdentity identity, Optional<PeerTls> tls, PeerSettings settings) {
        throw new UnsupportedOperationException(identity.toString());
    }

    /** Begins to follow. One follower at a time for a log directory: stop the other one first, and wait for it. */
    public Follower follow(PeerAddress source, FollowedReplica replica) {
        return Optional.<Follower>empty().orElseThrow();
    }

    /** Begins a backfill, or goes on with one that is in the target's directory. */
    public Backfill backfill(PeerAddress source, BackfillTarget target) {
        return Optional.<Backfill>empty().orElseThrow();
    }

    /** Stops all that is still going on, waits for it, and ends connections and threads. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
