// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns a tree's state. What fails in it is logged and does not stop it; what comes after
 * {@link #close} is dropped. Any thread may call it.
 */
final class OwnerThread implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerThread.class);

    private final ScheduledThreadPoolExecutor executor =
            new ScheduledThreadPoolExecutor(1, TreeClient.daemons("tharsis-tree"));

    @Override
    public void execute(Runnable task) {
        offer(task);
    }

    /** Returns false when it is closed. */
    boolean offer(Runnable task) {
        return after(0, task);
    }

    /** Runs a task in a while; returns false when it is closed. */
    boolean after(long delayNs, Runnable task) {
        try {
            Future<?> ignored = executor.schedule(() -> guarded(task), delayNs, TimeUnit.NANOSECONDS);
            return !ignored.isCancelled();
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("The state tree's own thread met a bug; please report it. It goes on", e);
        }
    }
}
