// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's journal. Open it once, before anything that writes to it; close it last. Any thread may call.
 *
 * <p>See {@code docs/journal.md} for the files.
 */
public final class Journal implements Closeable {
    /** Kind of the event that tells of damage. */
    public static final String DAMAGE_EVENT = "journal-damage";

    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    private final JournalLock lock;
    private final JournalWriter writer;
    private final List<JournalDamage> damages;
    private final Outbox outbox;
    private final ClusterView view;
    private final History history;

    private Journal(JournalLock lock, JournalWriter writer, List<JournalDamage> damages) {
        this.lock = lock;
        this.writer = writer;
        this.damages = List.copyOf(damages);
        this.outbox = new Outbox(writer);
        this.view = new ClusterView(writer);
        this.history = new History(writer);
    }

    /**
     * Opens a journal, or makes one. Reads and verifies all of it; what is damaged is set aside and told: in the log, as
     * an event, and by {@link #damages}. With too little space it opens all the same, and is written later.
     *
     * @throws JournalInUseException when somebody has it open
     */
    public static Journal open(JournalOptions options) throws IOException {
        Files.createDirectories(options.directory());
        JournalLock lock = JournalLock.take(options.directory());
        try {
            JournalLoader.Loaded loaded = JournalLoader.load(options.directory());
            JournalWriter writer = JournalWriter.start(options, loaded);
            Journal journal = new Journal(lock, writer, loaded.damages());
            journal.damages.forEach(journal::tell);
            return journal;
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw failure;
        }
    }

    private void tell(JournalDamage damage) {
        String text = "The journal was damaged (" + damage.what() + "). What is good of it, up to entry "
                + damage.lastGoodSequence() + ", is used; the damaged file is kept in " + damage.kept() + "."
                + (damage.stateMayBeOld()
                        ? " Changes of the last time before this start may be missing; the daemon makes them anew from"
                                + " the driver."
                        : "");
        LOG.error("{}", text);
        history.record(new HistoryEntry.Event(
                DAMAGE_EVENT,
                Optional.empty(),
                text,
                Map.of("kept", damage.kept().toString(), "last-good", Long.toString(damage.lastGoodSequence()))));
    }

    /** Changes of this node's own keys that the tree has not got yet. */
    public Outbox outbox() {
        return outbox;
    }

    /** The tree as it was last seen. */
    public ClusterView view() {
        return view;
    }

    public History history() {
        return history;
    }

    /** What was found when the journal was opened; empty when all was good. */
    public List<JournalDamage> damages() {
        return damages;
    }

    /** Whether outbox and view may be those of some time before the last stop ({@link JournalDamage#stateMayBeOld}). */
    public boolean stateMayBeOld() {
        return damages.stream().anyMatch(JournalDamage::stateMayBeOld);
    }

    /** Number of the generation that is being written; rises with each start. */
    public long generation() {
        return writer.generation();
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            writer.close();
        }
    }
}
