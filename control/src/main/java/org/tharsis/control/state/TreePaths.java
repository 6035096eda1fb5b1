// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import org.tharsis.control.model.Names;

/**
 * Where the cluster's keys are in ZooKeeper.
 *
 * @param cluster its name
 */
record TreePaths(String cluster) {
    static final String TOP = "/tharsis";

    TreePaths {
        Names.cluster(cluster);
    }

    String root() {
        return TOP + "/" + cluster;
    }

    /** ZooKeeper's path of a key; the empty key is the cluster itself. */
    String path(String key) {
        return key.isEmpty() ? root() : root() + "/" + key;
    }

    /** The key of a path at or below {@link #root()}. */
    String key(String path) {
        return path.length() <= root().length() ? "" : path.substring(root().length() + 1);
    }
}
