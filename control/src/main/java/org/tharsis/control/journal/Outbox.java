// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Changes of this node's own keys on their way to the tree. Of each key only the newest change waits, at its place in
 * the order; so what waits is bounded by the number of keys. Survives the process; after damage it may lack changes
 * or hold overtaken ones ({@link JournalDamage#stateMayBeOld}).
 *
 * <p>Any thread may call. The methods without {@code Synced} return before the change is on stable storage, and never
 * fail for lack of space: the change waits in memory then.
 */
public final class Outbox {
    /** The most keys that can wait; far more than a node owns. */
    public static final int KEYS_MAX = 100_000;

    private final JournalWriter writer;

    Outbox(JournalWriter writer) {
        this.writer = writer;
    }

    /**
     * Puts a value for a key.
     *
     * @return the change's number
     * @throws IllegalArgumentException when key and value together are more than 64 KiB
     * @throws IllegalStateException when {@link #KEYS_MAX} keys wait
     */
    public long put(String key, String value) {
        return change(key, Optional.of(value));
    }

    /** Puts that a key shall go. */
    public long remove(String key) {
        return change(key, Optional.empty());
    }

    /**
     * As {@link #put}, and returns when it is on stable storage: for what an action waits for.
     *
     * @throws IOException when it cannot be made durable; it is not in the outbox then
     */
    public long putSynced(String key, String value) throws IOException {
        writer.lock().lock();
        try {
            JournalEntry.OutboxChange change = nextChange(key, Optional.of(value));
            writer.writeSynced(change);
            return change.number();
        } finally {
            writer.lock().unlock();
        }
    }

    private long change(String key, Optional<String> value) {
        writer.lock().lock();
        try {
            JournalEntry.OutboxChange change = nextChange(key, value);
            writer.write(change, JournalWriter.Need.STATE);
            return change.number();
        } finally {
            writer.lock().unlock();
        }
    }

    private JournalEntry.OutboxChange nextChange(String key, Optional<String> value) {
        JournalState state = writer.state();
        if (state.outbox().size() >= KEYS_MAX && !state.outbox().containsKey(key)) {
            throw new IllegalStateException(KEYS_MAX + " keys wait in the outbox, and " + key + " would be one more");
        }
        return new JournalEntry.OutboxChange(
                state.nextOutboxNumber(), key, value, writer.now().toEpochMilli());
    }

    /** What is to be published, in this order. */
    public List<PendingChange> pending() {
        writer.lock().lock();
        try {
            return List.copyOf(writer.state().outbox().values());
        } finally {
            writer.lock().unlock();
        }
    }

    /** Marks all changes up to this number as published; what was changed again since goes on waiting. */
    public void published(long upTo) {
        writer.lock().lock();
        try {
            boolean any = writer.state().outbox().values().stream()
                    .findFirst()
                    .filter(oldest -> oldest.number() <= upTo)
                    .isPresent();
            if (any) {
                writer.write(new JournalEntry.OutboxPublished(upTo), JournalWriter.Need.STATE);
            }
        } finally {
            writer.lock().unlock();
        }
    }
}
