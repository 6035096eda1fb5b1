// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each entry its sequence number, writes it, and keeps the state. Begins a new generation at the start, with each
 * UTC day, when the file is large, and after a failed write; deletes what is too old or too much.
 *
 * <p>Any thread may call; one lock covers writing and state. A synced write holds it for the time of an fsync.
 */
final class JournalWriter implements Closeable {
    /** What an entry is worth when space runs out. */
    enum Need {
        /** Left out below the upper floor. */
        HISTORY,
        /** Left out below the lower floor; made good by a snapshot when there is space again. */
        STATE,
        /** Synced; an exception when it cannot be written. */
        GATE
    }

    private static final Logger LOG = LoggerFactory.getLogger(JournalWriter.class);
    /** A generation of up to this size is copied into the next one at a start, so that many starts make few files. */
    private static final long CARRY_BYTES_MAX = 1 << 20;
    /** Numbers that are left out after damage: more than what was lost can have used. */
    private static final long SEQUENCE_GAP = 1_000_000;

    private static final Duration RETRY_EVERY = Duration.ofSeconds(1);

    private final JournalOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition appended = lock.newCondition();
    private final List<Generation> generations;
    private final JournalState state;
    private Optional<GenerationWriter> writer = Optional.empty();
    private long newestNumber;
    private long beginningDay;
    private long beginningBytes;
    private Instant retryAt = Instant.EPOCH;
    private long certainSequence;
    private long lastSequence;
    private long leftOut;
    private Instant leftOutSince = Instant.EPOCH;
    private boolean stateLeftOut;
    /** Why the first write failed that was not followed by a good one; said once. */
    private Optional<String> failing = Optional.empty();

    private boolean closed;

    private JournalWriter(JournalOptions options, JournalLoader.Loaded loaded) {
        this.options = options;
        this.generations = new ArrayList<>(loaded.generations());
        this.state = loaded.state();
        this.newestNumber = loaded.newestNumber();
        this.certainSequence = loaded.lastSequence();
        this.lastSequence = loaded.stateMayBeOld() ? certainSequence + SEQUENCE_GAP : certainSequence;
    }

    /** Begins a generation after those that were loaded. With too little space it is begun later, when there is some. */
    static JournalWriter start(JournalOptions options, JournalLoader.Loaded loaded) throws IOException {
        JournalWriter writer = new JournalWriter(options, loaded);
        writer.lock.lock();
        try {
            if (options.freeSpace().usableBytes() >= options.gateFloorBytes()) {
                writer.beginOrSayWhyNot(loaded.stateMayBeOld() ? List.of() : writer.toCarry());
            } else {
                LOG.error(
                        "The journal in {} is read only for now: its filesystem has less than {} free. Make space.",
                        options.directory(),
                        megabytes(options.gateFloorBytes()));
            }
        } finally {
            writer.lock.unlock();
        }
        return writer;
    }

    private void beginOrSayWhyNot(List<StoredEntry> carried) {
        try {
            begin(carried);
        } catch (IOException failure) {
            sayFailure(failure);
        }
    }

    ReentrantLock lock() {
        return lock;
    }

    /** Under the lock only. */
    JournalState state() {
        return state;
    }

    JournalOptions options() {
        return options;
    }

    Instant now() {
        return Instant.ofEpochMilli(options.clock().millis());
    }

    /** Writes an entry and applies it to the state. What cannot be written is said in the log; state is kept in memory. */
    void write(JournalEntry entry, Need need) {
        lock.lock();
        try {
            append(entry, need);
        } catch (IOException failure) {
            sayFailure(failure);
            stateLeftOut = true;
            if (need == Need.HISTORY) {
                countLeftOut();
            }
            state.apply(entry);
        } finally {
            lock.unlock();
        }
    }

    /** Writes an entry, syncs it, and applies it to the state; after an exception it is not applied. */
    void writeSynced(JournalEntry entry) throws IOException {
        lock.lock();
        try {
            append(entry, Need.GATE);
        } catch (JournalFullException full) {
            throw full;
        } catch (IOException failure) {
            stateLeftOut = true;
            sayFailure(failure);
            throw failure;
        } finally {
            lock.unlock();
        }
    }

