// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads the logs under {@code docs/golden}, whose README defines the words below, and says of each what must be said.
 * The other kinds of file there (meta, bitmap, label) are read by the driver only.
 */
class GoldenFilesTest {
    private static final Path GOLDEN = Path.of("..", "docs", "golden");

    private static final Map<Class<? extends LogFormatException>, String> CHECKS = Map.of(
            LogFormatException.BadMagic.class, "magic",
            LogFormatException.BadVersion.class, "version",
            LogFormatException.BadLength.class, "length",
            LogFormatException.Foreign.class, "foreign",
            LogFormatException.BadLsn.class, "LSN",
            LogFormatException.BadEpoch.class, "epoch",
            LogFormatException.BadChecksum.class, "checksum",
            LogFormatException.BadChain.class, "chain",
            LogFormatException.BadContent.class, "content");

    static List<String> logs() throws IOException {
        List<String> logs = new ArrayList<>();
        try (Stream<Path> cases = Files.list(GOLDEN).filter(Files::isDirectory).sorted()) {
            for (Path directory : cases.toList()) {
                if (expected(directory).get(0).equals("kind log")) {
                    logs.add(directory.getFileName().toString());
                }
            }
        }
        return logs;
    }

    @ParameterizedTest
    @MethodSource("logs")
    void saysOfALogWhatItsExpectFileSays(String name) throws IOException {
        Path directory = GOLDEN.resolve(name);

        assertThat(describe(directory)).containsExactlyElementsOf(expected(directory));
    }

    @Test
    void everyCheckOfTheFormatRefusesSomeGoldenFile() throws IOException {
        List<String> said = new ArrayList<>();
        for (String name : logs()) {
            said.addAll(expected(GOLDEN.resolve(name)));
        }

        assertThat(CHECKS.values())
                .allSatisfy(check -> assertThat(said).anyMatch(line -> line.contains(" check=" + check)));
    }

    private static List<String> expected(Path directory) throws IOException {
        return Files.readAllLines(directory.resolve("expect"));
    }

    private static List<String> describe(Path directory) throws IOException {
        String uuid = expected(directory).get(1).replaceFirst("resource uuid=", "");
        List<String> lines = new ArrayList<>(List.of("kind log", "resource uuid=" + uuid));
        try (LogReader log = LogReader.open(directory, parse(uuid))) {
            describeLog(log, directory, lines);
        } catch (LogFormatException refused) {
            String file = String.valueOf(refused.getMessage()).replaceFirst("^segment (\\S+): .*", "$1");
            lines.add("segment file=" + file + " check=" + CHECKS.get(refused.getClass()));
        }
        return lines;
    }

    private static void describeLog(LogReader log, Path directory, List<String> lines) throws IOException {
        lines.add(describe(log.segment().header()));
        SegmentReader described = log.segment();
        for (var batch = log.next(); batch.isPresent() || log.segment() != described; batch = log.next()) {
            if (log.segment() != described) {
                described = log.segment();
                lines.add(describe(described.header()));
            }
            batch.ifPresent(read -> lines.addAll(describe(read.header())));
        }
        LogPosition end = described.position();
        lines.add(String.format(
                "end lsn=%d epoch=%d chain=%016x time_ns=%d", end.lsn(), end.epoch(), end.chain(), described.timeNs()));
        lines.add(describeStop(described, directory));
        OptionalLong proof = described.proofOfDamage();
        lines.add(proof.isPresent() ? "verdict damaged proof_offset=" + proof.getAsLong() : "verdict end");
    }

    private static String describe(SegmentHeader header) {
        return String.format(
                "segment file=%s check=ok epoch=%d start_lsn=%d previous_epoch=%d chain_before=%016x created_ns=%d"
                        + " creator=%s block_bytes=%d chain=%016x",
                new SegmentName(header.epoch(), header.startLsn()).fileName(),
                header.epoch(),
                header.startLsn(),
                header.previousEpoch(),
                header.chainBefore(),
                header.createdNs(),
                header.creatorUuid().toString().replace("-", ""),
                header.blockBytes(),
                header.chain());
    }

    private static List<String> describe(BatchHeader header) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                "batch lsn=%d length=%d time_ns=%d durable_lsn=%d records=%d chain=%016x",
                header.lsn(),
                header.length(),
                header.timeNs(),
                header.durableLsn(),
                header.records().size(),
                header.chain()));
        for (RecordDescriptor record : header.records()) {
            lines.add(String.format(
                    "record operation=%s position=%s length=%s payload_offset=%d payload_crc32c=%08x",
                    record.operation().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    Long.toUnsignedString(record.position()),
                    Long.toUnsignedString(record.length()),
                    record.payloadOffset(),
                    record.payloadCrc32c()));
        }
        return lines;
    }

    private static String describeStop(SegmentReader stopped, Path directory) throws IOException {
        SegmentHeader header = stopped.header();
        String file = new SegmentName(header.epoch(), header.startLsn()).fileName();
        long offset = stopped.position().lsn() - header.startLsn();
        byte[] bytes = Files.readAllBytes(directory.resolve(file));
        String check = stopped.refusal()
                .map(refusal -> String.valueOf(CHECKS.get(refusal.getClass())))
                .orElse("ok");
        String part = check.equals("ok") ? "file" : refusedPart(stopped, ByteBuffer.wrap(bytes), (int) offset);
        return "stop file=" + file + " offset=" + offset + " check=" + check + " part=" + part;
    }

    /** The part of the batch at {@code offset} that the reader refused. */
    private static String refusedPart(SegmentReader stopped, ByteBuffer file, int offset) {
        int length;
        try {
            length = BatchHeader.unpack(
                            file.position(offset),
                            stopped.position(),
                            stopped.timeNs(),
                            stopped.header().blockBytes())
                    .length();
        } catch (LogFormatException refused) {
            return "header";
        }
        if (length > file.limit() - offset) {
            return "file";
        }
        return stopped.refusal()
                        .filter(LogFormatException.BadChecksum.class::isInstance)
                        .isPresent()
                ? "payload"
                : "padding";
    }

    private static UUID parse(String hex) {
        return new UUID(Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16));
    }
}
