// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.Closeable;
import java.io.IOException;

/**
 * The sender's side of a backfill: compares the receiver's digests with its own disk, range by range.
 *
 * <p>One thread at a time.
 */
@SuppressWarnings("DoNotCallSuggester")
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
        throw new UnsupportedOperationException(theirs.toString() + range);
    }

    @Override
    public void close() throws IOException {
        disk.close();
    }
}
