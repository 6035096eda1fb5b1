// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.api.Command.Condition;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.ViewReport;

/** Nodes of this process, each with a real brickd: what becomes of a replica, whatever is taken away from it. */
@Tag("cluster")
@Timeout(180)
class NodesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int WRITE_BYTES = 256 << 10;

    @TempDir
    Path directory;

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        while (!toClose.isEmpty()) {
            toClose.pop().close();
        }
    }

    private Site first(boolean tls) throws IOException {
        Site site = new Site(directory, "a", tls);
        toClose.push(site);
        site.createCluster();
        site.createResource();
        return site;
    }

    private Site joined(Site to, String name, boolean tls) throws IOException {
        Site site = new Site(directory, name, tls);
        toClose.push(site);
        site.joinCluster(to);
        site.joinResource();
        site.await(Condition.CAUGHT_UP);
        return site;
    }

    private static void awaitHealth(Site site, String health) {
        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(site.replica().health()).isEqualTo(health));
    }

    private void replicatesAndHandsOver(boolean tls) throws Exception {
        Site a = first(tls);
        a.write(1, 0, WRITE_BYTES);
        Site b = joined(a, "b", tls);
        a.write(2, WRITE_BYTES, WRITE_BYTES);
        b.await(Condition.CAUGHT_UP);
        assertThat(b.replica().lagBytes()).contains(0L);

        Site.done(b.primary(false));
        assertThat(b.view().role().primary()).contains("b");
        assertThat(b.view().role().epoch()).isEqualTo(2);
        b.write(3, 0, WRITE_BYTES);
        a.await(Condition.CAUGHT_UP);

        Site.done(a.primary(false));
        assertThat(a.view().role().epoch()).isEqualTo(3);
    }

    @Test
    void aNewReplicaIsFilledAndTheRoleGoesThereAndBack() throws Exception {
        replicatesAndHandsOver(false);
    }

    @Test
    void allOfItWorksWithCertificates() throws Exception {
        replicatesAndHandsOver(true);
    }

    @Test
    void whatTheOldPrimaryHadMoreIsReportedAndKeptUntilInvalidate() throws Exception {
        Site a = first(false);
        Site witness = a;
        Site b = joined(witness, "b", false);
        Site c = joined(witness, "c", false);
        Site.done(c.primary(false));
        b.await(Condition.CAUGHT_UP);
        c.stopDaemon();
        c.write(7, 0, WRITE_BYTES);
        c.killDriver();

        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(b.replica().hindrance()).isPresent());
        assertThat(b.primary(false)).isInstanceOf(Outcome.Refused.class);
        Site.done(b.primary(true));
        assertThat(b.view().role().state()).isEqualTo(ViewReport.RoleState.FORCED);
        b.write(8, WRITE_BYTES, WRITE_BYTES);

        c.start();
        awaitHealth(c, "diverged");
        assertThat(c.replica().role()).contains("secondary");
        assertThat(c.replica().lost().orElseThrow().bytes()).isEqualTo(WRITE_BYTES);
        Site.done(c.invalidate());
        c.await(Condition.CAUGHT_UP);
        awaitHealth(c, "ok");
        assertThat(c.replica().lost()).isEmpty();
    }

    @Test
    void aPrimaryWhoseDriverWasKilledComesBackInTheNextEpoch() throws Exception {
        Site a = first(false);
        Site b = joined(a, "b", false);
        a.write(1, 0, WRITE_BYTES);
        a.killDriver();
        a.start();
        a.await(Condition.PRIMARY);
        assertThat(a.view().role().epoch()).isEqualTo(2);
        a.write(2, 0, WRITE_BYTES);
        b.await(Condition.CAUGHT_UP);
    }

    @Test
    void aFollowerWhoseDriverWasKilledGoesOnFollowing() throws Exception {
        Site a = first(false);
        Site b = joined(a, "b", false);
        b.killDriver();
        a.write(1, 0, WRITE_BYTES);
        b.start();
        b.await(Condition.CAUGHT_UP);
    }

    @Test
    void aDaemonThatComesBackFindsItsReplicasAtTheDriver() throws Exception {
        Site a = first(false);
        Site b = joined(a, "b", false);
        b.stopDaemon();
        a.write(1, 0, WRITE_BYTES);
        b.start();
        b.await(Condition.CAUGHT_UP);
        Site.done(b.primary(false));
    }

    @Test
    void withoutZooKeeperReplicationGoesOnAndADaemonComesUpFromItsJournal() throws Exception {
        Site witness = new Site(directory, "w", false);
        toClose.push(witness);
        witness.createCluster();
        Site a = new Site(directory, "a", false);
        toClose.push(a);
        a.joinCluster(witness);
        a.createResource();
        Site b = joined(a, "b", false);
        witness.stopDaemon();

        Awaitility.await().atMost(LIMIT).until(() -> {
            ViewReport report = Site.done(b.node().view(Optional.empty()));
            return report.cluster().orElseThrow().source() == ViewReport.Source.JOURNAL;
        });
        a.write(1, 0, WRITE_BYTES);
        b.await(Condition.CAUGHT_UP);
        b.stopDaemon();
        b.start();
        a.write(2, 0, WRITE_BYTES);
        b.await(Condition.CAUGHT_UP);
        assertThat(b.primary(true)).isInstanceOf(Outcome.Unreachable.class);

        witness.start();
        Awaitility.await().atMost(LIMIT).until(() -> b.primary(false) instanceof Outcome.Done);
    }

    @Test
    void withoutAPrimaryAnyNodeThatHasAllCanGoOn() throws Exception {
        Site a = first(false);
        Site b = joined(a, "b", false);
        a.write(1, 0, WRITE_BYTES);
        Site.done(a.secondary());
        assertThat(a.view().role().state()).isEqualTo(ViewReport.RoleState.NONE);
        Site.done(b.primary(false));
        a.await(Condition.CAUGHT_UP);
        Site.done(a.leave(false));
        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(b.view().replicas()).hasSize(1));
        assertThat(a.openAtDriver()).isEmpty();
        assertThat(b.openAtDriver()).containsExactly(Site.RESOURCE);
    }

    @Test
    void aPrimaryThatIsTheLastOneIsGivenUpOnlyByForceAndThenWholly() throws Exception {
        Site a = first(false);
        assertThat(a.leave(false)).isInstanceOf(Outcome.Refused.class);
        Site.done(a.leave(true));
        Awaitility.await()
                .atMost(LIMIT)
                .until(() ->
                        Site.done(a.node().view(Optional.empty())).resources().isEmpty());
        assertThat(a.openAtDriver()).isEmpty();
    }
}
