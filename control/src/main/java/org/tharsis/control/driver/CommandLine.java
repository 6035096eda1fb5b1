// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/** A command in the making: words first, then keys. */
final class CommandLine {
    private static final int BYTES_MAX = 4096;

    private final StringBuilder line = new StringBuilder(128);

    CommandLine(String... words) {
        for (String word : words) {
            line.append(line.isEmpty() ? "" : " ").append(PercentCode.encode(word));
        }
    }

    CommandLine key(String key, String value) {
        line.append(' ').append(key).append('=').append(PercentCode.encode(value));
        return this;
    }

    /** A number without a sign. */
    CommandLine number(String key, long value) {
        return key(key, Long.toUnsignedString(value));
    }

    CommandLine chain(String key, long value) {
        return key(key, String.format("%016x", value));
    }

    CommandLine path(String key, Path value) {
        return key(key, value.toString());
    }

    CommandLine uuid(String key, UUID value) {
        return key(key, value.toString());
    }

    CommandLine optional(String key, Optional<String> value) {
        value.ifPresent(present -> key(key, present));
        return this;
    }

    /**
     * The line, its line feed included.
     *
     * @throws DriverException when it is longer than the channel takes
     */
    byte[] toBytes() throws DriverException {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        if (bytes.length > BYTES_MAX) {
            throw new DriverException(
                    DriverError.USAGE,
                    "the command would have " + bytes.length + " bytes, and the driver takes " + BYTES_MAX
                            + ": use shorter paths");
        }
        return bytes;
    }

    @Override
    public String toString() {
        return line.toString();
    }
}
