// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.tharsis.replication.wire.WireException;

/** Turns what goes wrong on a connection into one sentence for an operator. */
final class Failures {
    static String sentence(Throwable failure) {
        Throwable cause =
                failure instanceof DecoderException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof WireException) {
            return String.valueOf(cause.getMessage());
        }
        if (cause instanceof NotSslRecordException) {
            return "the peer speaks without TLS: all nodes of a cluster need the same tls = yes or no";
        }
        if (cause instanceof SSLException) {
            return tls(cause);
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    /** Which of the certificates it is, and what is wrong with it, is said in many ways by the libraries. */
    private static String tls(Throwable failure) {
        StringBuilder said = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException) {
                return "the peer's certificate has expired: renew it there (" + cause.getMessage() + ")";
            }
            if (cause instanceof CertificateNotYetValidException) {
                return "the peer's certificate is not valid yet: compare the clocks (" + cause.getMessage() + ")";
            }
            said.append(said.length() == 0 ? "" : ": ").append(cause.getMessage());
        }
        String all = said.toString();
        String lower = all.toLowerCase(Locale.ROOT);
        if (lower.contains("alert")) {
            return lower.contains("expired")
                    ? "the peer says that this node's certificate has expired: renew it"
                    : "the peer does not accept this node's certificate (" + all + ")";
        }
        if (lower.contains("certif") || lower.contains("certpath") || lower.contains("trust")) {
            return "the peer's certificate is not of this cluster (" + all + ")";
        }
        return "TLS with the peer failed (" + all + ")";
    }

    private Failures() {}
}
