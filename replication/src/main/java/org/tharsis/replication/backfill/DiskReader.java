// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the ranges of a disk that the driver uses at the same time. Read-only; past the page cache where the file system can.
 *
 * <p>One thread at a time. Memory is one range.
 */
public final class DiskReader implements Closeable {
    /** Alignment of direct reads in memory and on the disk: that of the largest sectors in use. */
    private static final int ALIGNMENT_BYTES = 4096;

    private final Path path;
    private final DeviceRanges ranges;
    private final FileChannel file;
    private final boolean direct;
    private final long diskBytes;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(DeviceRanges.RANGE_BYTES + ALIGNMENT_BYTES)
            .alignedSlice(ALIGNMENT_BYTES);

    private DiskReader(Path path, DeviceRanges ranges, FileChannel file, boolean direct, long diskBytes) {
        this.path = path;
        this.ranges = ranges;
        this.file = file;
        this.direct = direct;
        this.diskBytes = diskBytes;
    }

    /**
     * Opens the disk, a block device or a file.
     *
     * @param ranges of the device on it; the disk may be larger
     * @throws IOException when it cannot be opened, or is smaller than the device
     */
    public static DiskReader open(Path disk, DeviceRanges ranges) throws IOException {
        FileChannel plain = FileChannel.open(disk, StandardOpenOption.READ);
        try {
            long diskBytes = plain.size();
            if (diskBytes < ranges.deviceBytes()) {
                throw new IOException(disk + " has " + diskBytes + " bytes, less than the device with "
                        + ranges.deviceBytes() + ": it is not the disk of this replica, or was cut off");
            }
            DiskReader direct = new DiskReader(disk, ranges, openDirect(disk), true, diskBytes);
            if (direct.canRead()) {
                plain.close();
                return direct;
            }
            direct.close();
            return new DiskReader(disk, ranges, plain, false, diskBytes);
        } catch (UnsupportedOperationException noDirectIo) {
            return new DiskReader(disk, ranges, plain, false, plain.size());
        } catch (IOException failed) {
            plain.close();
            throw failed;
        }
    }

    private static FileChannel openDirect(Path disk) throws IOException {
        try {
            return FileChannel.open(disk, StandardOpenOption.READ, ExtendedOpenOption.DIRECT);
        } catch (IOException refused) {
            // tmpfs, for one, says so with EINVAL, which is an IOException like any other.
            throw new UnsupportedOperationException(refused);
        }
    }

    /** Some file systems take the flag and refuse the read. */
    private boolean canRead() {
        try {
            read(0);
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    public DeviceRanges ranges() {
        return ranges;
    }

    /** Is the page cache left out? */
    public boolean direct() {
        return direct;
    }

    /** Reads a range. The buffer is read-only and valid until the next call. Blocks for the disk. */
    public ByteBuffer read(long range) throws IOException {
        long offset = ranges.offset(range);
        int length = ranges.length(range);
        // Of a disk that does not end at a whole sector, the rest of the last one is read too, as far as it is there.
        buffer.clear().limit((length + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES);
        while (buffer.position() < length) {
            if (file.read(buffer, offset + buffer.position()) < 0) {
                throw new EOFException(path + " ends at " + (offset + buffer.position()) + ", it had " + diskBytes
                        + " bytes before: was it cut off?");
            }
        }
        return buffer.slice(0, length).asReadOnlyBuffer();
    }

    /** Digests {@code count} ranges from {@code first} on, at most to the device's end. Blocks for the disk. */
    public List<RangeDigest> digests(long first, int count) throws IOException {
        List<RangeDigest> digests = new ArrayList<>();
        for (long range = first; range < first + count && range < ranges.count(); range++) {
            digests.add(RangeDigest.of(read(range)));
        }
        return List.copyOf(digests);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
