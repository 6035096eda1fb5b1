// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.security.ClusterDirectory;
import org.tharsis.control.state.StateTree;

/** What enrolment has to know of the cluster, from the tree. */
final class TreeDirectory implements ClusterDirectory {
    private final Identity identity;
    private final StateTree tree;

    TreeDirectory(Identity identity, StateTree tree) {
        this.identity = identity;
        this.tree = tree;
    }

    @Override
    public UUID cluster() {
        return identity.clusterUuid();
    }

    @Override
    public String clusterName() {
        return identity.clusterName();
    }

    @Override
    public String zookeeper() {
        return identity.zookeeper();
    }

    @Override
    public Optional<UUID> nodeNamed(String name) throws IOException {
        if (!tree.connection().isConnected()) {
            throw new IOException(
                    "ZooKeeper cannot be reached: " + tree.connection().detail());
        }
        return tree.view().flatMap(view -> view.node(name)).map(NodeRecord::uuid);
    }
}
