// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutboxTest {
    @TempDir
    private Path directory;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = new Machine(directory);
    }

    private static List<String> keysAndValues(Outbox outbox) {
        return outbox.pending().stream()
                .map(change -> change.key() + "=" + change.value().orElse("(gone)"))
                .toList();
    }

    @Test
    void ofEachKeyTheNewestValueWaitsInTheOrderOfTheNewestChanges() throws IOException {
        try (Journal journal = machine.open()) {
            Outbox outbox = journal.outbox();
            outbox.put("a", "1");
            outbox.put("b", "1");
            outbox.put("a", "2");
            outbox.remove("c");
            assertThat(keysAndValues(outbox)).containsExactly("b=1", "a=2", "c=(gone)");
        }
    }

    @Test
    void whatWasNotPublishedWaitsAgainAfterARestart() throws IOException {
        try (Journal journal = machine.open()) {
            Outbox outbox = journal.outbox();
            long first = outbox.put("a", "1");
            outbox.putSynced("b", "1");
            outbox.remove("c");
            outbox.published(first);
        }
        try (Journal journal = machine.open()) {
            assertThat(keysAndValues(journal.outbox())).containsExactly("b=1", "c=(gone)");
        }
    }

    @Test
    void aChangeThatCameWhileTheOneBeforeWasBeingPublishedGoesOnWaiting() throws IOException {
        try (Journal journal = machine.open()) {
            Outbox outbox = journal.outbox();
            outbox.put("a", "1");
            List<PendingChange> sent = outbox.pending();
            outbox.put("a", "2");
            outbox.published(sent.get(0).number());
            assertThat(keysAndValues(outbox)).containsExactly("a=2");
        }
    }

    @Test
    void numbersRiseOverRestartsAlsoWhenNothingWaits() throws IOException {
        long before;
        try (Journal journal = machine.open()) {
            before = journal.outbox().put("a", "1");
            journal.outbox().published(before);
        }
        for (int restart = 0; restart < 3; restart++) {
            try (Journal journal = machine.open()) {
                assertThat(journal.outbox().pending()).isEmpty();
            }
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.outbox().put("a", "1")).isGreaterThan(before);
        }
    }

    @Test
    void aChangeThatIsTooLargeIsRefusedAndTheJournalGoesOn() throws IOException {
        try (Journal journal = machine.open()) {
            assertThatThrownBy(() -> journal.outbox().put("a", "x".repeat(70_000)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("65536");
            journal.outbox().put("b", "1");
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.damages()).isEmpty();
            assertThat(keysAndValues(journal.outbox())).containsExactly("b=1");
        }
    }

    @Test
    void theLargestChangeIsReadAsItWasWritten() throws IOException {
        String value = "x".repeat(EntryCodec.ENTRY_BYTES_MAX - 200);
        try (Journal journal = machine.open()) {
            for (int i = 0; i < 20; i++) {
                journal.outbox().put("key " + i, value);
            }
        }
        try (Journal journal = machine.open()) {
            assertThat(journal.outbox().pending())
                    .hasSize(20)
                    .allSatisfy(change -> assertThat(change.value()).contains(value));
        }
    }

    @Test
    void anInterruptedThreadWritesAndStaysInterrupted() throws IOException {
        try (Journal journal = machine.open()) {
            Thread.currentThread().interrupt();
            journal.outbox().putSynced("a", "1");
            assertThat(Thread.interrupted()).isTrue();
            journal.outbox().put("b", "1");
        }
        try (Journal journal = machine.open()) {
            assertThat(keysAndValues(journal.outbox())).containsExactly("a=1", "b=1");
            assertThat(journal.outbox().pending().get(0).value()).isEqualTo(Optional.of("1"));
        }
    }
}
