// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A new replica is made while a client writes. */
final class InitialSyncTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;

    @Test
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
        cluster().b().lineTo(cluster().a()).rate(16 << 20);
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().join(resource, cluster().b());
            cluster().join(resource, cluster().c());
            List<ChildProcess> victims = List.of(
                    cluster().b().tharsisd(),
                    cluster().b().brickd(),
                    cluster().a().tharsisd());
            for (ChildProcess victim : victims) {
                Pause.upTo(random, 1000);
                victim.kill();
                cluster().a().start();
                cluster().b().start();
            }
            cluster().b().lineTo(cluster().a()).rate(0);
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            finish(writer);
        }
    }

    private void finish(NumberedWriter writer) {
        NumberedWriter.Counts counts = writer.stop();
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        oracle().checkEqual(cluster().nodes());
        NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
    }
}
