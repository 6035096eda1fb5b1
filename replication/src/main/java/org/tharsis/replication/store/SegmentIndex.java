// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentReader;

/**
 * Positions in segments that were walked before, so that the next walk starts near its goal. Sparse, and of the segments that
 * were asked for last only: what it forgets is read again.
 *
 * <p>One thread at a time. Keys are LSNs, which are below 2^63, so their order as signed numbers is theirs.
 */
final class SegmentIndex {
    private static final int SEGMENTS_MAX = 16;

    private record Known(LogPosition position, long timeNs) {}

    /** What is known of one segment. When it holds too much, every other position is dropped and they are set wider apart. */
    private final class Positions {
        private final TreeMap<Long, Known> byLsn = new TreeMap<>();
        private long spacingBytes = spacingBytesMin;
        private long lastLsn;

        void note(SegmentReader reader) {
            long lsn = reader.position().lsn();
            if (lsn < lastLsn + spacingBytes) {
                return;
            }
            byLsn.put(lsn, new Known(reader.position(), reader.timeNs()));
            lastLsn = lsn;
            if (byLsn.size() > positionsMax) {
                spacingBytes *= 2;
                boolean[] keep = {false};
                byLsn.keySet().removeIf(dropped -> keep[0] = !keep[0]);
            }
        }
    }

    private final long spacingBytesMin;
    private final int positionsMax;

    /** By the header, whole: a file of the same name with another one is another segment. */
    private final Map<SegmentHeader, Positions> segments = new LinkedHashMap<>(SEGMENTS_MAX, 0.75f, true);

    SegmentIndex() {
        this(1 << 20, 256);
    }

    /**
     * Keeps of each segment at most {@code positionsMax} positions.
     *
     * @param spacingBytesMin at least so far apart
     */
    SegmentIndex(long spacingBytesMin, int positionsMax) {
        this.spacingBytesMin = spacingBytesMin;
        this.positionsMax = positionsMax;
    }

    /** Positions that are known of all segments. */
    int size() {
        return segments.values().stream()
                .mapToInt(positions -> positions.byLsn.size())
                .sum();
    }

    /** Skips to an LSN as {@link SegmentReader#skipTo} does, from the nearest known position below it. */
    LogPosition skipTo(SegmentReader reader, long lsn) throws IOException, LogFormatException {
        Positions positions = segments.computeIfAbsent(reader.header(), header -> new Positions());
        if (segments.size() > SEGMENTS_MAX) {
            segments.remove(segments.keySet().iterator().next());
        }
        Map.Entry<Long, Known> nearest = positions.byLsn.floorEntry(lsn);
        if (nearest != null) {
            reader.resume(nearest.getValue().position(), nearest.getValue().timeNs());
        }
        while (Long.compareUnsigned(reader.position().lsn(), lsn) < 0) {
            reader.skipTo(reader.position().lsn() + 1);
            positions.note(reader);
        }
        return reader.position();
    }
}
