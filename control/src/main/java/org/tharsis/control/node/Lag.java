// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

/**
 * How far a replica is behind its source.
 *
 * @param bytes what the source has and this one has not replayed; 0 when they are equal
 * @param ms age of the newest data that is replayed while behind; 0 when equal
 */
record Lag(long bytes, long ms) {
    private static final long NS_PER_MS = 1_000_000;

    /**
     * Never negative: clocks of nodes differ, and what the source has told may be older than what was replayed since.
     *
     * @param replayedTimeNs when the last replayed batch was written, by the primary's clock
     */
    static Lag of(long sourceEndLsn, long replayedLsn, long replayedTimeNs, long nowMs) {
        long bytes = Math.max(0, sourceEndLsn - replayedLsn);
        return new Lag(bytes, bytes == 0 ? 0 : Math.max(0, nowMs - replayedTimeNs / NS_PER_MS));
    }
}
