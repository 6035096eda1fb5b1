// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Makes a {@link ClusterView} of keys. It holds what was read of the nodes, so that a cluster in which only resources
 * change need not be read anew. Immutable.
 */
public final class ClusterReader {
    private final SortedMap<String, NodeRecord> nodes = new TreeMap<>();
    private final SortedMap<String, Long> alive = new TreeMap<>();
    private final List<Problem> problems;

    /**
     * Reads the nodes.
     *
     * @param keys relative to the cluster; {@code nodes/} and {@code alive/} are looked at, others are not
     */
    public ClusterReader(SortedMap<String, RawValue> keys) {
        KeyReader reader = new KeyReader(keys, "");
        for (String host : reader.children(Keys.NODES)) {
            node(reader, host).ifPresent(node -> nodes.put(host, node));
        }
        for (String host : reader.children(Keys.ALIVE)) {
            reader.value(Keys.alive(host), text -> new Words(text, "<generation>").signedNumber("generation"))
                    .ifPresent(generation -> alive.put(host, generation));
        }
        problems = List.copyOf(reader.problems());
    }

    /**
     * Reads a whole tree.
     *
     * @param keys all keys below {@code /tharsis/<cluster>/}, relative to it
     */
    public static ClusterView read(String cluster, UUID uuid, SortedMap<String, RawValue> keys) {
        SortedMap<String, ResourceReading> resources = new TreeMap<>();
        for (String name : new KeyReader(keys, "").children(Keys.RESOURCES)) {
            resources.put(name, ResourceReading.read(name, KeyReader.below(keys, Keys.resource(name))));
        }
        return new ClusterReader(keys).view(cluster, uuid, resources);
    }

    /**
     * Puts a view together.
     *
     * @param resources what was read of each resource, by name
     */
    public ClusterView view(String cluster, UUID uuid, SortedMap<String, ResourceReading> resources) {
        SortedMap<String, ResourceView> understood = new TreeMap<>();
        TreeSet<String> damaged = new TreeSet<>();
        List<Problem> all = new ArrayList<>(problems);
        resources.forEach((name, reading) -> {
            if (reading instanceof ResourceReading.Understood u) {
                understood.put(name, u.view());
            } else if (reading instanceof ResourceReading.Damaged d) {
                damaged.add(name);
                all.addAll(d.problems());
            }
        });
        return new ClusterView(cluster, uuid, nodes, alive, understood, damaged, all);
    }

    private static Optional<NodeRecord> node(KeyReader keys, String host) {
        String path = Keys.node(host) + "/";
        List.of("uuid", "address", "site", "version", "driver").forEach(key -> keys.require(path + key));
        Optional<UUID> uuid = keys.value(path + "uuid", Words::uuid);
        return uuid.flatMap(id -> keys.attempt(
                Keys.node(host),
                () -> new NodeRecord(
                        host,
                        id,
                        text(keys, path + "address"),
                        Optional.of(text(keys, path + "fingerprint"))
                                .filter(f -> !f.isEmpty() && !f.equals(Names.NONE)),
                        text(keys, path + "site"),
                        text(keys, path + "version"),
                        text(keys, path + "driver"))));
    }

    private static String text(KeyReader keys, String key) {
        return keys.value(key, text -> text).orElse("");
    }
}
