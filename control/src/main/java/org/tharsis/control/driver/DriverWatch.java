// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a resource, or the whole host, on a thread and a session of its own, until it is closed. While there is nothing
 * to follow it tries again, after 50 ms first and every second at last. The listener is called by the watch's thread only;
 * {@link #close} does not wait for a call under way.
 */
public final class DriverWatch implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverWatch.class);
    /** A log that grows fast changes with each write; to be told so often would cost both sides more than it is worth. */
    private static final long MIN_INTERVAL_MS = 5;

    private static final long RETRY_MS_MIN = 50;
    private static final long RETRY_MS_MAX = 1000;

    /** Is told how a resource is. Changes are coalesced; the newest is never missed. */
    public interface ResourceListener {
        void changed(ResourceStatus status);

        /** The driver has no open resource of this name any more, or not yet. Told once, then when it was there. */
        void absent();

        /** The driver is away. Told once, then when it was there. */
        void gone(DriverGone why);
    }

    /** Is told what to look at again. */
    public interface HostListener {
        /**
         * Something has changed.
         *
         * @param resources open resources that have changed; with a new connection, all
         * @param set whether one was opened or closed; with a new connection, yes
         */
        void changed(List<String> resources, boolean set);

        /** The driver is away. Told once, then when it was there. */
        void gone(DriverGone why);
    }

    /** What the listener knows. */
    private enum Told {
        NOTHING,
        PRESENT,
        ABSENT,
        GONE
    }

    private final Path socket;
    private final CommandLine command;
    private final Function<Reply, Runnable> changed;
    private final Runnable absent;
    private final Consumer<DriverGone> gone;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Object lock = new Object();
    private Optional<DriverSession> session = Optional.empty(); // guarded by lock
    private Told told = Told.NOTHING; // of the watch's thread
    private long retryMs = RETRY_MS_MIN; // of the watch's thread
    private boolean firstAnswer; // of the watch's thread

    private DriverWatch(Path socket, String resource, ResourceListener listener) {
        this.socket = socket;
        this.command = new CommandLine("watch", resource).number("min-interval-ms", MIN_INTERVAL_MS);
        this.changed = reply -> {
            ResourceStatus status = ResourceStatus.of(reply);
            return () -> listener.changed(status);
        };
        this.absent = listener::absent;
        this.gone = listener::gone;
    }

    private DriverWatch(Path socket, HostListener listener) {
        this.socket = socket;
        this.command = new CommandLine("watch");
        this.changed = reply -> {
            boolean set = firstAnswer || reply.find("set").isPresent();
            return () -> listener.changed(reply.all("resource"), set);
        };
        this.absent = () -> {};
        this.gone = listener::gone;
    }

    static DriverWatch ofResource(Path socket, String resource, ResourceListener listener) {
        return new DriverWatch(socket, resource, listener).start("watch-" + resource);
    }

    static DriverWatch ofHost(Path socket, HostListener listener) {
        return new DriverWatch(socket, listener).start("watch-host");
    }

    private DriverWatch start(String threadName) {
        Thread thread = new Thread(this::followUntilClosed, threadName);
        thread.setDaemon(true);
        thread.start();
        return this;
    }

    private void followUntilClosed() {
        while (closed.getCount() > 0) {
            try {
                follow(connect());
            } catch (DriverGone why) {
                tell(Told.GONE, () -> gone.accept(why));
            } catch (DriverException refused) {
                refused(refused);
            } catch (RuntimeException bug) {
                LOG.error("what '{}' told could not be handled; it is asked again", command, bug);
            }
            pause();
        }
    }

    /** Another error than {@code absent} means that the driver cannot be followed now: it may be stopping. */
    private void refused(DriverException refused) {
        if (refused.error() == DriverError.ABSENT) {
            tell(Told.ABSENT, absent);
        } else {
            DriverGone why = new DriverGone("the driver refuses '" + command + "': " + refused.getMessage(), refused);
            tell(Told.GONE, () -> gone.accept(why));
        }
    }

    private void tell(Told what, Runnable call) {
        if (told != what && closed.getCount() > 0) {
            told = what;
            call.run();
        }
    }

    private DriverSession connect() throws DriverGone {
        DriverSession connected = DriverSession.connect(socket);
        synchronized (lock) {
            session = Optional.of(connected);
        }
        if (closed.getCount() == 0) {
            connected.close();
        }
        return connected;
    }

    private void follow(DriverSession connected) throws DriverException, DriverGone {
        try (connected) {
            firstAnswer = true;
            while (closed.getCount() > 0) {
                Runnable call = connected.run(command, changed);
                firstAnswer = false;
                retryMs = RETRY_MS_MIN;
                told = Told.PRESENT;
                if (closed.getCount() > 0) {
                    call.run();
                }
            }
        }
    }

    private void pause() {
        try {
            if (!closed.await(retryMs, TimeUnit.MILLISECONDS)) {
                retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
            }
        } catch (InterruptedException stop) {
            closed.countDown();
        }
    }

    /** Ends the watch. Repeated: does nothing. */
    @Override
    public void close() {
        closed.countDown();
        synchronized (lock) {
            session.ifPresent(DriverSession::close);
        }
    }
}
