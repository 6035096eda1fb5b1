// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Duration;
import java.util.Optional;

/** Where commands wait until something has changed: the tree, the driver, what is fetched. Any thread may call. */
final class Changes {
    /** Looks whether that is there which is waited for. */
    @FunctionalInterface
    interface Look<T> {
        Optional<T> look() throws Exception;
    }

    /** Looks whether it is as it is waited for. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws Exception;
    }

    /** Without a change it is looked again after so long: what is waited for may come with time alone. */
    private static final long LOOK_MS = 500;

    private long count; // guarded by this

    /** Something has changed. Returns at once. */
    synchronized void tell() {
        count++;
        notifyAll();
    }

    /** Waits for what is looked for; empty when the time is up. */
    <T> Optional<T> await(Duration within, Look<T> wanted) throws Exception {
        long deadlineNs = System.nanoTime() + within.toNanos();
        while (true) {
            long seen = seen();
            Optional<T> found = wanted.look();
            long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            if (found.isPresent() || leftMs <= 0) {
                return found;
            }
            awaitChange(seen, Math.min(leftMs, LOOK_MS));
        }
    }

    /** Waits until the condition holds; false when the time is up. */
    boolean until(Duration within, Condition condition) throws Exception {
        return await(within, () -> condition.holds() ? Optional.of(true) : Optional.empty())
                .isPresent();
    }

    private synchronized long seen() {
        return count;
    }

    private synchronized void awaitChange(long seen, long atMostMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + atMostMs * 1_000_000;
        long leftMs = atMostMs;
        while (count == seen && leftMs > 0) {
            wait(leftMs);
            leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
        }
    }
}
