// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Set;
import java.util.regex.Pattern;

/** What resources, nodes and clusters may be called: as the driver has it. */
public final class Names {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,39}");
    private static final Set<String> RESERVED = Set.of("none", "all");

    /**
     * Returns the name when it is one.
     *
     * @param what what is named, for the error: "resource"
     * @throws BadRequest when it is not
     */
    public static String check(String what, String name) {
        if (!NAME.matcher(name).matches() || RESERVED.contains(name)) {
            throw new BadRequest("'" + name + "' cannot name a " + what + ": use 1 to 40 letters, digits, '.', '_' or"
                    + " '-', the first one a letter or digit; 'none' and 'all' are taken");
        }
        return name;
    }

    private Names() {}
}
