// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * The whole cluster at one moment. Equal content makes equal views, whenever they were seen.
 *
 * @param cluster its label
 * @param uuid its identity
 * @param nodes by name
 * @param alive nodes with a live ZooKeeper session, with the journal generation that they told
 * @param resources by name
 * @param unreadable names of resources that exist but whose identity cannot be understood: not deleted, leave them alone
 * @param problems keys outside of readable resources that could not be understood
 */
public record ClusterView(
        String cluster,
        UUID uuid,
        SortedMap<String, NodeRecord> nodes,
        SortedMap<String, Long> alive,
        SortedMap<String, ResourceView> resources,
        Set<String> unreadable,
        List<Problem> problems) {
    public ClusterView {
        nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
        alive = Collections.unmodifiableSortedMap(new TreeMap<>(alive));
        resources = Collections.unmodifiableSortedMap(new TreeMap<>(resources));
        unreadable = Collections.unmodifiableSet(new TreeSet<>(unreadable));
        problems = List.copyOf(problems);
    }

    public Optional<ResourceView> resource(String name) {
        return Optional.ofNullable(resources.get(name));
    }

    public Optional<NodeRecord> node(String name) {
        return Optional.ofNullable(nodes.get(name));
    }

    public boolean isAlive(String host) {
        return alive.containsKey(host);
    }
}
