// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The keys of a view: what {@link ClusterReader} makes the same view of, and what stands in the tree. Keys that were a
 * problem are not there; versions are kept where the view has them, and 0 elsewhere.
 */
public final class ClusterWriter {
    private final SortedMap<String, RawValue> keys = new TreeMap<>();

    private ClusterWriter() {}

    /** Everything, relative to the cluster. */
    public static SortedMap<String, RawValue> keys(ClusterView view) {
        ClusterWriter writer = new ClusterWriter();
        writer.put(Keys.UUID, view.uuid().toString());
        view.nodes().values().forEach(writer::node);
        view.alive().forEach((host, generation) -> writer.put(Keys.alive(host), Long.toString(generation)));
        view.resources().values().forEach(writer::resource);
        return writer.keys;
    }

    /** One resource, relative to the cluster. */
    public static SortedMap<String, RawValue> keys(ResourceView view) {
        ClusterWriter writer = new ClusterWriter();
        writer.resource(view);
        return writer.keys;
    }

    /** One node, relative to the cluster. */
    public static SortedMap<String, RawValue> keys(NodeRecord node) {
        ClusterWriter writer = new ClusterWriter();
        writer.node(node);
        return writer.keys;
    }

    private void node(NodeRecord node) {
        String path = Keys.node(node.name()) + "/";
        put(path + "uuid", node.uuid().toString());
        put(path + "address", node.address());
        put(path + "fingerprint", node.fingerprint().orElse(Names.NONE));
        put(path + "site", node.site());
        put(path + "version", node.version());
        put(path + "driver", node.driver());
    }

    private void resource(ResourceView view) {
        String path = Keys.resource(view.name()) + "/";
        identity(path, view.identity());
        view.options().values().forEach((option, value) -> put(Keys.option(view.name(), option), value));
        view.role().ifPresent(r -> put(path + "role", r.value().format(), r.version()));
        view.sealed().ifPresent(s -> put(path + "sealed", s.value().format(), s.version()));
        view.epochs().forEach((epoch, record) -> put(Keys.epoch(view.name(), epoch), record.format()));
        view.replicas().values().forEach(replica -> replica(view.name(), replica));
    }

    private void identity(String path, ResourceIdentity identity) {
        put(path + "uuid", identity.uuid().toString());
        put(path + "size", Long.toString(identity.deviceBytes()));
        put(path + "block", Integer.toString(identity.blockBytes()));
        put(path + "created", Long.toString(identity.createdNs()));
    }

    private void replica(String resource, ReplicaView replica) {
        String path = Keys.replica(resource, replica.host()) + "/";
        replica.record().ifPresent(record -> {
            put(path + "disk", record.disk());
            put(path + "device", record.device());
            put(path + "log", record.log());
        });
        replica.todo().unusual().forEach(which -> put(path + "todo/" + which.key(), Words.flag(!which.isUsual())));
        replica.actual()
                .map(ReplicaReport::actualKeys)
                .ifPresent(actual -> actual.forEach((key, value) -> put(path + "actual/" + key, value)));
        replica.position().ifPresent(p -> put(path + "position", p.format()));
        replica.health().ifPresent(h -> put(path + "health", h.value().format(), h.version()));
        replica.lost().ifPresent(l -> put(path + "lost", l.format()));
    }

    private void put(String key, String text) {
        put(key, text, 0);
    }

    private void put(String key, String text, int version) {
        keys.put(key, new RawValue(text, version));
    }
}
