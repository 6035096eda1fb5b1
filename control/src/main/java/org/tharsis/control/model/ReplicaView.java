// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Optional;

/**
 * One replica of a resource, as the tree has it.
 *
 * @param host the node that has it
 * @param record what it is made of; empty when these keys are damaged
 * @param todo what the admin wants
 * @param actual empty until the host has reported
 * @param position empty until the host has reported
 * @param health empty until the host has reported; with the version that a handover checks
 * @param lost what a diverged replica has beyond the branch point
 */
public record ReplicaView(
        String host,
        Optional<ReplicaRecord> record,
        Todo todo,
        Optional<Actual> actual,
        Optional<Position> position,
        Optional<Versioned<Health>> health,
        Optional<LostTail> lost) {
    /** Does it say of itself that its data can be used as they are? */
    public boolean isConsistent() {
        return health.filter(h -> h.value() instanceof Health.Ok).isPresent();
    }
}
