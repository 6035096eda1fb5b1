// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.tharsis.control.model.ClusterReader;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ResourceReading;

/** Makes views of the mirror's keys; reads only those resources anew that changed. The owner's thread only. */
final class ViewBuilder {
    private final String cluster;
    private final UUID uuid;
    private final Set<String> changedResources = new TreeSet<>();
    private final SortedMap<String, ResourceReading> resources = new TreeMap<>();
    private Optional<ClusterReader> nodes = Optional.empty();

    ViewBuilder(String cluster, UUID uuid) {
        this.cluster = cluster;
        this.uuid = uuid;
    }

    /** Returns whether the view depends on this key. */
    boolean changed(String key) {
        String[] parts = key.split("/", 3);
        if (parts[0].equals(Keys.RESOURCES)) {
            if (parts.length > 1) {
                changedResources.add(parts[1]);
            }
            return true;
        }
        if (parts[0].equals(Keys.NODES) || parts[0].equals(Keys.ALIVE)) {
            nodes = Optional.empty();
            return true;
        }
        return false;
    }

    ClusterView build(TreeMirror mirror) {
        for (String name : changedResources) {
            if (mirror.has(Keys.resource(name))) {
                resources.put(name, ResourceReading.read(name, mirror.below(Keys.resource(name))));
            } else {
                resources.remove(name);
            }
        }
        changedResources.clear();
        ClusterReader reader = nodes.orElseGet(() -> new ClusterReader(nodeKeys(mirror)));
        nodes = Optional.of(reader);
        return reader.view(cluster, uuid, resources);
    }

    private static SortedMap<String, RawValue> nodeKeys(TreeMirror mirror) {
        SortedMap<String, RawValue> keys = new TreeMap<>();
        mirror.below(Keys.NODES).forEach((key, value) -> keys.put(Keys.NODES + "/" + key, value));
        mirror.below(Keys.ALIVE).forEach((key, value) -> keys.put(Keys.ALIVE + "/" + key, value));
        return keys;
    }
}
