// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterViewTest {
    @TempDir
    private Path directory;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = new Machine(directory);
    }

    @Test
    void whatWasSeenIsThereAfterARestartWithItsVersionAndTime() throws IOException {
        try (Journal journal = machine.open()) {
            journal.view().seen("resources/vol0/role", "1 a primary", 4);
            machine.pass(Duration.ofMinutes(1));
            journal.view().seen("resources/vol0/role", "1 a primary", 4);
            journal.view().seen("resources/vol1/role", "1 b primary", 0);
            journal.view().seen("resources/vol2/role", "1 c primary", 0);
            journal.view().gone("resources/vol2/role");
        }
        try (Journal journal = machine.open()) {
            Fact vol0 = new Fact("resources/vol0/role", "1 a primary", 4, Machine.START);
            Fact vol1 = new Fact("resources/vol1/role", "1 b primary", 0, Machine.START.plusSeconds(60));
            assertThat(journal.view().facts().values()).containsExactly(vol0, vol1);
            assertThat(journal.view().under("resources/vol1/")).containsExactly(vol1);
            assertThat(journal.view().find("resources/vol2/role")).isEmpty();
        }
    }

    @Test
    void theWholeTreeReplacesWhatWasSeenBefore() throws IOException {
        try (Journal journal = machine.open()) {
            journal.view().seen("a", "1", 0);
            journal.view().seen("b", "1", 0);
            journal.view().seenAll(Map.of("b", new ClusterView.Value("2", 1), "c", new ClusterView.Value("1", 0)));
            assertThat(journal.view().facts().keySet()).containsExactly("b", "c");
            assertThat(journal.view().age()).contains(Duration.ZERO);
        }
    }

    @Test
    void itsAgeCountsFromTheLastTimeItWasKnownToBeTrueAlsoOverARestart() throws IOException {
        try (Journal journal = machine.open()) {
            assertThat(journal.view().age()).isEqualTo(Optional.empty());
            for (int second = 0; second < 150; second++) {
                journal.view().confirmed();
                machine.pass(Duration.ofSeconds(1));
            }
            machine.pass(Duration.ofSeconds(9));
            assertThat(journal.view().age()).contains(Duration.ofSeconds(10));
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.view().age().orElseThrow())
                    .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(10).plus(ClusterView.CONFIRMED_EVERY));
        }
        machine.pass(Duration.ofDays(-1));
        try (Journal journal = machine.open()) {
            assertThat(journal.view().age()).contains(Duration.ZERO);
        }
    }

    @Test
    void aValueThatDoesNotChangeCostsNothing() throws IOException {
        try (Journal journal = machine.open()) {
            journal.view().seen("a", "1", 0);
            long before = journal.history().lastSequence();
            for (int i = 0; i < 100; i++) {
                journal.view().seen("a", "1", 0);
            }
            assertThat(journal.history().lastSequence()).isEqualTo(before);
        }
    }

    @Test
    void itLivesInEachNewGenerationSoThatOldOnesCanBeDropped() throws IOException {
        JournalOptions small = machine.options().keeping(600 << 10, 20 << 10, Duration.ofDays(90));
        try (Journal journal = Journal.open(small)) {
            journal.view().seen("a", "first", 0);
            journal.outbox().put("own", "first");
            long begun = journal.generation();
            for (int i = 0; i < 4000; i++) {
                journal.view().seen("b", "value " + i, i);
            }
            assertThat(journal.generation()).isGreaterThan(begun + 5);
            assertThat(GenerationDirectory.list(small.directory()))
                    .extracting(GenerationDirectory::number)
                    .doesNotContain(begun);
        }
        try (Journal journal = Journal.open(small)) {
            assertThat(journal.view().find("a").orElseThrow().value()).isEqualTo("first");
            assertThat(journal.view().find("b").orElseThrow().value()).isEqualTo("value 3999");
            assertThat(journal.outbox().pending())
                    .extracting(PendingChange::key)
                    .isEqualTo(List.of("own"));
        }
    }
}
