// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.List;
import java.util.SortedMap;

/** What could be read of one resource. */
public sealed interface ResourceReading {
    /** Usable; {@link ResourceView#problems} may name damaged keys. */
    record Understood(ResourceView view) implements ResourceReading {}

    /** It exists, but its identity cannot be understood. */
    record Damaged(String name, List<Problem> problems) implements ResourceReading {
        public Damaged {
            problems = List.copyOf(problems);
        }
    }

    /**
     * Reads a resource.
     *
     * @param name the resource
     * @param keys all keys below {@code resources/<name>/}, relative to it
     */
    static ResourceReading read(String name, SortedMap<String, RawValue> keys) {
        return new ResourceReader(name, keys).read();
    }
}
