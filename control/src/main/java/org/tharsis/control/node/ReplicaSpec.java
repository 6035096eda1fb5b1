// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.model.ResourceView;

/**
 * What the replica of a resource on this node is made of.
 *
 * @param resource name, here and at the driver
 * @param nodeUuid of this node
 * @param deviceBytes size of the device, a multiple of {@code blockBytes}
 * @param blockBytes 512 or 4096
 */
record ReplicaSpec(
        String resource,
        UUID resourceUuid,
        UUID nodeUuid,
        long deviceBytes,
        int blockBytes,
        Path disk,
        Path logDirectory) {
    /** From the tree; empty when this node has no replica of it, or one whose keys are damaged. */
    static Optional<ReplicaSpec> of(ResourceView view, String me, UUID nodeUuid) {
        return view.replica(me)
                .flatMap(replica -> replica.record())
                .map(record -> new ReplicaSpec(
                        view.name(),
                        view.identity().uuid(),
                        nodeUuid,
                        view.identity().deviceBytes(),
                        view.identity().blockBytes(),
                        Path.of(record.disk()),
                        Path.of(record.log())));
    }

    /** A disk that is made for it: room for the device and the label. */
    long newDiskBytes() {
        return deviceBytes + 2 * 4096;
    }
}
