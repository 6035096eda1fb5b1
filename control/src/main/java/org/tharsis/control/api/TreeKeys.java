// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.regex.Pattern;
import org.tharsis.control.model.BadValueException;

/** Keys of the state tree, relative to the cluster's root: {@code resources/vol0/role}. */
public final class TreeKeys {
    private static final Pattern KEY =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,15}");

    /**
     * Returns the key when it is one.
     *
     * @throws BadValueException when it is not
     */
    public static String check(String key) {
        if (!KEY.matcher(key).matches()) {
            throw new BadValueException(
                    "'" + key + "' is not a key: it is names with '/' between them, as" + " resources/vol0/role");
        }
        return key;
    }

    private TreeKeys() {}
}