    private void append(JournalEntry entry, Need need) throws IOException {
        if (closed) {
            throw new IOException("the journal is closed");
        }
        long freeBytes = options.freeSpace().usableBytes();
        if (freeBytes < options.gateFloorBytes() && need == Need.GATE) {
            throw new JournalFullException("The journal in " + options.directory() + " cannot be written: less than "
                    + megabytes(options.gateFloorBytes()) + " are free on its filesystem. Make space.");
        }
        if (freeBytes < (need == Need.HISTORY ? options.historyFloorBytes() : options.gateFloorBytes())) {
            stateLeftOut |= need == Need.STATE;
            leaveOut();
            state.apply(entry);
            return;
        }
        rollIfDue();
        if (leftOut > 0 && freeBytes >= options.historyFloorBytes()) {
            sayLeftOut();
        }
        put(entry);
        if (need == Need.GATE) {
            syncCurrent();
        }
        state.apply(entry);
        failing = Optional.empty();
    }

    private void leaveOut() {
        if (leftOut == 0) {
            LOG.warn(
                    "The journal in {} leaves out history: there is too little space on its filesystem ({} are wanted).",
                    options.directory(),
                    megabytes(options.historyFloorBytes()));
        }
        countLeftOut();
    }

    private void countLeftOut() {
        if (leftOut == 0) {
            leftOutSince = now();
        }
        leftOut++;
    }

    private void sayLeftOut() throws IOException {
        String text = "Entries of the journal were left out since " + leftOutSince
                + ", because there was no space or writing failed: " + leftOut + ".";
        LOG.warn("{}", text);
        put(HistoryEntry.Event.ofNode("journal-gap", text));
        leftOut = 0;
    }

    private void sayFailure(IOException failure) {
        if (failing.isEmpty() && !closed) {
            failing = Optional.of(failure.toString());
            LOG.error(
                    "The journal in {} cannot be written ({}). It is tried again; until then history has a gap.",
                    options.directory(),
                    failure.toString());
            LOG.debug("The journal cannot be written.", failure);
        }
    }

    private void rollIfDue() throws IOException {
        if (writer.isEmpty() && now().isBefore(retryAt)) {
            throw new IOException("The journal in " + options.directory() + " could not be written a moment ago ("
                    + failing.orElse("no reason known") + ").");
        }
        if (writer.isEmpty()
                || stateLeftOut
                || day(now()) > beginningDay
                || writer.get().endOffset() > beginningBytes + options.rollBytes()) {
            retryAt = now().plus(RETRY_EVERY);
            begin(List.of());
        }
    }

    private static long day(Instant time) {
        return time.atOffset(ZoneOffset.UTC).toLocalDate().toEpochDay();
    }

    /** The newest generation, if it is small: what the next one shall begin with. */
    private List<StoredEntry> toCarry() throws IOException {
        List<StoredEntry> entries = new ArrayList<>();
        if (!generations.isEmpty()) {
            Generation newest = current();
            if (newest.bytes() <= Generation.OVERHEAD_BYTES + CARRY_BYTES_MAX) {
                try (EntryFile file = EntryFile.open(newest.file())) {
                    for (Optional<StoredEntry> next = file.next(); next.isPresent(); next = file.next()) {
                        entries.add(next.get());
                    }
                }
            }
        }
        return entries;
    }

    /**
     * Begins a generation: what is carried, the mark, and a snapshot; all synced before the one before may go.
     *
     * @param carried all entries of the generation before, which is deleted then; or none
     */
    private void begin(List<StoredEntry> carried) throws IOException {
        endCurrent();
        long number = ++newestNumber;
        GenerationDirectory directory =
                new GenerationDirectory(number, GenerationDirectory.pathOf(options.directory(), number), false);
        List<StoredEntry> entries = new ArrayList<>(carried);
        entries.add(next(new JournalEntry.Begin(number, certainSequence)));
        for (JournalEntry entry : state.snapshot()) {
            entries.add(next(entry));
        }
        take(directory, written(directory, entries), entries, carried);
    }

    /** Writes and syncs the beginning of a generation; leaves nothing behind when that fails. */
    private GenerationWriter written(GenerationDirectory directory, List<StoredEntry> entries) throws IOException {
        Optional<GenerationWriter> begun = Optional.empty();
        try {
            begun = Optional.of(GenerationWriter.begin(directory.path(), now(), entries.get(0)));
            for (StoredEntry entry : entries.subList(1, entries.size())) {
                begun.get().append(entry);
            }
            begun.get().sync();
            GenerationDirectory.markComplete(directory.path(), options.directory());
            return begun.get();
        } catch (IOException failure) {
            try {
                if (begun.isPresent()) {
                    begun.get().close();
                }
                directory.delete();
            } catch (IOException again) {
                failure.addSuppressed(again);
            }
            throw failure;
        }
    }

