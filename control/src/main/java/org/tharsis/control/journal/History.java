// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What happened on this node, as long as it is kept. Any thread may call. */
public final class History {
    private final JournalWriter writer;

    History(JournalWriter writer) {
        this.writer = writer;
    }

    /**
     * Writes an entry down, in order, not synced. Never fails for lack of space or a disk error: then the history has a
     * gap, which is written down itself as soon as it can.
     *
     * @throws IllegalArgumentException when the entry is larger than 64 KiB
     */
    public void record(HistoryEntry entry) {
        writer.write(entry, JournalWriter.Need.HISTORY);
    }

    /**
     * Returns when the entry is on stable storage.
     *
     * @throws JournalFullException when there is too little space
     * @throws IOException when it cannot be made durable; whether it will be found later is open
     */
    public void recordSynced(HistoryEntry entry) throws IOException {
        writer.writeSynced(entry);
    }

    /**
     * Gives all entries that are selected and written by now, in the order of writing. Reads files; memory is one entry.
     *
     * @throws JournalDamagedException at damage that has come since the journal was opened; what is before was given
     */
    public void forEach(HistoryQuery query, Consumer<Recorded> consumer) throws IOException {
        long until = writer.readableTo();
        try (HistoryCursor cursor = new HistoryCursor(writer, query, 0)) {
            Optional<Recorded> next = cursor.next();
            while (next.isPresent() && next.get().sequence() <= until) {
                consumer.accept(next.get());
                next = cursor.next();
            }
        }
    }

    /** The newest of those that are selected, at most so many, in the order of writing. */
    public List<Recorded> newest(HistoryQuery query, int limit) throws IOException {
        Deque<Recorded> kept = new ArrayDeque<>();
        forEach(query, recorded -> {
            kept.addLast(recorded);
            if (kept.size() > limit) {
                kept.removeFirst();
            }
        });
        return List.copyOf(kept);
    }

    /**
     * Follows what is written from now on.
     *
     * @param behind sequence number of the last entry that is known already, e.g. of {@link #newest}; or
     *     {@link #lastSequence}
     */
    public HistoryFollower follow(HistoryQuery query, long behind) {
        return new HistoryFollower(writer, new HistoryCursor(writer, query, behind));
    }

    /** Sequence number of the newest entry. */
    public long lastSequence() {
        return writer.readableTo();
    }

    /**
     * How far the replicas of a resource were behind at a time: of each the last sample before, unless it is so old that
     * sampling must have been off ({@link LagRecorder#REPEATED_EVERY}).
     */
    public List<Recorded> lagAt(Instant time, String resource) throws IOException {
        Duration lookBack = LagRecorder.REPEATED_EVERY.plus(LagRecorder.REPEATED_EVERY);
        HistoryQuery query = HistoryQuery.all()
                .ofKinds(HistoryEntry.LagSample.KIND)
                .ofResource(resource)
                .from(time.minus(lookBack))
                .until(time.plusMillis(1));
        Map<String, Recorded> newestOfReplica = new TreeMap<>();
        forEach(query, recorded -> {
            if (recorded.entry() instanceof HistoryEntry.LagSample sample) {
                newestOfReplica.put(sample.replica(), recorded);
            }
        });
        return new ArrayList<>(newestOfReplica.values());
    }
}
