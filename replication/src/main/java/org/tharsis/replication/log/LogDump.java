// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Says what stands in a log, line by line, as people read it: LSNs and chain values in hexadecimal, as in file names and
 * messages, other numbers in decimal.
 */
public final class LogDump {
    /** Turns what is found into lines. */
    private record Lines(Consumer<String> lines) implements LogWalk.Visitor {
        @Override
        public void segment(SegmentHeader header) {
            lines.accept(String.format(
                    "segment %s epoch=%s start=%016x previous-epoch=%s chain-before=%016x created=%s creator=%s block-bytes=%d",
                    header.name().fileName(),
                    Long.toUnsignedString(header.epoch()),
                    header.startLsn(),
                    Long.toUnsignedString(header.previousEpoch()),
                    header.chainBefore(),
                    time(header.createdNs()),
                    header.creatorUuid(),
                    header.blockBytes()));
        }

        @Override
        public void batch(BatchHeader header) {
            lines.accept(String.format(
                    "  batch %016x length=%d time=%s durable=%016x records=%d chain=%016x",
                    header.lsn(),
                    header.length(),
                    time(header.timeNs()),
                    header.durableLsn(),
                    header.records().size(),
                    header.chain()));
            for (RecordDescriptor record : header.records()) {
                lines.accept(String.format(
                        "    %s position=%s length=%s%s",
                        record.operation().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        Long.toUnsignedString(record.position()),
                        Long.toUnsignedString(record.length()),
                        record.payloadBytes() > 0 ? String.format(" crc32c=%08x", record.payloadCrc32c()) : ""));
            }
        }

        private static String time(long ns) {
            return Instant.ofEpochSecond(
                            Long.divideUnsigned(ns, 1_000_000_000), Long.remainderUnsigned(ns, 1_000_000_000))
                    .toString();
        }
    }

    /**
     * Walks the log as {@link LogVerify} does and gives a line for each segment, batch and record, as it comes to them.
     *
     * @param lines takes each line, without a line feed
     * @throws java.nio.file.NoSuchFileException when there is no segment in the directory
     * @throws LogFormatException when the header of the oldest segment does not verify
     */
    public static LogSummary dump(Path directory, Consumer<String> lines) throws IOException, LogFormatException {
        return new LogWalk(directory, new Lines(lines)).summary();
    }

    private LogDump() {}
}
