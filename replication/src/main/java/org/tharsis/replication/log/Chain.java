// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import net.jpountz.xxhash.XXHash64;
import net.jpountz.xxhash.XXHashFactory;

/**
 * The chain value: xxHash64 of what is appended, seeded with the chain value before it. Two logs with the same chain
 * value at the same LSN are the same log up to there.
 */
public final class Chain {
    // The plain Java one: neither a native library nor sun.misc.Unsafe, and a block has at most 4 KiB to hash.
    private static final XXHash64 XX_HASH_64 = XXHashFactory.safeInstance().hash64();

    /** Returns the chain value after the bytes from {@code offset} on; the buffer's own position does not matter. */
    public static long after(long before, ByteBuffer buffer, int offset, int length) {
        return XX_HASH_64.hash(buffer, offset, length, before);
    }

    private Chain() {}
}
