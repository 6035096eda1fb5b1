// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.tharsis.replication.log.LogFormatException;

/**
 * What a log holds behind a branch point: what is lost when it is given up for another history.
 *
 * @param fromLsn the branch point, unsigned
 * @param toLsn end of the log, unsigned; equal to {@code fromLsn} when there is nothing
 * @param batches behind the branch point
 * @param records in those batches; 0: no data would be lost
 * @param payloadBytes of writes; of zeroes and discards nothing
 * @param blocks different blocks of the device that the records touch
 * @param blockBytes size of such a block; 0 when there is no segment
 * @param firstTimeNs wall clock of the first batch in nanoseconds since 1970; 0 when there is none
 * @param lastTimeNs of the last batch; 0 when there is none
 */
public record LogTail(
        long fromLsn,
        long toLsn,
        long batches,
        long records,
        long payloadBytes,
        long blocks,
        int blockBytes,
        long firstTimeNs,
        long lastTimeNs) {
    /**
     * Measures it from the batch headers behind the branch point. Blocks for the disk; memory is bounded, whatever the log holds.
     *
     * @param branchLsn where the other history begins; a batch or segment header ends there
     * @throws LogFormatException when a segment is of another resource or of a newer version of the format
     */
    public static LogTail measure(Path directory, UUID resourceUuid, long branchLsn)
            throws IOException, LogFormatException {
        TailWalk walk = new TailWalk(directory, resourceUuid, branchLsn);
        TailWalk.Totals totals = walk.totals();
        return new LogTail(
                branchLsn,
                totals.endLsn(),
                totals.batches(),
                totals.records(),
                totals.payloadBytes(),
                DistinctBlocks.count(walk::forEachRecord, totals.blockBytes(), DistinctBlocks.RANGES_MAX),
                totals.blockBytes(),
                totals.firstTimeNs(),
                totals.lastTimeNs());
    }

    /** Bytes of log behind the branch point, headers included. */
    public long logBytes() {
        return toLsn - fromLsn;
    }
}
