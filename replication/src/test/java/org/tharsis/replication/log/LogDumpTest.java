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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder.Entry;

class LogDumpTest {
    private static final LogPosition START = new LogPosition(0, 0, 0);

    @TempDir
    private Path directory;

    private LogPosition segment(long epoch, LogPosition before) throws IOException {
        SegmentName name = new SegmentName(epoch, before.lsn());
        byte[] header = LogEncoder.segmentHeader(name, before.epoch(), before.chain());
        Files.write(directory.resolve(name.fileName()), header);
        return LogEncoder.end(new LogPosition(before.lsn(), epoch, before.chain()), header);
    }

    private LogPosition append(long startLsn, LogPosition before, long timeNs, Entry... entries) throws IOException {
        byte[] batch = LogEncoder.batch(before, timeNs, entries);
        Files.write(
                directory.resolve(new SegmentName(before.epoch(), startLsn).fileName()),
                batch,
                StandardOpenOption.APPEND);
        return LogEncoder.end(before, batch);
    }

    /** Segments of epochs 1, 2 (empty) and 3; returns the end. */
    private LogPosition threeSegments() throws IOException {
        LogPosition first = append(0, segment(1, START), 10, Entry.write(4096, 1024), Entry.discard(0, 512));
        LogPosition second = segment(2, first);
        return append(second.lsn(), segment(3, second), 1_000_000_000L, Entry.writeZeroes(512, 1 << 20));
    }

    @Test
    void givesALineForEachSegmentBatchAndRecord() throws Exception {
        LogPosition end = threeSegments();
        List<String> lines = new ArrayList<>();

        LogSummary summary = LogDump.dump(directory, lines::add);

        assertThat(lines).hasSize(8);
        assertThat(lines.get(0))
                .startsWith(
                        "segment 0000000000000001-0000000000000000.log epoch=1 start=0000000000000000 previous-epoch=0")
                .contains("created=2023-11-14T22:13:20Z creator=" + LogEncoder.CREATOR + " block-bytes=512");
        assertThat(lines.get(1))
                .startsWith("  batch 0000000000001000 length=8192 time=1970-01-01T00:00:00.000000010Z"
                        + " durable=0000000000001000 records=2 chain=");
        assertThat(lines.get(2)).startsWith("    write position=4096 length=1024 crc32c=");
        assertThat(lines.get(3)).isEqualTo("    discard position=0 length=512");
        assertThat(lines.get(4)).contains("epoch=2");
        assertThat(lines.get(5)).contains("epoch=3");
        assertThat(lines.get(7)).isEqualTo("    write-zeroes position=512 length=1048576");
        assertThat(summary.end()).isEqualTo(end);
    }

    @Test
    void sumsUpTheLog() throws Exception {
        LogPosition end = threeSegments();

        LogSummary summary = LogVerify.verify(directory);

        assertThat(summary.resourceUuid()).isEqualTo(LogEncoder.RESOURCE);
        assertThat(summary.start()).isEqualTo(START);
        assertThat(summary.end()).isEqualTo(end);
        assertThat(summary.endTimeNs()).isEqualTo(1_000_000_000L);
        assertThat(List.of(summary.segments(), summary.batches(), summary.records(), summary.payloadBytes()))
                .containsExactly(3L, 2L, 3L, 1024L);
        assertThat(summary.epochs()).extracting(EpochStart::epoch).containsExactly(1L, 2L, 3L);
        assertThat(summary.whyItEnded()).isEmpty();
        assertThat(summary.damage()).isEmpty();
    }

    @Test
    void aLostEndIsNoDamage() throws Exception {
        LogPosition end = threeSegments();
        Path last = directory.resolve(SegmentName.in(directory).stream()
                .max(SegmentName::compareTo)
                .orElseThrow()
                .fileName());
        byte[] bytes = Files.readAllBytes(last);
        bytes[4096 + 70] ^= 1;
        Files.write(last, bytes);

        LogSummary summary = LogVerify.verify(directory);

        assertThat(summary.end().lsn()).isLessThan(end.lsn());
        assertThat(summary.whyItEnded().orElseThrow()).contains("checksum");
        assertThat(summary.damage()).isEmpty();
    }

    @Test
    void damageIsProvenByALaterBatchInTheSameFileOrInOneThatFollows() throws Exception {
        for (boolean sameFile : new boolean[] {true, false}) {
            LogPosition damaged = segment(1, START);
            LogPosition second = append(0, damaged, 10, Entry.write(0, 512));
            if (sameFile) {
                append(0, second, 11, Entry.write(0, 512));
            } else {
                append(second.lsn(), segment(1, second), 11, Entry.write(0, 512));
            }
            Path first = directory.resolve(new SegmentName(1, 0).fileName());
            byte[] bytes = Files.readAllBytes(first);
            bytes[8192] ^= 1;
            Files.write(first, bytes);

            LogSummary summary = LogVerify.verify(directory);

            assertThat(summary.end()).isEqualTo(damaged);
            assertThat(summary.damage().orElseThrow())
                    .contains("durable beyond LSN 0000000000001000")
                    .contains(LogEncoder.CREATOR.toString());
        }
    }

    @Test
    void saysThatThereIsNoLog() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> LogVerify.verify(directory))
                .withMessageContaining("no log segment");
    }

    @Test
    void saysWhatIsWrongWithTheFirstSegment() throws Exception {
        Files.write(directory.resolve(new SegmentName(1, 0).fileName()), new byte[8192]);

        assertThatExceptionOfType(LogFormatException.BadMagic.class).isThrownBy(() -> LogVerify.verify(directory));
    }
}
