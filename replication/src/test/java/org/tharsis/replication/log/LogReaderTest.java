// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder.Entry;

class LogReaderTest {
    private static final LogPosition START = new LogPosition(0, 0, 0);

    @TempDir
    private Path directory;

    /** Writes a segment that follows {@code before}, with a discard of one block at each position; returns its end. */
    private LogPosition writeSegment(long epoch, LogPosition before, long timeNs, long... positions)
            throws IOException {
        SegmentName name = new SegmentName(epoch, before.lsn());
        Path file = directory.resolve(name.fileName());
        byte[] header = LogEncoder.segmentHeader(name, before.epoch(), before.chain());
        Files.write(file, header);
        LogPosition end = LogEncoder.end(new LogPosition(before.lsn(), epoch, before.chain()), header);
        for (long position : positions) {
            byte[] batch = LogEncoder.batch(end, timeNs, Entry.discard(position, 512));
            Files.write(file, batch, StandardOpenOption.APPEND);
            end = LogEncoder.end(end, batch);
        }
        return end;
    }

    private List<Long> readPositions() throws IOException, LogFormatException {
        List<Long> positions = new ArrayList<>();
        try (LogReader log = LogReader.open(directory, LogEncoder.RESOURCE)) {
            for (Optional<Batch> batch = log.next(); batch.isPresent(); batch = log.next()) {
                positions.add(batch.get().header().records().get(0).position());
            }
        }
        return positions;
    }

    @Test
    void readsOnOverSegmentsAlsoEmptyOnes() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512, 1024);
        LogPosition empty = writeSegment(2, first, 10);
        writeSegment(2, empty, 11, 1536);

        assertThat(readPositions()).containsExactly(512L, 1024L, 1536L);
    }

    @Test
    void beginsWithTheOldestSegmentThatIsLeft() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512);
        writeSegment(1, first, 10, 1024);
        Files.delete(directory.resolve(new SegmentName(1, 0).fileName()));

        assertThat(readPositions()).containsExactly(1024L);
    }

    @Test
    void ofAForkFollowsTheHigherEpoch() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512);
        writeSegment(2, first, 10, 1024);
        writeSegment(3, first, 10, 1536);

        assertThat(readPositions()).containsExactly(512L, 1536L);
    }

    @Test
    void leavesOutWhatStandsBehindTheStartOfTheSuccessor() throws Exception {
        LogPosition fork = writeSegment(1, START, 10, 512);
        writeSegment(1, START, 10, 512, 1024);
        writeSegment(2, fork, 10, 1536);

        assertThat(readPositions()).containsExactly(512L, 1536L);
    }

    @Test
    void doesNotFollowASegmentThatDoesNotVerify() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512);
        Files.write(directory.resolve(new SegmentName(2, first.lsn()).fileName()), new byte[8192]);

        assertThat(readPositions()).containsExactly(512L);
    }

    @Test
    void doesNotFollowASegmentOfAnotherHistory() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512);
        writeSegment(2, new LogPosition(first.lsn(), 1, first.chain() + 1), 10, 1024);
        writeSegment(4, new LogPosition(first.lsn(), 3, first.chain()), 10, 1024);

        assertThat(readPositions()).containsExactly(512L);
    }

    @Test
    void stopsWhereTimeRunsBackwardsFromOneSegmentToTheNext() throws Exception {
        LogPosition first = writeSegment(1, START, 10, 512);
        writeSegment(2, first, 9, 1024);

        assertThat(readPositions()).containsExactly(512L);
    }

    @Test
    void leavesOtherFilesAlone() throws Exception {
        writeSegment(1, START, 10, 512);
        for (String other : List.of("meta", "spare", "notes.txt", "0000000000000001-0000000000000000.log.old")) {
            Files.write(directory.resolve(other), new byte[100]);
        }

        assertThat(readPositions()).containsExactly(512L);
    }

    @Test
    void saysThatADirectoryHoldsNoLog() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(this::readPositions)
                .withMessageContaining("no log segment");
    }
}
