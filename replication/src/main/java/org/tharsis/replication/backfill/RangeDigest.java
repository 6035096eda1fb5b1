// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Digest of a range's content: the first 128 bits of its SHA-256. Ranges with equal digests are taken for equal, so it has to
 * be one for which nobody can make two contents.
 *
 * @param high bytes 0 to 7, as a big-endian number
 * @param low bytes 8 to 15
 */
public record RangeDigest(long high, long low) {
    /** Size of a digest in bytes, as {@link #put} writes it. */
    public static final int BYTES = 16;

    private static final RangeDigest OF_WHOLE_RANGE_OF_ZEROES = hash(ByteBuffer.allocate(DeviceRanges.RANGE_BYTES));

    /** Digests what remains in the buffer, whose position is not changed. Any thread. */
    public static RangeDigest of(ByteBuffer content) {
        // Of a new disk nearly all ranges are zeroes, and to see that is far cheaper than to hash them.
        boolean known = content.remaining() == DeviceRanges.RANGE_BYTES && Zeroes.only(content);
        return known ? OF_WHOLE_RANGE_OF_ZEROES : hash(content);
    }

    private static RangeDigest hash(ByteBuffer content) {
        MessageDigest sha256;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
        sha256.update(content.duplicate());
        return get(ByteBuffer.wrap(sha256.digest()));
    }

    /** Reads a digest at the buffer's position, which moves behind it. */
    public static RangeDigest get(ByteBuffer from) {
        ByteBuffer bytes = from.slice(from.position(), BYTES).order(ByteOrder.BIG_ENDIAN);
        from.position(from.position() + BYTES);
        return new RangeDigest(bytes.getLong(), bytes.getLong());
    }

    /** Writes the digest at the buffer's position, which moves behind it. */
    public void put(ByteBuffer to) {
        to.slice(to.position(), BYTES).order(ByteOrder.BIG_ENDIAN).putLong(high).putLong(low);
        to.position(to.position() + BYTES);
    }
}
