// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * What the tests here share: one cluster for all of them, because it takes seconds to start one. Each test makes a resource
 * of its own. After a test all processes are started again; after one that failed, the cluster is thrown away.
 *
 * <p>Chance is seeded by {@code -Dcluster.seed}; without it, by the clock. The seed is printed.
 */
@Tag("cluster")
@ExtendWith(ClusterTest.Keeper.class)
abstract class ClusterTest {
    private static final AtomicInteger RESOURCES = new AtomicInteger();
    private static final long SEED = Long.getLong("cluster.seed", System.nanoTime() & 0xffffff);
    private static Optional<TestCluster> shared = Optional.empty();

    final Random random = new Random(SEED);
    final String resource = "vol" + RESOURCES.incrementAndGet();
    private Optional<TestCluster> cluster = Optional.empty();
    private Optional<Oracle> oracle = Optional.empty();

    @BeforeEach
    void enter() {
        System.out.println(getClass().getSimpleName() + ": -Dcluster.seed=" + SEED);
        if (shared.isEmpty()) {
            shared = Optional.of(TestCluster.start());
            Runtime.getRuntime().addShutdownHook(new Thread(() -> shared.ifPresent(TestCluster::close)));
        }
        cluster = shared;
        oracle = Optional.of(new Oracle(cluster(), resource));
    }

    @AfterEach
    void leave() {
        cluster().restore();
    }

    TestCluster cluster() {
        return cluster.orElseThrow();
    }

    Oracle oracle() {
        return oracle.orElseThrow();
    }

    /** Shows what the processes of a failed test said, and ends them. */
    static final class Keeper implements TestWatcher {
        @Override
        public void testFailed(ExtensionContext context, Throwable cause) {
            shared.ifPresent(cluster -> {
                cluster.printLogs();
                cluster.close();
            });
            shared = Optional.empty();
        }
    }
}
