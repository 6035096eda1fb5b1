// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;
import org.tharsis.control.model.ClusterView;

/** What this node knows of the cluster. Any thread may ask; nothing blocks. */
interface ClusterSight {
    /** The newest view, of the tree or of this node's journal; empty while there is none at all. */
    Optional<ClusterView> view();

    /** The view is ZooKeeper's of now. */
    boolean live();
}
