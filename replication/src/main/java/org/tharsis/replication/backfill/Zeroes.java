// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.nio.ByteBuffer;

/** Tells zeroes from data. */
final class Zeroes {
    private static final ByteBuffer WHOLE_RANGE =
            ByteBuffer.allocateDirect(DeviceRanges.RANGE_BYTES).asReadOnlyBuffer();

    /** Is all that remains in the buffer, at most a range, zero? Its position is not changed. */
    static boolean only(ByteBuffer bytes) {
        return bytes.mismatch(WHOLE_RANGE.slice(0, bytes.remaining())) < 0;
    }

    private Zeroes() {}
}