    private void take(
            GenerationDirectory directory, GenerationWriter begun, List<StoredEntry> entries, List<StoredEntry> carried)
            throws IOException {
        Path file = GenerationDirectory.queueFile(directory.path()).orElseThrow();
        StoredEntry first = entries.get(0);
        Generation generation =
                new Generation(directory, file, first.sequence(), first.sequence(), first.timeMs(), first.timeMs(), 0);
        for (StoredEntry entry : entries) {
            generation = generation.with(entry, begun.endOffset());
        }
        if (!carried.isEmpty()) {
            generations.remove(generations.size() - 1).directory().delete();
        }
        generations.add(generation);
        writer = Optional.of(begun);
        beginningDay = day(now());
        beginningBytes = begun.endOffset();
        certainSequence = lastSequence;
        stateLeftOut = false;
        appended.signalAll();
        prune();
    }

    private StoredEntry next(JournalEntry entry) {
        return new StoredEntry(++lastSequence, options.clock().millis(), entry);
    }

    /** Writes into the current generation, which is given up when that fails. */
    private void put(JournalEntry entry) throws IOException {
        GenerationWriter to = writer.orElseThrow();
        StoredEntry stored = new StoredEntry(lastSequence + 1, options.clock().millis(), entry);
        try {
            to.append(stored);
        } catch (IOException failure) {
            // Perhaps it was written all the same: its number is used.
            lastSequence++;
            giveUpCurrent();
            throw failure;
        }
        lastSequence++;
        certainSequence = lastSequence;
        generations.set(generations.size() - 1, current().with(stored, to.endOffset()));
        appended.signalAll();
    }

    private void syncCurrent() throws IOException {
        try {
            writer.orElseThrow().sync();
        } catch (IOException failure) {
            giveUpCurrent();
            throw failure;
        }
    }

    private void giveUpCurrent() {
        Optional<GenerationWriter> broken = writer;
        writer = Optional.empty();
        stateLeftOut = true;
        try {
            if (broken.isPresent()) {
                broken.get().close();
            }
        } catch (IOException again) {
            LOG.debug("The generation that failed cannot be closed.", again);
        }
    }

    private void endCurrent() throws IOException {
        if (writer.isPresent()) {
            put(new JournalEntry.End());
            syncCurrent();
            GenerationWriter ended = writer.get();
            writer = Optional.empty();
            ended.close();
        }
    }

    private Generation current() {
        return generations.get(generations.size() - 1);
    }

    /** Deletes generations from the oldest on, but never the newest: the state is in it. */
    private void prune() throws IOException {
        long oldestMs = now().minus(options.maxAge()).toEpochMilli();
        long bytes = generations.stream().mapToLong(Generation::bytes).sum();
        while (generations.size() > 1) {
            Generation oldest = generations.get(0);
            boolean tooOld = oldest.newestMs() < oldestMs;
            if (!tooOld && bytes + options.rollBytes() <= options.maxBytes()) {
                return;
            }
            oldest.directory().delete();
            bytes -= oldest.bytes();
            generations.remove(0);
        }
    }

    /** Sequence number of the newest entry that can be read. */
    long readableTo() {
        lock.lock();
        try {
            return certainSequence;
        } finally {
            lock.unlock();
        }
    }

    /** The first generation with entries behind a sequence number, as it is now. */
    Optional<Generation> generationBehind(long sequence) {
        lock.lock();
        try {
            return generations.stream()
                    .filter(each -> each.lastSequence() > sequence)
                    .findFirst();
        } finally {
            lock.unlock();
        }
    }

    /** Number of the newest generation. */
    long generation() {
        lock.lock();
        try {
            return newestNumber;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there are entries behind a sequence number; false when there are none in that time or ever. */
    boolean await(long sequence, Duration timeout) throws InterruptedException {
        long nanos = timeout.toNanos();
        lock.lock();
        try {
            while (certainSequence <= sequence && !closed) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = appended.awaitNanos(nanos);
            }
            return certainSequence > sequence;
        } finally {
            lock.unlock();
        }
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            if (!closed) {
                endCurrent();
            }
        } finally {
            closed = true;
            appended.signalAll();
            lock.unlock();
        }
    }
}
