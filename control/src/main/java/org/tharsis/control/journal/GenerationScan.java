// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What reading a generation from end to end has shown. Made once, read by one thread.
 *
 * <p>The state is that behind the last complete snapshot and all that follows it.
 */
final class GenerationScan {
    private final Path directory;
    private Optional<Path> file = Optional.empty();
    private long firstSequence;
    private long lastSequence;
    private long previousSequence;
    private long oldestMs = Long.MAX_VALUE;
    private long newestMs = Long.MIN_VALUE;
    private long endOffset;
    private Optional<JournalState> state = Optional.empty();
    private JournalState snapshot = new JournalState();
    private Optional<String> damage = Optional.empty();

    private GenerationScan(Path directory) {
        this.directory = directory;
    }

    static GenerationScan of(Path directory) throws IOException {
        GenerationScan scan = new GenerationScan(directory);
        scan.file = GenerationDirectory.queueFile(directory);
        if (scan.file.isPresent()) {
            scan.read(scan.file.get());
        } else {
            scan.damage = Optional.of(directory + ": the queue's file is gone");
        }
        return scan;
    }

    private void read(Path path) throws IOException {
        try (EntryFile entries = EntryFile.open(path)) {
            try {
                for (Optional<StoredEntry> next = entries.next(); next.isPresent(); next = entries.next()) {
                    see(next.get());
                }
                if (entries.hasEntriesBehind()) {
                    damage =
                            Optional.of(path + ", byte " + entries.offset() + ": nothing there, but entries behind it");
                } else if (state.isEmpty()) {
                    damage = Optional.of(path + ", byte " + entries.offset() + ": its beginning is not complete");
                }
            } catch (JournalDamagedException found) {
                damage = Optional.of(String.valueOf(found.getMessage()));
            }
            endOffset = entries.offset();
        }
    }

    private void see(StoredEntry stored) {
        if (lastSequence == 0) {
            firstSequence = stored.sequence();
            if (stored.entry() instanceof JournalEntry.Begin begin) {
                previousSequence = begin.previousSequence();
            }
        }
        lastSequence = stored.sequence();
        oldestMs = Math.min(oldestMs, stored.timeMs());
        newestMs = Math.max(newestMs, stored.timeMs());
        if (stored.entry() instanceof JournalEntry.SnapshotBegin) {
            snapshot = new JournalState();
        }
        snapshot.apply(stored.entry());
        if (stored.entry() instanceof JournalEntry.SnapshotEnd) {
            state = Optional.of(snapshot);
        }
    }

    /** The first damage, as a sentence; empty when all is good. */
    Optional<String> damage() {
        return damage;
    }

    /** The state at the end of what is good; empty when there is no complete snapshot. */
    Optional<JournalState> state() {
        return state;
    }

    /** Last sequence number of the generation before, as this one knows it. */
    long previousSequence() {
        return previousSequence;
    }

    long firstSequence() {
        return firstSequence;
    }

    /** Of the last good entry; 0 when there is none. */
    long lastSequence() {
        return lastSequence;
    }

    /** Whether this generation begins with a copy of all that the other has. */
    boolean holdsAllOf(GenerationScan other) {
        return other.damage.isEmpty()
                && firstSequence <= other.firstSequence
                && lastSequence >= other.lastSequence
                && lastSequence > 0;
    }

    /** Byte offset of the end of what is good. */
    long endOffset() {
        return endOffset;
    }

    /**
     * The generation as found; empty when nothing of it can be read.
     *
     * @param kept its directory, which may have got another name since
     * @param bytes size of its file
     */
    Optional<Generation> generation(GenerationDirectory kept, long bytes) {
        return file.filter(path -> lastSequence > 0)
                .map(path -> new Generation(
                        kept,
                        kept.path().resolve(path.getFileName()),
                        firstSequence,
                        lastSequence,
                        oldestMs,
                        newestMs,
                        Generation.OVERHEAD_BYTES + bytes));
    }

    Optional<Path> file() {
        return file;
    }

    @Override
    public String toString() {
        return directory + ": entries " + firstSequence + " to " + lastSequence;
    }
}
