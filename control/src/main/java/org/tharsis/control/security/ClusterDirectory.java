// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/** What enrolment has to know of the cluster. Safe for all threads; may block. */
public interface ClusterDirectory {
    UUID cluster();

    String clusterName();

    /** Connect string of the ensemble, as a new node can use it. */
    String zookeeper();

    /**
     * Whose name this is; empty when no node has it.
     *
     * @throws IOException when that cannot be found out now
     */
    Optional<UUID> nodeNamed(String name) throws IOException;
}
