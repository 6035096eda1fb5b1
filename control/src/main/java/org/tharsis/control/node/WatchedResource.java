// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.Closeable;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverError;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.driver.DriverWatch;
import org.tharsis.control.driver.ResourceStatus;

/**
 * A resource of the driver, with the newest that is known of it. The driver's watch keeps it up to date; whoever has just
 * changed something asks anew. Any thread may call; listeners are called by the watch's thread and by those who ask.
 */
final class WatchedResource implements DriverWatch.ResourceListener, Closeable {
    private final DriverClient driver;
    private final String resource;
    private final List<Consumer<DriverSight>> listeners = new CopyOnWriteArrayList<>();
    private volatile DriverSight sight =
            new DriverSight.Away("the driver was not asked yet"); // written under listeners
    private long newestChange; // guarded by listeners
    private Optional<DriverWatch> watch = Optional.empty(); // guarded by this

    WatchedResource(DriverClient driver, String resource) {
        this.driver = driver;
        this.resource = resource;
    }

    /** The newest that is known. */
    DriverSight sight() {
        return sight;
    }

    /** The status, when the driver has the resource open. */
    Optional<ResourceStatus> status() {
        return sight instanceof DriverSight.Present present ? Optional.of(present.status()) : Optional.empty();
    }

    /** The replica, when it is open. */
    Optional<ResourceStatus.Replica> replica() {
        return status().flatMap(ResourceStatus::replica);
    }

    /** Calls a listener with each change, until the result is closed. */
    Closeable onChange(Consumer<DriverSight> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Watches from now on; a second time after the resource was opened, so that the watch need not find that out. */
    synchronized void watch() {
        watch.ifPresent(DriverWatch::close);
        watch = Optional.of(driver.watch(resource, this));
    }

    /** Asks the driver. Blocks. */
    DriverSight ask() {
        try {
            see(new DriverSight.Present(driver.status(resource)));
        } catch (DriverException refused) {
            see(
                    refused.error() == DriverError.ABSENT
                            ? new DriverSight.Absent()
                            : new DriverSight.Away(
                                    "the driver does not tell how " + resource + " is: " + refused.getMessage()));
        } catch (DriverGone gone) {
            see(new DriverSight.Away(String.valueOf(gone.getMessage())));
        }
        return sight;
    }

    private void see(DriverSight now) {
        if (isNews(now)) {
            listeners.forEach(listener -> listener.accept(now));
        }
    }

    /** An answer to who asked and one of the watch may overtake each other: the older one is nothing that holds any more. */
    private boolean isNews(DriverSight now) {
        synchronized (listeners) {
            if (now instanceof DriverSight.Present present) {
                long change = present.status().change();
                if (change != 0 && change < newestChange) {
                    return false;
                }
                newestChange = change;
            }
            sight = now;
            return true;
        }
    }

    @Override
    public void changed(ResourceStatus status) {
        see(new DriverSight.Present(status));
    }

    @Override
    public void absent() {
        see(new DriverSight.Absent());
    }

    @Override
    public void gone(DriverGone why) {
        see(new DriverSight.Away(String.valueOf(why.getMessage())));
    }

    @Override
    public synchronized void close() {
        watch.ifPresent(DriverWatch::close);
        watch = Optional.empty();
        listeners.clear();
    }
}
