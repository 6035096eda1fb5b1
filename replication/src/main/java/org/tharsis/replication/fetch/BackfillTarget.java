// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.nio.file.Path;
import java.util.UUID;
import org.tharsis.replication.log.SegmentName;

/**
 * A new replica of this node that is filled from a peer's disk. The methods are called on threads of the fetcher, one at a
 * time for {@link #received}. They do not throw.
 */
public interface BackfillTarget {
    UUID resourceUuid();

    /** The log directory of the backfill; the driver has made it and replays what is announced. */
    Path directory();

    /** The disk that is filled: read, to compare it with the source's. */
    Path disk();

    /** Size of the device; the source's must be the same. */
    long deviceBytes();

    /** 512 or 4096; the source's must be the same. */
    int blockBytes();

    /** As {@link FollowedReplica#received}, of the backfill's own log. */
    void received(SegmentName segment, long lsn);

    /** The driver has replayed the backfill's own log up to here; what comes in is slowed to its pace. Does not block. */
    long replayedLsn();

    /** Called a few times a second at most. Does not block. */
    void progress(BackfillProgress progress);
}
