// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** ZooKeeper is dead or cannot be reached, and comes back. */
final class ZooKeeperAwayTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;

    @Test
    void withoutZooKeeperWritesAndReplicationGoOnAndADaemonStartsFromItsJournal() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().witness().kill();
            cluster()
                    .await(
                            "b answers from its journal",
                            () -> source(cluster().b()).equals("journal"));
            assertThat(cluster().b().view().path("cluster").path("ageMs").asLong())
                    .isPositive();
            cluster().b().tharsisd().kill();
            cluster().b().start();
            awaitReplication(writer, cluster().b());
            awaitReplication(writer, cluster().c());
            Answer promotion = cluster().b().tharsis("primary", resource, "--force", "--timeout", "5s");
            assertThat(promotion.exitStatus()).as(promotion::toString).isEqualTo(4);

            cluster().restore();
            finish(writer);
            cluster()
                    .await(
                            "all answer live",
                            () -> cluster().nodes().stream()
                                    .allMatch(node -> source(node).equals("live")));
        }
        cluster()
                .await(
                        "what happened meanwhile is published",
                        () -> publishedEnd(cluster().b())
                                == oracle().driverEnd(cluster().b()));
    }

    @Test
    @Tag("long")
    void aNodeWhoseSessionHasEndedGoesOnAndIsAliveAgainWhenItIsBack() {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().b().lineToZooKeeper().cut();
            cluster().await("b's session has ended", () -> !isAlive("b"));
            awaitReplication(writer, cluster().b());
            cluster().b().lineToZooKeeper().heal();
            cluster().await("b is alive again", () -> isAlive("b"));
            finish(writer);
        }
    }

    /** The node's driver gets what is written now. */
    private void awaitReplication(NumberedWriter writer, TestNode node) {
        long before = oracle().driverEnd(node);
        long acknowledged = writer.status().acknowledged();
        cluster()
                .await(
                        "log arrives at " + node.name(),
                        () -> writer.status().acknowledged() > acknowledged && oracle().driverEnd(node) > before);
    }

    private static String source(TestNode node) {
        return node.view().path("cluster").path("source").asText();
    }

    private boolean isAlive(String name) {
        for (JsonNode node : cluster().a().view().path("nodes")) {
            if (node.path("name").asText().equals(name)) {
                return node.path("alive").asBoolean();
            }
        }
        return false;
    }

    /** As the witness knows it, which has no replica and hears of all only through the tree. */
    private long publishedEnd(TestNode node) {
        return cluster()
                .witness()
                .replica(resource, node)
                .path("position")
                .path("endLsn")
                .asLong();
    }

    private void createOnAll() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
    }

    private void finish(NumberedWriter writer) {
        NumberedWriter.Counts counts = writer.stop();
        assertThat(writer.missing()).isZero();
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        oracle().checkEqual(cluster().nodes());
        NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
    }
}
