// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import org.tharsis.control.journal.HistoryEntry.Event;

/**
 * Damages the files of a journal as they are after kill -9, at random places, and opens it. The journal is copied from
 * three generations of which the last is being written. {@code -Djournal.seeds=N} tries more places.
 */
class JournalDamageTest {
    private static final int PAGE_BYTES = 4096;

    @TempDir
    private static Path original;

    /** The history as it was written, by sequence number; and where each entry ends in its file. */
    private static final Map<Long, Recorded> WRITTEN = new TreeMap<>();

    private static final Map<Long, Long> END_OFFSETS = new HashMap<>();
    private static final List<GenerationDirectory> GENERATIONS = new ArrayList<>();

    @TempDir
    private Path directory;

    @BeforeAll
    static void keepExpectedErrorsOutOfTheLog() {
        setLevel(Level.OFF);
    }

    @AfterAll
    static void logAgain() {
        setLevel(Level.WARN);
    }

    private static void setLevel(Level level) {
        ((Logger) LoggerFactory.getLogger(Journal.class)).setLevel(level);
    }

    @BeforeAll
    static void writeTheOriginal(@TempDir Path live) throws IOException {
        Machine machine = new Machine(live);
        try (Journal journal = machine.open()) {
            for (int day = 0; day < 3; day++) {
                for (int i = 0; i < 400; i++) {
                    journal.history().record(Event.of("tick", "vol0", day + "/" + i + " " + "x".repeat(i % 90)));
                    journal.view().seen("role", day + "/" + i, i);
                    journal.outbox().put("own/" + i % 7, day + "/" + i);
                }
                if (day < 2) {
                    machine.pass(Duration.ofDays(1));
                }
            }
            copy(live, original);
        }
        for (GenerationDirectory generation : GenerationDirectory.list(original.resolve("journal"))) {
            GENERATIONS.add(generation);
            readAll(generation);
        }
        assertThat(GENERATIONS).hasSize(3);
        assertThat(WRITTEN).hasSize(1200);
    }

    private static void readAll(GenerationDirectory generation) throws IOException {
        try (EntryFile file = EntryFile.open(fileOf(generation))) {
            for (Optional<StoredEntry> next = file.next(); next.isPresent(); next = file.next()) {
                END_OFFSETS.put(next.get().sequence(), file.offset());
                if (next.get().entry() instanceof HistoryEntry entry) {
                    long sequence = next.get().sequence();
                    WRITTEN.put(
                            sequence,
                            new Recorded(
                                    sequence, Instant.ofEpochMilli(next.get().timeMs()), entry));
                }
            }
        }
    }

