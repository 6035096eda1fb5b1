// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.RecordDescriptor;
import org.tharsis.replication.log.RecordDescriptor.Operation;

class LogTailTest {
    @TempDir
    private Path directory;

    @Test
    void measuresWhatStandsBehindTheBranchPointOverAllSegments() throws Exception {
        TestLog log = new TestLog(TestLog.BEGINNING).segment(1).append(Entry.write(0, 4096));
        long branch = log.end().lsn();
        long before = log.timeNs();
        log.append(Entry.write(512, 1024), Entry.discard(0, 1 << 20))
                .segment(1)
                .append(Entry.write(2 << 20, 512))
                .writeTo(directory);

        assertThat(LogTail.measure(directory, LogEncoder.RESOURCE, branch))
                .isEqualTo(new LogTail(branch, log.end().lsn(), 2, 3, 1536, 2049, 512, before + 1, before + 2));
    }

    @Test
    void thereIsNothingBehindTheEnd() throws Exception {
        TestLog log = new TestLog(TestLog.BEGINNING)
                .segment(1)
                .append(Entry.write(0, 4096))
                .writeTo(directory);
        long end = log.end().lsn();

        LogTail tail = LogTail.measure(directory, LogEncoder.RESOURCE, end);

        assertThat(tail).isEqualTo(new LogTail(end, end, 0, 0, 0, 0, 512, 0, 0));
        assertThat(tail.logBytes()).isZero();
    }

    @Test
    void aSegmentWithoutRecordsIsLogButNoLoss() throws Exception {
        TestLog log = new TestLog(TestLog.BEGINNING).segment(1).append(Entry.write(0, 4096));
        long branch = log.end().lsn();
        log.segment(1).writeTo(directory);

        LogTail tail = LogTail.measure(directory, LogEncoder.RESOURCE, branch);

        assertThat(tail.records()).isZero();
        assertThat(tail.logBytes()).isEqualTo(4096);
    }

    @Test
    void countsEachBlockOnceWhateverTheBoundOfMemory() throws Exception {
        long seed = 20_261_141L;
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            List<RecordDescriptor> records = new ArrayList<>();
            BitSet touched = new BitSet();
            for (int i = random.nextInt(200); i > 0; i--) {
                int block = random.nextInt(1000);
                int blocks = 1 + random.nextInt(random.nextInt(10) == 0 ? 300 : 4);
                touched.set(block, block + blocks);
                records.add(new RecordDescriptor(Operation.DISCARD, block * 4096L, blocks * 4096L, 0, 0));
            }
            int rangesMax = 1 + random.nextInt(40);

            assertThat(DistinctBlocks.count(visitor -> records.forEach(visitor::record), 4096, rangesMax))
                    .as("seed %d, run %d, at most %d ranges", seed, run, rangesMax)
                    .isEqualTo(touched.cardinality());
        }
    }
}
