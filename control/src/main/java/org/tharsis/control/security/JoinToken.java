// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.Names;

/** What a person carries from a node of a cluster to the one that shall join: one printable word with a checksum. */
public sealed interface JoinToken {
    /** Bytes of a secret. */
    int SECRET_BYTES = 16;

    /**
     * Of a cluster with TLS.
     *
     * @param place of the node that signs
     * @param authority SHA-256 of the certificate of the cluster's authority, hexadecimal
     * @param secret lets in once, 32 hexadecimal digits
     */
    record Enrol(HostPort place, String authority, String secret) implements JoinToken {}

    /** Of a cluster without TLS: there is nothing to prove, only to know. */
    record Plain(UUID cluster, String name, String zookeeper) implements JoinToken {}

    /** The word. */
    default String format() {
        String text = this instanceof Enrol enrol
                ? "e " + enrol.place() + " " + enrol.authority() + " " + enrol.secret()
                : plain((Plain) this);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] sealed = ByteBuffer.allocate(bytes.length + Integer.BYTES)
                .put(bytes)
                .putInt(checksum(bytes))
                .array();
        return "tharsis-" + Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
    }

    private static String plain(Plain plain) {
        return "p " + plain.cluster() + " " + plain.name() + " " + plain.zookeeper();
    }

    /**
     * Reads the word.
     *
     * @throws BadValueException when it is none, or not whole
     */
    static JoinToken parse(String token) {
        try {
            if (token.startsWith("tharsis-")) {
                return parse(Base64.getUrlDecoder().decode(token.substring("tharsis-".length())));
            }
        } catch (BadValueException incomplete) {
            throw incomplete;
        } catch (IllegalArgumentException notBase64) {
            throw damaged();
        }
        throw new BadValueException("this is no token: a token begins with 'tharsis-', and 'tharsis cluster token'"
                + " makes one on a node of the cluster");
    }

    private static JoinToken parse(byte[] sealed) {
        int length = sealed.length - Integer.BYTES;
        if (length < 1) {
            throw damaged();
        }
        byte[] text = Arrays.copyOf(sealed, length);
        if (ByteBuffer.wrap(sealed).getInt(length) != checksum(text)) {
            throw damaged();
        }
        String[] words = new String(text, StandardCharsets.UTF_8).split(" ", -1);
        if (words.length == 4 && words[0].equals("e") && isHex(words[2], 64) && isHex(words[3], 2 * SECRET_BYTES)) {
            return new Enrol(HostPort.parse(words[1]), words[2], words[3]);
        }
        if (words.length == 4 && words[0].equals("p")) {
            return new Plain(UUID.fromString(words[1]), Names.cluster(words[2]), words[3]);
        }
        throw damaged();
    }

    private static boolean isHex(String text, int digits) {
        return text.length() == digits && text.chars().allMatch(HexFormat::isHexDigit);
    }

    private static int checksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return (int) checksum.getValue();
    }

    private static BadValueException damaged() {
        return new BadValueException(
                "this token is not whole: copy all of it, or make a new one with 'tharsis cluster" + " token'");
    }
}
