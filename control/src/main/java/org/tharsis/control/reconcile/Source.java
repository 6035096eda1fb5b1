// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.UUID;

/**
 * Another replica, from which this one may fetch.
 *
 * @param address HOST:PORT of its node
 * @param alive its node has a session with ZooKeeper, as far as that is known
 * @param usable it is consistent and has not diverged, by what it has published
 * @param epoch of its end, unsigned
 * @param durableLsn how far it had its log durable when it last told, unsigned
 */
public record Source(
        String host, UUID nodeUuid, String address, boolean alive, boolean usable, long epoch, long durableLsn) {
    boolean isFurtherThan(long otherEpoch, long otherLsn) {
        int byEpoch = Long.compareUnsigned(epoch, otherEpoch);
        return byEpoch > 0 || (byEpoch == 0 && Long.compareUnsigned(durableLsn, otherLsn) > 0);
    }
}
