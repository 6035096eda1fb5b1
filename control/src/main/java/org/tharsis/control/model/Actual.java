// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Optional;
import java.util.Set;

/**
 * The keys {@code actual/*} of one replica: what is, by its own report.
 *
 * @param on the switches whose work is under way
 * @param users clients of its exported device now
 * @param source the host that it fetches from, if it does
 */
public record Actual(Set<Switch> on, int users, Optional<String> source) {
    public Actual {
        on = Todo.immutable(on);
        source.ifPresent(Names::node);
        if (users < 0) {
            throw new BadValueException("users " + users + ": at least 0 is expected");
        }
    }

    public boolean is(Switch which) {
        return on.contains(which);
    }
}
