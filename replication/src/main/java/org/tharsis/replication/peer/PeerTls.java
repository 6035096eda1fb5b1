// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/**
 * Mutual TLS 1.3 between nodes. A node's certificate names it by a URI among its alternative names, {@code tharsis:<cluster
 * UUID>/<node UUID>}; host names play no part.
 *
 * @param server for incoming connections; a client certificate is asked for and verified, but not demanded, because a node that
 *     enrols has none yet
 * @param client for outgoing connections
 */
public record PeerTls(SslContext server, SslContext client) {
    /**
     * Makes both contexts, with BoringSSL where it is there.
     *
     * @param key of this node
     * @param chain this node's certificate, then those that lead to the authority
     * @param authority of the cluster; nothing else is trusted
     * @param otherProtocols further names that the server agrees to in ALPN, beside {@link PeerServer#PROTOCOL}
     */
    public static PeerTls of(
            PrivateKey key, List<X509Certificate> chain, X509Certificate authority, List<String> otherProtocols)
            throws SSLException {
        X509Certificate[] certificates = chain.toArray(X509Certificate[]::new);
        SslContext server = common(SslContextBuilder.forServer(key, certificates), authority)
                .clientAuth(ClientAuth.OPTIONAL)
                .applicationProtocolConfig(
                        protocols(Stream.concat(Stream.of(PeerServer.PROTOCOL), otherProtocols.stream())
                                .toList()))
                .build();
        SslContext client = common(SslContextBuilder.forClient().keyManager(key, certificates), authority)
                .endpointIdentificationAlgorithm("")
                .applicationProtocolConfig(protocols(List.of(PeerServer.PROTOCOL)))
                .build();
        return new PeerTls(server, client);
    }

    private static SslContextBuilder common(SslContextBuilder builder, X509Certificate authority) {
        return builder.sslProvider(SslContext.defaultClientProvider())
                .trustManager(authority)
                .protocols("TLSv1.3");
    }

    private static ApplicationProtocolConfig protocols(List<String> names) {
        return new ApplicationProtocolConfig(
                Protocol.ALPN, SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, names);
    }
}
