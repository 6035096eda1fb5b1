// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.reconcile.Action;
import org.tharsis.control.reconcile.Actual;
import org.tharsis.control.reconcile.Desired;
import org.tharsis.control.reconcile.DriverState;
import org.tharsis.control.reconcile.Reconciler;
import org.tharsis.control.reconcile.ReplicaFiles;

/**
 * Keeps one replica as it should be: looks, asks the reconciler, does what it says, and looks again, until there is nothing
 * to do. Everything happens on one thread of its own; whoever knows of a change wakes it up, and a timer does it as a safety
 * net. An action that fails is tried again after a pause, or as soon as the tree has changed.
 */
final class ReplicaLoop implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaLoop.class);
    private static final long REPORT_MS = 1000;
    private static final long LOOK_MS = 5000;
    private static final long PAUSE_MS_MIN = 100;
    private static final long PAUSE_MS_MAX = 5000;
    private static final long CLOSE_MS_MAX = 60_000;
    /** More than any way from one state to another has; then it looks at what woke it up meanwhile. */
    private static final int STEPS_MAX = 50;

    /** What belongs to the replica. */
    record Parts(
            ReplicaSpec spec,
            ReplicaDirectory directory,
            WatchedResource watched,
            ServedLog served,
            Fetching fetching,
            ReplicaActions actions,
            RoleActions roles,
            ReplicaReporter reporter) {}

    private final String me;
    private final Parts parts;
    private final ClusterSight cluster;
    private final Map<String, HostPort> reach;
    private final ScheduledThreadPoolExecutor thread;
    private final AtomicBoolean awake = new AtomicBoolean();
    private final DriverShape shape;
    private volatile boolean closing;

    // Of the loop's thread
    private long pauseMs = PAUSE_MS_MIN;
    private boolean pausing;
    private Optional<String> failure = Optional.empty();
    private String told = "";
    private boolean resigned;

    /** @param reach nodes that are reached elsewhere than they advertise */
    ReplicaLoop(String me, Parts parts, ClusterSight cluster, Map<String, HostPort> reach) {
        this.me = me;
        this.parts = parts;
        this.cluster = cluster;
        this.reach = reach;
        this.shape = new DriverShape(parts.directory());
        this.thread = new ScheduledThreadPoolExecutor(
                1, Background.named("replica-" + parts.spec().resource()));
        this.thread.setRemoveOnCancelPolicy(true);
        this.thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    Parts parts() {
        return parts;
    }

    void start() {
        parts.watched().onChange(sight -> {
            if (shape.hasChanged(sight)) {
                wakeUp();
            }
        });
        parts.watched().watch();
        repeat(this::report, REPORT_MS);
        repeat(this::wakeUp, LOOK_MS);
        wakeUp();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ends with the thread
    private void repeat(Runnable task, long everyMs) {
        thread.scheduleWithFixedDelay(task, everyMs, everyMs, TimeUnit.MILLISECONDS);
    }

    /** Something has changed. Any thread may call; returns at once. */
    void wakeUp() {
        if (!closing && awake.compareAndSet(false, true)) {
            execute(() -> {
                awake.set(false);
                if (!pausing) {
                    work();
                }
            });
        }
    }

    /** The tree has changed: what failed before may be possible now. Any thread may call; returns at once. */
    void treeChanged() {
        execute(() -> pausing = false);
        wakeUp();
    }

    /** Does something on the loop's thread, between two looks, and has it look afterwards. */
    <T> CompletableFuture<T> call(Background.Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        boolean accepted = execute(() -> {
            try {
                result.complete(work.run());
            } catch (Exception failed) {
                result.completeExceptionally(failed);
            }
            wakeUp();
        });
        if (!accepted) {
            result.completeExceptionally(
                    new IOException("the replica of " + parts.spec().resource() + " is being stopped"));
        }
        return result;
    }

    /**
     * Whether the replica is being given up: then it is left as it is, until the view shows that it is none any more. On the
     * loop's thread.
     */
    void resign(boolean now) {
        resigned = now;
    }

    private boolean execute(Runnable task) {
        try {
            thread.execute(task);
            return true;
        } catch (RejectedExecutionException closed) {
            return false;
        }
    }

    // On the loop's thread

    private void work() {
        try {
            for (int step = 0; step < STEPS_MAX && !closing; step++) {
                if (!step()) {
                    succeeded();
                    return;
                }
            }
            wakeUp();
        } catch (Exception failed) {
            failed(failed);
        }
        report();
    }

    /** Returns false when there is nothing to do. */
    private boolean step() throws Exception {
        DriverSight sight = parts.watched().ask();
        if (!(sight instanceof DriverSight.Present)) {
            parts.actions().unsettle();
        }
        Optional<Desired> desired = desired();
        if (desired.isEmpty()) {
            return false;
        }
        shape.decidedFor(sight, desired.get());
        List<Action> actions = Reconciler.next(desired.get(), actual(sight));
        for (Action action : actions) {
            tell(action);
            parts.actions().perform(action);
        }
        return !actions.isEmpty();
    }

    /** What fails is tried each few seconds: that is told once. */
    private void tell(Action action) {
        String sentence = action.sentence();
        if (action.routine()) {
            LOG.debug("{}: {}", parts.spec().resource(), sentence);
            return;
        }
        if (!sentence.equals(told)) {
            LOG.info("{}: {}", parts.spec().resource(), sentence);
            told = sentence;
        }
    }

    /** Empty while the view does not show yet what was written last: what it says of the role is known to be old. */
    private Optional<Desired> desired() {
        Optional<ClusterView> view = cluster.view();
        Optional<ResourceView> resource =
                view.flatMap(v -> v.resource(parts.spec().resource()));
        if (resigned || resource.isEmpty() || resource.get().replica(me).isEmpty()) {
            return Optional.empty();
        }
        boolean live = cluster.live();
        return live && !parts.roles().isSeenIn(resource.get())
                ? Optional.empty()
                : Optional.of(Facts.desired(view.get(), resource.get(), me, live, reach));
    }

    private Actual actual(DriverSight sight) throws IOException {
        DriverState driver = Facts.driver(
                sight,
                parts.directory(),
                parts.actions().settled(),
                parts.served().served());
        return new Actual(
                driver,
                parts.directory().files(),
                parts.fetching().following(),
                parts.fetching().lacking(),
                parts.fetching().backfilling());
    }

    private void succeeded() {
        failure.ifPresent(
                before -> LOG.info("{}: this works again: {}", parts.spec().resource(), before));
        failure = Optional.empty();
        told = "";
        pauseMs = PAUSE_MS_MIN;
        report();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ends with the thread
    private void failed(Exception why) {
        Throwable cause = why instanceof CompletionException && why.getCause() != null ? why.getCause() : why;
        String sentence = String.valueOf(cause.getMessage());
        if (!failure.equals(Optional.of(sentence))) {
            LOG.warn("{}: {}. It is tried again.", parts.spec().resource(), withoutStop(sentence));
            if (cause instanceof RuntimeException) {
                LOG.error(
                        "{}: this is a fault of tharsisd itself; please report it.",
                        parts.spec().resource(),
                        cause);
            }
        }
        failure = Optional.of(sentence);
        pausing = true;
        thread.schedule(
                () -> {
                    pausing = false;
                    wakeUp();
                },
                pauseMs,
                TimeUnit.MILLISECONDS);
        pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    }

    private static String withoutStop(String sentence) {
        return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
    }

    private void report() {
        try {
            parts.reporter().report(parts.directory().files(), failure);
        } catch (IOException | RuntimeException unreadable) {
            parts.reporter().report(ReplicaFiles.NONE, Optional.of(String.valueOf(unreadable.getMessage())));
        }
    }

    /** Why the replica is not as it should be, if an action has failed. Any thread may ask; waits for its turn. */
    CompletableFuture<Optional<String>> failure() {
        return call(() -> failure);
    }

    /** Stops fetching, and leaves everything at the driver as it is. */
    @Override
    public void close() {
        closing = true;
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        execute(() -> {
            try {
                parts.fetching().stopFollowing();
                parts.fetching().stopBackfill();
            } catch (IOException failed) {
                LOG.warn(
                        "{}: fetching was not ended well: {}. What is missing is fetched again after the next start.",
                        parts.spec().resource(),
                        failed.getMessage());
            }
            stopped.complete(null);
        });
        try {
            stopped.orTimeout(CLOSE_MS_MAX, TimeUnit.MILLISECONDS).join();
        } catch (CompletionException late) {
            LOG.warn(
                    "{}: fetching does not end within a minute; the daemon ends all the same. What is missing is fetched again after the next start.",
                    parts.spec().resource());
        }
        thread.shutdown();
        parts.watched().close();
    }
}
