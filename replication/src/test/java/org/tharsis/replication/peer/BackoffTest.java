// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private final long seed = System.nanoTime();
    private final Backoff backoff = new Backoff(PeerSettings.DEFAULTS, new Random(seed));

    @Test
    void pausesDoubleUpToABoundAndAreShortenedByAtMostAHalf() {
        long longest = 100;
        for (int i = 0; i < 100; i++) {
            assertThat(backoff.nextMs()).as("seed %d, pause %d", seed, i).isBetween(longest - longest / 2, longest);
            longest = Math.min(10_000, longest * 2);
        }
    }

    @Test
    void pausesAreShortAgainAfterASuccess() {
        for (int i = 0; i < 50; i++) {
            backoff.nextMs();
        }
        backoff.succeeded();

        assertThat(backoff.attempts()).isZero();
        assertThat(backoff.nextMs()).as("seed %d", seed).isLessThanOrEqualTo(100);
    }

    @Test
    void twoPeersDoNotComeBackAtTheSameTime() {
        Backoff other = new Backoff(PeerSettings.DEFAULTS, new Random(seed + 1));
        boolean differ = false;
        for (int i = 0; i < 20; i++) {
            differ |= backoff.nextMs() != other.nextMs();
        }
        assertThat(differ).as("seed %d", seed).isTrue();
    }
}
