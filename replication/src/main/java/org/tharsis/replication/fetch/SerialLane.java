// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/**
 * Runs tasks one after the other, in order, on threads that are shared with other lanes. Any thread may call. What waits is bounded by
 * those who call: the data by credit, the rest by there being one of each kind.
 */
final class SerialLane implements Executor {
    private final Executor threads;
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    SerialLane(Executor threads) {
        this.threads = threads;
    }

    @Override
    public synchronized void execute(Runnable task) {
        waiting.add(task);
        if (!running) {
            running = true;
            threads.execute(this::runOne);
        }
    }

    /** One at a time, so that lanes take turns. */
    private void runOne() {
        Runnable task;
        synchronized (this) {
            task = waiting.remove();
        }
        try {
            task.run();
        } finally {
            next();
        }
    }

    private synchronized void next() {
        if (waiting.isEmpty()) {
            running = false;
        } else {
            threads.execute(this::runOne);
        }
    }
}
