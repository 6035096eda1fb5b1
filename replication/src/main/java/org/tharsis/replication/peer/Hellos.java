// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.tharsis.replication.wire.ConnectionFrame.Hello;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.WireException;
import org.tharsis.replication.wire.WireFormat;

/** What both sides check of the other's hello: version, cluster, and that the certificate is this node's. */
final class Hellos {
    private static final int SAN_TYPE_URI = 6;

    static Hello of(NodeIdentity self) {
        return new Hello(WireFormat.VERSION, WireFormat.VERSION, self.cluster(), self.node(), self.name());
    }

    /**
     * Returns who the peer is.
     *
     * @throws WireException when nothing is to be done with it
     */
    static NodeIdentity checked(Hello hello, NodeIdentity self, Channel channel) throws WireException {
        if (hello.lowestVersion() > WireFormat.VERSION || hello.highestVersion() < WireFormat.VERSION) {
            throw new WireException(
                    ErrorCode.VERSION,
                    "node " + hello.name() + " speaks versions " + hello.lowestVersion() + " to "
                            + hello.highestVersion() + " of the wire protocol, node " + self.name() + " speaks "
                            + WireFormat.VERSION + ": bring both to the same release");
        }
        if (!hello.cluster().equals(self.cluster())) {
            throw new WireException(
                    ErrorCode.FOREIGN,
                    "node " + hello.name() + " is of cluster " + hello.cluster() + ", node " + self.name() + " of "
                            + self.cluster() + ": one of the addresses is wrong");
        }
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls != null) {
            checkCertificate(hello, tls);
        }
        return new NodeIdentity(hello.cluster(), hello.node(), hello.name());
    }

    private static void checkCertificate(Hello hello, SslHandler tls) throws WireException {
        String expected = "tharsis:" + hello.cluster() + "/" + hello.node();
        List<String> names = certificate(tls).map(Hellos::uris).orElse(List.of());
        if (names.isEmpty()) {
            throw new WireException(
                    ErrorCode.IDENTITY,
                    "node " + hello.name() + " shows no certificate of a node: let it join the cluster first");
        }
        if (!names.contains(expected)) {
            throw new WireException(
                    ErrorCode.IDENTITY,
                    "node " + hello.name() + " says that it is " + expected + ", but its certificate is of "
                            + names.get(0));
        }
    }

    /** The certificate that the peer has proved to be its own, and that the cluster's authority has issued. */
    static Optional<X509Certificate> certificate(SslHandler tls) {
        try {
            Certificate[] chain = tls.engine().getSession().getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate first
                    ? Optional.of(first)
                    : Optional.empty();
        } catch (SSLPeerUnverifiedException none) {
            return Optional.empty();
        }
    }

    private static List<String> uris(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names == null
                    ? List.of()
                    : names.stream()
                            .filter(name -> name.get(0).equals(SAN_TYPE_URI))
                            .map(name -> String.valueOf(name.get(1)))
                            .toList();
        } catch (CertificateParsingException unreadable) {
            return List.of();
        }
    }

    private Hellos() {}
}
