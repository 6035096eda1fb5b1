// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is known of a lag, as the source tells its end and the replica replays. Times are in seconds. */
class LagMeterTest {
    private static final long NS_PER_S = 1_000_000_000L;
    /** The source's clock shows this when this machine's steady one shows 0. */
    private static final long SOURCE_S = 1_700_000_000L;

    private static final Optional<Long> NEVER = Optional.empty();

    private final LagMeter meter = new LagMeter();

    /** At this time the source's end arrives; the replica has replayed that much then. */
    private record Told(long atS, long endLsn, long replayedLsn) {}

    private static Told told(long atS, long endLsn, long replayedLsn) {
        return new Told(atS, endLsn, replayedLsn);
    }

    private static Arguments when(
            String what, Told[] told, long atS, long replayedLsn, Optional<Long> batchAtS, Optional<Lag> lag) {
        return Arguments.of(what, told, atS, replayedLsn, batchAtS, lag);
    }

    private static Told[] all(Told... told) {
        return told;
    }

    private static Optional<Lag> lag(long bytes, long ms, long heardAgoS) {
        return Optional.of(new Lag(bytes, Optional.of(ms), heardAgoS * 1000));
    }

    static Stream<Arguments> cases() {
        Told equal = told(3600, 1000, 1000);
        return Stream.of(
                when("no source was heard", all(), 5, 0, NEVER, Optional.empty()),
                when(
                        "nothing was replayed yet: the bytes are known, the age is not",
                        all(told(10, 5000, 0)),
                        10,
                        0,
                        NEVER,
                        Optional.of(new Lag(5000, Optional.empty(), 0))),
                when("nothing was ever written", all(told(10, 0, 0)), 10, 0, NEVER, lag(0, 0, 0)),
                when(
                        "all is replayed, nobody writes for an hour",
                        all(equal),
                        3600,
                        1000,
                        Optional.of(1L),
                        lag(0, 0, 0)),
                when(
                        "an hour without writes, then one: as old as the last moment without it",
                        all(equal, told(3601, 1500, 1000)),
                        3601,
                        1000,
                        Optional.of(1L),
                        lag(500, 1000, 0)),
                when(
                        "such a write that is not replayed grows older",
                        all(equal, told(3601, 1500, 1000), told(3660, 1500, 1000)),
                        3660,
                        1000,
                        Optional.of(1L),
                        lag(500, 60_000, 0)),
                when(
                        "under a steady load it is the age of the last replayed batch",
                        all(told(10, 1000, 900), told(11, 2000, 1900), told(12, 3000, 2900)),
                        12,
                        2900,
                        Optional.of(11L),
                        lag(100, 1000, 0)),
                when(
                        "what was told before, and is replayed, counts although the source has more by now",
                        all(told(10, 1000, 0), told(11, 2000, 0), told(12, 3000, 1500)),
                        12,
                        1500,
                        NEVER,
                        lag(1500, 2000, 0)),
                when(
                        "the replica has more than was told last",
                        all(told(10, 1000, 1200)),
                        10,
                        1200,
                        Optional.of(9L),
                        lag(0, 0, 0)),
                when(
                        "the source is cut off: how long ago is known",
                        all(equal),
                        3720,
                        1000,
                        Optional.of(1L),
                        lag(0, 0, 120)),
                when(
                        "the source is cut off while it is ahead: the age grows",
                        all(equal, told(3601, 1500, 1000)),
                        3701,
                        1000,
                        Optional.of(1L),
                        lag(500, 101_000, 100)),
                when(
                        "a batch of an earlier primary, whose clock was ahead: never negative",
                        all(told(10, 1000, 900)),
                        10,
                        900,
                        Optional.of(500L),
                        lag(100, 0, 0)),
                when(
                        "LSNs have no sign",
                        all(told(10, Long.MIN_VALUE + 5, Long.MAX_VALUE)),
                        10,
                        Long.MAX_VALUE,
                        Optional.of(9L),
                        lag(6, 1000, 0)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void theLagIsWhatIsKnown(
            String what, Told[] told, long atS, long replayedLsn, Optional<Long> batchAtS, Optional<Lag> lag) {
        for (Told end : told) {
            meter.heard(end.endLsn(), (SOURCE_S + end.atS()) * NS_PER_S, end.replayedLsn(), end.atS() * NS_PER_S);
        }

        Optional<Long> batchNs = batchAtS.map(seconds -> (SOURCE_S + seconds) * NS_PER_S);
        assertThat(meter.lag(replayedLsn, replayedLsn, batchNs, atS * NS_PER_S)).isEqualTo(lag);
    }

    @Test
    void whatHasArrivedTheSourceHas() {
        meter.heard(1000, SOURCE_S * NS_PER_S, 1000, 0);

        assertThat(meter.lag(1700, 1000, NEVER, NS_PER_S)).isEqualTo(lag(700, 1000, 1));
    }

    @Test
    void anotherSourceIsMeasuredAnew() {
        meter.heard(1000, SOURCE_S * NS_PER_S, 0, 0);
        meter.forget();

        assertThat(meter.lag(0, 0, NEVER, NS_PER_S)).isEmpty();
    }

    @Test
    void aLagIsKnownAsLongAsTheSourceIsHeard() {
        assertThat(new Lag(0, Optional.of(0L), Lag.HEARD_MS).isKnown()).isTrue();
        assertThat(new Lag(0, Optional.of(0L), Lag.HEARD_MS + 1).isKnown()).isFalse();
    }
}
