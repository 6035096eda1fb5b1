// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.nio.ByteBuffer;

/** What a receiver needs to have a range as the sender has it. */
public sealed interface RangeDifference {
    /** Nothing: the digests are equal. */
    record Equal() implements RangeDifference {}

    /**
     * Zeroes.
     *
     * @param position on the device, in bytes
     * @param length in bytes
     */
    record Zeroes(long position, int length) implements RangeDifference {}

    /**
     * Other content.
     *
     * @param position on the device, in bytes
     * @param bytes from its position to its limit; read-only, and whoever gets it may keep it
     * @param crc32c of the bytes
     */
    record Block(long position, ByteBuffer bytes, int crc32c) implements RangeDifference {}
}
