// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tharsis.control.api.Progress;
import org.tharsis.control.model.ClusterReader;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ResourceView;

/** Node a is the primary of vol0, b has the other replica; a third node looks at what they publish. */
class SightingsTest {
    private static final Instant START = Instant.ofEpochSecond(1_700_000_000L);
    private static final String CHAIN = "0000000000000abc";

    private final SortedMap<String, RawValue> keys = new TreeMap<>();
    private Duration passed = Duration.ZERO;
    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return START.plus(passed);
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    };
    private final Sightings sightings = new Sightings(clock, () -> passed.toNanos());

    @BeforeEach
    void twoReplicas() {
        for (String host : new String[] {"a", "b"}) {
            set("nodes/" + host + "/uuid", new UUID(0, host.charAt(0)).toString());
            set("nodes/" + host + "/address", host + ":7440");
            set("nodes/" + host + "/fingerprint", "none");
            set("nodes/" + host + "/site", "here");
            set("nodes/" + host + "/version", "1");
            set("nodes/" + host + "/driver", "brickd");
            set("alive/" + host, "1");
            of(host, "disk", "/disk");
            of(host, "device", "/device");
            of(host, "log", "/log");
            of(host, "health", "ok");
        }
        set("resources/vol0/uuid", new UUID(1, 1).toString());
        set("resources/vol0/size", "1048576");
        set("resources/vol0/block", "4096");
        set("resources/vol0/created", "1");
        set("resources/vol0/role", "1 a primary");
        set("resources/vol0/epochs/1", "a 0 0000000000000000 0 1 planned");
        position("a", 1, 1000, 0);
        position("b", 1, 1000, 0);
    }

    private void set(String key, String value) {
        keys.put(key, new RawValue(value, 1));
    }

    private void of(String host, String key, String value) {
        set("resources/vol0/replicas/" + host + "/" + key, value);
    }

    private void position(String host, long epoch, long lsn, long writtenS) {
        long writtenNs = (START.getEpochSecond() + writtenS) * 1_000_000_000L;
        of(host, "position", epoch + " " + lsn + " " + lsn + " " + lsn + " 0 " + writtenNs);
    }

    private ClusterView view() {
        ClusterView view = ClusterReader.read("test", new UUID(9, 9), keys);
        assertThat(view.problems()).isEmpty();
        assertThat(view.resource("vol0").orElseThrow().problems()).isEmpty();
        return view;
    }

    private void seenAfter(long seconds) {
        passed = Duration.ofSeconds(seconds);
        sightings.seen(view());
    }

    private Optional<Lag> lagAfter(long seconds, boolean live) {
        passed = Duration.ofSeconds(seconds);
        ClusterView view = view();
        ResourceView resource = view.resource("vol0").orElseThrow();
        return sightings.lag(view, live, resource, resource.replica("b").orElseThrow());
    }

    private static Optional<Lag> lag(long bytes, long ms, long heardAgoMs) {
        return Optional.of(new Lag(bytes, Optional.of(ms), heardAgoMs));
    }

    @Test
    void aReplicaThatHasPublishedTheEndOfThePrimaryHasNoLagForHowLongEver() {
        seenAfter(0);
        assertThat(lagAfter(3600, true)).isEqualTo(lag(0, 0, 0));
    }

    @Test
    void afterAnHourWithoutWritesTheFirstOneIsNotAnHourOld() {
        seenAfter(0);
        lagAfter(3600, true);
        position("a", 1, 1500, 3600);
        seenAfter(3601);

        assertThat(lagAfter(3601, true)).isEqualTo(lag(500, 1000, 0));
        position("b", 1, 1500, 3600);
        seenAfter(3602);
        assertThat(lagAfter(3602, true)).isEqualTo(lag(0, 0, 0));
    }

    @Test
    void ofANodeThatIsAwayTheLagIsTheOneOfWhenItWasThere() {
        seenAfter(0);
        keys.remove("alive/b");
        seenAfter(10);
        position("a", 1, 9000, 60);
        seenAfter(70);

        assertThat(lagAfter(100, true)).isEqualTo(lag(0, 0, 100_000));
        assertThat(lagAfter(100, true).orElseThrow().isKnown()).isFalse();
        assertThat(sightings.awayMs("b")).contains(90_000L);
        assertThat(sightings.awayMs("a")).isEmpty();
    }

    @Test
    void ofAPrimaryThatIsAwayNothingIsLearned() {
        seenAfter(0);
        keys.remove("alive/a");
        seenAfter(10);

        assertThat(lagAfter(70, true)).isEqualTo(lag(0, 0, 70_000));
    }

    @Test
    void withoutZooKeeperTheLagIsKnownNoMore() {
        seenAfter(0);
        assertThat(lagAfter(60, false)).isEqualTo(lag(0, 0, 60_000));
    }

    @Test
    void aReplicaThatHasNothingOfTheNewEpochYetIsBehindItsBeginning() {
        set("resources/vol0/role", "2 a primary");
        set("resources/vol0/epochs/2", "a 1000 " + CHAIN + " 1 1 planned");
        position("a", 2, 1200, 0);
        seenAfter(0);

        assertThat(lagAfter(0, true).orElseThrow().bytes()).isEqualTo(200);
    }

    @Test
    void aReplicaBeyondTheBeginningOfAnEpochThatItHasNotHasNoLagButAnotherHistory() {
        set("resources/vol0/role", "2 a forced");
        set("resources/vol0/epochs/2", "a 900 " + CHAIN + " 1 1 forced");
        position("a", 2, 1200, 0);
        seenAfter(0);

        assertThat(lagAfter(0, true)).isEmpty();
    }

    @Test
    void divergedOrFilledAnewItHasNoLag() {
        seenAfter(0);
        of("b", "health", "diverged:1 900");
        seenAfter(1);
        assertThat(lagAfter(1, true)).isEmpty();
        of("b", "health", "syncing:0 1048576");
        seenAfter(2);
        assertThat(lagAfter(2, true)).isEmpty();
    }

    @Test
    void duringAHandoverTheEndIsWhatWasSealed() {
        set("resources/vol0/role", "1 none handover:b");
        set("resources/vol0/sealed", "1 1300 " + CHAIN);
        seenAfter(0);

        assertThat(lagAfter(0, true).orElseThrow().bytes()).isEqualTo(300);
    }

    @Test
    void theRateOfABackfillComesFromTwoLooks() {
        of("b", "health", "syncing:0 1000");
        seenAfter(0);
        of("b", "health", "syncing:500 1000");
        seenAfter(5);

        Progress progress = sightings.backfill("vol0", "b", new Health.Syncing(500, 1000));
        assertThat(progress.bytesPerSecond()).contains(100L);
        assertThat(progress.remainingMs()).contains(5000L);
    }
}
