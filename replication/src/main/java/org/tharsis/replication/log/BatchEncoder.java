// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.tharsis.replication.log.RecordDescriptor.Operation;

/**
 * Collects records and makes a batch of them. What is collected is given out once, by {@link #encode}.
 *
 * <p>One thread at a time. Memory is one batch of the largest size.
 */
public final class BatchEncoder {
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(LogFormat.BATCH_BYTES_MAX);
    private final List<RecordDescriptor> records = new ArrayList<>();
    private int usedBytes = LogFormat.HEADER_BYTES;

    public boolean isEmpty() {
        return records.isEmpty();
    }

    /** Bytes of the batch as it is now, a multiple of 4096. */
    public int length() {
        return (int) LogFormat.alignUp(usedBytes);
    }

    /** Has the batch room for one more record with so many bytes of payload? */
    public boolean hasRoom(int payloadBytes) {
        return records.size() < LogFormat.BATCH_RECORDS_MAX && usedBytes + payloadBytes <= LogFormat.BATCH_BYTES_MAX;
    }

    /**
     * Adds a write of what remains in {@code payload}, whose position is not changed.
     *
     * @param position on the device, in bytes; a multiple of the log's block size, as the length is
     * @throws IllegalStateException when there is no room
     */
    public void write(long position, ByteBuffer payload) {
        int length = payload.remaining();
        checkRoom(length);
        buffer.put(usedBytes, payload, payload.position(), length);
        records.add(new RecordDescriptor(
                Operation.WRITE, position, length, usedBytes, Crc32c.of(buffer, usedBytes, length)));
        usedBytes += length;
    }

    /**
     * Adds a write of zeroes.
     *
     * @param position on the device, in bytes; a multiple of the log's block size
     * @param length in bytes; a multiple of the log's block size
     * @throws IllegalStateException when there is no room
     */
    public void writeZeroes(long position, long length) {
        checkRoom(0);
        records.add(new RecordDescriptor(Operation.WRITE_ZEROES, position, length, 0, 0));
    }

    /**
     * Makes the batch and begins a new one.
     *
     * @param before where the batch is to stand
     * @param timeNs wall clock in nanoseconds since 1970; not less than that of the batch before
     * @param durableLsn up to here the log is on stable storage
     * @return the whole batch; valid until a record is added
     * @throws IllegalStateException when there is no record
     */
    public ByteBuffer encode(LogPosition before, long timeNs, long durableLsn) {
        if (records.isEmpty()) {
            throw new IllegalStateException("a batch without a record");
        }
        int length = length();
        for (int offset = usedBytes; offset < length; offset++) {
            buffer.put(offset, (byte) 0);
        }
        BatchHeader.pack(buffer, before, length, timeNs, durableLsn, records);
        records.clear();
        usedBytes = LogFormat.HEADER_BYTES;
        return buffer.slice(0, length).asReadOnlyBuffer();
    }

    private void checkRoom(int payloadBytes) {
        if (!hasRoom(payloadBytes)) {
            throw new IllegalStateException("no room in the batch for " + payloadBytes + " bytes of payload");
        }
    }
}
