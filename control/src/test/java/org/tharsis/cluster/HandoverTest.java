// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The primary is changed as planned: nothing is lost, whatever happens meanwhile. */
final class HandoverTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;

    @Test
    void aHandoverUnderLoadLosesNoWriteThatWasAcknowledged() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            for (TestNode next : List.of(cluster().b(), cluster().c(), cluster().a())) {
                next.tharsis("primary", resource, "--disconnect-users").succeeds();
                writer.awaitAccepted();
            }
            finish(writer, cluster().a());
            assertThat(writer.missing()).as(() -> writer.said().toString()).isZero();
            assertThat(role().path("epoch").asLong()).isEqualTo(4);
        }
    }

    @Test
    void aHandoverIsRefusedWhileTheDeviceIsInUseAndNothingIsChanged() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            Answer answer = cluster().b().tharsis("primary", resource);

            assertThat(answer.exitStatus()).as(answer::toString).isEqualTo(1);
            assertThat(primary()).isEqualTo("a");
            assertThat(role().path("epoch").asLong()).isEqualTo(1);
            finish(writer, cluster().a());
        }
    }

    /** Who is killed during a handover from a to b. */
    private enum Victim {
        OLD_DAEMON,
        OLD_DRIVER,
        NEW_DAEMON,
        NEW_DRIVER,
        ZOOKEEPER
    }

    private ChildProcess process(Victim victim) {
        return switch (victim) {
            case OLD_DAEMON -> cluster().a().tharsisd();
            case OLD_DRIVER -> cluster().a().brickd();
            case NEW_DAEMON -> cluster().b().tharsisd();
            case NEW_DRIVER -> cluster().b().brickd();
            case ZOOKEEPER -> cluster().witness().tharsisd();
        };
    }

    @ParameterizedTest
    @EnumSource
    void killedAtAnyMomentAHandoverLeavesOnePrimaryOrNoneAndARetryFinishesIt(Victim victim) {
        unlessOneIsEnough(victim);
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            CompletableFuture<Answer> command = CompletableFuture.supplyAsync(
                    () -> cluster().b().tharsis("primary", resource, "--disconnect-users", "--timeout", "10s"));
            Pause.upTo(random, 900);
            process(victim).kill();
            System.out.println(command.join());
            cluster().restore();
            oracle().checkEpochs();
            cluster()
                    .await(
                            "b can be made the primary",
                            () -> cluster()
                                            .b()
                                            .tharsis("primary", resource, "--disconnect-users", "--timeout", "10s")
                                            .exitStatus()
                                    == 0);
            finish(writer, cluster().b());
        }
    }

    @Test
    void ofTwoAdminsAtOnceAtLeastOneWinsAndThereIsOnePrimary() {
        createOnAll();
        CompletableFuture<Answer> one =
                CompletableFuture.supplyAsync(() -> cluster().b().tharsis("primary", resource, "--timeout", "20s"));
        CompletableFuture<Answer> other =
                CompletableFuture.supplyAsync(() -> cluster().c().tharsis("primary", resource, "--timeout", "20s"));
        Answer ofB = one.join();
        Answer ofC = other.join();
        System.out.println(ofB + "" + ofC);

        assertThat(List.of(ofB.exitStatus(), ofC.exitStatus())).contains(0).isSubsetOf(0, 1, 3);
        cluster().await("there is a primary", () -> !primary().isEmpty());
        assertThat((primary().equals("b") ? ofB : ofC).exitStatus()).isZero();
        oracle().checkEpochs();
        TestNode primary = primary().equals("b") ? cluster().b() : cluster().c();
        awaitOthers(primary);
        oracle().checkEqual(cluster().nodes());
    }

    private void createOnAll() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
    }

    private JsonNode role() {
        return cluster().witness().resource(resource).path("role");
    }

    private String primary() {
        return role().path("state").asText().equals("primary")
                ? role().path("primary").asText()
                : "";
    }

    private void awaitOthers(TestNode primary) {
        for (TestNode node : cluster().nodes()) {
            if (node != primary) {
                cluster().awaitCaughtUp(resource, node);
            }
        }
    }

    private void finish(NumberedWriter writer, TestNode primary) {
        NumberedWriter.Counts counts = writer.stop();
        awaitOthers(primary);
        checkOnAll(counts, RING_BYTES);
    }
}
