// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One resource at one moment: everything the tree says of it, and the versions that compare-and-set needs.
 *
 * @param name its label
 * @param identity what never changes of it (the size only by resize)
 * @param options those that were set
 * @param role who is primary; empty when the key is damaged: then nobody may become primary by it
 * @param sealed the end of a log that was given up, while nobody has taken the role
 * @param epochs each epoch's beginning
 * @param replicas by host
 * @param problems keys that could not be understood
 */
public record ResourceView(
        String name,
        ResourceIdentity identity,
        ResourceOptions options,
        Optional<Versioned<Role>> role,
        Optional<Versioned<SealedEnd>> sealed,
        SortedMap<Long, EpochRecord> epochs,
        SortedMap<String, ReplicaView> replicas,
        List<Problem> problems) {
    public ResourceView {
        epochs = Collections.unmodifiableSortedMap(new TreeMap<>(epochs));
        replicas = Collections.unmodifiableSortedMap(new TreeMap<>(replicas));
        problems = List.copyOf(problems);
    }

    public Optional<EpochRecord> epoch(long number) {
        return Optional.ofNullable(epochs.get(number));
    }

    public Optional<ReplicaView> replica(String host) {
        return Optional.ofNullable(replicas.get(host));
    }
}
