// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.util.Map;
import java.util.Optional;

/** What an entry of the journal says. Which of them are for others to see is {@link HistoryEntry}. */
sealed interface JournalEntry
        permits HistoryEntry,
                JournalEntry.Begin,
                JournalEntry.SnapshotBegin,
                JournalEntry.SnapshotEnd,
                JournalEntry.End,
                JournalEntry.OutboxChange,
                JournalEntry.OutboxPublished,
                JournalEntry.ViewSeen,
                JournalEntry.ViewGone,
                JournalEntry.ViewConfirmed,
                JournalEntry.Unknown {
    /** First of a generation: its number, and the last sequence number that the one before certainly has. */
    record Begin(long generation, long previousSequence) implements JournalEntry {}

    /** From here to {@link SnapshotEnd} stands all of the state: what was before is not needed for it. */
    record SnapshotBegin(long outboxNumber) implements JournalEntry {}

    record SnapshotEnd() implements JournalEntry {}

    /** The last of a generation that was ended in order. */
    record End() implements JournalEntry {}

    /** A key of this node shall get a value, or go (empty). Numbers rise with each change. */
    record OutboxChange(long number, String key, Optional<String> value, long sinceMs) implements JournalEntry {}

    /** All changes up to this number have reached the tree. */
    record OutboxPublished(long number) implements JournalEntry {}

    record ViewSeen(String key, String value, int version, long seenMs) implements JournalEntry {}

    record ViewGone(String key) implements JournalEntry {}

    /** The whole view was true at this time. */
    record ViewConfirmed(long atMs) implements JournalEntry {}

    /** Of a newer version of this program; passed over. */
    record Unknown(String type, Map<String, String> fields) implements JournalEntry {}
}
