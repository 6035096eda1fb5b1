// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.replication.backfill.BackfillState;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.peer.CuttingProxy;
import org.tharsis.replication.peer.PeerAddress;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.peer.TestCertificates;
import org.tharsis.replication.ship.BackfillOrigin;
import org.tharsis.replication.ship.GrowingLog;

class BackfillRunTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int RANGE = DeviceRanges.RANGE_BYTES;
    private static final int RANGES = 80;
    private static final int DEVICE_BYTES = RANGES * RANGE + 512;
    private static final LogPosition RESUME = new LogPosition(4096, 1, 77);

    @TempDir
    private Path directory;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private byte[] device = new byte[0];
    private GrowingLog primary;
    private RecordingTarget target;

    @BeforeEach
    void makeReplicas() throws IOException {
        primary = new GrowingLog(Files.createDirectory(directory.resolve("primary")));
        device = randomDevice();
        Path source = Files.write(directory.resolve("source"), device);
        primary.origin = Optional.of(new BackfillOrigin(RESUME, source, DEVICE_BYTES, 512));
        Files.createDirectory(directory.resolve("backfill"));
        Files.write(directory.resolve("disk"), partlyEqual());
        target = newTarget();
    }

    private RecordingTarget newTarget() {
        return new RecordingTarget(directory.resolve("backfill"), directory.resolve("disk"), DEVICE_BYTES);
    }

    /** A third of the ranges are zeroes. */
    private byte[] randomDevice() {
        byte[] bytes = new byte[DEVICE_BYTES];
        random.nextBytes(bytes);
        for (int range = 0; range < RANGES; range += 3) {
            Arrays.fill(bytes, range * RANGE, (range + 1) * RANGE, (byte) 0);
        }
        return bytes;
    }

    /** A quarter of the ranges are already as on the source. */
    private byte[] partlyEqual() {
        byte[] bytes = new byte[DEVICE_BYTES];
        random.nextBytes(bytes);
        for (int range = 0; range < RANGES; range += 4) {
            System.arraycopy(device, range * RANGE, bytes, range * RANGE, RANGE);
        }
        return bytes;
    }

    private TwoNodes nodes(boolean tls) throws IOException {
        TestCertificates authority = new TestCertificates();
        Optional<PeerTls> server = tls ? Optional.of(authority.of(TwoNodes.SERVER)) : Optional.empty();
        Optional<PeerTls> follower = tls ? Optional.of(authority.of(TwoNodes.FOLLOWER)) : Optional.empty();
        return new TwoNodes(uuid -> Optional.of(primary), server, follower);
    }

    private BackfillResult complete(Backfill backfill) throws Exception {
        return backfill.result().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private void assertEqualDisks() throws IOException {
        assertThat(Arrays.mismatch(Files.readAllBytes(directory.resolve("disk")), device))
                .as("seed %d", seed)
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theDiskIsThatOfTheSourceAfterwardsAndEqualRangesAreNotSent(boolean tls) throws Exception {
        try (TwoNodes nodes = nodes(tls)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);

            assertThat(complete(backfill))
                    .isEqualTo(new BackfillResult(
                            RESUME,
                            new EpochLsn(primary.end().epoch(), primary.end().lsn())));
            int different = 0;
            int blocks = 1; // the last one, of 512 bytes
            for (int range = 0; range < RANGES; range++) {
                different += range % 4 == 0 ? 0 : 1;
                blocks += range % 4 == 0 || range % 3 == 0 ? 0 : 1;
            }
            assertThat(target.replay()).isEqualTo(different + 1);
            assertThat(backfill.progress())
                    .isEqualTo(new BackfillProgress(DEVICE_BYTES, DEVICE_BYTES, (blocks - 1L) * RANGE + 512, ""));
        }
        assertEqualDisks();
    }

    @Test
    void goesOnAfterCutsAnywhere() throws Exception {
        try (TwoNodes nodes = nodes(false);
                CuttingProxy proxy =
                        new CuttingProxy(nodes.server.address(), () -> 150_000 + random.nextInt(2_000_000))) {
            Backfill backfill = nodes.fetcher.backfill(TwoNodes.address(proxy.port()), target);
            complete(backfill);
            target.replay();
            assertThat(proxy.connections).as("seed %d", seed).hasValueGreaterThan(2);
        }
        assertEqualDisks();
    }

    @Test
    void goesOnFromWhatIsDurableAfterARestart() throws Exception {
        long doneBytes;
        Queue<Long> bytesUntilCut = new ArrayDeque<>(List.of(3_000_000L));
        try (TwoNodes nodes = nodes(false);
                CuttingProxy proxy = new CuttingProxy(
                        nodes.server.address(),
                        () -> Optional.ofNullable(bytesUntilCut.poll()).orElse(0L))) {
            Backfill backfill = nodes.fetcher.backfill(TwoNodes.address(proxy.port()), target);
            await().atMost(SOON).until(() -> backfill.progress().doneBytes() > 0 && proxy.connections.get() > 1);
            backfill.stop().toCompletableFuture().get(20, TimeUnit.SECONDS);
            doneBytes = backfill.progress().doneBytes();
        }
        assertThat(doneBytes).isBetween((long) RANGE, DEVICE_BYTES - 1L);
        assertThat(BackfillState.read(target.directory()).orElseThrow().resumePoint())
                .isEqualTo(RESUME);
        target = newTarget();
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);
            complete(backfill);
            assertThat(backfill.progress().receivedBytes()).isLessThanOrEqualTo(DEVICE_BYTES - doneBytes);
            target.replay();
        }
        assertEqualDisks();
    }

    @Test
    void onceCompleteItIsCompleteAtOnceWhenItIsStartedAgain() throws Exception {
        try (TwoNodes nodes = nodes(false)) {
            complete(nodes.fetcher.backfill(nodes.address(), target));
            Backfill again = nodes.fetcher.backfill(nodes.address(), newTarget());
            assertThat(complete(again).resumePoint()).isEqualTo(RESUME);
            assertThat(again.progress().receivedBytes()).isZero();
        }
    }

    @Test
    void cannotGoOnWhenTheLogFromItsResumePointIsGone() throws Exception {
        new BackfillState(
                        TwoNodes.SERVER.node(),
                        new LogPosition(0, 0, 0),
                        DEVICE_BYTES,
                        new BackfillState.Phase.Copying(0))
                .write(target.directory());
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);
            assertThatThrownBy(() -> complete(backfill))
                    .hasCauseInstanceOf(BackfillImpossibleException.class)
                    .hasMessageContaining("is not kept any more");
        }
    }

    @Test
    void cannotGoOnFromAnotherNode() throws Exception {
        new BackfillState(UUID.randomUUID(), RESUME, DEVICE_BYTES, new BackfillState.Phase.Copying(0))
                .write(target.directory());
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);
            assertThatThrownBy(() -> complete(backfill))
                    .hasCauseInstanceOf(BackfillImpossibleException.class)
                    .hasMessageContaining("was begun from node");
        }
    }

    @Test
    void devicesOfAnotherSizeAreRefused() throws Exception {
        primary.origin = Optional.of(new BackfillOrigin(RESUME, directory.resolve("source"), DEVICE_BYTES + 512, 512));
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);
            assertThatThrownBy(() -> complete(backfill))
                    .hasCauseInstanceOf(BackfillImpossibleException.class)
                    .hasMessageContaining("bytes here");
        }
    }

    @Test
    void waitsForASourceThatCannotServeYet() throws Exception {
        Optional<BackfillOrigin> later = primary.origin;
        primary.origin = Optional.empty();
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(nodes.address(), target);
            await().atMost(SOON).until(() -> backfill.progress().why().contains("no disk is attached"));
            primary.origin = later;
            complete(backfill);
            target.replay();
        }
        assertEqualDisks();
    }

    @Test
    void isCancelledWhenItIsStopped() throws Exception {
        try (TwoNodes nodes = nodes(false)) {
            Backfill backfill = nodes.fetcher.backfill(new PeerAddress(TwoNodes.SERVER.node(), "127.0.0.1", 1), target);
            backfill.stop().toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertThatThrownBy(() -> complete(backfill)).hasCauseInstanceOf(CancellationException.class);
        }
    }
}
