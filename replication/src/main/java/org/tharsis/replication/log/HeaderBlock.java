// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * The bytes of one header block, and the checks that all kinds of header block share.
 *
 * <pre>
 *      0  magic     8
 *      8  version   4 or 2
 *         what the kind is about
 *   4080  chain     8
 *   4088  zero      4
 *   4092  crc32c    4   of bytes 0 to 4091
 * </pre>
 */
final class HeaderBlock {
    static final int CHAIN_OFFSET = 4080;
    private static final int TRAILER_ZERO_OFFSET = 4088;
    static final int CRC32C_OFFSET = 4092;

    private final ByteBuffer bytes;
    private final String where;

    /**
     * @param bytes the block stands at the buffer's position, which is not changed
     * @param where what the messages begin with
     */
    HeaderBlock(ByteBuffer bytes, String where) {
        this.bytes = bytes.slice(bytes.position(), LogFormat.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        this.where = where;
    }

    String where() {
        return where;
    }

    int u8(int offset) {
        return Byte.toUnsignedInt(bytes.get(offset));
    }

    int u16(int offset) {
        return Short.toUnsignedInt(bytes.getShort(offset));
    }

    long u32(int offset) {
        return Integer.toUnsignedLong(bytes.getInt(offset));
    }

    long u64(int offset) {
        return bytes.getLong(offset);
    }

    /** A UUID stands in the order in which it is printed. */
    UUID uuid(int offset) {
        return new UUID(Long.reverseBytes(bytes.getLong(offset)), Long.reverseBytes(bytes.getLong(offset + 8)));
    }

    boolean hasMagic(String magic) {
        byte[] found = new byte[magic.length()];
        bytes.get(0, found);
        return magic.equals(new String(found, StandardCharsets.ISO_8859_1));
    }

    void checkMagic(String magic) throws LogFormatException {
        if (!hasMagic(magic)) {
            throw new LogFormatException.BadMagic(where, "magic " + magic + " expected");
        }
    }

    void checkVersion(long version) throws LogFormatException {
        if (version != LogFormat.VERSION) {
            throw new LogFormatException.BadVersion(
                    where, "version " + version + ", known is version " + LogFormat.VERSION);
        }
    }

    void checkZero(int from, int to) throws LogFormatException {
        for (int offset = from; offset < to; offset++) {
            if (bytes.get(offset) != 0) {
                throw new LogFormatException.BadLength(where, "byte " + offset + " is not zero");
            }
        }
    }

    /** Checks that nothing stands between {@code from} and the trailer, nor in the trailer's own zeroes. */
    void checkZeroToTrailer(int from) throws LogFormatException {
        checkZero(from, CHAIN_OFFSET);
        checkZero(TRAILER_ZERO_OFFSET, CRC32C_OFFSET);
    }

    void checkChecksum() throws LogFormatException {
        int computed = Crc32c.of(bytes, 0, CRC32C_OFFSET);
        int stored = bytes.getInt(CRC32C_OFFSET);
        if (stored != computed) {
            throw new LogFormatException.BadChecksum(
                    where, String.format("header checksum %08x, computed %08x", stored, computed));
        }
    }

    /** Returns the chain value after this block, of which the chain covers the first {@code covered} bytes. */
    long checkChain(long before, int covered) throws LogFormatException {
        long computed = Chain.after(before, bytes, 0, covered);
        long stored = bytes.getLong(CHAIN_OFFSET);
        if (stored != computed) {
            throw new LogFormatException.BadChain(
                    where, "chain " + LogFormat.hex(stored) + ", computed " + LogFormat.hex(computed));
        }
        return computed;
    }
}
