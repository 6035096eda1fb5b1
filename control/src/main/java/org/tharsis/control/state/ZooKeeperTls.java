// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a node proves with, and believes, when it speaks to ZooKeeper: PEM files. Keys are RSA or EC, in PKCS#8 without a
 * password. A certificate must name, as subject alternative name, the host or address by which the server is reached.
 *
 * @param caPem certificate of the cluster's CA
 * @param certPem this node's certificate, its own first
 * @param keyPem its private key
 */
public record ZooKeeperTls(Path caPem, Path certPem, Path keyPem) {
    private static final String FILE = "zookeeper.pem";

    /**
     * The settings for one of ZooKeeper's uses of TLS. ZooKeeper wants key and certificate in one file: it is made anew
     * beside the key, for this user only.
     *
     * @param prefix {@code ssl} or {@code ssl.quorum}
     */
    Map<String, String> settings(String prefix) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        settings.put(prefix + ".keyStore.location", keyStore().toString());
        settings.put(prefix + ".keyStore.type", "PEM");
        settings.put(prefix + ".trustStore.location", caPem.toAbsolutePath().toString());
        settings.put(prefix + ".trustStore.type", "PEM");
        settings.put(prefix + ".protocol", "TLSv1.3");
        settings.put(prefix + ".enabledProtocols", "TLSv1.3");
        // As between the nodes; and Java's own would bring in all of Bouncy Castle's algorithms, half a second at each
        // start.
        settings.put(prefix + ".sslProvider", "OPENSSL");
        return settings;
    }

    private synchronized Path keyStore() throws IOException {
        Path file = keyPem.toAbsolutePath().resolveSibling(FILE);
        Path temporary = Files.createTempFile(
                keyPem.toAbsolutePath().getParent(),
                FILE,
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(
                temporary,
                Files.readString(keyPem, StandardCharsets.US_ASCII) + "\n"
                        + Files.readString(certPem, StandardCharsets.US_ASCII),
                StandardCharsets.US_ASCII);
        return Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
