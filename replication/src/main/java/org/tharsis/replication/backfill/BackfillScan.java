// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.tharsis.replication.log.Crc32c;

/**
 * The sender's side of a backfill: compares the receiver's digests with its own disk, range by range.
 *
 * <p>One thread at a time.
 */
public final class BackfillScan implements Closeable {
    private final DiskReader disk;

    /** Owns the reader from now on. */
    public BackfillScan(DiskReader disk) {
        this.disk = disk;
    }

    /**
     * Reads a range of the sender's disk and says what the receiver needs. Blocks for the disk.
     *
     * @param range from 0 to the number of ranges - 1
     * @param theirs digest of the range on the receiver's disk
     */
    public RangeDifference compare(long range, RangeDigest theirs) throws IOException {
        ByteBuffer ours = disk.read(range);
        if (RangeDigest.of(ours).equals(theirs)) {
            return new RangeDifference.Equal();
        }
        long position = disk.ranges().offset(range);
        if (Zeroes.only(ours)) {
            return new RangeDifference.Zeroes(position, ours.remaining());
        }
        ByteBuffer copy = ByteBuffer.allocate(ours.remaining()).put(ours).flip();
        return new RangeDifference.Block(position, copy.asReadOnlyBuffer(), Crc32c.of(copy, 0, copy.remaining()));
    }

    @Override
    public void close() throws IOException {
        disk.close();
    }
}
