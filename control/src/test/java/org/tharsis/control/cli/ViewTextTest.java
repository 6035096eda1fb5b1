// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;

/** What an operator reads in each state that a resource can be in. Runs of blanks are one here. */
class ViewTextTest {
    private static final ViewReport.Role PRIMARY_A =
            new ViewReport.Role(3, Optional.of("a"), ViewReport.RoleState.PRIMARY, Optional.empty());

    /** A replica, said in few words: a secondary that is well, and follows a. */
    private static final class Row {
        private Optional<String> role = Optional.of("secondary");
        private String health = "ok";
        private Optional<String> detail = Optional.empty();
        private Optional<Long> lagBytes = Optional.empty();
        private Optional<Long> lagMs = Optional.empty();
        private Optional<ViewReport.LastLag> lastLag = Optional.empty();
        private Optional<Long> staleMs = Optional.empty();
        private Optional<String> source = Optional.of("a");
        private Optional<String> hindrance = Optional.empty();
        private final Map<String, Boolean> todo = all();
        private final Map<String, Boolean> actual = all();
        private Optional<Integer> users = Optional.empty();
        private Optional<Progress> sync = Optional.empty();
        private Optional<ViewReport.Lost> lost = Optional.empty();

        private static Map<String, Boolean> all() {
            return new HashMap<>(Map.of("attach", true, "fetch", true, "replay", true, "sync", true));
        }

        static Row primary() {
            Row row = new Row();
            row.role = Optional.of("primary");
            row.source = Optional.empty();
            row.users = Optional.of(1);
            row.actual.put("fetch", false);
            return row.behind(0, 0);
        }

        Row behind(long bytes, long ms) {
            lagBytes = Optional.of(bytes);
            lagMs = Optional.of(ms);
            return this;
        }

        Row health(String word, String text) {
            health = word;
            detail = Optional.of(text).filter(any -> !any.isEmpty());
            return this;
        }

        Row notFetching(String why) {
            actual.put("fetch", false);
            hindrance = Optional.of(why).filter(any -> !any.isEmpty());
            return this;
        }

        /** The source was heard so long ago; the lag was so then. */
        Row unheard(long bytes, long heardMs) {
            lastLag = Optional.of(new ViewReport.LastLag(bytes, heardMs));
            return this;
        }

        Row stale(long ms) {
            staleMs = Optional.of(ms);
            return this;
        }

        ViewReport.Replica as(String node) {
            return new ViewReport.Replica(
                    node,
                    role,
                    health,
                    detail,
                    Optional.empty(),
                    lagBytes,
                    lagMs,
                    lastLag,
                    true,
                    staleMs,
                    source,
                    hindrance,
                    todo,
                    actual,
                    users,
                    sync,
                    lost,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
        }
    }

    private static List<String> text(ViewReport.Cluster cluster, ViewReport.Role role, boolean alive, Row b) {
        ViewReport view = new ViewReport(
                new ViewReport.ThisNode("a", Optional.empty(), "1", ViewReport.Driver.CONNECTED, Optional.empty()),
                Optional.of(cluster),
                List.of(new ViewReport.Node(
                        "b",
                        new UUID(0, 1),
                        "b:7440",
                        "here",
                        "1",
                        "brickd",
                        alive,
                        alive || cluster.source() == ViewReport.Source.JOURNAL
                                ? Optional.empty()
                                : Optional.of(123_000L))),
                List.of(new ViewReport.Resource(
                        "vol0",
                        new UUID(0, 2),
                        1L << 30,
                        4096,
                        role,
                        List.of(Row.primary().as("a"), b.as("b")),
                        Map.of())),
                List.of());
        return Arrays.stream(ViewText.of(view).split("\n"))
                .map(line -> line.strip().replaceAll(" +", " "))
                .collect(Collectors.toList());
    }

    private static ViewReport.Cluster cluster(ViewReport.Source source, long ageMs) {
        return new ViewReport.Cluster("test", new UUID(0, 3), source, ageMs, "z:7441");
    }

    private static List<String> text(Row b) {
        return text(cluster(ViewReport.Source.LIVE, 0), PRIMARY_A, true, b);
    }

    /** The line of replica b. */
    private static String line(Row b) {
        return text(b).get(7);
    }

    @Test
    void whatIsWellNeedsNoNote() {
        assertThat(text(new Row().behind(0, 0)))
                .containsExactly(
                        "cluster test, as a sees it now",
                        "NODE STATE SITE ADDRESS DRIVER VERSION",
                        "b alive here b:7440 brickd 1",
                        "",
                        "resource vol0, 1 GiB, primary a, epoch 3",
                        "REPLICA ROLE HEALTH LAG SOURCE USERS NOTE",
                        "a primary ok - - 1",
                        "b secondary ok none a -");
    }

    @Test
    void behindInBytesAndTime() {
        assertThat(line(new Row().behind(3 << 20, 1500))).isEqualTo("b secondary ok 3 MiB, 1.5 s a -");
        Row never = new Row().behind(4096, 0);
        never.lagMs = Optional.empty();
        assertThat(line(never)).isEqualTo("b secondary ok 4 KiB a -");
    }

    @Test
    void aFreshReplicaThatHasReportedNothing() {
        Row fresh = new Row().health("unknown", "");
        fresh.role = Optional.empty();
        fresh.source = Optional.empty();
        fresh.actual.clear();
        assertThat(line(fresh)).isEqualTo("b - unknown - - -");
    }

