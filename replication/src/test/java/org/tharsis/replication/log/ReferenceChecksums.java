// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The two checksums of the format written down a second time, slow and plain, so that no test proves a library by itself. */
final class ReferenceChecksums {
    private static final int CASTAGNOLI_REFLECTED = 0x82F63B78;

    private static final long PRIME_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME_3 = 0x165667B19E3779F9L;
    private static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME_5 = 0x27D4EB2F165667C5L;

    static int crc32c(byte[] bytes, int offset, int length) {
        int crc = ~0;
        for (int i = offset; i < offset + length; i++) {
            crc ^= Byte.toUnsignedInt(bytes[i]);
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) != 0 ? CASTAGNOLI_REFLECTED : 0);
            }
        }
        return ~crc;
    }

    static long xxHash64(byte[] bytes, int length, long seed) {
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        long hash = length < 32 ? seed + PRIME_5 : stripes(in, seed);
        hash += length;
        while (in.remaining() >= 8) {
            hash = Long.rotateLeft(hash ^ round(0, in.getLong()), 27) * PRIME_1 + PRIME_4;
        }
        if (in.remaining() >= 4) {
            hash = Long.rotateLeft(hash ^ Integer.toUnsignedLong(in.getInt()) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        }
        while (in.hasRemaining()) {
            hash = Long.rotateLeft(hash ^ Byte.toUnsignedLong(in.get()) * PRIME_5, 11) * PRIME_1;
        }
        hash = (hash ^ (hash >>> 33)) * PRIME_2;
        hash = (hash ^ (hash >>> 29)) * PRIME_3;
        return hash ^ (hash >>> 32);
    }

    private static long stripes(ByteBuffer in, long seed) {
        long[] lanes = {seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1};
        while (in.remaining() >= 32) {
            for (int lane = 0; lane < 4; lane++) {
                lanes[lane] = round(lanes[lane], in.getLong());
            }
        }
        long hash = Long.rotateLeft(lanes[0], 1)
                + Long.rotateLeft(lanes[1], 7)
                + Long.rotateLeft(lanes[2], 12)
                + Long.rotateLeft(lanes[3], 18);
        for (long lane : lanes) {
            hash = (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
        }
        return hash;
    }

    private static long round(long lane, long input) {
        return Long.rotateLeft(lane + input * PRIME_2, 31) * PRIME_1;
    }

    private ReferenceChecksums() {}
}
