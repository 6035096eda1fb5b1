// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * What the tests here share: one cluster for all of them, because it takes seconds to start one. Each test makes a resource
 * of its own. After a test all processes are started again, and the resource goes; after one that failed, the cluster is
 * thrown away.
 *
 * <p>With {@code -Dcluster.all=true} whatever can be killed is killed; else some of it, by chance.
 *
 * <p>Chance is seeded by {@code -Dcluster.seed}, and for each test by its name; without it, by the clock. The seed is printed.
 */
@Tag("cluster")
@ExtendWith(ClusterTest.Keeper.class)
abstract class ClusterTest {
    private static final AtomicInteger RESOURCES = new AtomicInteger();
    private static final long SEED = Long.getLong("cluster.seed", System.nanoTime() & 0xffffff);
    /** Kill whatever can be killed, not just some of it, by chance. */
    static final boolean ALL = Boolean.getBoolean("cluster.all");

    private static Optional<TestCluster> shared = Optional.empty();

    final String resource = "vol" + RESOURCES.incrementAndGet();
    Random random = new Random(SEED);
    private Optional<TestCluster> cluster = Optional.empty();
    private Optional<Oracle> oracle = Optional.empty();

    @BeforeEach
    void enter(TestInfo test) {
        String name = getClass().getSimpleName() + "."
                + test.getTestMethod().orElseThrow().getName() + " " + test.getDisplayName();
        System.out.println(name + ": " + resource + ", -Dcluster.seed=" + SEED);
        random = new Random(SEED * 31 + name.hashCode());
        if (shared.isEmpty()) {
            shared = Optional.of(TestCluster.start());
            Runtime.getRuntime().addShutdownHook(new Thread(() -> shared.ifPresent(TestCluster::close)));
        }
        cluster = shared;
        oracle = Optional.of(new Oracle(cluster(), resource));
    }

    /** Leaves out all but one of these, unless all are wanted. */
    <E extends Enum<E>> void unlessOneIsEnough(E one) {
        E[] all = one.getDeclaringClass().getEnumConstants();
        E chosen = all[new Random(SEED).nextInt(all.length)];
        Assumptions.assumeTrue(ALL || one == chosen, "-Dcluster.all=true kills this one too");
    }

    /** An option of the test's resource. */
    void set(String option, String value) {
        cluster()
                .witness()
                .tharsis("set", "resources/" + resource + "/options/" + option, value)
                .succeeds();
    }

    TestCluster cluster() {
        return cluster.orElseThrow();
    }

    /** Replicas on all nodes are equal and have, in a ring of this size, all that a writer has flushed. */
    void checkOnAll(NumberedWriter.Counts counts, long ringBytes) {
        oracle().checkEqual(cluster().nodes());
        for (TestNode node : cluster().nodes()) {
            NumberedWriter.check(node.disk(resource).toString(), ringBytes, counts.flushed());
        }
    }

    Oracle oracle() {
        return oracle.orElseThrow();
    }

    /** Tidies up after a test. After one that failed, shows what the processes said, and ends them. */
    static final class Keeper implements AfterEachCallback, TestWatcher {
        @Override
        public void afterEach(ExtensionContext context) {
            if (context.getExecutionException().isEmpty()) {
                ClusterTest test = (ClusterTest) context.getRequiredTestInstance();
                test.cluster().restore();
                test.cluster().forget(test.resource);
            }
        }

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
