// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.tharsis.control.driver.ResourceStatus;

/** Waits until the driver says what is waited for. */
final class Awaited {
    /** Returns the first status that fits; empty when none has come in time. */
    static Optional<ResourceStatus.Replica> of(
            WatchedResource watched, Duration within, Predicate<ResourceStatus.Replica> wanted)
            throws IOException, InterruptedException {
        CompletableFuture<ResourceStatus.Replica> found = new CompletableFuture<>();
        Closeable listening = watched.onChange(sight -> look(sight, wanted, found));
        try {
            watched.ask();
            return Optional.of(found.get(within.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException late) {
            return Optional.empty();
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        } finally {
            listening.close();
        }
    }

    private static void look(
            DriverSight sight,
            Predicate<ResourceStatus.Replica> wanted,
            CompletableFuture<ResourceStatus.Replica> found) {
        if (sight instanceof DriverSight.Present present) {
            present.status().replica().filter(wanted).ifPresent(found::complete);
        }
    }

    private Awaited() {}
}
