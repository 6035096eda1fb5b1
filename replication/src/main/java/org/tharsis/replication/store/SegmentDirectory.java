// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.log.SegmentReader;

/**
 * The segment headers of a log directory, put in order. Headers that were read are remembered, for the driver adds and removes
 * files while it is looked at again and again.
 *
 * <p>One thread at a time.
 */
final class SegmentDirectory {
    /** A file is the same as long as name and inode are. */
    private record FileIdentity(SegmentName name, Object inode) {}

    private final Path directory;
    private final UUID resourceUuid;
    private Map<FileIdentity, SegmentHeader> known = new HashMap<>();

    SegmentDirectory(Path directory, UUID resourceUuid) {
        this.directory = directory;
        this.resourceUuid = resourceUuid;
    }

    /**
     * Returns the segments of the newest history, oldest first: from the newest segment that has a valid header, each
     * one's predecessor, as far as they are there. Whether a predecessor really ends where it should, its header cannot tell.
     *
     * @param limitLsn segments that begin at or above it are left out
     * @throws LogFormatException when a segment is of another resource, or of a newer version of the format
     */
    List<SegmentHeader> history(long limitLsn) throws IOException, LogFormatException {
        List<SegmentName> names = names().stream()
                .filter(name -> Long.compareUnsigned(name.startLsn(), limitLsn) < 0)
                .sorted()
                .toList();
        Map<SegmentName, SegmentHeader> headers = headers(names);
        Deque<SegmentHeader> history = new ArrayDeque<>();
        Optional<SegmentHeader> next = newest(names, headers);
        while (next.isPresent()) {
            history.addFirst(next.get());
            next = predecessor(names, next.get()).map(headers::get);
        }
        return List.copyOf(history);
    }

    /** Names of all segment files, in no order. */
    List<SegmentName> names() throws IOException {
        return SegmentName.in(directory);
    }

    Path path(SegmentName name) {
        return directory.resolve(name.fileName());
    }

    SegmentReader open(SegmentName name, long previousTimeNs) throws IOException, LogFormatException {
        return SegmentReader.open(path(name), resourceUuid, previousTimeNs);
    }

    /** The epochs of a history, oldest first. */
    static List<EpochStart> epochs(List<SegmentHeader> history) {
        List<EpochStart> epochs = new ArrayList<>();
        for (SegmentHeader header : history) {
            if (epochs.isEmpty() || epochs.get(epochs.size() - 1).epoch() != header.epoch()) {
                epochs.add(new EpochStart(header.epoch(), header.startLsn(), header.chainBefore()));
            }
        }
        return List.copyOf(epochs);
    }

    private static Optional<SegmentHeader> newest(List<SegmentName> names, Map<SegmentName, SegmentHeader> headers) {
        for (int i = names.size() - 1; i >= 0; i--) {
            SegmentHeader header = headers.get(names.get(i));
            if (header != null) {
                return Optional.of(header);
            }
        }
        return Optional.empty();
    }

    /** By its name: where its header does not verify, the history begins behind it. */
    private static Optional<SegmentName> predecessor(List<SegmentName> names, SegmentHeader segment) {
        return names.stream()
                .filter(name -> name.epoch() == segment.previousEpoch())
                .filter(name -> Long.compareUnsigned(name.startLsn(), segment.startLsn()) < 0)
                .max(SegmentName::compareTo);
    }

    private Map<SegmentName, SegmentHeader> headers(List<SegmentName> names) throws IOException, LogFormatException {
        Map<FileIdentity, SegmentHeader> found = new HashMap<>();
        Map<SegmentName, SegmentHeader> headers = new HashMap<>();
        for (SegmentName name : names) {
            Optional<FileIdentity> file = identity(name);
            if (file.isEmpty()) {
                continue;
            }
            SegmentHeader remembered = known.get(file.get());
            Optional<SegmentHeader> header = remembered != null ? Optional.of(remembered) : read(name);
            header.ifPresent(valid -> {
                found.put(file.get(), valid);
                headers.put(name, valid);
            });
        }
        known = found;
        return headers;
    }

    private Optional<FileIdentity> identity(SegmentName name) throws IOException {
        try {
            Object inode =
                    Files.readAttributes(path(name), BasicFileAttributes.class).fileKey();
            return Optional.of(new FileIdentity(name, inode));
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        }
    }

    private Optional<SegmentHeader> read(SegmentName name) throws IOException, LogFormatException {
        try (SegmentReader reader = open(name, 0)) {
            return Optional.of(reader.header());
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        } catch (LogFormatException.Foreign | LogFormatException.BadVersion notOurs) {
            throw notOurs;
        } catch (LogFormatException notBegunOrDamaged) {
            return Optional.empty();
        }
    }
}
