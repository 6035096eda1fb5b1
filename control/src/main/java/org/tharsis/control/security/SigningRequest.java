// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Base64;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** The proof that somebody has the private key to a public one: a PKCS #10 request, base64. Its names do not count. */
final class SigningRequest {
    private static final X500Name NO_NAME = new X500Name("CN=tharsis-node");

    static String make(KeyPair keys) {
        try {
            byte[] request = new JcaPKCS10CertificationRequestBuilder(NO_NAME, keys.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
                    .getEncoded();
            return Base64.getEncoder().encodeToString(request);
        } catch (OperatorCreationException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The public key, when the request is whole and the key one of an elliptic curve. */
    static PublicKey verify(String request) throws GeneralSecurityException {
        try {
            JcaPKCS10CertificationRequest parsed =
                    new JcaPKCS10CertificationRequest(Base64.getDecoder().decode(request));
            PublicKey key = parsed.getPublicKey();
            if (!key.getAlgorithm().equals("EC")
                    || !parsed.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new GeneralSecurityException("the signing request is not signed by the key it names");
            }
            return key;
        } catch (IOException | IllegalArgumentException | OperatorCreationException | PKCSException broken) {
            throw new GeneralSecurityException("the signing request cannot be read", broken);
        }
    }

    private SigningRequest() {}
}
