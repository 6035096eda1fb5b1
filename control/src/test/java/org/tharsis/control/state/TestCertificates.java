// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A CA for tests, with EC keys as the cluster's own one has. */
final class TestCertificates {
    private final Path directory;
    private final X500Name issuer;
    private final KeyPair caKeys;
    private final Path caPem;

    TestCertificates(Path directory, String name) throws Exception {
        this.directory = Files.createDirectories(directory);
        this.issuer = new X500Name("CN=" + name);
        this.caKeys = keys();
        X509v3CertificateBuilder ca = builder(issuer, caKeys);
        ca.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        this.caPem = write("ca.crt", "CERTIFICATE", sign(ca));
    }

    /** A node's certificate for 127.0.0.1. */
    ZooKeeperTls node(String name) throws Exception {
        KeyPair keys = keys();
        X509v3CertificateBuilder node = builder(new X500Name("CN=" + name), keys);
        node.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(new GeneralName[] {
            new GeneralName(GeneralName.iPAddress, "127.0.0.1"), new GeneralName(GeneralName.dNSName, "localhost")
        }));
        Files.createDirectories(directory.resolve(name));
        return new ZooKeeperTls(
                caPem,
                write(name + "/node.crt", "CERTIFICATE", sign(node)),
                write(name + "/node.key", "PRIVATE KEY", keys.getPrivate().getEncoded()));
    }

    private X509v3CertificateBuilder builder(X500Name subject, KeyPair keys) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                issuer,
                BigInteger.valueOf(System.nanoTime()),
                Date.from(now.minus(Duration.ofHours(1))),
                Date.from(now.plus(Duration.ofHours(1))),
                subject,
                keys.getPublic());
    }

    private byte[] sign(X509v3CertificateBuilder builder) throws OperatorCreationException, IOException {
        return builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(caKeys.getPrivate()))
                .getEncoded();
    }

    private static KeyPair keys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    private Path write(String file, String what, byte[] der) throws IOException {
        String body = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(der);
        return Files.writeString(
                directory.resolve(file), "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n");
    }
}
