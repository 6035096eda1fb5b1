// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.Comparator;
import java.util.Optional;
import org.tharsis.control.reconcile.DriverState.Open;

/** Chooses from whom a secondary fetches: the primary, or else whoever has more than itself. */
final class Sources {
    /**
     * Returns the host to follow; empty when nobody has anything for this replica.
     *
     * A source that works is kept as long as there is no better reason than distance.
     */
    static Optional<Source> best(Desired desired, Open open, Actual actual) {
        Following following = actual.following();
        Optional<Source> current = current(desired, following);
        boolean works = following instanceof Following.Running running && running.phase() == Following.Phase.FOLLOWING;
        if (desired.role().isEmpty()) {
            return current;
        }
        Optional<Source> primary = desired.primarySource();
        boolean useful = primary.filter(source -> !lacks(source, open, actual)).isPresent();
        if (useful && (primary.get().alive() || !desired.live())) {
            // An old view may name a primary that is none any more; whoever works then is the better guess.
            return !desired.live() && works ? current : primary;
        }
        if (works && current.isPresent()) {
            return current;
        }
        Optional<Source> furthest = furthest(desired, open, actual);
        return furthest.isPresent() ? furthest : primary;
    }

    private static Optional<Source> current(Desired desired, Following following) {
        return following instanceof Following.Running running ? desired.source(running.source()) : Optional.empty();
    }

    /** The source has not the log any more that this replica needs next. Somebody else may have it still. */
    private static boolean lacks(Source source, Open open, Actual actual) {
        return Optional.ofNullable(actual.lacking().get(source.host()))
                .filter(oldestLsn -> Long.compareUnsigned(open.endLsn(), oldestLsn) < 0)
                .isPresent();
    }

    private static Optional<Source> furthest(Desired desired, Open open, Actual actual) {
        return desired.sources().stream()
                .filter(source -> source.alive() && source.usable() && !lacks(source, open, actual))
                .filter(source -> source.isFurtherThan(open.newestEpoch(), open.endLsn()))
                .max(Comparator.comparing(Source::epoch, Long::compareUnsigned)
                        .thenComparing(Source::durableLsn, Long::compareUnsigned)
                        .thenComparing(Source::host));
    }

    private Sources() {}
}
