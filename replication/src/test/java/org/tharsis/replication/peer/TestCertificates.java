// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An authority that issues nodes' certificates, valid from an hour ago for as long as is wanted. */
public final class TestCertificates {
    private final KeyPair key = newKey();
    private final X509Certificate certificate;

    public TestCertificates() {
        certificate = issue(new X500Principal("CN=authority"), key, List.of(), Duration.ofDays(1), true);
    }

    /** Both contexts of a node. */
    public PeerTls of(NodeIdentity node) {
        return of(node, Duration.ofDays(1));
    }

    /**
     * Both contexts of a node.
     *
     * @param left until the certificate expires; negative: it has
     */
    public PeerTls of(NodeIdentity node, Duration left) {
        KeyPair own = newKey();
        X509Certificate issued = issue(
                new X500Principal("CN=" + node.name()),
                own,
                List.of("tharsis:" + node.cluster() + "/" + node.node()),
                left,
                false);
        try {
            return PeerTls.of(own.getPrivate(), List.of(issued), certificate, List.of());
        } catch (SSLException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Of a node that was never enrolled: it trusts the authority, and has nothing to show. */
    public PeerTls withoutCertificate() {
        try {
            SslContext client = SslContextBuilder.forClient()
                    .trustManager(certificate)
                    .endpointIdentificationAlgorithm("")
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            PeerServer.PROTOCOL))
                    .build();
            return new PeerTls(client, client);
        } catch (SSLException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private X509Certificate issue(
            X500Principal subject, KeyPair subjectKey, List<String> uris, Duration left, boolean authority) {
        Instant now = Instant.now();
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    new X500Principal("CN=authority"),
                    BigInteger.valueOf(System.nanoTime()),
                    Date.from(now.minus(Duration.ofHours(1))),
                    Date.from(now.plus(left)),
                    subject,
                    subjectKey.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (!uris.isEmpty()) {
                GeneralName[] names = uris.stream()
                        .map(uri -> new GeneralName(GeneralName.uniformResourceIdentifier, uri))
                        .toArray(GeneralName[]::new);
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
        } catch (CertIOException | OperatorCreationException | GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static KeyPair newKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
