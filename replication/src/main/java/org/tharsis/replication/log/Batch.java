// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;

/**
 * A batch that verified, payloads included.
 *
 * @param header what it holds
 * @param bytes all of it, header block included, read-only; of the reader that returned it, and valid until its next step
 */
public record Batch(BatchHeader header, ByteBuffer bytes) {
    /**
     * Verifies the payloads behind a header that verified.
     *
     * @param bytes the whole batch, header block included, from index 0
     */
    static Batch verified(BatchHeader header, ByteBuffer bytes) throws LogFormatException {
        String where = "batch at LSN " + LogFormat.hex(header.lsn());
        for (RecordDescriptor record : header.records()) {
            int computed = Crc32c.of(bytes, record.payloadOffset(), record.payloadBytes());
            if (computed != record.payloadCrc32c()) {
                throw new LogFormatException.BadChecksum(
                        where,
                        String.format(
                                "payload at byte %d has checksum %08x, computed %08x",
                                record.payloadOffset(), record.payloadCrc32c(), computed));
            }
        }
        for (int offset = header.usedBytes(); offset < header.length(); offset++) {
            if (bytes.get(offset) != 0) {
                throw new LogFormatException.BadLength(where, "byte " + offset + " behind the payloads is not zero");
            }
        }
        return new Batch(header, bytes.slice(0, header.length()).asReadOnlyBuffer());
    }

    /** The payload of a record of this batch; empty for one that has none. */
    public ByteBuffer payload(RecordDescriptor record) {
        return bytes.slice(record.payloadOffset(), record.payloadBytes());
    }
}
