// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads for what may wait for the driver or the disk and was asked for by somebody who must not wait. */
final class Background implements AutoCloseable {
    /** Something that blocks and may fail. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws Exception;
    }

    /** The same without a result. */
    @FunctionalInterface
    interface Task {
        void run() throws Exception;
    }

    private final ExecutorService threads = Executors.newCachedThreadPool(named("background"));

    /** Threads with this name and a number, which do not keep the process alive. */
    static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    <T> CompletionStage<T> start(Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    result.complete(work.run());
                } catch (Exception failed) {
                    result.completeExceptionally(failed);
                }
            });
        } catch (RejectedExecutionException closed) {
            result.completeExceptionally(closed);
        }
        return result;
    }

    CompletionStage<Void> run(Task task) {
        return start(() -> {
                    task.run();
                    return Boolean.TRUE;
                })
                .thenAccept(done -> {});
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
