// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.nio.charset.StandardCharsets;
import org.tharsis.control.model.BadValueException;

/** Paths in commands: absolute, because the daemon stands in another directory than who asks. */
final class Paths {
    private static final int BYTES_MAX = 1023;

    static void check(String what, String path) {
        if (!path.startsWith("/")
                || path.length() < 2
                || path.indexOf('\0') >= 0
                || path.getBytes(StandardCharsets.UTF_8).length > BYTES_MAX) {
            throw new BadValueException("'" + path + "' is not the path of a " + what
                    + ": it must be absolute, and 2 to " + BYTES_MAX + " bytes long");
        }
    }

    private Paths() {}
}
