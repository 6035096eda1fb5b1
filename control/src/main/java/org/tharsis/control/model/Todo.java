// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The keys {@code todo/<switch>} of one replica: what the admin wants. A missing key means {@link Switch#isUsual}.
 *
 * @param unusual the switches that are not as they usually are
 */
public record Todo(Set<Switch> unusual) {
    /** Everything is as usual: a replica that just joined. */
    public static final Todo ALL = new Todo(Set.of());

    /** Those that last; only they are reported as {@code actual/<switch>}. */
    static final Set<Switch> USUAL_SWITCHES =
            immutable(Arrays.stream(Switch.values()).filter(Switch::isUsual).toList());

    public Todo {
        unusual = immutable(unusual);
    }

    public boolean wants(Switch which) {
        return which.isUsual() != unusual.contains(which);
    }

    static Set<Switch> immutable(Collection<Switch> switches) {
        Set<Switch> copy = EnumSet.noneOf(Switch.class);
        copy.addAll(switches);
        return Collections.unmodifiableSet(copy);
    }
}
