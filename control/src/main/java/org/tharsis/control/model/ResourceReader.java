// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes a {@link ResourceView} of the keys of one resource. Used once, by one thread. */
final class ResourceReader {
    private final String name;
    private final KeyReader keys;

    /**
     * @param name the resource
     * @param keys all keys below {@code resources/<name>/}, relative to it
     */
    ResourceReader(String name, SortedMap<String, RawValue> keys) {
        this.name = name;
        this.keys = new KeyReader(keys, Keys.resource(name) + "/");
    }

    ResourceReading read() {
        Optional<ResourceIdentity> identity = identity();
        if (identity.isEmpty()) {
            return new ResourceReading.Damaged(name, keys.problems());
        }
        keys.require("role");
        return new ResourceReading.Understood(new ResourceView(
                name,
                identity.get(),
                ResourceOptions.read(keys),
                keys.read("role", Role::parse),
                keys.read("sealed", SealedEnd::parse),
                epochs(),
                replicas(),
                keys.problems()));
    }

    private Optional<ResourceIdentity> identity() {
        List.of("uuid", "size", "block", "created").forEach(keys::require);
        var uuid = keys.value("uuid", Words::uuid);
        var deviceBytes = keys.value("size", text -> new Words(text, "<bytes>").signedNumber("size"));
        var blockBytes = keys.value("block", text -> new Words(text, "<bytes>").signedNumber("block"));
        var createdNs = keys.value("created", text -> new Words(text, "<time-ns>").signedNumber("time"));
        if (uuid.isEmpty() || deviceBytes.isEmpty() || blockBytes.isEmpty() || createdNs.isEmpty()) {
            return Optional.empty();
        }
        int block = (int) Math.min(blockBytes.get(), Integer.MAX_VALUE);
        return keys.attempt("size", () -> new ResourceIdentity(uuid.get(), deviceBytes.get(), block, createdNs.get()));
    }

    private SortedMap<Long, EpochRecord> epochs() {
        SortedMap<Long, EpochRecord> epochs = new TreeMap<>();
        for (String number : keys.children("epochs")) {
            String path = "epochs/" + number;
            keys.attempt(path, () -> new Words(number, "<epoch>").epoch())
                    .ifPresent(epoch ->
                            keys.value(path, EpochRecord::parse).ifPresent(record -> epochs.put(epoch, record)));
        }
        return epochs;
    }

    private SortedMap<String, ReplicaView> replicas() {
        SortedMap<String, ReplicaView> replicas = new TreeMap<>();
        for (String host : keys.children("replicas")) {
            keys.attempt("replicas/" + host, () -> Names.node(host))
                    .ifPresent(h -> replicas.put(h, replica(h, "replicas/" + h + "/")));
        }
        return replicas;
    }

    private ReplicaView replica(String host, String path) {
        return new ReplicaView(
                host,
                record(path),
                todo(path + "todo/"),
                actual(path + "actual/"),
                keys.value(path + "position", Position::parse),
                keys.read(path + "health", Health::parse),
                keys.value(path + "lost", LostTail::parse));
    }

    private Optional<ReplicaRecord> record(String path) {
        List.of("disk", "device", "log").forEach(key -> keys.require(path + key));
        var disk = keys.value(path + "disk", text -> ReplicaRecord.path("disk", text));
        var device = keys.value(path + "device", ReplicaRecord::device);
        var log = keys.value(path + "log", text -> ReplicaRecord.path("log", text));
        if (disk.isEmpty() || device.isEmpty() || log.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new ReplicaRecord(disk.get(), device.get(), log.get()));
    }

    /** A switch with a nonsense value counts as missing. */
    private Todo todo(String path) {
        Set<Switch> unusual = EnumSet.noneOf(Switch.class);
        for (String key : keys.children(path.substring(0, path.length() - 1))) {
            keys.attempt(path + key, () -> Switch.parse(key))
                    .ifPresent(which -> keys.value(path + key, Words::flag)
                            .filter(wanted -> wanted != which.isUsual())
                            .ifPresent(wanted -> unusual.add(which)));
        }
        return new Todo(unusual);
    }

    private Optional<Actual> actual(String path) {
        if (keys.children(path.substring(0, path.length() - 1)).isEmpty()) {
            return Optional.empty();
        }
        Set<Switch> on = EnumSet.noneOf(Switch.class);
        for (Switch which : Todo.USUAL_SWITCHES) {
            keys.value(path + which.key(), Words::flag).filter(is -> is).ifPresent(yes -> on.add(which));
        }
        int users = keys.value(path + "users", text -> new Words(text, "<count>").signedNumber("users"))
                .map(count -> (int) Math.min(count, Integer.MAX_VALUE))
                .orElse(0);
        Optional<Optional<String>> source =
                keys.value(path + "source", text -> new Words(text, "<host|none>").nodeOrNone());
        return Optional.of(new Actual(on, users, source.flatMap(s -> s)));
    }
}
