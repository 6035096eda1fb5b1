// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** What the driver says about the resource. */
public sealed interface DriverState {
    /** The driver cannot be reached. What it does meanwhile, it goes on doing. */
    record Away() implements DriverState {}

    /** The driver is there, and the resource is not open. */
    record Closed() implements DriverState {}

    /** It is opening or closing; a change will be told. */
    record Busy() implements DriverState {}

    /**
     * The resource is open.
     *
     * @param place which of the replica's log directories it is open on
     * @param settled what stands in the log directory was announced to the driver since it was opened
     * @param exportUsers users of its export; empty while it is not exported
     * @param primary role
     * @param newestEpoch highest epoch that its log knows, unsigned
     * @param endLsn end of the log, unsigned
     * @param replayed end of what is replayed, with the chain value there
     * @param replayPaused by {@code replay pause}
     * @param options those that the driver has now
     * @param peers for whom it keeps its log, by node
     */
    record Open(
            Place place,
            boolean settled,
            boolean diskAttached,
            Optional<Integer> exportUsers,
            boolean primary,
            long newestEpoch,
            long endLsn,
            LogEnd replayed,
            boolean consistent,
            boolean replayPaused,
            Map<String, String> options,
            Map<UUID, Peer> peers)
            implements DriverState {
        public Open {
            options = Map.copyOf(options);
            peers = Map.copyOf(peers);
        }

        /** What the driver keeps for this node; empty when it keeps nothing for it. */
        Optional<Peer> peer(UUID node) {
            return Optional.ofNullable(peers.get(node));
        }

        boolean isPrimaryOf(long epoch) {
            return primary && newestEpoch == epoch;
        }
    }

    /**
     * Another replica that log is kept for.
     *
     * @param durableLsn what the driver knows it to have, unsigned; 0: nothing
     * @param served it fetches from here now, and says itself what it has
     */
    record Peer(long durableLsn, boolean served) {}

    /** A log directory of a replica. */
    enum Place {
        /** The replica's own. */
        LOG,
        /** That of a backfill, inside the replica's own. */
        BACKFILL,
        /** Another one: somebody has opened something else under this name. */
        FOREIGN
    }
}
