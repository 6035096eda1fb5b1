// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.BatchHeader;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.RecordDescriptor;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentReader;

/** Walks the batch headers of a log behind a branch point; as often as it is asked to. */
final class TailWalk {
    /** Sums over the tail, as {@link LogTail} describes them. */
    record Totals(
            long endLsn,
            long batches,
            long records,
            long payloadBytes,
            int blockBytes,
            long firstTimeNs,
            long lastTimeNs) {
        Totals plus(BatchHeader batch) {
            long payload = batch.records().stream()
                    .mapToLong(RecordDescriptor::payloadBytes)
                    .sum();
            return new Totals(
                    endLsn,
                    batches + 1,
                    records + batch.records().size(),
                    payloadBytes + payload,
                    blockBytes,
                    batches == 0 ? batch.timeNs() : firstTimeNs,
                    batch.timeNs());
        }

        Totals endingAt(long lsn, SegmentHeader segment) {
            return new Totals(lsn, batches, records, payloadBytes, segment.blockBytes(), firstTimeNs, lastTimeNs);
        }
    }

    private interface Visitor {
        void batch(BatchHeader batch);
    }

    private final SegmentDirectory directory;
    private final List<SegmentHeader> history;
    private final long branchLsn;

    TailWalk(Path directory, UUID resourceUuid, long branchLsn) throws IOException, LogFormatException {
        this.directory = new SegmentDirectory(directory, resourceUuid);
        this.history = this.directory.history(-1);
        this.branchLsn = branchLsn;
    }

    Totals totals() throws IOException, LogFormatException {
        Totals[] totals = {new Totals(branchLsn, 0, 0, 0, 0, 0, 0)};
        for (int i = 0; i < history.size(); i++) {
            long end = walk(i, batch -> totals[0] = totals[0].plus(batch));
            if (Long.compareUnsigned(end, branchLsn) >= 0) {
                totals[0] = totals[0].endingAt(end, history.get(i));
            }
        }
        return totals[0];
    }

    void forEachRecord(DistinctBlocks.RecordVisitor visitor) throws IOException, LogFormatException {
        for (int i = 0; i < history.size(); i++) {
            walk(i, batch -> batch.records().forEach(visitor::record));
        }
    }

    /** Visits the batches of a segment that begin at or behind the branch point; returns where its history ends. */
    private long walk(int index, Visitor visitor) throws IOException, LogFormatException {
        boolean last = index + 1 == history.size();
        long limit = last ? -1 : history.get(index + 1).startLsn();
        if (Long.compareUnsigned(limit, branchLsn) <= 0) {
            return limit;
        }
        try (SegmentReader reader = directory.open(history.get(index).name(), 0)) {
            Optional<BatchHeader> batch = reader.skip();
            while (batch.isPresent() && Long.compareUnsigned(batch.get().lsn(), limit) < 0) {
                if (Long.compareUnsigned(batch.get().lsn(), branchLsn) >= 0) {
                    visitor.batch(batch.get());
                }
                batch = reader.skip();
            }
            return last ? reader.position().lsn() : limit;
        }
    }
}
