// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.util.List;
import java.util.Optional;
import org.tharsis.replication.log.EpochStart;

/**
 * Up to where two logs agree: to the smaller end of their last common epoch.
 *
 * @param epoch the last common epoch
 * @param lsn unsigned; what either log has at or above it, the other one has not
 */
public record BranchPoint(long epoch, long lsn) {
    /**
     * Computes it from the histories of two logs of one resource.
     *
     * @param ours in the order of the log
     * @param ourEndLsn where our log ends
     * @param theirs in the order of the log
     * @param theirEndLsn where their log ends
     * @return empty when they have no epoch in common
     */
    public static Optional<BranchPoint> of(
            List<EpochStart> ours, long ourEndLsn, List<EpochStart> theirs, long theirEndLsn) {
        for (int i = ours.size() - 1; i >= 0; i--) {
            for (int j = theirs.size() - 1; j >= 0; j--) {
                if (same(ours, i, theirs, j)) {
                    long ourEnd = endOf(ours, i, ourEndLsn);
                    long theirEnd = endOf(theirs, j, theirEndLsn);
                    long smaller = Long.compareUnsigned(ourEnd, theirEnd) < 0 ? ourEnd : theirEnd;
                    return Optional.of(new BranchPoint(ours.get(i).epoch(), smaller));
                }
            }
        }
        return Optional.empty();
    }

    /** Where the oldest epoch of a log began is not known when its first segments are gone; then its number has to do. */
    private static boolean same(List<EpochStart> ours, int i, List<EpochStart> theirs, int j) {
        EpochStart our = ours.get(i);
        EpochStart their = theirs.get(j);
        if (our.epoch() != their.epoch()) {
            return false;
        }
        if (our.startLsn() == their.startLsn()) {
            return our.chain() == their.chain();
        }
        return i == 0 || j == 0;
    }

    private static long endOf(List<EpochStart> epochs, int index, long endLsn) {
        return index + 1 < epochs.size() ? epochs.get(index + 1).startLsn() : endLsn;
    }
}
