// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.ChannelHandler;
import java.io.Closeable;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;

/** Listens for peers. */
public final class PeerServer implements Closeable {
    /** The name of the wire protocol in ALPN. */
    public static final String PROTOCOL = "tharsis/1";

    /**
     * Begins to listen.
     *
     * @param bind port 0: any
     * @param tls empty: no TLS, and only the wire protocol
     * @param streams answers what followers ask
     * @param otherProtocols by their ALPN name, what is added to the pipeline of a connection that has agreed on it; sharable. No
     *     client certificate is demanded there
     * @throws java.io.IOException when the address cannot be bound
     */
    public static PeerServer start(
            InetSocketAddress bind,
            NodeIdentity identity,
            Optional<PeerTls> tls,
            PeerSettings settings,
            StreamServer streams,
            Map<String, ChannelHandler> otherProtocols)
            throws java.io.IOException {
        return Optional.<PeerServer>empty().orElseThrow();
    }

    /** Where it listens, with the port that was given to it. */
    public InetSocketAddress address() {
        return Optional.<InetSocketAddress>empty().orElseThrow();
    }

    /** Ends all connections, and waits until none of its threads runs any more. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