    private static Path fileOf(GenerationDirectory generation) throws IOException {
        return GenerationDirectory.queueFile(generation.path()).orElseThrow();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Path target = to.resolve(from.relativize(each).toString());
                if (Files.isDirectory(each)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(each, target);
                }
            }
        }
    }

    /** A way to damage a file at a place. */
    private enum Harm {
        ZEROED_PAGE {
            @Override
            void apply(RandomAccessFile file, long at, Random random) throws IOException {
                file.seek(at / PAGE_BYTES * PAGE_BYTES);
                file.write(new byte[PAGE_BYTES]);
            }
        },
        GARBAGE {
            @Override
            void apply(RandomAccessFile file, long at, Random random) throws IOException {
                byte[] bytes = new byte[1 + random.nextInt(3 * PAGE_BYTES)];
                random.nextBytes(bytes);
                file.seek(at);
                file.write(bytes);
            }
        },
        FLIPPED_BIT {
            @Override
            void apply(RandomAccessFile file, long at, Random random) throws IOException {
                file.seek(at);
                int value = file.read();
                file.seek(at);
                file.write(value ^ (1 << random.nextInt(8)));
            }
        },
        CUT_OFF {
            @Override
            void apply(RandomAccessFile file, long at, Random random) throws IOException {
                file.setLength(at);
            }
        },
        ZEROES_TO_THE_END {
            @Override
            void apply(RandomAccessFile file, long at, Random random) throws IOException {
                long length = file.length();
                file.setLength(at);
                file.setLength(length);
            }
        };

        abstract void apply(RandomAccessFile file, long at, Random random) throws IOException;

        /** The first byte that may differ. */
        long begin(long at) {
            return this == ZEROED_PAGE ? at / PAGE_BYTES * PAGE_BYTES : at;
        }

        /** Whether it cannot be told from an end behind which nothing was ever written. */
        boolean looksLikeAnEnd() {
            return this == CUT_OFF || this == ZEROES_TO_THE_END;
        }
    }

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Long.getLong("journal.seeds", 20));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatIsBeforeTheDamageIsReadAndNothingElseThanWhatWasWritten(long seed) throws IOException {
        Random random = new Random(seed);
        copy(original, directory);
        Harm harm = Harm.values()[(int) (seed % Harm.values().length)];
        int index = random.nextInt(GENERATIONS.size());
        GenerationDirectory harmed = GENERATIONS.get(index);
        Path file = directory.resolve(original.relativize(fileOf(harmed)).toString());
        long dataEnd = endOf(harmed);
        long at = seed % 4 == 0 ? random.nextLong(dataEnd) : random.nextLong(dataEnd / 2, dataEnd);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            harm.apply(bytes, at, random);
        }
        String what = "seed " + seed + ": " + harm + " at byte " + at + " of " + dataEnd + " of generation "
                + harmed.number();
        byte[] harmedBytes = Files.readAllBytes(file);

        Machine machine = new Machine(directory);
        machine.pass(Duration.ofDays(2));
        try (Journal journal = machine.open()) {
            List<Recorded> read = journal.history().newest(HistoryQuery.all().ofKinds("tick"), 10_000);
            assertThat(WRITTEN.values()).as(what).containsAll(read);
            assertThat(read).as(what).containsAll(certainlyGood(harmed, harm.begin(at)));
            boolean newest = index == GENERATIONS.size() - 1;
            if (read.size() < WRITTEN.size() && !(newest && harm.looksLikeAnEnd())) {
                assertThat(journal.damages()).as(what).hasSize(1);
                assertThat(journal.stateMayBeOld()).as(what).isEqualTo(newest);
                assertThat(Files.readAllBytes(fileIn(journal.damages().get(0).kept())))
                        .as(what)
                        .isEqualTo(harmedBytes);
                assertThat(journal.history().newest(HistoryQuery.all().ofKinds(Journal.DAMAGE_EVENT), 2))
                        .as(what)
                        .hasSize(1);
            }
            if (!newest) {
                assertThat(journal.view().find("role").orElseThrow().value())
                        .as(what)
                        .isEqualTo("2/399");
                assertThat(journal.outbox().pending()).as(what).hasSize(7);
            }
            journal.outbox().putSynced("own/new", "1");
            assertThat(journal.generation()).as(what).isEqualTo(GENERATIONS.size() + 1);
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.damages()).as(what).isEmpty();
            assertThat(journal.outbox().pending())
                    .as(what)
                    .extracting(PendingChange::key)
                    .contains("own/new");
            assertThat(journal.history().newest(HistoryQuery.all().ofKinds("tick"), 10_000))
                    .as(what)
                    .containsAll(certainlyGood(harmed, harm.begin(at)));
        }
    }

    private static Path fileIn(Path kept) throws IOException {
        return GenerationDirectory.queueFile(kept).orElseThrow();
    }

    private static long endOf(GenerationDirectory generation) throws IOException {
        try (EntryFile file = EntryFile.open(fileOf(generation))) {
            while (file.next().isPresent()) {
                // to the end
            }
            return file.offset();
        }
    }

    /** All of the other generations, and what ends before the damage in this one. */
    private static List<Recorded> certainlyGood(GenerationDirectory harmed, long from) throws IOException {
        long first;
        long last;
        try (EntryFile file = EntryFile.open(fileOf(harmed))) {
            first = file.next().orElseThrow().sequence();
            while (file.next().isPresent()) {
                // to the end
            }
            last = file.sequence();
        }
        return WRITTEN.values().stream()
                .filter(each -> each.sequence() < first
                        || each.sequence() > last
                        || END_OFFSETS.getOrDefault(each.sequence(), Long.MAX_VALUE) <= from)
                .toList();
    }

    @Test
    void afterKillNothingIsMissingAndNothingIsCalledDamaged() throws IOException {
        copy(original, directory);
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(journal.history().newest(HistoryQuery.all().ofKinds("tick"), 10_000))
                    .isEqualTo(List.copyOf(WRITTEN.values()));
            assertThat(journal.view().find("role").orElseThrow().value()).isEqualTo("2/399");
        }
    }

    @Test
    void whatTheQueueKeepsBesideTheEntriesDoesNotMatter() throws IOException {
        copy(original, directory);
        for (GenerationDirectory generation : GenerationDirectory.list(directory.resolve("journal"))) {
            Files.write(generation.path().resolve("metadata.cq4t"), new byte[] {1, 2, 3});
        }
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(journal.history().newest(HistoryQuery.all(), 10_000)).hasSize(1200);
        }
    }

    @Test
    void aFileThatIsGoneIsDamage() throws IOException {
        copy(original, directory);
        GenerationDirectory newest = GENERATIONS.get(2);
        Files.delete(directory.resolve(original.relativize(fileOf(newest)).toString()));
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.stateMayBeOld()).isTrue();
            assertThat(journal.generation()).isEqualTo(4);
            assertThat(journal.view().find("role").orElseThrow().value()).isEqualTo("1/399");
            assertThat(journal.history().newest(HistoryQuery.all().ofKinds("tick"), 10_000))
                    .hasSize(800);
        }
    }

    @Test
    void aGenerationThatWasOnlyBeingBegunIsLeftOut() throws IOException {
        copy(original, directory);
        Path begun = directory.resolve("journal").resolve("4");
        Files.createDirectory(begun);
        Files.write(begun.resolve("20260303.cq4"), new byte[5000]);
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(journal.view().find("role").orElseThrow().value()).isEqualTo("2/399");
        }
    }

    @Test
    void aGenerationThatWasCarriedOverButNotDeletedIsNotReadTwice() throws IOException {
        copy(original, directory);
        Path journalDirectory = directory.resolve("journal");
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.generation()).isEqualTo(4);
        }
        assertThat(journalDirectory.resolve("3")).doesNotExist();
        copy(GENERATIONS.get(2).path(), journalDirectory.resolve("3"));
        try (Journal journal = new Machine(directory).open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(journal.history().newest(HistoryQuery.all().ofKinds("tick"), 10_000))
                    .isEqualTo(List.copyOf(WRITTEN.values()));
            assertThat(journalDirectory.resolve("3")).doesNotExist();
        }
    }

    @Test
    void damageThatComesWhileTheJournalIsOpenEndsAQueryWithAnException() throws IOException {
        copy(original, directory);
        try (Journal journal = new Machine(directory).open()) {
            Path file = fileIn(directory.resolve("journal").resolve("2"));
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                Harm.ZEROED_PAGE.apply(bytes, bytes.length() - 2 * PAGE_BYTES, new Random(0));
            }
            List<Recorded> read = new ArrayList<>();
            Optional<IOException> failure = Optional.empty();
            try {
                journal.history().forEach(HistoryQuery.all(), read::add);
            } catch (JournalDamagedException expected) {
                failure = Optional.of(expected);
            }
            assertThat(failure).isPresent();
            assertThat(failure.get()).hasMessageContaining(file.toString());
            assertThat(read).hasSizeBetween(401, 799);
            assertThat(WRITTEN.values()).containsAll(read);
        }
    }
}
