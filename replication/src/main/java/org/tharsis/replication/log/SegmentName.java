// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The name of a segment file, {@code <epoch>-<start LSN>.log}. Names sort in log order.
 *
 * @param epoch unsigned
 * @param startLsn unsigned
 */
public record SegmentName(long epoch, long startLsn) implements Comparable<SegmentName> {
    private static final Pattern FILE_NAME = Pattern.compile("([0-9a-f]{16})-([0-9a-f]{16})\\.log");
    private static final Comparator<SegmentName> LOG_ORDER = Comparator.comparing(
                    SegmentName::epoch, Long::compareUnsigned)
            .thenComparing(SegmentName::startLsn, Long::compareUnsigned);

    /** Returns what the file name says; empty when it is not that of a segment. */
    public static Optional<SegmentName> parse(String fileName) {
        Matcher matcher = FILE_NAME.matcher(fileName);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(new SegmentName(
                Long.parseUnsignedLong(matcher.group(1), 16), Long.parseUnsignedLong(matcher.group(2), 16)));
    }

    /** Names of all segment files in a directory, in no order. */
    public static List<SegmentName> in(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> parse(String.valueOf(file.getFileName())))
                    .flatMap(Optional::stream)
                    .toList();
        } catch (UncheckedIOException failed) {
            throw failed.getCause();
        }
    }

    /** Returns the name of the file. */
    public String fileName() {
        return LogFormat.hex(epoch) + "-" + LogFormat.hex(startLsn) + ".log";
    }

    @Override
    public int compareTo(SegmentName other) {
        return LOG_ORDER.compare(this, other);
    }
}
