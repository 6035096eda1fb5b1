// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentReader;

class SegmentIndexTest {
    @TempDir
    private Path directory;

    private SegmentReader open(TestLog log) throws Exception {
        Path file = directory.resolve(log.segments.firstKey().fileName());
        return SegmentReader.open(file, LogEncoder.RESOURCE, 0);
    }

    @Test
    void findsEveryPositionInAnyOrderWhateverItHasForgotten() throws Exception {
        long seed = 20_261_171L;
        Random random = new Random(seed);
        TestLog log = new TestLog(TestLog.BEGINNING).segment(1).appendRandom(random, 200);
        log.writeTo(directory);
        SegmentIndex index = new SegmentIndex(8192, 10);
        for (int i = 0; i < 1000; i++) {
            LogPosition wanted = log.boundaries.get(1 + random.nextInt(log.boundaries.size() - 1));
            try (SegmentReader reader = open(log)) {
                assertThat(index.skipTo(reader, wanted.lsn()))
                        .as("seed %d, step %d", seed, i)
                        .isEqualTo(wanted);
            }
            assertThat(index.size()).isLessThanOrEqualTo(10);
        }
        assertThat(index.size()).isGreaterThan(3);
    }

    @Test
    void beginsNearTheGoalWhenItHasBeenThere() throws Exception {
        TestLog log = new TestLog(TestLog.BEGINNING).segment(1).appendRandom(new Random(1), 100);
        log.writeTo(directory);
        SegmentIndex index = new SegmentIndex(8192, 100);
        try (SegmentReader reader = open(log)) {
            index.skipTo(reader, log.end().lsn());
        }
        Path file = directory.resolve(log.segments.firstKey().fileName());
        byte[] bytes = Files.readAllBytes(file);
        bytes[4096] ^= 1; // the first batch, which nobody has to read again
        Files.write(file, bytes);

        try (SegmentReader reader = open(log)) {
            assertThat(index.skipTo(reader, log.end().lsn())).isEqualTo(log.end());
        }
    }

    @Test
    void anotherSegmentOfTheSameNameIsAnotherSegment() throws Exception {
        SegmentIndex index = new SegmentIndex(4096, 100);
        for (int chain = 1; chain <= 2; chain++) {
            TestLog log =
                    new TestLog(new LogPosition(4096, 1, chain)).segment(1).appendRandom(new Random(chain), 50);
            log.writeTo(directory);
            for (LogPosition wanted : log.boundaries.subList(1, log.boundaries.size())) {
                try (SegmentReader reader = open(log)) {
                    assertThat(index.skipTo(reader, wanted.lsn())).isEqualTo(wanted);
                }
            }
        }
    }
}
