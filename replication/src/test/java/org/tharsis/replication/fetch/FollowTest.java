// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.peer.CuttingProxy;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.peer.TestCertificates;
import org.tharsis.replication.ship.GrowingLog;

class FollowTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path primaryDirectory;

    @TempDir
    private Path secondaryDirectory;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private GrowingLog primary;
    private RecordingReplica secondary;

    @BeforeEach
    void makeReplicas() throws IOException {
        primary = new GrowingLog(primaryDirectory);
        secondary = new RecordingReplica(secondaryDirectory);
    }

    private TwoNodes nodes(boolean tls) throws IOException {
        TestCertificates authority = new TestCertificates();
        Optional<PeerTls> server = tls ? Optional.of(authority.of(TwoNodes.SERVER)) : Optional.empty();
        Optional<PeerTls> follower = tls ? Optional.of(authority.of(TwoNodes.FOLLOWER)) : Optional.empty();
        return new TwoNodes(uuid -> Optional.of(primary), server, follower);
    }

    /** Names and contents of the segments of a directory, each up to where the next one begins or the log ends. */
    private static Map<String, ByteBuffer> log(Path directory, long endLsn) throws IOException {
        Map<String, ByteBuffer> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(directory)) {
            for (Path path : paths.toList()) {
                SegmentName name =
                        SegmentName.parse(path.getFileName().toString()).orElseThrow();
                ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
                bytes.limit((int) Math.min(bytes.limit(), endLsn - name.startLsn()));
                files.put(name.fileName(), bytes);
            }
        }
        return files;
    }

    private void assertSameLogs() throws IOException {
        long endLsn = primary.end().lsn();
        assertThat(log(secondaryDirectory, endLsn)).as("seed %d", seed).isEqualTo(log(primaryDirectory, endLsn));
    }

    private void awaitReceived(long lsn) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(secondary.receivedLsn())
                        .as("seed %d, states %s", seed, secondary.states)
                        .isEqualTo(lsn));
    }

    private <S extends FollowState> S awaitState(Class<S> kind) {
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(secondary.states).as("seed %d", seed).hasAtLeastOneElementOfType(kind));
        return secondary.states.stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst()
                .orElseThrow();
    }

    private LogPosition stop(Follower follower) throws Exception {
        return follower.stop().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFollowersLogIsByteIdenticalAlsoWhileItGrows(boolean tls) throws Exception {
        primary.random(random, 60).durable();
        try (TwoNodes nodes = nodes(tls)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            for (int i = 0; i < 20; i++) {
                primary.random(random, 3).durable();
            }
            awaitReceived(primary.end().lsn());
            primary.random(random, 3).preallocate(100_000).durable();
            awaitReceived(primary.end().lsn());

            assertThat(stop(follower)).isEqualTo(primary.end());
            assertSameLogs();
            assertThat(secondary.states)
                    .endsWith(new FollowState.Stopped(primary.end()))
                    .contains(new FollowState.Following(nodes.address(), 0));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void comesBackAfterCutsAnywhereAndEndsWithTheSameLog(boolean tls) throws Exception {
        primary.random(random, 80).durable();
        try (TwoNodes nodes = nodes(tls);
                CuttingProxy proxy = new CuttingProxy(nodes.server.address(), () -> 3_000 + random.nextInt(900_000))) {
            Follower follower = nodes.fetcher.follow(TwoNodes.address(proxy.port()), secondary);
            awaitReceived(primary.end().lsn());

            assertThat(stop(follower)).isEqualTo(primary.end());
            assertThat(proxy.connections).as("seed %d", seed).hasValueGreaterThan(3);
            assertSameLogs();
        }
    }

    @Test
    void segmentsAreAnnouncedInLogOrderAndEachOnlyGrows() throws Exception {
        primary.random(random, 60).durable();
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertThat(secondary.received).as("seed %d", seed).isSortedAccordingTo((one, other) -> {
            int bySegment = one.segment().compareTo(other.segment());
            return bySegment != 0 ? bySegment : Long.compareUnsigned(one.lsn(), other.lsn());
        });
        assertThat(secondary.received)
                .extracting(RecordingReplica.Received::lsn)
                .isSorted();
    }

    @Test
    void whatIsNotDurableOnThePrimaryIsNotSent() throws Exception {
        primary.append(4096).durable();
        long durableLsn = primary.end().lsn();
        primary.append(4096).segment(1).append(512);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(durableLsn);
            await().atMost(SOON).until(() -> secondary.sourceTimes.get() > 3);

            assertThat(stop(follower).lsn()).isEqualTo(durableLsn);
            assertThat(secondary.sourceEndLsn).isEqualTo(durableLsn);
        }
    }

    @Test
    void thePrimaryKeepsTheLogBeforeAByteIsSentAndLearnsWhatIsDurable() throws Exception {
        primary.append(4096).durable();
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            long endLsn = primary.end().lsn();
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(primary.acknowledged)
                            .contains(new GrowingLog.Acknowledged(TwoNodes.FOLLOWER.node(), endLsn, endLsn, endLsn)));
            assertThat(primary.kept).containsExactly(0L);
            stop(follower);
            await().atMost(SOON).until(() -> primary.listeners() == 0);
        }
    }

    @Test
    void goesOnWhereItWasAfterARestart() throws Exception {
        primary.random(random, 20).durable();
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        long before = primary.end().lsn();
        primary.random(random, 20).durable();
        secondary = new RecordingReplica(secondaryDirectory);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertThat(primary.kept).containsExactly(0L, before);
        assertSameLogs();
    }

    @Test
    void aReplicaThatBeginsInTheMiddleStartsWithThatSegment() throws Exception {
        primary.append(4096).append(8192);
        secondary.start = primary.end();
        primary.segment(1).append(512).segment(3).append(1024).durable();
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(primary.end().lsn());
            assertThat(stop(follower)).isEqualTo(primary.end());
        }
        Map<String, ByteBuffer> expected = log(primaryDirectory, primary.end().lsn());
        expected.remove(new SegmentName(1, 0).fileName());
        assertThat(log(secondaryDirectory, primary.end().lsn())).isEqualTo(expected);
    }

    @Test
    void aLogOfAnotherHistoryIsDivergedAndStaysAsItIs() throws Exception {
        primary.append(4096);
        GrowingLog other = new GrowingLog(secondaryDirectory).append(4096);
        long branchLsn = primary.end().lsn();
        primary.segment(2).append(8192).durable();
        other.append(512).append(512);
        Map<String, ByteBuffer> before = log(secondaryDirectory, Long.MAX_VALUE);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            assertThat(awaitState(FollowState.Diverged.class))
                    .isEqualTo(new FollowState.Diverged(nodes.address(), 1, branchLsn));
            assertThat(stop(follower)).isEqualTo(other.end());
        }
        assertThat(log(secondaryDirectory, Long.MAX_VALUE)).isEqualTo(before);
        assertThat(primary.kept).isEmpty();
    }

    @Test
    void aPositionBelowTheOldestSegmentIsGone() throws Exception {
        Path first = primary.newest();
        primary.append(4096).segment(1).append(512).durable();
        Files.delete(first);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            assertThat(awaitState(FollowState.Gone.class).oldestLsn()).isEqualTo(4096 + 4096 + 4096);
            stop(follower);
        }
    }

    private void assertFollowerDivergedInEpoch1(long branchLsn) throws Exception {
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            FollowState.Diverged diverged = awaitState(FollowState.Diverged.class);
            assertThat(diverged.epoch()).isEqualTo(1);
            assertThat(diverged.lsn()).isEqualTo(branchLsn);
            stop(follower);
        }
    }

    @Test
    void aFollowerWhoseHistoryBranchedBelowTheOldestSegmentHasDiverged() throws Exception {
        Path first = primary.newest();
        long branchLsn = primary.append(4096).end().lsn();
        primary.epochs = List.of(
                new EpochStart(1, 0, 0),
                new EpochStart(2, branchLsn, primary.end().chain()));
        Path second = primary.segment(2).newest();
        primary.append(65536).segment(2).append(512).durable();
        Files.delete(first);
        Files.delete(second);
        GrowingLog other = new GrowingLog(secondaryDirectory).append(4096).append(512);
        assertFollowerDivergedInEpoch1(branchLsn);
        assertThat(other.end().lsn()).isGreaterThan(branchLsn);
    }

    @Test
    void aFollowerThatHasMoreWaitsUntilTheSourceHasItToo() throws Exception {
        primary.append(4096).durable();
        long behindLsn = primary.end().lsn();
        GrowingLog same = new GrowingLog(secondaryDirectory).append(4096).append(512);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            assertThat(awaitState(FollowState.Behind.class).endLsn()).isEqualTo(behindLsn);
            primary.append(512).append(1024).durable();
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertThat(same.end().lsn()).isLessThan(primary.end().lsn());
        assertSameLogs();
    }

    @Test
    void aFollowerThatHasMoreThanASourceInALaterEpochHasDivergedBeforeAnythingIsWrittenInIt() throws Exception {
        primary.append(4096).durable();
        long branchLsn = primary.end().lsn();
        primary.epochs = List.of(
                new EpochStart(1, 0, 0),
                new EpochStart(2, branchLsn, primary.end().chain()));
        GrowingLog same = new GrowingLog(secondaryDirectory).append(4096).append(512);
        assertFollowerDivergedInEpoch1(branchLsn);
        assertThat(same.end().lsn()).isGreaterThan(branchLsn);
    }

    @Test
    void aResourceThatIsNotServedIsRefusedUntilItIs() throws Exception {
        primary.append(4096).durable();
        Optional<?>[] served = {Optional.empty()};
        try (TwoNodes nodes =
                new TwoNodes(uuid -> served[0].map(GrowingLog.class::cast), Optional.empty(), Optional.empty())) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            assertThat(awaitState(FollowState.Refused.class).why()).contains("is not served here");
            served[0] = Optional.of(primary);
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertSameLogs();
    }

    @Test
    void bytesThatDoNotVerifyAreNeitherWrittenNorAcknowledgedAndFetchedAgain() throws Exception {
        primary.append(4096);
        LogPosition good = primary.end();
        primary.append(100 * 512).append(512).durable();
        byte[] whole = Files.readAllBytes(primary.newest());
        byte[] damaged = whole.clone();
        damaged[(int) good.lsn() + 5000] ^= 1;
        Files.write(primary.newest(), damaged);
        try (TwoNodes nodes = nodes(false)) {
            Follower follower = nodes.fetcher.follow(nodes.address(), secondary);
            assertThat(awaitState(FollowState.Failed.class).why())
                    .contains("payload")
                    .contains("checksum");
            awaitReceived(good.lsn());
            assertThat(primary.acknowledged).allMatch(ack -> ack.receivedLsn() <= good.lsn());
            Files.write(primary.newest(), whole);
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertSameLogs();
    }

    @Test
    void twoFollowersOfOnePeerShareOneConnection(@TempDir Path third) throws Exception {
        primary.random(random, 30).durable();
        RecordingReplica other = new RecordingReplica(third);
        try (TwoNodes nodes = nodes(false);
                CuttingProxy proxy = new CuttingProxy(nodes.server.address(), () -> Long.MAX_VALUE)) {
            List<Follower> both = List.of(
                    nodes.fetcher.follow(TwoNodes.address(proxy.port()), secondary),
                    nodes.fetcher.follow(TwoNodes.address(proxy.port()), other));
            awaitReceived(primary.end().lsn());
            await().atMost(SOON)
                    .until(() -> other.receivedLsn() == primary.end().lsn());
            for (Follower follower : both) {
                stop(follower);
            }
            assertThat(proxy.connections).hasValue(1);
        }
        assertSameLogs();
    }

    @Test
    void closingTheFetcherStopsWhatRuns() throws Exception {
        primary.random(random, 10).durable();
        Follower follower;
        try (TwoNodes nodes = nodes(false)) {
            follower = nodes.fetcher.follow(nodes.address(), secondary);
            awaitReceived(primary.end().lsn());
        }
        assertThat(follower.state()).isEqualTo(new FollowState.Stopped(primary.end()));
        assertSameLogs();
    }

    @Test
    void aPeerThatFallsSilentIsLeftAndTriedAgain() throws Exception {
        primary.append(4096).durable();
        PeerSettings impatient = new PeerSettings(50, 1_000, 5, 40, 1 << 20);
        try (TwoNodes nodes = new TwoNodes(
                        uuid -> Optional.of(primary),
                        Optional.empty(),
                        Optional.empty(),
                        TwoNodes.FOLLOWER,
                        impatient);
                CuttingProxy proxy = new CuttingProxy(nodes.server.address(), () -> Long.MAX_VALUE)) {
            Follower follower = nodes.fetcher.follow(TwoNodes.address(proxy.port()), secondary);
            awaitReceived(primary.end().lsn());
            proxy.frozen = true;
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(secondary.states.toString()).contains("the peer was silent for"));
            await().atMost(SOON).until(() -> primary.listeners() == 0);
            proxy.frozen = false;
            primary.append(512).durable();
            awaitReceived(primary.end().lsn());
            stop(follower);
        }
        assertSameLogs();
    }
}
