// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.tharsis.control.api.Progress;

class PaceTest {
    private static final long NS_PER_S = 1_000_000_000L;

    private static Progress progress(long done, Optional<Long> rate, Optional<Long> remainingMs) {
        return new Progress("backfill", Optional.of(done), Optional.of(1000L), rate, remainingMs);
    }

    @Test
    void aRateIsToldAfterASecond() {
        Pace pace = new Pace(0, 0);
        pace.seen(50, NS_PER_S / 2);
        assertThat(pace.progress("backfill", 1000)).isEqualTo(progress(50, Optional.empty(), Optional.empty()));
        pace.seen(200, 2 * NS_PER_S);
        assertThat(pace.progress("backfill", 1000)).isEqualTo(progress(200, Optional.of(100L), Optional.of(8000L)));
    }

    @Test
    void onlyTheLastSecondsCount() {
        Pace pace = new Pace(0, 0);
        for (int second = 1; second <= 60; second++) {
            pace.seen(second * 2L, second * NS_PER_S);
        }
        for (int second = 61; second <= 90; second++) {
            pace.seen(120 + (second - 60) * 10L, second * NS_PER_S);
        }
        assertThat(pace.progress("backfill", 1000).bytesPerSecond()).contains(10L);
    }

    @Test
    void whatStandsStillHasNoEnd() {
        Pace pace = new Pace(500, 0);
        pace.seen(500, 5 * NS_PER_S);
        assertThat(pace.progress("backfill", 1000)).isEqualTo(progress(500, Optional.of(0L), Optional.empty()));
    }

    @Test
    void whatBeginsAnewIsMeasuredAnew() {
        Pace pace = new Pace(900, 0);
        pace.seen(0, 5 * NS_PER_S);
        assertThat(pace.progress("backfill", 1000)).isEqualTo(progress(0, Optional.empty(), Optional.empty()));
    }
}