    @Test
    void aBackfillWithItsRateAndWhatItWaitsFor() {
        Row filling = new Row().health("syncing", "").notFetching("");
        filling.actual.put("replay", false);
        filling.sync = Optional.of(new Progress(
                "backfill",
                Optional.of(512L << 20),
                Optional.of(1L << 30),
                Optional.of(64L << 20),
                Optional.of(8000L)));
        assertThat(line(filling))
                .isEqualTo("b secondary syncing - a - backfill: 512 MiB of 1 GiB, 64 MiB/s, 8.0 s left");
        filling.hindrance = Optional.of("no connection to a: refused");
        assertThat(line(filling)).endsWith("8.0 s left; no connection to a: refused");
    }

    @Test
    void notConsistentUntilItHasReplayed() {
        assertThat(line(new Row()
                        .health("inconsistent", "consistent as soon as it has replayed to LSN 77")
                        .behind(8192, 0)))
                .isEqualTo("b secondary inconsistent 8 KiB, 0 ms a - consistent as soon as it has replayed to LSN 77");
    }

    @Test
    void withoutItsSourceTheLagIsUnknownAndWhatItWasIsSaid() {
        assertThat(line(new Row().notFetching("no connection to a: refused").unheard(0, 125_000)))
                .isEqualTo("b secondary ok unknown, was none a -"
                        + " no connection to a: refused; its source was heard 2 min 5 s ago");
        assertThat(line(new Row().notFetching("").unheard(4096, 125_000)))
                .isEqualTo("b secondary ok unknown, was 4 KiB a -"
                        + " fetches nothing now; its source was heard 2 min 5 s ago");
    }

    @Test
    void aNodeThatIsAwayWasWell() {
        List<String> text = text(
                cluster(ViewReport.Source.LIVE, 0),
                PRIMARY_A,
                false,
                new Row().unheard(0, 123_000).stale(123_000));
        assertThat(text)
                .contains(
                        "b away 2 min 3 s here b:7440 brickd 1",
                        "b secondary was ok unknown, was none a - as of 2 min 3 s ago");
    }

    @Test
    void withoutZooKeeperEverythingWas() {
        List<String> text = text(cluster(ViewReport.Source.JOURNAL, 65_000), PRIMARY_A, true, new Row().stale(65_000));
        assertThat(text)
                .contains(
                        "cluster test, as a saw it 1 min 5 s ago: ZooKeeper at z:7441 cannot be reached",
                        "b was alive here b:7440 brickd 1",
                        "b secondary was ok - a - as of 1 min 5 s ago");
    }

    @Test
    void aDaemonThatWasStartedWithoutZooKeeperDoesNotKnowWhoIsAlive() {
        assertThat(text(cluster(ViewReport.Source.JOURNAL, 65_000), PRIMARY_A, false, new Row()))
                .contains("b unknown here b:7440 brickd 1");
    }

    @Test
    void withoutZooKeeperAFollowerThatIsServedIsKnownAllTheSame() {
        assertThat(text(cluster(ViewReport.Source.JOURNAL, 65_000), PRIMARY_A, true, new Row().behind(0, 0)))
                .contains("b secondary ok none a -");
    }

    @Test
    void divergedSaysWhatItAloneHasAndWhatEndsIt() {
        Row diverged = new Row()
                .health("diverged", "left the primary's history at LSN 8192 of epoch 2")
                .notFetching("");
        diverged.lost =
                Optional.of(new ViewReport.Lost(8192, 20480, 8192, 2, 2, 1_700_000_000_000L, 1_700_000_001_000L));
        assertThat(line(diverged))
                .isEqualTo("b secondary diverged - a - left the primary's history at LSN 8192 of epoch 2;"
                        + " has 8 KiB in 2 records of 2023-11-14T22:13:20Z to 2023-11-14T22:13:21Z that the others have"
                        + " not; stays so until 'tharsis invalidate' on b");
    }

    @Test
    void whatTheAdministratorHasSwitchedOff() {
        Row paused = new Row().behind(0, 0);
        paused.todo.put("fetch", false);
        paused.todo.put("replay", false);
        paused.actual.put("fetch", false);
        paused.actual.put("replay", false);
        assertThat(line(paused)).isEqualTo("b secondary ok none a - fetch paused, replay paused");
    }

    @Test
    void aHandoverUnderWay() {
        ViewReport.Role asked =
                new ViewReport.Role(3, Optional.of("a"), ViewReport.RoleState.HANDOVER, Optional.of("b"));
        ViewReport.Role sealed =
                new ViewReport.Role(3, Optional.empty(), ViewReport.RoleState.HANDOVER, Optional.of("b"));
        assertThat(text(cluster(ViewReport.Source.LIVE, 0), asked, true, new Row()))
                .contains("resource vol0, 1 GiB, primary a, which hands over to b, epoch 3");
        assertThat(text(cluster(ViewReport.Source.LIVE, 0), sealed, true, new Row()))
                .contains("resource vol0, 1 GiB, no primary until b has all of the log and takes over, epoch 3");
    }

    @Test
    void takenOverByForceOrNobody() {
        ViewReport.Role forced =
                new ViewReport.Role(4, Optional.of("a"), ViewReport.RoleState.FORCED, Optional.empty());
        ViewReport.Role none = new ViewReport.Role(4, Optional.empty(), ViewReport.RoleState.NONE, Optional.empty());
        assertThat(text(cluster(ViewReport.Source.LIVE, 0), forced, true, new Row()))
                .contains("resource vol0, 1 GiB, primary a (by force), epoch 4");
        assertThat(text(cluster(ViewReport.Source.LIVE, 0), none, true, new Row()))
                .contains("resource vol0, 1 GiB, no primary, epoch 4");
    }
}
