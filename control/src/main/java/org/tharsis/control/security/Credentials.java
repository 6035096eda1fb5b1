// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLException;
import org.tharsis.replication.peer.PeerTls;

/**
 * By what a node proves who it is.
 *
 * @param key of the node; never leaves it
 * @param certificate of the node, signed by {@code authority}
 * @param authority of the cluster: nothing else is trusted
 */
public record Credentials(PrivateKey key, X509Certificate certificate, X509Certificate authority) {
    /** So long before its end a certificate is to be replaced. */
    public static final Duration WARNED_BEFORE = Duration.ofDays(30);

    /** When the certificate ends. */
    public Instant expires() {
        return certificate.getNotAfter().toInstant();
    }

    public boolean expiresSoon(Instant now) {
        return now.isAfter(expires().minus(WARNED_BEFORE));
    }

    /** What the authority is known by to those who do not have it yet: SHA-256, hexadecimal. */
    public String authorityFingerprint() {
        return Fingerprint.of(authority);
    }

    /** What this node is known by: SHA-256 of its certificate, hexadecimal. */
    public String fingerprint() {
        return Fingerprint.of(certificate);
    }

    /** TLS with the other nodes; enrolment is offered beside the wire protocol. */
    public PeerTls peerTls() throws SSLException {
        return PeerTls.of(key, List.of(certificate, authority), authority, List.of(Enrolment.PROTOCOL));
    }
}
