// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.LogPosition;

/**
 * What a receiver remembers of a backfill under way, in the file {@code state} of the backfill's log directory.
 *
 * @param serverNode the node whose disk is copied
 * @param resumePoint where the replica's log begins when the backfill is applied
 * @param deviceBytes size of the device
 * @param phase how far it is
 */
@SuppressWarnings("DoNotCallSuggester")
public record BackfillState(UUID serverNode, LogPosition resumePoint, long deviceBytes, Phase phase) {
    /** How far a backfill is. */
    public sealed interface Phase {
        /**
         * Ranges are compared and what differs is put into the backfill's log.
         *
         * @param offset all below it on the device was compared, and the differences are durable in the backfill's log;
         *     it may be further by now
         */
        record Copying(long offset) implements Phase {}

        /**
         * All differences are on the disk.
         *
         * @param consistentLsn the replica is consistent once its log is replayed up to here
         */
        record Applied(long consistentLsn) implements Phase {}
    }

    /**
     * Reads the state of a backfill's log directory; empty when there is none.
     *
     * @throws IOException also when the file is damaged; it says what to do
     */
    public static Optional<BackfillState> read(Path directory) throws IOException {
        throw new UnsupportedOperationException(directory.toString());
    }

    /** Replaces the state of a backfill's log directory; durable when it returns. One writer. */
    public void write(Path directory) throws IOException {
        throw new UnsupportedOperationException(directory.toString());
    }
}
