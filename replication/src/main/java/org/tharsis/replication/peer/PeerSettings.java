// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

/**
 * Times and bounds of connections. Both sides of a connection have their own; they need not agree.
 *
 * @param heartbeatMs a sign of life is sent so often
 * @param deadAfterMs a peer that is silent for so long is given up; so is one that does not say hello in this time
 * @param backoffMinMs before the second attempt to connect; doubled from attempt to attempt, and each time shortened by chance, by
 *     up to a half
 * @param backoffMaxMs the longest pause
 * @param windowBytes what may be under way to one stream, unacknowledged by its reader: memory at the follower, and what fills a
 *     long link
 */
public record PeerSettings(long heartbeatMs, long deadAfterMs, long backoffMinMs, long backoffMaxMs, int windowBytes) {
    /** 1 s, 5 s, 100 ms to 10 s, 16 MiB. */
    public static final PeerSettings DEFAULTS = new PeerSettings(1_000, 5_000, 100, 10_000, 16 << 20);

    /** The smallest window: four frames. */
    public static final int WINDOW_BYTES_MIN = 1 << 20;

    public PeerSettings {
        if (heartbeatMs < 1 || deadAfterMs < 2 * heartbeatMs) {
            throw new IllegalArgumentException(
                    "a peer must be silent for two heartbeats at least before it is given up");
        }
        if (backoffMinMs < 1 || backoffMaxMs < backoffMinMs) {
            throw new IllegalArgumentException("pauses from " + backoffMinMs + " to " + backoffMaxMs + " ms");
        }
        if (windowBytes < WINDOW_BYTES_MIN) {
            throw new IllegalArgumentException("a window of " + windowBytes + " bytes; at least " + WINDOW_BYTES_MIN);
        }
    }
}
