// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.store.SegmentExtent;

/** Makes a log durable, one sync for all that came in during the one before, and announces it. */
final class GroupSync {
    /** Makes durable what was written before, and returns what there is to announce. */
    @FunctionalInterface
    interface Call {
        List<SegmentExtent> sync() throws IOException, LogFormatException;
    }

    private final Executor lane;
    private final Call call;
    private final Consumer<SegmentExtent> announce;
    private final Runnable synced;
    private final Consumer<Exception> failed;
    private final AtomicBoolean requested = new AtomicBoolean();
    /** Of the lane. */
    private boolean stopped;

    /**
     * @param lane where it runs, one after the other
     * @param announce gets each extent, on the lane
     * @param synced is told after each sync that worked, on the lane
     * @param failed is told after each that did not, on the lane
     */
    GroupSync(Executor lane, Call call, Consumer<SegmentExtent> announce, Runnable synced, Consumer<Exception> failed) {
        this.lane = lane;
        this.call = call;
        this.announce = announce;
        this.synced = synced;
        this.failed = failed;
    }

    /** What was written before this call will be durable. Any thread. */
    void request() {
        if (requested.compareAndSet(false, true)) {
            lane.execute(this::run);
        }
    }

    /** Requests that have not run are dropped, and new ones are. On the lane. */
    void stop() {
        stopped = true;
    }

    private void run() {
        requested.set(false);
        if (stopped) {
            return;
        }
        try {
            now();
            synced.run();
        } catch (IOException | LogFormatException | RuntimeException failure) {
            failed.accept(failure);
        }
    }

    /** Syncs and announces at once. On the lane. */
    void now() throws IOException, LogFormatException {
        call.sync().forEach(announce);
    }
}
