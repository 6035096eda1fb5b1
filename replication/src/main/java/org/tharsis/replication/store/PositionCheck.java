// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import org.tharsis.replication.log.LogPosition;

/** What a log says to the position of a follower. */
public sealed interface PositionCheck {
    /** The position is one of this log's: what stands from there on may be given. */
    record Following(LogPosition from) implements PositionCheck {}

    /**
     * The follower has another history behind the branch point, where the last common epoch ends first.
     *
     * @param epoch the last common epoch
     * @param lsn what the follower has at or above it is not in this log
     */
    record Diverged(long epoch, long lsn) implements PositionCheck {}

    /**
     * The log at the position has been removed.
     *
     * @param oldestLsn where this log begins now
     */
    record Gone(long oldestLsn) implements PositionCheck {}

    /**
     * The follower has more than this log, or is of a later epoch than this log knows: it asks again later, or elsewhere.
     *
     * @param endLsn up to here this log goes with the follower's
     */
    record Behind(long endLsn) implements PositionCheck {}

    /**
     * The position is none of this log's, and the follower's epochs do not explain it: nothing is given.
     *
     * @param why a sentence for the operator
     */
    record Foreign(String why) implements PositionCheck {}
}
