// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class JournalProcessTest {
    @TempDir
    private Path directory;

    @Test
    void whatWasSyncedIsThereAfterKillAndAnotherProcessMayNotOpenItBefore() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long last = 0;
        for (int round = 0; round < 3; round++) {
            try (JournalProcess process = JournalProcess.start(directory)) {
                for (int i = random.nextInt(1, 150); i > 0; i--) {
                    last = process.nextNumber();
                }
                assertThatThrownBy(() -> Journal.open(JournalOptions.of(directory)))
                        .isInstanceOf(JournalInUseException.class)
                        .hasMessageContaining(" in use by process " + process.pid());
                last = process.kill(last);
            }
            try (Journal journal = Journal.open(JournalOptions.of(directory))) {
                List<PendingChange> pending = journal.outbox().pending();
                assertThat(pending).as("seed " + seed).isNotEmpty();
                assertThat(pending.get(pending.size() - 1).number())
                        .as("seed " + seed)
                        .isBetween(last, last + 1);
                assertThat(journal.damages()).as("seed " + seed).isEmpty();
                assertThat(journal.history().newest(HistoryQuery.all(), 1)).hasSize(1);
            }
        }
    }

    @Test
    void aSecondUserInTheSameProcessIsRefusedAndTheFirstGoesOn() throws Exception {
        try (Journal first = Journal.open(JournalOptions.of(directory))) {
            assertThatThrownBy(() -> Journal.open(JournalOptions.of(directory)))
                    .isInstanceOf(JournalInUseException.class)
                    .hasMessageContaining("in this process already");
            first.outbox().putSynced("a", "1");
        }
        try (Journal again = Journal.open(JournalOptions.of(directory))) {
            assertThat(again.outbox().pending()).hasSize(1);
        }
    }
}
