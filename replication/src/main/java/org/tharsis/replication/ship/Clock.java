// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.time.Instant;

/** The wall clock, as it is sent. */
final class Clock {
    /** Nanoseconds since 1970. */
    static long nowNs() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private Clock() {}
}
