// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all of a journal when it is opened: verifies every entry, sets aside what is damaged, and adds up the state.
 *
 * <p>A generation is good up to its first damage. Those behind it are good again, because each begins with a snapshot.
 */
final class JournalLoader {
    private static final Logger LOG = LoggerFactory.getLogger(JournalLoader.class);

    private final List<Found> found = new ArrayList<>();
    private long newestNumber;

    /**
     * What a journal holds.
     *
     * @param generations those with entries, oldest first
     * @param damages found now, or still of importance for the state
     * @param newestNumber of the newest generation ever seen, with entries or not; 0 when there is none
     */
    record Loaded(List<Generation> generations, List<JournalDamage> damages, JournalState state, long newestNumber) {
        /** Whether the newest generation is damaged. */
        boolean stateMayBeOld() {
            return damages.stream().anyMatch(JournalDamage::stateMayBeOld);
        }

        long lastSequence() {
            return generations.isEmpty()
                    ? 0
                    : generations.get(generations.size() - 1).lastSequence();
        }
    }

    /** A generation on the way through the loader; damage is empty when it is good or was reported before. */
    private record Found(GenerationDirectory directory, GenerationScan scan, Optional<String> newDamage) {
        boolean isGood() {
            return !directory.damaged() && newDamage.isEmpty();
        }

        Found damaged(String what) {
            return new Found(directory, scan, Optional.of(what));
        }
    }

    static Loaded load(Path journal) throws IOException {
        JournalLoader loader = new JournalLoader();
        for (GenerationDirectory directory : GenerationDirectory.list(journal)) {
            loader.newestNumber = directory.number();
            loader.scan(directory);
        }
        return loader.result();
    }

    private void scan(GenerationDirectory directory) throws IOException {
        if (!directory.complete()) {
            LOG.info(
                    "Generation {} of the journal was only being begun; the one before it holds all.",
                    directory.path());
            directory.delete();
            return;
        }
        GenerationScan scan = GenerationScan.of(directory.path());
        if (!found.isEmpty() && scan.holdsAllOf(last().scan)) {
            // It was carried over into this one, and the process ended before it was deleted.
            last().directory.delete();
            found.remove(found.size() - 1);
        }
        if (!found.isEmpty() && last().isGood() && last().scan.lastSequence() < scan.previousSequence()) {
            Found cut = last().damaged(last().directory.path() + ": its end is missing, from entry "
                    + (last().scan.lastSequence() + 1) + " to " + scan.previousSequence());
            found.set(found.size() - 1, cut);
        }
        found.add(new Found(directory, scan, directory.damaged() ? Optional.empty() : scan.damage()));
    }

    private Found last() {
        return found.get(found.size() - 1);
    }

    private Loaded result() throws IOException {
        List<Generation> generations = new ArrayList<>();
        List<JournalDamage> damages = new ArrayList<>();
        JournalState state = new JournalState();
        boolean newestIsBad = false;
        long lastSequence = 0;
        for (Found each : found) {
            GenerationDirectory kept = each.directory;
            newestIsBad = !each.isGood();
            if (each.newDamage.isPresent()) {
                kept = kept.renamedAsDamaged();
                damages.add(new JournalDamage(kept.path(), each.scan.lastSequence(), false, each.newDamage.get()));
            } else if (!newestIsBad) {
                cutOffTornEnd(each.scan);
            }
            if (each.scan.lastSequence() > lastSequence) {
                lastSequence = each.scan.lastSequence();
                state = each.scan.state().orElse(state);
                each.scan.generation(kept, sizeOfFile(kept)).ifPresent(generations::add);
            }
        }
        return new Loaded(generations, newestIsBad ? withOldState(damages) : damages, state, newestNumber);
    }

    /** The newest damage is that behind which nothing good came: also when it was found by an earlier start. */
    private List<JournalDamage> withOldState(List<JournalDamage> damages) {
        Found newest = last();
        List<JournalDamage> marked = new ArrayList<>(damages);
        if (newest.newDamage.isPresent()) {
            JournalDamage damage = marked.remove(marked.size() - 1);
            marked.add(new JournalDamage(damage.kept(), damage.lastGoodSequence(), true, damage.what()));
        } else {
            marked.add(new JournalDamage(
                    newest.directory.path(),
                    newest.scan.lastSequence(),
                    true,
                    newest.scan.damage().orElse("its end is missing")));
        }
        return marked;
    }

    private static long sizeOfFile(GenerationDirectory directory) throws IOException {
        Optional<Path> file = GenerationDirectory.queueFile(directory.path());
        return file.isPresent() ? Files.size(file.get()) : 0;
    }

    /** What stands behind the last entry of a good file is space that was allocated for more, or half an entry. */
    private static void cutOffTornEnd(GenerationScan scan) throws IOException {
        if (scan.file().isPresent()) {
            try (RandomAccessFile file = new RandomAccessFile(scan.file().get().toFile(), "rw")) {
                if (file.length() > scan.endOffset()) {
                    file.setLength(scan.endOffset());
                }
            }
        }
    }
}
