// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.util.UUID;

/**
 * Who a node is.
 *
 * @param cluster nodes of another one are refused
 * @param node identity
 * @param name label, for people; 1 to 40 letters, digits, dots, underscores and hyphens
 */
public record NodeIdentity(UUID cluster, UUID node, String name) {
    public NodeIdentity {
        if (!name.matches("[A-Za-z0-9._-]{1,40}")) {
            throw new IllegalArgumentException("a node's name is 1 to 40 letters, digits and . _ -, not: " + name);
        }
    }
}
