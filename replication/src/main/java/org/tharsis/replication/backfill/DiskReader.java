// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the ranges of a disk that the driver uses at the same time. Read-only; past the page cache where the file system can.
 *
 * <p>One thread at a time. Memory is one range.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class DiskReader implements Closeable {
    private DiskReader() {}

    /**
     * Opens the disk, a block device or a file.
     *
     * @param ranges of the device on it; the disk may be larger
     * @throws IOException when it cannot be opened, or is smaller than the device
     */
    public static DiskReader open(Path disk, DeviceRanges ranges) throws IOException {
        throw new UnsupportedOperationException(disk.toString() + ranges);
    }

    /** Is the page cache left out? */
    public boolean direct() {
        throw new UnsupportedOperationException();
    }

    /** Reads a range. The buffer is read-only and valid until the next call. Blocks for the disk. */
    public ByteBuffer read(long range) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Digests {@code count} ranges from {@code first} on, at most to the device's end. Blocks for the disk. */
    public List<RangeDigest> digests(long first, int count) throws IOException {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() throws IOException {
        throw new UnsupportedOperationException();
    }
}
