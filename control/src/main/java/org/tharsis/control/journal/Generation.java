// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.nio.file.Path;

/**
 * A generation as it is known in memory: what of it can be read, and where.
 *
 * @param file the queue's file
 * @param firstSequence of its first entry
 * @param lastSequence of its last good entry
 * @param oldestMs the oldest time in it
 * @param newestMs the newest time in it
 * @param bytes what it counts against the limit of the journal's size
 */
record Generation(
        GenerationDirectory directory,
        Path file,
        long firstSequence,
        long lastSequence,
        long oldestMs,
        long newestMs,
        long bytes) {
    /** The queue's table and the directory, roughly. */
    static final long OVERHEAD_BYTES = 128 << 10;

    Generation with(StoredEntry next, long endOffset) {
        return new Generation(
                directory,
                file,
                firstSequence,
                next.sequence(),
                Math.min(oldestMs, next.timeMs()),
                Math.max(newestMs, next.timeMs()),
                OVERHEAD_BYTES + endOffset);
    }
}
