// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.tharsis.replication.log.Batch;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.log.SegmentReader;

/**
 * Where the log of a directory ends, every byte of its newest segment verified. The segments before it were durable before
 * it was begun: of the last of them it is verified by headers that it ends where the newest one starts.
 *
 * @param history the segments up to the end, oldest first; empty when there is none
 * @param position end of the newest one
 * @param timeNs time of its last batch; 0 when it is not known
 */
record VerifiedEnd(List<SegmentHeader> history, LogPosition position, long timeNs) {
    /**
     * Finds it.
     *
     * @param start the end of a log without a segment
     * @throws LogFormatException when the log is damaged before its newest segment: then more of it than a crash can take is missing
     */
    static VerifiedEnd find(SegmentDirectory directory, LogPosition start) throws IOException, LogFormatException {
        List<SegmentHeader> history = directory.history(-1);
        while (!history.isEmpty()) {
            Optional<VerifiedEnd> end = endIn(directory, history);
            if (end.isPresent()) {
                return end.get();
            }
            history = history.subList(0, history.size() - 1);
        }
        return new VerifiedEnd(List.of(), start, 0);
    }

    /** Empty when the newest segment does not join the one before it, and holds nothing either: an interrupted rotation left it. */
    private static Optional<VerifiedEnd> endIn(SegmentDirectory directory, List<SegmentHeader> history)
            throws IOException, LogFormatException {
        SegmentHeader newest = history.get(history.size() - 1);
        long timeBeforeNs = 0;
        Optional<LogFormatException> gap = Optional.empty();
        if (history.size() > 1) {
            SegmentName previous = history.get(history.size() - 2).name();
            try (SegmentReader reader = directory.open(previous, 0)) {
                newest.checkFollows(reader.skipTo(newest.startLsn()));
                timeBeforeNs = reader.timeNs();
            } catch (LogFormatException notJoined) {
                gap = Optional.of(notJoined);
            }
        }
        try (SegmentReader reader = directory.open(newest.name(), timeBeforeNs)) {
            Optional<Batch> batch = reader.next();
            if (gap.isPresent()) {
                if (batch.isPresent()) {
                    throw gap.get();
                }
                return Optional.empty();
            }
            while (batch.isPresent()) {
                batch = reader.next();
            }
            return Optional.of(new VerifiedEnd(List.copyOf(history), reader.position(), reader.timeNs()));
        }
    }
}
