// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/**
 * Walks over the history that a query selects, in order, over all generations, while others are written and old ones are
 * deleted. What is deleted before it was reached is passed over. One thread at a time.
 */
final class HistoryCursor implements Closeable {
    /** An open generation, as far as it was written when last asked. */
    private record Place(Generation generation, EntryFile file) {}

    private final JournalWriter writer;
    private final HistoryQuery query;
    private Optional<Place> place = Optional.empty();
    private long sequence;

    /** @param sequence the first entry is one behind it */
    HistoryCursor(JournalWriter writer, HistoryQuery query, long sequence) {
        this.writer = writer;
        this.query = query;
        this.sequence = sequence;
    }

    /** Everything up to here was looked at. */
    long sequence() {
        return sequence;
    }

    /**
     * The next entry that is selected; empty when there is none yet.
     *
     * @throws JournalDamagedException when a file has been damaged since the journal was opened
     */
    Optional<Recorded> next() throws IOException {
        while (goToPlace()) {
            StoredEntry stored = read(place.orElseThrow());
            if (stored.sequence() > sequence) {
                sequence = stored.sequence();
                if (stored.entry() instanceof HistoryEntry entry) {
                    Recorded recorded = new Recorded(sequence, Instant.ofEpochMilli(stored.timeMs()), entry);
                    if (query.selects(recorded)) {
                        return Optional.of(recorded);
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static StoredEntry read(Place at) throws IOException {
        return at.file()
                .next()
                .orElseThrow(() -> new JournalDamagedException(at.generation().file() + " has lost its entries behind "
                        + at.file().sequence() + ". Restart the daemon: it begins a new file and keeps this one."));
    }

    /** Stands in a file with entries behind the sequence number; false when there is none. */
    private boolean goToPlace() throws IOException {
        while (place.isEmpty() || place.get().generation().lastSequence() <= sequence) {
            Optional<Generation> generation = writer.generationBehind(sequence);
            if (generation.isEmpty()) {
                return false;
            }
            if (place.isPresent()
                    && place.get().generation().file().equals(generation.get().file())) {
                place = Optional.of(new Place(generation.get(), place.get().file()));
                continue;
            }
            close();
            if (!canHold(generation.get())) {
                sequence = generation.get().lastSequence();
                continue;
            }
            try {
                place = Optional.of(new Place(
                        generation.get(), EntryFile.open(generation.get().file())));
            } catch (FileNotFoundException deleted) {
                sequence = generation.get().lastSequence();
            }
        }
        return true;
    }

    private boolean canHold(Generation generation) {
        return !Instant.ofEpochMilli(generation.newestMs()).isBefore(query.from())
                && Instant.ofEpochMilli(generation.oldestMs()).isBefore(query.until());
    }

    @Override
    public void close() throws IOException {
        if (place.isPresent()) {
            place.get().file().close();
            place = Optional.empty();
        }
    }
}
