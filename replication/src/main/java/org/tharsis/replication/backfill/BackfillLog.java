// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.store.SegmentExtent;

/**
 * The log of its own in which a backfill reaches the driver: epoch 1 from LSN 0, in segments of 64 MiB, written by the
 * receiver from what the sender found different. The driver replays it and removes what lies below its checkpoint.
 *
 * <p>Positions on the device ascend. Threads and errors as of {@link org.tharsis.replication.store.IncomingLog}: one thread
 * appends, one other may sync; a {@link org.tharsis.replication.store.LogFullException} is not final.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class BackfillLog implements Closeable {
    private BackfillLog() {}

    /**
     * Opens the backfill's log at its verified end, or begins it.
     *
     * @param directory the backfill's log directory, which exists
     * @param nodeUuid of this node, the creator of the segments
     * @param blockBytes of the device, 512 or 4096
     */
    public static BackfillLog open(Path directory, UUID resourceUuid, UUID nodeUuid, int blockBytes)
            throws IOException, LogFormatException {
        throw new UnsupportedOperationException(directory.toString() + resourceUuid + nodeUuid + blockBytes);
    }

    /**
     * Up to where on the device the differences are known to be in the log and durable: a backfill that was interrupted goes
     * on there. It is the end of the last record whose batch is durable, so after a long run of equal ranges, or when the
     * driver has removed all records, those are compared again.
     */
    public long durableOffset() {
        throw new UnsupportedOperationException();
    }

    /** Where the log ends: to be compared with how far the driver has replayed it. */
    public long endLsn() {
        throw new UnsupportedOperationException();
    }

    /**
     * Appends what a range is to hold. {@code Equal} is nothing.
     *
     * @throws IOException when the checksum of a block does not fit to its bytes, or its position does not ascend
     */
    public void append(RangeDifference difference) throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /** Appends bytes that the device is to hold from {@code position} on; whole blocks, at most 1 MiB. */
    public void write(long position, ByteBuffer bytes, int crc32c) throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /** Appends zeroes that the device is to hold from {@code position} on; whole blocks. */
    public void writeZeroes(long position, long length) throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /** Makes durable what was appended before; returns what the driver is to be told, in log order. */
    public List<SegmentExtent> sync() throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /** Closes the files; what was not synced may be lost. Does nothing the second time. */
    @Override
    public void close() throws IOException {
        throw new UnsupportedOperationException();
    }
}
