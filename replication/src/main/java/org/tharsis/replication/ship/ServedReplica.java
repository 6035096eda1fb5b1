// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;

/**
 * A replica of this node from which others fetch. Any thread may call; no method blocks. A stage that fails refuses the
 * follower, with the failure's message as the reason: write it for an operator.
 */
public interface ServedReplica {
    UUID resourceUuid();

    /** Where the segment files are. They are read only. */
    Path logDirectory();

    /** The driver has the log on stable storage up to here: nothing beyond is served. Unsigned. */
    long durableLsn();

    /**
     * The epochs that this replica knows, oldest first, as far back as it matters: also one that has begun at the log's end and
     * of which no record is in the log yet.
     */
    List<EpochStart> epochs();

    /**
     * Has the listener called, on any thread, each time after {@link #durableLsn} has changed, until the result is closed.
     * The listener returns at once.
     */
    Closeable onGrowth(Runnable listener);

    /**
     * Keeps the log from this LSN on for this follower. Nothing is sent to it before the stage is complete.
     *
     * @param follower UUID of its node
     */
    CompletionStage<Void> keepLog(UUID follower, long fromLsn);

    /**
     * A follower says how far it is: when something has changed, and once in a heartbeat interval all the same. Called in order for
     * each follower; received and durable never go back on one stream.
     *
     * @param receivedLsn verified by it
     * @param durableLsn on its stable storage; at most {@code receivedLsn}
     * @param replayedLsn replayed by its driver; at most {@code receivedLsn}
     */
    void acknowledged(UUID follower, long receivedLsn, long durableLsn, long replayedLsn);

    /**
     * Makes the disk ready to be read for a new replica: from the origin's resume point on the log is kept for it, and on
     * the disk is all that was logged before.
     *
     * @param resume the resume point of a backfill that was interrupted. When the log from there is still kept, the origin has
     *     the same one; with another one the follower is told that its resume point is gone
     */
    CompletionStage<BackfillOrigin> prepareBackfill(UUID follower, Optional<LogPosition> resume);

    /** Durable end of this node's log now, asked after the last block was read: what was read has nothing from beyond it. */
    CompletionStage<EpochLsn> flushedEnd();
}
