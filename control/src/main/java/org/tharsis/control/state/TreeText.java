// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.nio.charset.StandardCharsets;
import org.tharsis.control.model.BadValueException;

/** Values as ZooKeeper has them: UTF-8, and far below the size at which its clients break down. */
final class TreeText {
    /** The largest value of a key. */
    static final int VALUE_BYTES_MAX = 4096;

    static byte[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > VALUE_BYTES_MAX) {
            throw new BadValueException(
                    "a value of " + bytes.length + " bytes: a key holds at most " + VALUE_BYTES_MAX);
        }
        return bytes;
    }

    /** A value as it stands there; of one that is too large, its beginning. */
    static String decode(byte[] bytes) {
        if (bytes.length <= VALUE_BYTES_MAX) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        return new String(bytes, 0, VALUE_BYTES_MAX, StandardCharsets.UTF_8) + "... (" + bytes.length + " bytes)";
    }

    private TreeText() {}
}
