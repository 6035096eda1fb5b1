// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Trusts a node whose certificate was signed by the authority with a given fingerprint, which it must send along. */
final class PinnedAuthority extends X509ExtendedTrustManager {
    private final String fingerprint;

    PinnedAuthority(String fingerprint) {
        this.fingerprint = fingerprint;
    }

    /**
     * Checks a node's certificate and its authority's.
     *
     * @throws CertificateException when the authority is another one, or has not signed, or an end has come
     */
    void check(X509Certificate[] chain) throws CertificateException {
        if (chain.length != 2 || !Fingerprint.of(chain[1]).equals(fingerprint)) {
            throw new CertificateException("its certificate is of another authority than the token says");
        }
        try {
            chain[0].verify(chain[1].getPublicKey());
            chain[0].checkValidity();
            chain[1].checkValidity();
        } catch (CertificateException ended) {
            throw new CertificateException("its certificate is not valid now: " + ended.getMessage(), ended);
        } catch (GeneralSecurityException notSigned) {
            throw new CertificateException("its certificate was not signed by its authority", notSigned);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this trusts servers only");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
