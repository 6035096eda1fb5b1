// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.tharsis.control.journal.HistoryEntry.LagSample;

/**
 * Writes down lag while it changes, at most once a second for each replica; and a lag that stays, each hour, so that a
 * constant lag can be told from a node that was off.
 *
 * <p>Any thread may call.
 */
public final class LagRecorder {
    public static final Duration REPEATED_EVERY = Duration.ofHours(1);
    private static final Duration SAMPLED_EVERY = Duration.ofSeconds(1);

    private record Replica(String resource, String host) {}

    private record Last(LagSample sample, Instant at) {}

    private final History history;
    private final Clock clock;
    private final Map<Replica, Last> lastOfReplica = new HashMap<>();

    public LagRecorder(History history, Clock clock) {
        this.history = history;
        this.clock = clock;
    }

    /** The lag as it is now. Call it each second or more often: a value that comes too soon is left to the next call. */
    public synchronized void sample(LagSample sample) {
        Replica replica = new Replica(sample.name(), sample.replica());
        Instant now = clock.instant();
        Last last = lastOfReplica.get(replica);
        if (last != null) {
            Duration since = Duration.between(last.at(), now).abs();
            boolean changed = !last.sample().equals(sample);
            if (since.compareTo(changed ? SAMPLED_EVERY : REPEATED_EVERY) < 0) {
                return;
            }
        }
        lastOfReplica.put(replica, new Last(sample, now));
        history.record(sample);
    }

    /** The resource is here no more. */
    public synchronized void forget(String resource) {
        lastOfReplica.keySet().removeIf(replica -> replica.resource().equals(resource));
    }
}
