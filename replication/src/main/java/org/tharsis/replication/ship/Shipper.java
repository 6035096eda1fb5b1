// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.Closeable;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.ServedStream;
import org.tharsis.replication.peer.StreamServer;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.WireException;

/**
 * Serves the replicas of this node to followers, over the connections of a {@link org.tharsis.replication.peer.PeerServer}.
 *
 * <p>Files are read on threads of its own, so that a slow disk holds up no connection.
 */
public final class Shipper implements StreamServer, Closeable {
    private static final int THREADS = 4;

    private final ServedReplicas replicas;
    private final PeerSettings settings;
    private final ExecutorService makers =
            Executors.newFixedThreadPool(THREADS, new DefaultThreadFactory("ship", true));

    public Shipper(ServedReplicas replicas, PeerSettings settings) {
        this.replicas = replicas;
        this.settings = settings;
    }

    @Override
    public Session open(FollowerFrame.Request request, ServedStream stream) {
        Optional<ServedReplica> replica = replicas.find(request.resource());
        if (replica.isEmpty()) {
            stream.fail(
                    ErrorCode.REFUSED,
                    "resource " + request.resource() + " is not served here: it is not there, or not open");
            return new NothingServed();
        }
        if (request instanceof FollowerFrame.Follow follow) {
            FollowSession session = new FollowSession(follow, stream, replica.get(), makers, settings.heartbeatMs());
            session.start();
            return session;
        }
        BackfillSession session =
                new BackfillSession((FollowerFrame.BackfillRequest) request, stream, replica.get(), makers);
        session.start();
        return session;
    }

    /** Ends its threads; to be called after the server was closed. */
    @Override
    public void close() {
        makers.shutdown();
    }

    /** The session of a stream that ended before it began. */
    private static final class NothingServed implements Session {
        @Override
        public void received(FollowerFrame frame) throws WireException {
            throw WireException.protocol("a frame on a stream that has ended");
        }

        @Override
        public void closed() {}
    }
}
