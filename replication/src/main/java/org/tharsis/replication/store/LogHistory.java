// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;

/**
 * The history of one log directory, as its segment headers tell it, for as long as the object lives: it looks at the
 * directory each time, and remembers what cannot have changed.
 *
 * <p>All methods block for the disk; each may be called on any thread, one at a time gets in. Nothing at or above the
 * {@code durableLsn} of the caller is looked at: segments that begin there do not exist yet.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class LogHistory {
    /** Opens nothing yet. */
    public LogHistory(Path directory, UUID resourceUuid) {
        throw new UnsupportedOperationException(directory.toString() + resourceUuid);
    }

    /** The segments of the history, oldest first; each ends where the next one starts, the last one at {@code durableLsn}. */
    public synchronized List<SegmentExtent> segments(long durableLsn) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The epochs of the history, oldest first. */
    public synchronized List<EpochStart> epochs(long durableLsn) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The position before the header of the oldest segment; empty while there is none. */
    public synchronized Optional<LogPosition> oldest(long durableLsn) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The position before the header of the newest segment that starts at or below {@code lsn}: from there a new replica can
     * follow that is complete up to {@code lsn} by other means. Empty when {@code lsn} lies below the oldest segment.
     */
    public synchronized Optional<LogPosition> segmentStartAtOrBelow(long lsn, long durableLsn) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The position at {@code lsn}; empty when no batch or segment header ends there, or it lies outside of the log. Reads the
     * batch headers of at most one segment.
     *
     * @throws LogFormatException when this log does not verify on the way to {@code lsn}
     */
    public synchronized Optional<LogPosition> positionAt(long lsn, long durableLsn)
            throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /**
     * Checks a follower's position against this log. Nothing of it is believed: a position is {@code Following} only when LSN,
     * epoch and chain value are found here. May read the batch headers of one segment.
     *
     * @param position where the follower's verified log ends
     * @param epochsOfFollower its epochs, oldest first; they tell only how far it diverged
     * @param durableLsn up to here this log is durable, and may be given
     * @throws LogFormatException when this log does not verify on the way to the position
     */
    public synchronized PositionCheck check(LogPosition position, List<EpochStart> epochsOfFollower, long durableLsn)
            throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }
}
