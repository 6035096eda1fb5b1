// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.tharsis.control.reconcile.ReplicaFiles;
import org.tharsis.replication.backfill.BackfillState;
import org.tharsis.replication.log.SegmentName;

/**
 * The log directory of a replica, and the directory {@code backfill} in it. Says what stands there, and is the only place that removes
 * a replica's files. Methods block for the disk; one thread at a time.
 */
final class ReplicaDirectory {
    private static final String META = "meta";

    private final Path log;
    private final Path backfill;

    ReplicaDirectory(Path log) {
        this.log = log;
        this.backfill = log.resolve("backfill");
    }

    /** The replica's own log. */
    Path log() {
        return log;
    }

    /** The log of a backfill. */
    Path backfill() {
        return backfill;
    }

    ReplicaFiles files() throws IOException {
        if (Files.exists(log.resolve(META))) {
            return ReplicaFiles.REPLICA;
        }
        if (Files.exists(backfill.resolve(META))) {
            return BackfillState.read(backfill)
                            .filter(state -> state.phase() instanceof BackfillState.Phase.Applied)
                            .isPresent()
                    ? ReplicaFiles.BACKFILLED
                    : ReplicaFiles.BACKFILLING;
        }
        // The directory of the backfill is made before anything is thrown away: it says that this was meant.
        return Files.exists(backfill) || list(log, ReplicaDirectory::isSegment).isEmpty()
                ? ReplicaFiles.NONE
                : ReplicaFiles.DAMAGED;
    }

    Optional<BackfillState> backfillState() throws IOException {
        return Files.exists(backfill) ? BackfillState.read(backfill) : Optional.empty();
    }

    /** Makes an empty place for a backfill, and removes what a replica that was given up has left. */
    void prepareBackfill() throws IOException {
        Files.createDirectories(backfill);
        clear(backfill);
        clear(log);
        sync(log);
    }

    /** Gives the replica up. Interrupted, it leaves no replica, or all of it. */
    void discard() throws IOException {
        Files.createDirectories(backfill);
        clear(backfill);
        sync(log);
        Files.deleteIfExists(log.resolve(META));
        sync(log);
        clear(log);
    }

    /** The backfill is not needed any more. */
    void removeBackfill() throws IOException {
        if (Files.exists(backfill)) {
            Files.deleteIfExists(backfill.resolve(META));
            for (Path file : list(backfill, name -> true)) {
                Files.delete(file);
            }
            Files.delete(backfill);
            sync(log);
        }
    }

    private static void clear(Path directory) throws IOException {
        Files.deleteIfExists(directory.resolve(META));
        for (Path file : list(directory, ReplicaDirectory::isOurs)) {
            Files.delete(file);
        }
        sync(directory);
    }

    private static List<Path> list(Path directory, Predicate<String> names) throws IOException {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> names.test(String.valueOf(file.getFileName())))
                    .toList();
        }
    }

    private static boolean isSegment(String name) {
        return SegmentName.parse(name).isPresent();
    }

    /** The names of docs/log-format.md, and the state of a backfill. All others belong to somebody else. */
    private static boolean isOurs(String name) {
        return isSegment(name) || name.matches("spare(-[0-7])?|[0-9a-f]{32}\\.bitmap|bitmap\\.new|state(\\.new)?");
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
