// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.util.Optional;
import java.util.UUID;

/** What this node has to serve. */
@FunctionalInterface
public interface ServedReplicas {
    /** Returns the replica of a resource; empty when there is none, or none that can be served now. Does not block. */
    Optional<ServedReplica> find(UUID resourceUuid);
}
