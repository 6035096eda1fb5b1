// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.Optional;

/**
 * The directory {@code tls} in a node's state directory: {@code ca.pem}, {@code ca.key} (on nodes that sign), {@code node.pem},
 * {@code node.key}, and {@code node-with-key.pem}, the form in which ZooKeeper wants the last two. All are mode 0600, written
 * whole and durably or not at all. One thread at a time.
 */
public final class TlsFiles {
    private static final String AUTHORITY = "ca.pem";
    private static final String AUTHORITY_KEY = "ca.key";
    private static final String NODE = "node.pem";
    private static final String NODE_KEY = "node.key";
    private static final String NODE_WITH_KEY = "node-with-key.pem";

    private final Path directory;

    /** Uses this directory; it is made with the first file. */
    public TlsFiles(Path directory) {
        this.directory = directory;
    }

    /** What ZooKeeper takes as {@code keyStore.location} of type PEM: key and certificates of this node. */
    public Path keyStore() {
        return directory.resolve(NODE_WITH_KEY);
    }

    /** What ZooKeeper takes as {@code trustStore.location} of type PEM: the authority. */
    public Path trustStore() {
        return directory.resolve(AUTHORITY);
    }

    public void write(ClusterAuthority authority) throws IOException {
        write(AUTHORITY_KEY, Pem.of(authority.key()));
        write(AUTHORITY, Pem.of(authority.certificate()));
    }

    public void write(Credentials credentials) throws IOException {
        String chain = Pem.of(credentials.certificate()) + Pem.of(credentials.authority());
        write(NODE_WITH_KEY, Pem.of(credentials.key()) + chain);
        write(NODE_KEY, Pem.of(credentials.key()));
        write(AUTHORITY, Pem.of(credentials.authority()));
        write(NODE, Pem.of(credentials.certificate()));
    }

    /**
     * The authority; empty when this node has not got its key.
     *
     * @throws IOException also when a file holds something else
     */
    public Optional<ClusterAuthority> authority() throws IOException {
        if (!Files.exists(directory.resolve(AUTHORITY_KEY))) {
            return Optional.empty();
        }
        return Optional.of(new ClusterAuthority(read(AUTHORITY_KEY, Pem::key), read(AUTHORITY, Pem::certificate)));
    }

    /**
     * What this node has; empty before it has enrolled.
     *
     * @throws IOException also when the files do not belong together
     */
    public Optional<Credentials> credentials() throws IOException {
        if (!Files.exists(directory.resolve(NODE))) {
            return Optional.empty();
        }
        Credentials credentials = new Credentials(
                read(NODE_KEY, Pem::key), read(NODE, Pem::certificate), read(AUTHORITY, Pem::certificate));
        PublicKey signer = credentials.authority().getPublicKey();
        try {
            credentials.certificate().verify(signer);
        } catch (GeneralSecurityException foreign) {
            throw new IOException(
                    directory.resolve(NODE) + ": not signed by " + AUTHORITY + " beside it: restore both from a backup,"
                            + " or join the cluster again",
                    foreign);
        }
        return Optional.of(credentials);
    }

    private interface Reader<T> {
        T read(String pem) throws GeneralSecurityException;
    }

    private <T> T read(String name, Reader<T> reader) throws IOException {
        Path file = directory.resolve(name);
        try {
            return reader.read(Files.readString(file));
        } catch (GeneralSecurityException broken) {
            throw new IOException(
                    file + ": cannot be used: " + broken.getMessage() + ": restore it from a backup, or"
                            + " join the cluster again",
                    broken);
        }
    }

    private void write(String name, String text) throws IOException {
        PrivateFiles.write(directory, name, text);
    }
}
