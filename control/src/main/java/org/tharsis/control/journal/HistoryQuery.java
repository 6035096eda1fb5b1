// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * Which entries of the history are wanted.
 *
 * @param from oldest time, inclusive
 * @param until newest time, exclusive
 * @param kinds empty: all
 * @param resource empty: all, also those of none
 */
public record HistoryQuery(Instant from, Instant until, Set<String> kinds, Optional<String> resource) {
    public HistoryQuery {
        kinds = Set.copyOf(kinds);
    }

    /** Everything. */
    public static HistoryQuery all() {
        return new HistoryQuery(Instant.MIN, Instant.MAX, Set.of(), Optional.empty());
    }

    public HistoryQuery from(Instant time) {
        return new HistoryQuery(time, until, kinds, resource);
    }

    public HistoryQuery until(Instant time) {
        return new HistoryQuery(from, time, kinds, resource);
    }

    public HistoryQuery ofKinds(String... wanted) {
        return new HistoryQuery(from, until, Set.of(wanted), resource);
    }

    public HistoryQuery ofResource(String name) {
        return new HistoryQuery(from, until, kinds, Optional.of(name));
    }

    /** Whether this entry is one of those. */
    public boolean selects(Recorded recorded) {
        return !recorded.time().isBefore(from)
                && recorded.time().isBefore(until)
                && (kinds.isEmpty() || kinds.contains(recorded.entry().kind()))
                && (resource.isEmpty() || resource.equals(recorded.entry().resource()));
    }
}
