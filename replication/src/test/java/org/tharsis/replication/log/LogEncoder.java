// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/** Makes log blocks byte by byte as docs/log-format.md says, independently of the code under test. */
public final class LogEncoder {
    public static final UUID RESOURCE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    public static final UUID CREATOR = UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");
    public static final int BLOCK_BYTES = 4096;
    public static final int SEGMENT_CHAINED_BYTES = 112;

    /** A record to encode; a write has the payload {@link #payload} of its length. */
    public record Entry(int operation, long position, long length) {
        public static Entry write(long position, int length) {
            return new Entry(1, position, length);
        }

        public static Entry writeZeroes(long position, long length) {
            return new Entry(2, position, length);
        }

        public static Entry discard(long position, long length) {
            return new Entry(3, position, length);
        }

        public int payloadBytes() {
            return operation == 1 ? (int) length : 0;
        }
    }

    public static byte[] segmentHeader(SegmentName name, long previousEpoch, long chainBefore) {
        byte[] block = new byte[BLOCK_BYTES];
        ByteBuffer out = littleEndian(block);
        out.put("THARSEG1".getBytes(StandardCharsets.US_ASCII)).putInt(1).putInt(BLOCK_BYTES);
        putUuid(out, RESOURCE);
        out.putLong(name.epoch()).putLong(name.startLsn());
        out.putLong(previousEpoch).putLong(name.startLsn()).putLong(chainBefore);
        out.putLong(1_700_000_000_000_000_000L);
        putUuid(out, CREATOR);
        out.putInt(512);
        seal(block, SEGMENT_CHAINED_BYTES, chainBefore);
        return block;
    }

    public static byte[] batch(LogPosition at, long timeNs, Entry... entries) {
        int payloadBytes = Arrays.stream(entries).mapToInt(Entry::payloadBytes).sum();
        int length = BLOCK_BYTES + (payloadBytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        byte[] batch = new byte[length];
        ByteBuffer out = littleEndian(batch);
        out.put("THARBAT1".getBytes(StandardCharsets.US_ASCII));
        out.putShort((short) 1).putShort((short) entries.length).putInt(length);
        out.putLong(at.lsn()).putLong(at.epoch()).putLong(timeNs).putLong(at.chain());
        out.putLong(at.lsn()).putLong(0);
        int payloadOffset = BLOCK_BYTES;
        for (Entry entry : entries) {
            byte[] payload = payload(entry.payloadBytes());
            boolean hasPayload = payload.length > 0;
            out.put((byte) entry.operation()).put((byte) 0).putShort((short) 0);
            out.putInt(hasPayload ? ReferenceChecksums.crc32c(payload, 0, payload.length) : 0);
            out.putLong(entry.position()).putLong(entry.length());
            out.putInt(hasPayload ? payloadOffset : 0).putInt(0);
            System.arraycopy(payload, 0, batch, payloadOffset, payload.length);
            payloadOffset += payload.length;
        }
        seal(batch, batchChainedBytes(entries.length), at.chain());
        return batch;
    }

    public static int batchChainedBytes(int records) {
        return 64 + 32 * records;
    }

    /** Bytes that differ from zero and from their neighbours. */
    public static byte[] payload(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251 + 1);
        }
        return bytes;
    }

    /** Sets chain value and checksum of the header block at the start of {@code bytes}. */
    public static void seal(byte[] bytes, int chainedBytes, long chainBefore) {
        littleEndian(bytes).putLong(4080, ReferenceChecksums.xxHash64(bytes, chainedBytes, chainBefore));
        sealChecksum(bytes);
    }

    /** Sets only the checksum. */
    public static void sealChecksum(byte[] bytes) {
        littleEndian(bytes).putInt(4092, ReferenceChecksums.crc32c(bytes, 0, 4092));
    }

    /** The position behind a segment header or batch made here. */
    public static LogPosition end(LogPosition before, byte[] encoded) {
        return new LogPosition(
                before.lsn() + encoded.length,
                before.epoch(),
                littleEndian(encoded).getLong(4080));
    }

    public static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void putUuid(ByteBuffer out, UUID uuid) {
        out.order(ByteOrder.BIG_ENDIAN)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private LogEncoder() {}
}
