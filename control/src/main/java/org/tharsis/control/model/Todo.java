// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The keys {@code todo/<switch>} of one replica: what the admin wants. A missing key is a yes.
 *
 * @param off the switches that are off
 */
public record Todo(Set<Switch> off) {
    /** Everything is wanted: a replica that just joined. */
    public static final Todo ALL = new Todo(Set.of());

    public Todo {
        off = immutable(off);
    }

    public boolean wants(Switch which) {
        return !off.contains(which);
    }

    static Set<Switch> immutable(Collection<Switch> switches) {
        Set<Switch> copy = EnumSet.noneOf(Switch.class);
        copy.addAll(switches);
        return Collections.unmodifiableSet(copy);
    }
}
