// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.regex.Pattern;
import org.tharsis.replication.log.LogPosition;

/** The values in the bodies of frames, written and read. Reading checks what can be wrong with the value alone. */
final class Body {
    static final String MAGIC = "THARWIRE";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,40}");
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    static void writeUuid(ByteBuf out, UUID uuid) {
        out.writeLong(uuid.getMostSignificantBits()).writeLong(uuid.getLeastSignificantBits());
    }

    static UUID readUuid(ByteBuf body) {
        return new UUID(body.readLong(), body.readLong());
    }

    static void writePosition(ByteBuf out, LogPosition position) {
        out.writeLongLE(position.lsn()).writeLongLE(position.epoch()).writeLongLE(position.chain());
    }

    static LogPosition readPosition(ByteBuf body) {
        return new LogPosition(body.readLongLE(), body.readLongLE(), body.readLongLE());
    }

    static void writeAscii(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.US_ASCII);
    }

    static void checkMagic(ByteBuf body) throws WireException {
        String magic = body.readCharSequence(MAGIC.length(), StandardCharsets.ISO_8859_1)
                .toString();
        if (!magic.equals(MAGIC)) {
            throw WireException.protocol("the first frame is no hello of this protocol");
        }
    }

    static String readName(ByteBuf body, int length) throws WireException {
        checkRemaining(body, length);
        String name = body.readCharSequence(length, StandardCharsets.ISO_8859_1).toString();
        if (!NAME.matcher(name).matches()) {
            throw WireException.protocol("a node's name is 1 to 40 letters, digits and . _ -");
        }
        return name;
    }

    static void checkZero(ByteBuf body, int bytes) throws WireException {
        for (int i = 0; i < bytes; i++) {
            if (body.readByte() != 0) {
                throw WireException.protocol("bytes that must be zero are not");
            }
        }
    }

    static void checkRemaining(ByteBuf body, long bytes) throws WireException {
        if (body.readableBytes() != bytes) {
            throw WireException.protocol(bytes + " bytes expected to follow, there are " + body.readableBytes());
        }
    }

    static void checkContent(ByteBuf body, int bytesMax) throws WireException {
        if (!body.isReadable() || body.readableBytes() > bytesMax) {
            throw WireException.protocol(
                    "content of " + body.readableBytes() + " bytes, 1 to " + bytesMax + " expected");
        }
    }

    static void writeUtf8(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
    }

    static String readUtf8(ByteBuf body) {
        return body.readCharSequence(body.readableBytes(), StandardCharsets.UTF_8)
                .toString();
    }

    /** Without control characters, not empty, and at most 400 bytes long. */
    static String plainSentence(String text) {
        String plain = CONTROL.matcher(text).replaceAll("?");
        while (plain.getBytes(StandardCharsets.UTF_8).length > WireFormat.SENTENCE_BYTES_MAX) {
            plain = plain.substring(0, plain.length() - Math.max(1, plain.length() / 16));
        }
        return plain.isEmpty() ? "no reason given" : plain;
    }

    private Body() {}
}
