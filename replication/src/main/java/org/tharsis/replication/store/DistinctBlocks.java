// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.RecordDescriptor;

/**
 * Counts the different blocks that records touch, exactly and with bounded memory: what is touched is kept as ranges that do not
 * meet; when there are too many, the highest are left to another walk over the same records.
 */
final class DistinctBlocks {
    /** About 20 MB of ranges. */
    static final int RANGES_MAX = 1 << 18;

    /** Takes a record. */
    interface RecordVisitor {
        void record(RecordDescriptor record);
    }

    /** Records that can be walked again and again. */
    interface Records {
        void forEach(RecordVisitor visitor) throws IOException, LogFormatException;
    }

    /** The blocks in a part of the device, from block {@code from} to block {@code limit}, as far as they find room. */
    private static final class Window implements RecordVisitor {
        private final int blockBytes;
        private final int rangesMax;
        private final long from;
        private long limit = Long.MAX_VALUE;
        private final TreeMap<Long, Long> endByStart = new TreeMap<>();

        Window(int blockBytes, int rangesMax, long from) {
            this.blockBytes = blockBytes;
            this.rangesMax = rangesMax;
            this.from = from;
        }

        @Override
        public void record(RecordDescriptor record) {
            long start = Long.divideUnsigned(record.position(), blockBytes);
            long end = Math.min(start + Long.divideUnsigned(record.length(), blockBytes), limit);
            start = Math.max(start, from);
            if (start < end) {
                add(start, end);
            }
            if (endByStart.size() > rangesMax) {
                limit = endByStart.pollLastEntry().getKey();
            }
        }

        private void add(long start, long end) {
            long mergedStart = start;
            long mergedEnd = end;
            Map.Entry<Long, Long> touching = endByStart.floorEntry(mergedEnd);
            while (touching != null && touching.getValue() >= mergedStart) {
                endByStart.remove(touching.getKey());
                mergedStart = Math.min(mergedStart, touching.getKey());
                mergedEnd = Math.max(mergedEnd, touching.getValue());
                touching = endByStart.floorEntry(mergedEnd);
            }
            endByStart.put(mergedStart, mergedEnd);
        }

        long blocks() {
            return endByStart.entrySet().stream()
                    .mapToLong(range -> range.getValue() - range.getKey())
                    .sum();
        }
    }

    /**
     * Counts the blocks.
     *
     * @param blockBytes size of a block; 0 when there is no record
     * @param rangesMax bound of memory; at least 1
     */
    static long count(Records records, int blockBytes, int rangesMax) throws IOException, LogFormatException {
        long blocks = 0;
        long from = 0;
        while (blockBytes > 0 && from != Long.MAX_VALUE) {
            Window window = new Window(blockBytes, rangesMax, from);
            records.forEach(window);
            blocks += window.blocks();
            from = window.limit;
        }
        return blocks;
    }

    private DistinctBlocks() {}
}
