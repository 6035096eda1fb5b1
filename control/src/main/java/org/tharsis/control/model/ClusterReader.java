// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** Makes a {@link ClusterView} of keys: all at once, or from what is known of each resource already. */
public final class ClusterReader {
    private final SortedMap<String, NodeRecord> nodes = new TreeMap<>();

    private final SortedMap<String, Long> alive = new TreeMap<>();
    private final KeyReader keys;

    private ClusterReader(SortedMap<String, RawValue> keys) {
        this.keys = new KeyReader(keys, "");
        this.keys.children(Keys.NODES).forEach(host -> node(host).ifPresent(node -> nodes.put(host, node)));
        for (String host : this.keys.children(Keys.ALIVE)) {
            this.keys
                    .value(Keys.alive(host), text -> new Words(text, "<generation>").signedNumber("generation"))
                    .ifPresent(generation -> alive.put(host, generation));
        }
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
        return read(cluster, uuid, keys, resources);
    }

    /**
     * Puts a view together.
     *
     * @param keys {@code nodes/} and {@code alive/}, relative to the cluster; others are not looked at
     * @param resources what was read of each resource
     */
    public static ClusterView read(
            String cluster, UUID uuid, SortedMap<String, RawValue> keys, SortedMap<String, ResourceReading> resources) {
        ClusterReader reader = new ClusterReader(keys);
        SortedMap<String, ResourceView> readable = new TreeMap<>();
        SortedMap<String, List<Problem>> unreadable = new TreeMap<>();
        resources.forEach((name, reading) -> {
            if (reading instanceof ResourceReading.Readable r) {
                readable.put(name, r.view());
            } else if (reading instanceof ResourceReading.Unreadable u) {
                unreadable.put(name, u.problems());
            }
        });
        unreadable.values().forEach(reader.keys.problems()::addAll);
        return new ClusterView(
                cluster, uuid, reader.nodes, reader.alive, readable, unreadable.keySet(), reader.keys.problems());
    }

    private Optional<NodeRecord> node(String host) {
        String path = Keys.node(host) + "/";
        List.of("uuid", "address", "site", "version", "driver").forEach(key -> keys.require(path + key));
        Optional<UUID> uuid = keys.value(path + "uuid", Words::uuid);
        return uuid.flatMap(id -> keys.attempt(
                Keys.node(host),
                () -> new NodeRecord(
                        host,
                        id,
                        text(path + "address"),
                        Optional.of(text(path + "fingerprint")).filter(f -> !f.isEmpty() && !f.equals(Names.NONE)),
                        text(path + "site"),
                        text(path + "version"),
                        text(path + "driver"))));
    }

    private String text(String key) {
        return keys.value(key, text -> text).orElse("");
    }
}
