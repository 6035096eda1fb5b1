// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The escapes of the control channel: bytes that would end a word or a line, and the percent sign itself. */
final class PercentCode {
    /** Encodes a value for a command: 0x00 to 0x20, 0x7f and {@code %} are escaped, as bytes of UTF-8. */
    static String encode(String value) {
        StringBuilder encoded = new StringBuilder(value.length());
        value.codePoints().forEach(c -> {
            if (c <= 0x20 || c == 0x7f || c == '%') {
                encoded.append(String.format(Locale.ROOT, "%%%02X", c));
            } else {
                encoded.appendCodePoint(c);
            }
        });
        return encoded.toString();
    }

    /**
     * Decodes what stands in a reply.
     *
     * @throws IllegalArgumentException when an escape is not whole
     */
    static String decode(String encoded) {
        if (encoded.indexOf('%') < 0) {
            return encoded;
        }
        byte[] in = encoded.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(in.length);
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '%') {
                out.write(digit(encoded, in, i + 1) << 4 | digit(encoded, in, i + 2));
                i += 2;
            } else {
                out.write(in[i]);
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static int digit(String encoded, byte[] in, int at) {
        int digit = at < in.length ? Character.digit(in[at], 16) : -1;
        if (digit < 0) {
            throw new IllegalArgumentException("a broken escape in '" + encoded + "'");
        }
        return digit;
    }

    private PercentCode() {}
}
