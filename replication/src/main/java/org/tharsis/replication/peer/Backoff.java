// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.util.random.RandomGenerator;

/** Pauses between attempts: doubled each time up to a bound, and shortened by chance by up to a half. One thread at a time. */
public final class Backoff {
    private final long minMs;
    private final long maxMs;
    private final RandomGenerator chance;
    private int attempts;

    public Backoff(PeerSettings settings, RandomGenerator chance) {
        this.minMs = settings.backoffMinMs();
        this.maxMs = settings.backoffMaxMs();
        this.chance = chance;
    }

    /** How many pauses there were since the last success. */
    public int attempts() {
        return attempts;
    }

    /** It worked: the next pause is a short one. */
    public void succeeded() {
        attempts = 0;
    }

    /** Length of the next pause. */
    public long nextMs() {
        int doublings = Math.min(attempts, 30);
        attempts++;
        long pauseMs = Math.min(maxMs, minMs << doublings);
        return pauseMs - chance.nextLong(pauseMs / 2 + 1);
    }
}
