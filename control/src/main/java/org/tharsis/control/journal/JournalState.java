// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the entries add up to: the outbox and the view. The same function makes it from a file at the start and keeps it
 * while running. Whoever has the journal's lock may touch it.
 */
final class JournalState {
    private final Map<String, PendingChange> outbox = new LinkedHashMap<>();
    private final TreeMap<String, Fact> view = new TreeMap<>();
    private Optional<Instant> confirmed = Optional.empty();
    private long outboxNumber;

    void apply(JournalEntry entry) {
        if (entry instanceof JournalEntry.OutboxChange change) {
            // Behind all others: the order is that of the newest change of each key.
            outbox.remove(change.key());
            outbox.put(
                    change.key(),
                    new PendingChange(
                            change.number(), change.key(), change.value(), Instant.ofEpochMilli(change.sinceMs())));
            outboxNumber = Math.max(outboxNumber, change.number());
        } else if (entry instanceof JournalEntry.OutboxPublished published) {
            dropPublished(published.number());
        } else if (entry instanceof JournalEntry.SnapshotBegin begin) {
            outboxNumber = Math.max(outboxNumber, begin.outboxNumber());
        } else if (entry instanceof JournalEntry.ViewSeen seen) {
            view.put(
                    seen.key(),
                    new Fact(seen.key(), seen.value(), seen.version(), Instant.ofEpochMilli(seen.seenMs())));
        } else if (entry instanceof JournalEntry.ViewGone gone) {
            view.remove(gone.key());
        } else if (entry instanceof JournalEntry.ViewConfirmed at) {
            confirmed = Optional.of(Instant.ofEpochMilli(at.atMs()));
        }
    }

    private void dropPublished(long upTo) {
        Iterator<PendingChange> changes = outbox.values().iterator();
        while (changes.hasNext() && changes.next().number() <= upTo) {
            changes.remove();
        }
    }

    /** The entries that make this state out of nothing, with the marks around them. */
    List<JournalEntry> snapshot() {
        List<JournalEntry> entries = new ArrayList<>();
        entries.add(new JournalEntry.SnapshotBegin(outboxNumber));
        for (PendingChange change : outbox.values()) {
            entries.add(new JournalEntry.OutboxChange(
                    change.number(),
                    change.key(),
                    change.value(),
                    change.since().toEpochMilli()));
        }
        for (Fact fact : view.values()) {
            entries.add(new JournalEntry.ViewSeen(
                    fact.key(), fact.value(), fact.version(), fact.seen().toEpochMilli()));
        }
        confirmed.ifPresent(at -> entries.add(new JournalEntry.ViewConfirmed(at.toEpochMilli())));
        entries.add(new JournalEntry.SnapshotEnd());
        return entries;
    }

    /** In the order in which they are to be published. */
    Map<String, PendingChange> outbox() {
        return outbox;
    }

    NavigableMap<String, Fact> view() {
        return view;
    }

    Optional<Instant> confirmed() {
        return confirmed;
    }

    long nextOutboxNumber() {
        return outboxNumber + 1;
    }
}
