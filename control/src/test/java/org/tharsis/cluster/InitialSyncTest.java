// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A new replica is made while a client writes. */
final class InitialSyncTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;
    private static final int BLOCK_BYTES = 4096;
    private static final long LARGE_RING_BYTES = 48L << 20;
    private static final int LABEL_BYTES = 4096;
    private static final int WRONG_BYTES = 256 << 10;

    @Test
    @Tag("long")
    void newReplicasNearAndFarComeToHoldTheSameBytesWhileAClientWrites() {
        cluster().c().lineTo(cluster().a()).delay(50);
        cluster().create(resource, SIZE, cluster().a());
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().join(resource, cluster().b());
            cluster().join(resource, cluster().c());
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            finish(writer);
        }
    }

    @Test
    @Tag("long")
    void aSyncWhoseLineBreaksAgainAndAgainGoesOnAndEnds() {
        Line line = cluster().b().lineTo(cluster().a());
        cluster().create(resource, SIZE, cluster().a());
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().join(resource, cluster().b());
            cluster().join(resource, cluster().c());
            for (int i = 0; i < 4; i++) {
                line.closeAfter(1 + random.nextInt(2 << 20));
                Pause.upTo(random, 500);
            }
            line.cut();
            Pause.upTo(random, 500);
            line.heal();
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            finish(writer);
        }
    }

    @Test
    void aSyncGoesOnAfterKill9OfAnyOfItsProcesses() {
        cluster().create(resource, SIZE, cluster().a());
        cluster().b().lineTo(cluster().a()).rate(4 << 20);
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().join(resource, cluster().b());
            cluster().join(resource, cluster().c());
            List<Supplier<ChildProcess>> others = new ArrayList<>(List.of(
                    cluster().a()::tharsisd,
                    cluster().b()::tharsisd,
                    cluster().b()::brickd,
                    cluster().witness()::tharsisd));
            Collections.shuffle(others, random);
            List<Supplier<ChildProcess>> victims = new ArrayList<>(others.subList(0, ALL ? others.size() : 1));
            victims.add(random.nextInt(victims.size() + 1), cluster().a()::brickd); // begins a new epoch under the sync
            for (Supplier<ChildProcess> victim : victims) {
                Pause.upTo(random, 700);
                victim.get().kill();
                Pause.upTo(random, 300);
                cluster().a().start();
                cluster().b().start();
                cluster().witness().start();
            }
            cluster().b().lineTo(cluster().a()).rate(0);
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            finish(writer);
        }
    }

    @Test
    void onlyWhatDiffersIsSentAndZeroesTakeNoRoom() throws IOException {
        cluster().create(resource, SIZE, cluster().a());
        fill(RING_BYTES);
        cluster().a().brickctl("checkpoint", resource).succeeds();
        copySomeWrong(cluster().a().disk(resource), cluster().b().disk(resource));
        Line line = cluster().b().lineTo(cluster().a());
        long before = line.carriedBytes();

        cluster()
                .b()
                .tharsis(
                        "join-resource",
                        resource,
                        "--disk",
                        cluster().b().disk(resource).toString())
                .succeeds();
        cluster().awaitCaughtUp(resource, cluster().b());
        assertThat(line.carriedBytes() - before).isBetween((long) WRONG_BYTES, 8L * WRONG_BYTES);

        cluster().join(resource, cluster().c());
        cluster().awaitCaughtUp(resource, cluster().c());
        assertThat(allocatedBytes(cluster().c().disk(resource)))
                .isBetween(RING_BYTES, RING_BYTES + Files.size(cluster().c().disk(resource)) / 4);
        oracle().checkEqual(cluster().nodes());
    }

    @Test
    void aSyncTellsHowFarItIsAndGoesOnFromThereAfterKill9() {
        cluster().create(resource, SIZE, cluster().a());
        fill(LARGE_RING_BYTES);
        Line line = cluster().b().lineTo(cluster().a());
        line.rate(8 << 20);
        long before = line.carriedBytes();
        cluster().join(resource, cluster().b());
        cluster().await("a part is done", () -> doneBytes() > LARGE_RING_BYTES / 3);
        JsonNode sync = cluster().b().replica(resource, cluster().b()).path("sync");
        assertThat(sync.path("totalBytes").asLong()).as(sync::toString).isEqualTo(64L << 20);
        assertThat(cluster().b().replica(resource, cluster().b()).path("health").asText())
                .isEqualTo("syncing");
        cluster().b().kill();
        cluster().b().start();
        cluster().await("it goes on from there", () -> doneBytes() > LARGE_RING_BYTES / 4);
        line.rate(0);
        cluster().awaitCaughtUp(resource, cluster().b());
        assertThat(line.carriedBytes() - before).isLessThan(LARGE_RING_BYTES * 5 / 4);
        oracle().checkEqual(List.of(cluster().a(), cluster().b()));
    }

    /** What b tells of its backfill; all, when it is over. */
    private long doneBytes() {
        JsonNode replica = cluster().b().replica(resource, cluster().b());
        return replica.path("health").asText().equals("syncing")
                ? replica.path("sync").path("doneBytes").asLong()
                : 0;
    }

    /** Writes the whole ring, and ends. */
    private void fill(long bytes) {
        try (NumberedWriter writer = cluster().write(resource, bytes, 0)) {
            cluster().await("the ring is full", () -> writer.status().acknowledged() > bytes / BLOCK_BYTES);
            writer.stop();
        }
    }

    /** As a new disk of another node, with something else where there are data, and something where there are zeroes. */
    private void copySomeWrong(Path from, Path to) throws IOException {
        Commands.run(List.of("cp", "--sparse=always", from.toString(), to.toString()))
                .succeeds();
        byte[] wrong = new byte[WRONG_BYTES];
        random.nextBytes(wrong);
        try (FileChannel disk = FileChannel.open(to, StandardOpenOption.WRITE)) {
            disk.write(ByteBuffer.wrap(wrong), 5 << 20);
            disk.write(ByteBuffer.wrap(wrong), RING_BYTES + (9 << 20));
            disk.write(ByteBuffer.allocate(LABEL_BYTES), disk.size() - LABEL_BYTES);
        }
    }

    private static long allocatedBytes(Path file) {
        String kibibytes = Commands.run(List.of("du", "--block-size=1024", file.toString()))
                .succeeds()
                .output();
        return Long.parseLong(kibibytes.substring(0, kibibytes.indexOf('\t'))) * 1024;
    }

    private void finish(NumberedWriter writer) {
        NumberedWriter.Counts counts = writer.stop();
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        oracle().checkEqual(cluster().nodes());
        NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
    }
}
