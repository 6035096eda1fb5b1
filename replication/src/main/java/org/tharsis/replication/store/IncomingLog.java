// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;

/**
 * A follower's log: takes the byte stream of another replica's log, verifies every byte, and writes it to the same segment
 * files at the same offsets.
 *
 * <p>Only whole batches that verified reach a file; what is incomplete waits in memory, at most one batch. A segment is cut
 * to its exact length and durable before the next one exists. So after a crash the directory holds a prefix of what came.
 *
 * <p>Threads: {@link #accept} belongs to one thread, {@link #sync} to one other (or the same); the positions may be asked by
 * any. {@link #close} when neither is under way. All three block for the disk.
 *
 * <p>Errors: the first {@link LogFormatException} or {@link IOException} is final for the instance and thrown again by every
 * later call, except {@link LogFullException}: then the stream goes on from {@link #received} when there is room. After any
 * error the files hold what {@link #received} says.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class IncomingLog implements Closeable {
    private IncomingLog() {}

    /**
     * Opens the log of a directory at its verified end, and makes that durable. Removes nothing; what stands behind the end is overwritten
     * by what comes, or removed by {@link #close}.
     *
     * @param directory exists
     * @param start where the log begins when the directory holds no segment
     * @throws LogFormatException when the directory's log is damaged before its last segment, or of another resource
     */
    public static IncomingLog open(Path directory, UUID resourceUuid, LogPosition start)
            throws IOException, LogFormatException {
        throw new UnsupportedOperationException(directory.toString() + resourceUuid + start);
    }

    /** End of what is verified and in the files. */
    public LogPosition received() {
        throw new UnsupportedOperationException();
    }

    /** Wall clock of the last batch received, in nanoseconds since 1970; 0 when that is not known. */
    public long receivedTimeNs() {
        throw new UnsupportedOperationException();
    }

    /** End of what is on stable storage. */
    public LogPosition durable() {
        throw new UnsupportedOperationException();
    }

    /** The epochs of this log, oldest first. */
    public List<EpochStart> epochs() {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes bytes of the stream, split in any way. Bytes that are here already are skipped, without a look at them.
     *
     * @param lsn of the first byte; at most where the bytes taken so far end
     * @param bytes all that remain are consumed
     * @throws LogFormatException when they do not verify: it says what and where; nothing of the bad batch counts
     * @throws LogFullException when there is no room; the stream is to be sent again from {@link #received}
     */
    public void accept(long lsn, ByteBuffer bytes) throws IOException, LogFormatException {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes durable what was received when it was called, by one fdatasync.
     *
     * @return segments that grew, and how far they are durable now, in log order: what the driver is to be told. The first
     *     call gives all segments of the directory, since nobody knows what was told of them before a crash
     */
    public List<SegmentExtent> sync() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Cuts the newest segment to what was received, makes it durable, and removes files of segments behind it in which nothing
     * verifies. Does nothing the second time.
     */
    @Override
    public void close() throws IOException {
        throw new UnsupportedOperationException();
    }
}
