// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a node says about its own replica: {@code actual/*}, {@code position}, {@code health} and {@code lost}.
 *
 * @param actual what is switched on now
 * @param position empty while the driver does not have the replica open
 * @param health whether the data can be used
 * @param lost empty unless it diverged
 */
public record ReplicaReport(Actual actual, Optional<Position> position, Health health, Optional<LostTail> lost) {
    /** The keys, relative to the cluster, and their values; empty: the key shall not be there. */
    public SortedMap<String, Optional<String>> keys(String resource, String host) {
        SortedMap<String, Optional<String>> keys = new TreeMap<>();
        actualKeys(actual).forEach((key, value) -> keys.put(Keys.actual(resource, host, key), Optional.of(value)));
        position.ifPresent(p -> keys.put(Keys.position(resource, host), Optional.of(p.format())));
        keys.put(Keys.health(resource, host), Optional.of(health.format()));
        keys.put(Keys.lost(resource, host), lost.map(LostTail::format));
        return keys;
    }

    static Map<String, String> actualKeys(Actual actual) {
        Map<String, String> keys = new TreeMap<>();
        for (Switch which : Todo.USUAL_SWITCHES) {
            keys.put(which.key(), Words.flag(actual.is(which)));
        }
        keys.put("users", Integer.toString(actual.users()));
        keys.put("source", actual.source().orElse(Names.NONE));
        return keys;
    }
}
