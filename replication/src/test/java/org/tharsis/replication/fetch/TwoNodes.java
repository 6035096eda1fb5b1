// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.peer.NodeIdentity;
import org.tharsis.replication.peer.PeerAddress;
import org.tharsis.replication.peer.PeerServer;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.ship.ServedReplicas;
import org.tharsis.replication.ship.Shipper;

/** A serving and a following node in this process, with real sockets between them. */
public final class TwoNodes implements Closeable {
    public static final UUID CLUSTER = UUID.fromString("c1c1c1c1-0000-4000-8000-000000000001");
    public static final NodeIdentity SERVER =
            new NodeIdentity(CLUSTER, UUID.fromString("aaaaaaaa-0000-4000-8000-000000000001"), "server");
    public static final NodeIdentity FOLLOWER =
            new NodeIdentity(CLUSTER, UUID.fromString("bbbbbbbb-0000-4000-8000-000000000002"), "follower");
    /** As in production, but less patient. */
    public static final PeerSettings FAST = new PeerSettings(50, 2_000, 5, 40, 1 << 20);

    public final Shipper shipper;
    public final PeerServer server;
    public final Fetcher fetcher;

    public TwoNodes(ServedReplicas replicas, Optional<PeerTls> serverTls, Optional<PeerTls> followerTls)
            throws IOException {
        this(replicas, serverTls, followerTls, FOLLOWER, FAST);
    }

    public TwoNodes(
            ServedReplicas replicas,
            Optional<PeerTls> serverTls,
            Optional<PeerTls> followerTls,
            NodeIdentity follower,
            PeerSettings settings)
            throws IOException {
        shipper = new Shipper(replicas, settings);
        server = PeerServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                SERVER,
                serverTls,
                settings,
                shipper,
                Map.of());
        fetcher = new Fetcher(follower, followerTls, settings);
    }

    public PeerAddress address() {
        return address(server.address().getPort());
    }

    public static PeerAddress address(int port) {
        return new PeerAddress(SERVER.node(), "127.0.0.1", port);
    }

    @Override
    public void close() {
        fetcher.close();
        server.close();
        shipper.close();
    }
}
