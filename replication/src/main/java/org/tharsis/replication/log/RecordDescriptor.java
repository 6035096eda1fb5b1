// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/**
 * What one record does to the device.
 *
 * <pre>
 *    0  operation        1         8  position         8
 *    1  zero             1        16  length           8
 *    2  volume           2        24  payload_offset   4
 *    4  payload_crc32c   4        28  zero             4
 * </pre>
 *
 * @param operation what is done
 * @param position on the device, in bytes, unsigned; a multiple of the segment's block size
 * @param length in bytes, unsigned; a multiple of the segment's block size, at least one block
 * @param payloadOffset from the start of the batch, in bytes; 0 where there is no payload
 * @param payloadCrc32c of the payload; 0 where there is none
 */
public record RecordDescriptor(Operation operation, long position, long length, int payloadOffset, int payloadCrc32c) {

    /** The operations of version 1. */
    public enum Operation {
        WRITE,
        WRITE_ZEROES,
        /** Reads as zeroes afterwards, on every replica. */
        DISCARD
    }

    /** Bytes of payload in the batch. */
    public int payloadBytes() {
        return operation == Operation.WRITE ? Math.toIntExact(length) : 0;
    }

    /**
     * Reads the descriptor at {@code offset} of a batch's header block that has passed all other checks.
     *
     * @param payloadOffset where the payload stands if there is one: at the end of the one before
     */
    static RecordDescriptor unpack(HeaderBlock block, int offset, int payloadOffset, int blockBytes)
            throws LogFormatException {
        String where = block.where() + ", descriptor at byte " + offset;
        RecordDescriptor record = new RecordDescriptor(
                operation(block.u8(offset), where),
                block.u64(offset + 8),
                block.u64(offset + 16),
                (int) block.u32(offset + 24),
                (int) block.u32(offset + 4));
        if (block.u16(offset + 2) != 0) {
            throw new LogFormatException.BadContent(where, "volume " + block.u16(offset + 2) + ", 0 expected");
        }
        record.checkRange(where, blockBytes);
        record.checkPayload(where, payloadOffset);
        return record;
    }

    /** Writes the descriptor at {@code offset} of a batch's header block. */
    void pack(HeaderBlockBuilder block, int offset) {
        block.u8(offset, code(operation))
                .u32(offset + 4, payloadCrc32c)
                .u64(offset + 8, position)
                .u64(offset + 16, length)
                .u32(offset + 24, payloadOffset);
    }

    private static int code(Operation operation) {
        return switch (operation) {
            case WRITE -> 1;
            case WRITE_ZEROES -> 2;
            case DISCARD -> 3;
        };
    }

    private static Operation operation(int code, String where) throws LogFormatException {
        return switch (code) {
            case 1 -> Operation.WRITE;
            case 2 -> Operation.WRITE_ZEROES;
            case 3 -> Operation.DISCARD;
            default -> throw new LogFormatException.BadContent(where, "operation " + code + " is unknown in version 1");
        };
    }

    private void checkRange(String where, int blockBytes) throws LogFormatException {
        if (Long.remainderUnsigned(position, blockBytes) != 0 || Long.remainderUnsigned(length, blockBytes) != 0) {
            throw new LogFormatException.BadContent(where, range() + " is not in whole blocks of " + blockBytes);
        }
        if (length == 0) {
            throw new LogFormatException.BadContent(where, "the length is 0");
        }
        if (Long.compareUnsigned(position + length, position) < 0) {
            throw new LogFormatException.BadContent(where, range() + " overflows");
        }
        if (operation == Operation.WRITE && Long.compareUnsigned(length, LogFormat.WRITE_BYTES_MAX) > 0) {
            throw new LogFormatException.BadContent(where, range() + " is longer than 1 MiB");
        }
    }

    private void checkPayload(String where, int expectedOffset) throws LogFormatException {
        boolean hasPayload = operation == Operation.WRITE;
        if (payloadOffset != (hasPayload ? expectedOffset : 0)) {
            throw new LogFormatException.BadContent(
                    where, "payload at " + payloadOffset + ", " + (hasPayload ? expectedOffset : 0) + " expected");
        }
        if (!hasPayload && payloadCrc32c != 0) {
            throw new LogFormatException.BadContent(where, "a payload checksum without a payload");
        }
    }

    private String range() {
        return "position " + Long.toUnsignedString(position) + ", length " + Long.toUnsignedString(length);
    }
}
