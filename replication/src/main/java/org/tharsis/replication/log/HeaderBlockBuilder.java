// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Writes a header block; what is not put is zero. The other half of {@link HeaderBlock}. */
final class HeaderBlockBuilder {
    private final ByteBuffer bytes;

    /** Clears the block at the start of the buffer and puts the magic. */
    HeaderBlockBuilder(ByteBuffer buffer, String magic) {
        bytes = buffer.slice(0, LogFormat.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int offset = 0; offset < LogFormat.HEADER_BYTES; offset += Long.BYTES) {
            bytes.putLong(offset, 0);
        }
        bytes.put(0, magic.getBytes(StandardCharsets.ISO_8859_1));
    }

    HeaderBlockBuilder u8(int offset, int value) {
        bytes.put(offset, (byte) value);
        return this;
    }

    HeaderBlockBuilder u16(int offset, int value) {
        bytes.putShort(offset, (short) value);
        return this;
    }

    HeaderBlockBuilder u32(int offset, int value) {
        bytes.putInt(offset, value);
        return this;
    }

    HeaderBlockBuilder u64(int offset, long value) {
        bytes.putLong(offset, value);
        return this;
    }

    HeaderBlockBuilder uuid(int offset, UUID uuid) {
        bytes.putLong(offset, Long.reverseBytes(uuid.getMostSignificantBits()));
        bytes.putLong(offset + 8, Long.reverseBytes(uuid.getLeastSignificantBits()));
        return this;
    }

    /** Writes the trailer; returns the chain value after this block, of which the chain covers the first {@code covered} bytes. */
    long seal(long chainBefore, int covered) {
        long chain = Chain.after(chainBefore, bytes, 0, covered);
        bytes.putLong(HeaderBlock.CHAIN_OFFSET, chain);
        bytes.putInt(HeaderBlock.CRC32C_OFFSET, Crc32c.of(bytes, 0, HeaderBlock.CRC32C_OFFSET));
        return chain;
    }
}
