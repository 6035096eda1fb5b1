// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Gives entries of the history as they are written. It reads them from the files, so a slow follower costs no memory and
 * misses nothing but what is deleted before it comes there. One thread at a time; close it.
 */
public final class HistoryFollower implements Closeable {
    private final JournalWriter writer;
    private final HistoryCursor cursor;

    HistoryFollower(JournalWriter writer, HistoryCursor cursor) {
        this.writer = writer;
        this.cursor = cursor;
    }

    /**
     * The next entry; waits for it. Empty when none comes in that time, or when the journal is closed.
     *
     * @throws JournalDamagedException when a file has been damaged since the journal was opened
     */
    public Optional<Recorded> next(Duration timeout) throws IOException, InterruptedException {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        Optional<Recorded> next = cursor.next();
        while (next.isEmpty() && writer.await(cursor.sequence(), Duration.ofNanos(deadlineNs - System.nanoTime()))) {
            next = cursor.next();
        }
        return next;
    }

    @Override
    public void close() throws IOException {
        cursor.close();
    }
}
