// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.SealedEnd;

/**
 * What should be: the tree's facts about one resource, as one node sees them.
 *
 * @param me this node
 * @param live the facts are ZooKeeper's of now; else they are what was last seen: good enough to go on replicating, and
 *     to step down, but never to become primary
 * @param role who is the primary; empty when the key is damaged
 * @param sealed where the log ended that its primary has given up
 * @param epochStart where the role's epoch starts
 * @param options for the driver's {@code tune}
 * @param sources the other replicas
 */
public record Desired(
        String me,
        boolean live,
        Optional<Role> role,
        Optional<SealedEnd> sealed,
        Optional<EpochRecord> epochStart,
        Todo todo,
        Map<String, String> options,
        List<Source> sources) {
    public Desired {
        options = Map.copyOf(options);
        sources = List.copyOf(sources);
    }

    boolean iAmPrimary() {
        return role.filter(r -> r.isPrimary(me)).isPresent();
    }

    /** Epoch of the role; 0 while that is not known. */
    long roleEpoch() {
        return role.map(Role::epoch).orElse(0L);
    }

    /** The log is sealed, and this node shall go on with it. */
    boolean sealedForMe() {
        return sealed.isPresent()
                && role.filter(r -> r.primary().isEmpty() && r.handoverTo().equals(Optional.of(me)))
                        .isPresent();
    }

    /** Another node is the primary. */
    boolean anotherIsPrimary() {
        return role.flatMap(Role::primary).filter(host -> !host.equals(me)).isPresent();
    }

    Optional<Source> primarySource() {
        return role.flatMap(Role::primary).flatMap(this::source);
    }

    Optional<Source> source(String host) {
        return sources.stream().filter(source -> source.host().equals(host)).findFirst();
    }
}
