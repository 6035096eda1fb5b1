// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.journal.HistoryEntry.Event;

class JournalSpaceTest {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    @TempDir
    private Path directory;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = new Machine(directory);
    }

    private static List<String> texts(Journal journal) throws IOException {
        return journal.history().newest(HistoryQuery.all(), 100_000).stream()
                .map(recorded -> recorded.entry().text())
                .toList();
    }

    private long sizeOnDisk() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void theOldestGenerationsGoWhenTheJournalIsTooLarge() throws IOException {
        long limit = MIB;
        try (Journal journal = Journal.open(machine.options().keeping(limit, 50 * KIB, Duration.ofDays(90)))) {
            for (int i = 0; i < 3_000; i++) {
                journal.history().record(Event.ofNode("tick", i + " " + "x".repeat(100)));
            }
            List<String> kept = texts(journal);
            assertThat(kept.get(kept.size() - 1)).startsWith("2999 ");
            int first = Integer.parseInt(kept.get(0).substring(0, kept.get(0).indexOf(' ')));
            assertThat(first).isGreaterThan(100);
            assertThat(kept).hasSize(3_000 - first);
        }
        assertThat(sizeOnDisk()).isLessThan(limit + MIB);
    }

    @Test
    void whatIsTooOldGoesAndTheNewestGenerationStays() throws IOException {
        JournalOptions month = machine.options().keeping(100 * MIB, MIB, Duration.ofDays(30));
        try (Journal journal = Journal.open(month)) {
            for (int day = 0; day < 45; day++) {
                journal.history().record(Event.ofNode("tick", "day " + day));
                machine.pass(Duration.ofDays(1));
            }
            assertThat(texts(journal)).startsWith("day 13", "day 14").endsWith("day 43", "day 44");
            journal.outbox().put("own", "1");
        }
        machine.pass(Duration.ofDays(365));
        try (Journal journal = Journal.open(month)) {
            assertThat(journal.outbox().pending()).hasSize(1);
        }
    }

    @Test
    void manyStartsMakeFewFiles() throws IOException {
        for (int start = 0; start < 15; start++) {
            try (Journal journal = machine.open()) {
                journal.history().record(Event.ofNode("start", "number " + start));
            }
        }
        assertThat(GenerationDirectory.list(machine.options().directory())).hasSize(1);
        try (Journal journal = machine.open()) {
            assertThat(texts(journal)).hasSize(15).startsWith("number 0").endsWith("number 14");
        }
    }

    @Test
    void belowTheUpperFloorHistoryIsLeftOutAndSaidLaterWhileStateIsWritten() throws IOException {
        try (Journal journal = machine.open()) {
            machine.leaveFree(63 * MIB);
            journal.history().record(Event.ofNode("tick", "left out"));
            journal.history().record(Event.ofNode("tick", "left out"));
            journal.outbox().put("a", "1");
            journal.history().recordSynced(Event.ofNode("gate", "written"));
            machine.leaveFree(65 * MIB);
            journal.history().record(Event.ofNode("tick", "again"));
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.outbox().pending()).hasSize(1);
            List<String> texts = texts(journal);
            assertThat(texts).hasSize(3).startsWith("written").endsWith("again");
            assertThat(texts.get(1))
                    .startsWith("Entries of the journal were left out since 2026-03-01T10:00:00Z")
                    .endsWith(": 2.");
        }
    }

    @Test
    void belowTheLowerFloorGatesAreRefusedAndStateIsKeptInMemoryUntilThereIsSpace() throws IOException {
        try (Journal journal = machine.open()) {
            machine.leaveFree(15 * MIB);
            journal.outbox().put("a", "1");
            journal.view().seen("b", "1", 0);
            assertThatThrownBy(() -> journal.outbox().putSynced("c", "1"))
                    .isInstanceOf(JournalFullException.class)
                    .hasMessageContaining("less than 16 MiB are free")
                    .hasMessageContaining(directory.toString());
            assertThat(journal.outbox().pending())
                    .extracting(PendingChange::key)
                    .containsExactly("a");
            machine.leaveFree(MIB << 10);
            journal.outbox().putSynced("d", "1");
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.outbox().pending())
                    .extracting(PendingChange::key)
                    .containsExactly("a", "d");
            assertThat(journal.view().find("b")).isPresent();
        }
    }

    @Test
    void itOpensWithoutSpaceGivesWhatItHasAndIsWrittenWhenThereIsSome() throws IOException {
        try (Journal journal = machine.open()) {
            journal.view().seen("a", "1", 0);
        }
        machine.leaveFree(0);
        try (Journal journal = machine.open()) {
            assertThat(journal.view().find("a")).isPresent();
            journal.view().seen("b", "1", 0);
            machine.leaveFree(MIB << 10);
            journal.view().seen("c", "1", 0);
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.view().facts().keySet()).containsExactly("a", "b", "c");
        }
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsSaidAndTriedAgain() throws IOException {
        try (Journal journal = machine.open()) {
            long next = journal.generation() + 1;
            Path inTheWay = Files.createFile(machine.options().directory().resolve(Long.toString(next)));
            machine.pass(Duration.ofDays(1));
            assertThatThrownBy(() -> journal.outbox().putSynced("a", "1")).isInstanceOf(IOException.class);
            Files.delete(inTheWay);
            machine.pass(Duration.ofSeconds(2));
            journal.outbox().putSynced("b", "1");
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(journal.outbox().pending())
                    .extracting(PendingChange::key)
                    .containsExactly("b");
        }
    }
}
