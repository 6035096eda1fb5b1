// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Walks a log from its oldest segment on, over all segments of its directory, to where its history ends.
 *
 * <p>Sees the segments that were there when it was opened. One thread at a time; reads only; memory is one batch.
 */
public final class LogReader implements Closeable {
    private final Path directory;
    private final UUID resourceUuid;
    private final List<SegmentName> newestEpochFirst;
    private final Consumer<SegmentHeader> entered;
    private SegmentReader segment;

    private LogReader(
            Path directory,
            UUID resourceUuid,
            Collection<SegmentName> names,
            Consumer<SegmentHeader> entered,
            SegmentReader first) {
        this.directory = directory;
        this.resourceUuid = resourceUuid;
        this.entered = entered;
        this.newestEpochFirst = names.stream().sorted(Comparator.reverseOrder()).toList();
        this.segment = first;
    }

    /**
     * Opens a log directory at its lowest start LSN and verifies the segment header there.
     *
     * @param resourceUuid the resource that the log must belong to
     * @throws NoSuchFileException when there is no segment in the directory
     */
    public static LogReader open(Path directory, UUID resourceUuid) throws IOException, LogFormatException {
        return open(directory, resourceUuid, header -> {});
    }

    /** Shows each segment to {@code entered} when the reader comes to it, also those that hold no batch. */
    static LogReader open(Path directory, UUID resourceUuid, Consumer<SegmentHeader> entered)
            throws IOException, LogFormatException {
        List<SegmentName> names = SegmentName.in(directory);
        SegmentName first = oldest(names)
                .orElseThrow(() -> new NoSuchFileException(directory.toString(), null, "no log segment in it"));
        SegmentReader reader = SegmentReader.open(directory.resolve(first.fileName()), resourceUuid, 0);
        entered.accept(reader.header());
        return new LogReader(directory, resourceUuid, names, entered, reader);
    }

    /** The segment that a log begins with: the lowest start LSN, and of several the highest epoch. */
    static Optional<SegmentName> oldest(Collection<SegmentName> names) {
        return names.stream()
                .min(Comparator.comparing(SegmentName::startLsn, Long::compareUnsigned)
                        .thenComparing(Comparator.reverseOrder()));
    }

    /** The segment that the reader stands in. It belongs to this reader: look, but neither step nor close. */
    public SegmentReader segment() {
        return segment;
    }

    /**
     * Returns the next batch; empty where the history ends, for which {@link #segment} knows the reason. Blocks for the
     * disk.
     */
    public Optional<Batch> next() throws IOException {
        // First the successor: what stands in this file beyond its start is not part of the history.
        Optional<SegmentReader> successor = openSuccessor();
        while (successor.isPresent()) {
            segment.close();
            segment = successor.get();
            entered.accept(segment.header());
            successor = openSuccessor();
        }
        return segment.next();
    }

    /** Where several fit, the highest epoch counts: the others were left behind when a diverged tail was cut. */
    private Optional<SegmentReader> openSuccessor() throws IOException {
        for (SegmentName name : newestEpochFirst) {
            if (name.startLsn() == segment.position().lsn()) {
                Optional<SegmentReader> successor = openIfItFits(name);
                if (successor.isPresent()) {
                    return successor;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<SegmentReader> openIfItFits(SegmentName name) throws IOException {
        SegmentReader candidate;
        try {
            candidate = SegmentReader.open(directory.resolve(name.fileName()), resourceUuid, segment.timeNs());
        } catch (LogFormatException notASuccessor) {
            return Optional.empty();
        }
        if (candidate.header().follows(segment.position())) {
            return Optional.of(candidate);
        }
        candidate.close();
        return Optional.empty();
    }

    @Override
    public void close() throws IOException {
        segment.close();
    }
}
