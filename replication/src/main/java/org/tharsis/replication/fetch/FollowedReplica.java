// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.nio.file.Path;
import java.util.UUID;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/**
 * A replica of this node whose log is fetched. The methods are called on threads of the fetcher, one at a time for {@link
 * #received}, and in any order and beside each other for the rest. They do not throw.
 */
public interface FollowedReplica {
    UUID resourceUuid();

    /** Where the segment files go. While it is followed, nobody else writes there. */
    Path logDirectory();

    /** Where the log begins when the directory has no segment yet: in front of the first segment's header. */
    LogPosition start();

    /**
     * This segment is verified and on stable storage up to here: to be told to the driver. In log order; a segment is told
     * again as it grows. May block: it holds up nothing but the next of these, and the acknowledgement.
     *
     * @param lsn unsigned
     */
    void received(SegmentName segment, long lsn);

    /** The driver has replayed up to here. Does not block. */
    long replayedLsn();

    /** Does not block. */
    void stateChanged(FollowState state);

    /**
     * What the source has, told at least once in a heartbeat interval while following. Does not block.
     *
     * @param endLsn end of the source's durable log
     * @param timeNs the source's wall clock, in nanoseconds since 1970
     */
    void sourceAt(long endLsn, long timeNs);
}
