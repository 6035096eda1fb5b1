// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.util.concurrent.atomic.AtomicInteger;
import org.tharsis.replication.peer.PeerSettings;

/**
 * How much each stream may have under way, so that all together stay within bounds: with few streams each has the window of the
 * settings, with many a share of the memory. A stream that is open keeps what it got until it is opened again. Any thread.
 */
final class Windows {
    /** What all streams may hold in memory together, as long as that leaves each the smallest window. */
    private static final int BYTES_MAX = 256 << 20;

    private final int windowBytes;
    private final AtomicInteger users = new AtomicInteger();

    Windows(PeerSettings settings) {
        this.windowBytes = settings.windowBytes();
    }

    /** One more has streams. */
    void enter() {
        users.incrementAndGet();
    }

    /** One less. */
    void leave() {
        users.decrementAndGet();
    }

    /** The window of a stream that is opened now. */
    int bytes() {
        int share = BYTES_MAX / Math.max(1, users.get());
        return Math.max(PeerSettings.WINDOW_BYTES_MIN, Math.min(windowBytes, share));
    }
}
