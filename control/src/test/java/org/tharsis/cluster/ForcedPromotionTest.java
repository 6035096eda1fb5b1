// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogVerify;
import org.tharsis.replication.log.SegmentName;

/** The primary's node dies, another one takes over, and the old primary comes back. */
final class ForcedPromotionTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;

    @Test
    void aLoserIsRecognisedReportedLeftIntactAndResyncedByInvalidate() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cutOff(cluster().a());
            long before = writer.status().acknowledged();
            cluster().await("it goes on alone", () -> writer.status().acknowledged() > before + PER_SECOND / 2);
            cluster().a().kill();
            promoteByForce(cluster().b());
            writer.awaitAccepted();
            Map<SegmentName, Long> left = sums(cluster().a());

            cluster().restore();
            cluster().awaitHealth(resource, cluster().a(), "diverged");

            JsonNode lost = cluster().a().replica(resource, cluster().a()).path("lost");
            assertThat(lost.path("blocks").asLong()).as(lost::toString).isBetween((long) PER_SECOND / 2, 100_000L);
            assertThat(lost.path("bytes").asLong()).isPositive();
            assertThat(sums(cluster().a())).containsAllEntriesOf(left);

            cluster().a().tharsis("invalidate", resource).succeeds();
            finish(writer.stop());
            assertThat(writer.missing()).isGreaterThanOrEqualTo(PER_SECOND / 2);
        }
    }

    @Test
    @Tag("long")
    void anOldPrimaryThatHasNothingMoreThanTheOthersJustFollows() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            writer.stop();
        }
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        cluster().a().kill();
        promoteByForce(cluster().b());
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().restore();
            finish(writer.stop());
        }
    }

    /** Each replica keeps for the others what they lack: of segments so small, nothing would be left otherwise. */
    @Test
    void aReplicaThatWasAwayAllTheTimeFindsWhatItLacksAtTheNewPrimary() {
        createOnAll();
        set("log-limit-bytes", "192MiB");
        set("segment-bytes", "256KiB");
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().c().kill();
            awaitSegments(writer);
            end(cluster().a());
            promoteByForce(cluster().b());
            writer.awaitAccepted();
            awaitSegments(writer);
            cluster().c().start();
            cluster().awaitCaughtUp(resource, cluster().c());
            bringBackTheLoser();
            finish(writer.stop());
        }
    }

    /** Until many segments were written, and written back. */
    private void awaitSegments(NumberedWriter writer) {
        long before = writer.status().acknowledged();
        cluster().await("many segments are written", () -> writer.status().acknowledged() > before + 4 * PER_SECOND);
    }

    /** Who is killed while b takes over. */
    private enum Victim {
        DAEMON,
        DRIVER,
        ZOOKEEPER
    }

    private ChildProcess process(Victim victim) {
        return switch (victim) {
            case DAEMON -> cluster().b().tharsisd();
            case DRIVER -> cluster().b().brickd();
            case ZOOKEEPER -> cluster().witness().tharsisd();
        };
    }

    @ParameterizedTest
    @EnumSource
    void whoIsKilledWhileItTakesOverTakesOverAfterwardsOrAtTheNextTry(Victim victim) {
        unlessOneIsEnough(victim);
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            end(cluster().a());
            CompletableFuture<Answer> command = CompletableFuture.supplyAsync(
                    () -> cluster().b().tharsis("primary", resource, "--force", "--lose-newer", "--timeout", "10s"));
            Pause.upTo(random, 900);
            process(victim).kill();
            System.out.println(command.join());
            cluster().b().start();
            cluster().witness().start();
            promoteByForce(cluster().b());
            writer.awaitAccepted();
            bringBackTheLoser();
            finish(writer.stop());
        }
    }

    /** Both are done when one begins only after the other one has ended: then the later one has the role. */
    @Test
    void ofTwoAdminsWhoForceAtOnceOneWinsAndTheOtherIsTold() {
        createOnAll();
        end(cluster().a());
        CompletableFuture<Answer> one =
                CompletableFuture.supplyAsync(() -> force(cluster().b()));
        CompletableFuture<Answer> other =
                CompletableFuture.supplyAsync(() -> force(cluster().c()));
        Answer ofB = one.join();
        Answer ofC = other.join();
        System.out.println(ofB + "" + ofC);

        assertThat(List.of(ofB.exitStatus(), ofC.exitStatus())).contains(0).isSubsetOf(0, 1);
        JsonNode role = cluster().witness().resource(resource).path("role");
        TestNode winner = role.path("primary").asText().equals("b")
                ? cluster().b()
                : cluster().c();
        assertThat((winner == cluster().b() ? ofB : ofC).exitStatus()).isZero();
        assertThat(role.path("epoch").asInt()).isEqualTo(ofB.exitStatus() + ofC.exitStatus() == 0 ? 3 : 2);
        oracle().checkEpochs();
        cluster().restore();
        for (TestNode node : cluster().nodes()) {
            if (node != winner) {
                cluster().await(node.name() + " knows where it stands", () -> knowsWhereItStands(node));
                node.tharsis("invalidate", resource).succeeds();
                cluster().awaitCaughtUp(resource, node);
            }
        }
        oracle().checkEqual(cluster().nodes());
    }

    private void bringBackTheLoser() {
        cluster().restore();
        cluster()
                .await(
                        "a knows where it stands",
                        () -> knowsWhereItStands(cluster().a()));
        cluster().a().tharsis("invalidate", resource).succeeds();
    }

    private String health(TestNode node) {
        return node.replica(resource, node).path("health").asText();
    }

    private boolean knowsWhereItStands(TestNode node) {
        return Set.of("ok", "diverged").contains(health(node));
    }

    private Answer force(TestNode node) {
        return node.tharsis("primary", resource, "--force", "--lose-newer", "--timeout", "20s");
    }

    /** Its device dies at once. Its daemon has time to end its session, so that nobody has to wait until that expires. */
    private static void end(TestNode node) {
        node.brickd().kill();
        node.tharsisd().terminate();
    }

    /** Nobody hears from it; it hears ZooKeeper. */
    private void cutOff(TestNode node) {
        for (TestNode peer : cluster().nodes()) {
            if (peer != node) {
                peer.lineTo(node).cut();
                node.lineTo(peer).cut();
            }
        }
    }

    private void promoteByForce(TestNode node) {
        cluster().await(node.name() + " takes over", () -> force(node).exitStatus() == 0);
    }

    /** Checksums of a replica's segments, up to where its log ends: what is behind that is no record, and a driver cuts it. */
    private Map<SegmentName, Long> sums(TestNode node) {
        Path directory = node.logDirectory(resource);
        Map<SegmentName, Long> sums = new TreeMap<>();
        try {
            long endLsn = LogVerify.verify(directory).end().lsn();
            for (SegmentName name : SegmentName.in(directory)) {
                byte[] bytes = Files.readAllBytes(directory.resolve(name.fileName()));
                CRC32C sum = new CRC32C();
                sum.update(bytes, 0, (int) Math.min(bytes.length, endLsn - name.startLsn()));
                sums.put(name, sum.getValue());
            }
        } catch (IOException | LogFormatException cannot) {
            throw new AssertionError(directory.toString(), cannot);
        }
        return sums;
    }

    private void createOnAll() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
    }

    private void finish(NumberedWriter.Counts counts) {
        cluster().awaitCaughtUp(resource, cluster().a(), cluster().c());
        checkOnAll(counts, RING_BYTES);
    }
}
