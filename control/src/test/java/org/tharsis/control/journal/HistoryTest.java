// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.journal.HistoryEntry.AdminCommand;
import org.tharsis.control.journal.HistoryEntry.Event;
import org.tharsis.control.journal.HistoryEntry.LagSample;
import org.tharsis.control.journal.HistoryEntry.RoleChange;

class HistoryTest {
    private static final HistoryQuery ALL = HistoryQuery.all();

    @TempDir
    private Path directory;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = new Machine(directory);
    }

    private static List<HistoryEntry> entries(List<Recorded> recorded) {
        return recorded.stream().map(Recorded::entry).toList();
    }

    @Test
    void everyKindOfEntryIsReadAsItWasWritten() throws IOException {
        List<HistoryEntry> written = List.of(
                new Event("replica-error", Optional.of("vol0"), "Disk: ünreadable \ud83d\udca5", Map.of("errno", "5")),
                Event.ofNode("started", ""),
                new RoleChange("vol0", -1, Optional.of("b"), "forced", "a is dead"),
                new RoleChange("vol0", 3, Optional.empty(), "none", ""),
                new AdminCommand(
                        "root",
                        "drill",
                        "primary",
                        Optional.of("vol0"),
                        List.of("--force", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")),
                new LagSample("vol0", "b", Long.MAX_VALUE, 0));
        try (Journal journal = machine.open()) {
            written.forEach(journal.history()::record);
        }
        try (Journal journal = machine.open()) {
            assertThat(entries(journal.history().newest(ALL, 100))).isEqualTo(written);
        }
    }

    @Test
    void whatOneThreadHasBegunAnotherOneGoesOnWriting() throws Exception {
        List<HistoryEntry> written = List.of(
                Event.of("first", "vol0", "1"), Event.of("second", "vol0", "2"), Event.of("third", "vol0", "3"));
        try (Journal journal = machine.open()) {
            for (HistoryEntry entry : written) {
                Thread thread = new Thread(() -> journal.history().record(entry));
                thread.start();
                thread.join();
            }
            assertThat(entries(journal.history().newest(ALL, 100))).isEqualTo(written);
        }
    }

    @Test
    void aQuerySelectsByTimeKindAndResource() throws IOException {
        try (Journal journal = machine.open()) {
            History history = journal.history();
            history.record(Event.of("early", "vol0", "1"));
            machine.pass(Duration.ofHours(1));
            history.record(Event.of("error", "vol0", "2"));
            history.record(Event.of("error", "vol1", "3"));
            history.record(Event.of("other", "vol0", "4"));
            machine.pass(Duration.ofHours(1));
            history.record(Event.of("error", "vol0", "5"));

            HistoryQuery middle = ALL.from(Machine.START.plusSeconds(3600)).until(Machine.START.plusSeconds(7200));
            assertThat(texts(history, middle)).containsExactly("2", "3", "4");
            assertThat(texts(history, middle.ofKinds("error"))).containsExactly("2", "3");
            assertThat(texts(history, middle.ofKinds("error", "other").ofResource("vol0")))
                    .containsExactly("2", "4");
            assertThat(texts(history, ALL.from(Machine.START.plusSeconds(1)))).containsExactly("2", "3", "4", "5");
            assertThat(history.newest(ALL, 2))
                    .extracting(each -> each.entry().text())
                    .containsExactly("4", "5");
        }
    }

    private static List<String> texts(History history, HistoryQuery query) throws IOException {
        return history.newest(query, 1000).stream()
                .map(recorded -> recorded.entry().text())
                .toList();
    }

    @Test
    void aQueryGoesOverRestartsAndRolls() throws IOException {
        List<String> expected = new ArrayList<>();
        for (int day = 0; day < 5; day++) {
            try (Journal journal = machine.open()) {
                for (int hour = 0; hour < 30; hour += 10) {
                    expected.add(day + "/" + hour);
                    journal.history().record(Event.ofNode("tick", day + "/" + hour));
                    machine.pass(Duration.ofHours(10));
                }
                assertThat(texts(journal.history(), ALL)).isEqualTo(expected);
            }
        }
    }

    @Test
    void aFollowerSeesWhatIsWrittenAndGoesOverARoll() throws Exception {
        try (Journal journal = machine.open();
                HistoryFollower follower = journal.history()
                        .follow(ALL.ofKinds("tick"), journal.history().lastSequence())) {
            assertThat(follower.next(Duration.ZERO)).isEmpty();
            for (int day = 0; day < 3; day++) {
                journal.history().record(Event.ofNode("other", "not wanted"));
                journal.history().record(Event.ofNode("tick", "day " + day));
                assertThat(follower.next(Duration.ZERO).orElseThrow().entry().text())
                        .isEqualTo("day " + day);
                machine.pass(Duration.ofDays(1));
            }
            assertThat(follower.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void aFollowerThatWaitsIsWokenByAnEntryAndByTheEndOfTheJournal() throws Exception {
        CompletableFuture<Optional<Recorded>> waiting;
        HistoryFollower follower;
        try (Journal journal = machine.open()) {
            follower = journal.history().follow(ALL, journal.history().lastSequence());
            waiting = inBackground(follower);
            journal.history().record(Event.ofNode("tick", "now"));
            assertThat(waiting.get(10, TimeUnit.SECONDS).orElseThrow().entry().text())
                    .isEqualTo("now");
            waiting = inBackground(follower);
        }
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEmpty();
        follower.close();
    }

    private static CompletableFuture<Optional<Recorded>> inBackground(HistoryFollower follower) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return follower.next(Duration.ofMinutes(1));
            } catch (IOException | InterruptedException failure) {
                throw new IllegalStateException(failure);
            }
        });
    }

    @Test
    void lagIsWrittenDownOnceASecondWhileItChangesAndEachHourWhenItStays() throws IOException {
        try (Journal journal = machine.open()) {
            LagRecorder recorder = new LagRecorder(journal.history(), machine);
            for (int tenth = 0; tenth < 30; tenth++) {
                recorder.sample(new LagSample("vol0", "b", Math.min(tenth, 25), 7));
                machine.pass(Duration.ofMillis(100));
            }
            machine.pass(Duration.ofSeconds(1));
            recorder.sample(new LagSample("vol0", "b", 25, 7));
            for (int minute = 0; minute < 119; minute++) {
                machine.pass(Duration.ofMinutes(1));
                recorder.sample(new LagSample("vol0", "b", 25, 7));
            }
            assertThat(journal.history().newest(ALL, 100))
                    .extracting(each -> ((LagSample) each.entry()).lagBytes())
                    .containsExactly(0L, 10L, 20L, 25L, 25L);
        }
    }

    @Test
    void theLagOfATimeIsThatOfTheLastSampleOfEachReplicaUnlessSamplingWasOff() throws IOException {
        try (Journal journal = machine.open()) {
            History history = journal.history();
            history.record(new LagSample("vol0", "b", 1, 1));
            history.record(new LagSample("vol0", "c", 2, 2));
            history.record(new LagSample("vol1", "b", 3, 3));
            machine.pass(Duration.ofMinutes(5));
            history.record(new LagSample("vol0", "b", 4, 4));

            assertThat(entries(history.lagAt(Machine.START.plusSeconds(10), "vol0")))
                    .containsExactly(new LagSample("vol0", "b", 1, 1), new LagSample("vol0", "c", 2, 2));
            assertThat(entries(history.lagAt(Machine.START.plusSeconds(300), "vol0")))
                    .containsExactly(new LagSample("vol0", "b", 4, 4), new LagSample("vol0", "c", 2, 2));
            assertThat(history.lagAt(Machine.START.minusSeconds(1), "vol0")).isEmpty();
            assertThat(history.lagAt(Machine.START.plusSeconds(9000), "vol0")).isEmpty();
        }
    }
}
