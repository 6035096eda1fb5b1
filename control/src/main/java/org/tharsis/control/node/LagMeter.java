// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;

/**
 * Measures how far a replica is behind, from what is heard of its source.
 *
 * <p>The age of the oldest write that is not replayed is the time since the replica was known to show all that its source
 * had: since the source told an end that has been replayed meanwhile, or since the last replayed batch was written,
 * whichever is later. So after an hour without writes the first new one makes a lag of less than a second, not of an hour.
 * Only times of the source's clock are compared with each other; what passes here is counted by this machine's steady
 * clock. Therefore clocks that differ do no harm. Any thread may use it.
 */
final class LagMeter {
    private static final long NS_PER_MS = 1_000_000;

    /**
     * What the source has told.
     *
     * @param endLsn unsigned
     * @param sourceNs when, by the source's clock, since 1970
     * @param atNs when that arrived, by {@link System#nanoTime}
     */
    private record Heard(long endLsn, long sourceNs, long atNs) {}

    private Optional<Heard> last = Optional.empty();
    /** The oldest told end that is not replayed yet. */
    private Optional<Heard> goal = Optional.empty();
    /** By the source's clock, the latest moment of which all is replayed. */
    private Optional<Long> equalNs = Optional.empty();

    /** The replica has another source from now on, or begins anew. */
    synchronized void forget() {
        last = Optional.empty();
        goal = Optional.empty();
        equalNs = Optional.empty();
    }

    /**
     * The source has told where its log ends.
     *
     * @param sourceNs its clock, in nanoseconds since 1970
     * @param replayedLsn what the replica has replayed by now
     * @param nowNs by {@link System#nanoTime}
     */
    synchronized void heard(long endLsn, long sourceNs, long replayedLsn, long nowNs) {
        Heard heard = new Heard(endLsn, sourceNs, nowNs);
        last = Optional.of(heard);
        reach(replayedLsn);
        if (goal.isEmpty() || goal.get().endLsn() == endLsn) {
            goal = last;
            reach(replayedLsn);
        }
    }

    private void reach(long replayedLsn) {
        if (goal.filter(end -> isReached(end, replayedLsn)).isPresent()) {
            equalNs = goal.map(Heard::sourceNs);
            goal = last.filter(end -> !isReached(end, replayedLsn));
            if (goal.isEmpty()) {
                equalNs = last.map(Heard::sourceNs);
            }
        }
    }

    private static boolean isReached(Heard end, long replayedLsn) {
        return Long.compareUnsigned(replayedLsn, end.endLsn()) >= 0;
    }

    /**
     * Returns the lag; empty before the source was heard.
     *
     * @param receivedLsn end of the log here: the source has at least that
     * @param replayedTimeNs when the last replayed batch was written, by the source's clock; empty when none was replayed
     * @param nowNs by {@link System#nanoTime}
     */
    synchronized Optional<Lag> lag(long receivedLsn, long replayedLsn, Optional<Long> replayedTimeNs, long nowNs) {
        reach(replayedLsn);
        return last.map(heard -> {
            long endLsn = Long.compareUnsigned(receivedLsn, heard.endLsn()) > 0 ? receivedLsn : heard.endLsn();
            long heardAgoNs = Math.max(0, nowNs - heard.atNs());
            long bytes = Long.compareUnsigned(endLsn, replayedLsn) > 0 ? endLsn - replayedLsn : 0;
            Optional<Long> ms = bytes == 0 ? Optional.of(0L) : ageMs(heard.sourceNs() + heardAgoNs, replayedTimeNs);
            return new Lag(bytes, ms, heardAgoNs / NS_PER_MS);
        });
    }

    private Optional<Long> ageMs(long sourceNowNs, Optional<Long> replayedTimeNs) {
        Optional<Long> shownNs = equalNs.isPresent() && replayedTimeNs.isPresent()
                ? Optional.of(Math.max(equalNs.get(), replayedTimeNs.get()))
                : equalNs.or(() -> replayedTimeNs);
        return shownNs.map(ns -> Math.max(0, sourceNowNs - ns) / NS_PER_MS);
    }
}
