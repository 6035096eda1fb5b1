// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** While a client writes, processes are killed and lines are cut, at random moments. */
final class KilledProcessesTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;
    private static final int BLOWS = 12;

    /** What may happen to a node whose replica is a secondary, or to its line. */
    private enum Blow {
        KILL_SECONDARYS_DAEMON,
        KILL_SECONDARYS_DRIVER,
        KILL_PRIMARYS_DAEMON,
        KILL_PRIMARYS_DRIVER,
        KILL_ZOOKEEPER,
        CUT,
        STALL,
        DELAY,
        CLOSE
    }

    @Test
    void replicasAreEqualAfterAnythingWasKilledOrCutAtAnyMoment() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            for (int i = 0; i < BLOWS; i++) {
                Pause.upTo(random, 500);
                strike();
                cluster().nodes().forEach(TestNode::restore);
                cluster().witness().restore();
            }
            cluster().restore();
            NumberedWriter.Counts counts = writer.stop();
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            oracle().checkEqual(cluster().nodes());
            NumberedWriter.check(cluster().c().disk(resource).toString(), RING_BYTES, counts.flushed());
        }
    }

    private void strike() {
        TestNode secondary = random.nextBoolean() ? cluster().b() : cluster().c();
        Line line = secondary.lineTo(cluster().a());
        Blow blow = Blow.values()[random.nextInt(Blow.values().length)];
        System.out.println(blow + " " + secondary.name());
        switch (blow) {
            case KILL_SECONDARYS_DAEMON -> secondary.tharsisd().kill();
            case KILL_SECONDARYS_DRIVER -> secondary.brickd().kill();
            case KILL_PRIMARYS_DAEMON -> cluster().a().tharsisd().kill();
            case KILL_PRIMARYS_DRIVER -> cluster().a().brickd().kill();
            case KILL_ZOOKEEPER -> cluster().witness().kill();
            case CUT -> line.cut();
            case STALL -> line.stall();
            case DELAY -> line.delay(100);
            case CLOSE -> line.closeAfter(1 + random.nextInt(1 << 20));
        }
        Pause.upTo(random, 300);
    }

    @Test
    @Tag("long")
    void theDeviceGoesOnWhileItsDaemonIsDeadAndReplicationWhenItIsBack() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().a().tharsisd().kill();
            long before = writer.status().acknowledged();
            cluster().await("writes go on", () -> writer.status().acknowledged() > before + PER_SECOND / 2);
            cluster().a().start();
            NumberedWriter.Counts counts = writer.stop();
            assertThat(writer.missing()).isZero();
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            oracle().checkEqual(List.of(cluster().a(), cluster().b(), cluster().c()));
            NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
        }
    }
}
