// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.Closeable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The threads of a fetcher that may block: for writing, for syncing, and for reading disks. */
final class Workers implements Closeable {
    private static final int WRITERS = Math.max(2, Runtime.getRuntime().availableProcessors());
    private static final int SYNCERS = 8;
    private static final int READERS = 2;

    private final ExecutorService writers = pool("fetch-write", WRITERS);
    private final ExecutorService syncers = pool("fetch-sync", SYNCERS);
    private final ExecutorService readers = pool("fetch-read", READERS);

    private static ExecutorService pool(String name, int threads) {
        return Executors.newFixedThreadPool(threads, new DefaultThreadFactory(name, true));
    }

    SerialLane writeLane() {
        return new SerialLane(writers);
    }

    SerialLane syncLane() {
        return new SerialLane(syncers);
    }

    SerialLane readLane() {
        return new SerialLane(readers);
    }

    /** What runs is finished; nothing new is taken. */
    @Override
    public void close() {
        writers.shutdown();
        syncers.shutdown();
        readers.shutdown();
    }
}
