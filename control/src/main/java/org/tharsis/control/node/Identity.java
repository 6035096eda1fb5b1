// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;

/**
 * Who this node is, and where its cluster is found: the file {@code identity.properties} in the state directory. It is written
 * once, when a cluster is created or joined, and makes the node a member.
 *
 * @param nodeUuid of this node
 * @param clusterName label
 * @param clusterUuid identity
 * @param zookeeper connect string, as this node was told
 * @param embedded this node runs the ZooKeeper itself
 */
record Identity(UUID nodeUuid, String clusterName, UUID clusterUuid, String zookeeper, boolean embedded) {
    private static final String FILE = "identity.properties";

    /** Empty on a node that belongs to no cluster. */
    static Optional<Identity> read(Path stateDirectory) throws IOException {
        Path file = stateDirectory.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            properties.load(in);
            return Optional.of(new Identity(
                    UUID.fromString(value(properties, "node-uuid")),
                    value(properties, "cluster"),
                    UUID.fromString(value(properties, "cluster-uuid")),
                    value(properties, "zookeeper"),
                    value(properties, "zookeeper-embedded").equals("yes")));
        } catch (IllegalArgumentException damaged) {
            throw new IOException(
                    file + " is damaged (" + damaged.getMessage()
                            + "): restore it from a backup, or remove it and let the node join anew",
                    damaged);
        }
    }

    private static String value(Properties properties, String key) {
        return Optional.ofNullable(properties.getProperty(key))
                .orElseThrow(() -> new IllegalArgumentException(key + " is missing"));
    }

    /** Writes it whole and durably, or not at all. */
    void write(Path stateDirectory) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("node-uuid", nodeUuid.toString());
        properties.setProperty("cluster", clusterName);
        properties.setProperty("cluster-uuid", clusterUuid.toString());
        properties.setProperty("zookeeper", zookeeper);
        properties.setProperty("zookeeper-embedded", embedded ? "yes" : "no");
        StringWriter text = new StringWriter();
        properties.store(text, "Who this node is. Written by tharsisd; do not change.");

        Path temporary = stateDirectory.resolve(FILE + ".new");
        try (FileChannel out = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(temporary, stateDirectory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(stateDirectory, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }
}
