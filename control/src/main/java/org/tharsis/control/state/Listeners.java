// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the newest value to listeners, on one thread. Any thread may call it. */
final class Listeners<T> {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final Executor executor;
    private final Supplier<Optional<T>> newest;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /**
     * @param executor one thread
     * @param newest the value to tell when a listener's turn comes
     */
    Listeners(Executor executor, Supplier<Optional<T>> newest) {
        this.executor = executor;
        this.newest = newest;
    }

    StateTree.Subscription add(Consumer<T> consumer) {
        Listener listener = new Listener(consumer);
        listeners.add(listener);
        listener.wake();
        return () -> listeners.remove(listener);
    }

    /** There is a new value. */
    void changed() {
        listeners.forEach(Listener::wake);
    }

    /** One listener, and whether its turn will come. */
    private final class Listener {
        private final Consumer<T> consumer;
        private final AtomicBoolean waiting = new AtomicBoolean();

        Listener(Consumer<T> consumer) {
            this.consumer = consumer;
        }

        void wake() {
            if (waiting.compareAndSet(false, true)) {
                executor.execute(this::tell);
            }
        }

        private void tell() {
            waiting.set(false);
            try {
                newest.get().filter(value -> listeners.contains(this)).ifPresent(consumer);
            } catch (RuntimeException e) {
                LOG.error("A listener of the state tree failed; it will be told the next change all the same", e);
            }
        }
    }
}
