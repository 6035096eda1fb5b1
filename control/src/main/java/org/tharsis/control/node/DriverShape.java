// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.tharsis.control.reconcile.Desired;
import org.tharsis.control.reconcile.DriverState;
import org.tharsis.control.reconcile.LogEnd;

/**
 * Tells which changes at the driver matter. A log that grows changes hundreds of times a second, and matters only while
 * somebody waits for its end. Any thread may call.
 */
final class DriverShape {
    private static final DriverState.Peer NOTHING_KNOWN = new DriverState.Peer(0, false);

    private final ReplicaDirectory directory;
    private Optional<DriverState> last = Optional.empty(); // guarded by this
    private boolean endMatters; // guarded by this

    DriverShape(ReplicaDirectory directory) {
        this.directory = directory;
    }

    /** Something was decided for this: only what differs from it is a change. */
    synchronized void decidedFor(DriverSight sight, Desired desired) {
        endMatters = desired.sealed().isPresent();
        last = Optional.of(shape(sight));
    }

    synchronized boolean hasChanged(DriverSight sight) {
        return !last.equals(Optional.of(shape(sight)));
    }

    private DriverState shape(DriverSight sight) {
        DriverState state = Facts.driver(sight, directory, true, Set.of());
        if (endMatters || !(state instanceof DriverState.Open open)) {
            return state;
        }
        return new DriverState.Open(
                open.place(),
                open.settled(),
                open.diskAttached(),
                open.exportUsers(),
                open.primary(),
                open.newestEpoch(),
                0,
                new LogEnd(0, 0),
                open.consistent(),
                open.replayPaused(),
                open.options(),
                open.peers().keySet().stream().collect(Collectors.toMap(peer -> peer, peer -> NOTHING_KNOWN)));
    }
}
