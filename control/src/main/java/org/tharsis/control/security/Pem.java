// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Keys (PKCS #8) and certificates as PEM. */
final class Pem {
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String KEY = "PRIVATE KEY";
    private static final int LINE_CHARACTERS = 64;

    static String of(X509Certificate certificate) {
        try {
            return block(CERTIFICATE, certificate.getEncoded());
        } catch (CertificateException unencodable) {
            throw new IllegalStateException(unencodable);
        }
    }

    static String of(PrivateKey key) {
        return block(KEY, key.getEncoded());
    }

    static X509Certificate certificate(String pem) throws GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(content(CERTIFICATE, pem)));
    }

    /** The private key of an elliptic curve. */
    static PrivateKey key(String pem) throws GeneralSecurityException {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(content(KEY, pem)));
    }

    private static String block(String type, byte[] content) {
        String text = Base64.getMimeEncoder(LINE_CHARACTERS, new byte[] {'\n'}).encodeToString(content);
        return "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n";
    }

    /** What the first block of this type holds. */
    private static byte[] content(String type, String pem) throws GeneralSecurityException {
        String begin = "-----BEGIN " + type + "-----";
        int start = pem.indexOf(begin);
        int end = start < 0 ? -1 : pem.indexOf("-----END " + type + "-----", start);
        if (end < 0) {
            throw new GeneralSecurityException("there is no " + type + " in PEM");
        }
        try {
            return Base64.getMimeDecoder()
                    .decode(pem.substring(start + begin.length(), end).getBytes(StandardCharsets.US_ASCII));
        } catch (IllegalArgumentException broken) {
            throw new GeneralSecurityException("what should be a " + type + " is not base64", broken);
        }
    }

    private Pem() {}
}
