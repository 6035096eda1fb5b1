// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * Verifies the byte stream of a log as it comes in, split in any way. Gives out each segment header and batch when it is
 * complete and has verified; an incomplete one waits in memory, at most one batch.
 *
 * <p>One thread at a time. After an error the verifier is spent.
 */
public final class StreamVerifier {
    /** A part of the stream that verified. Its bytes are valid until the next step. */
    public sealed interface Piece {
        /** All of it. */
        ByteBuffer bytes();

        /** A segment begins. */
        record Segment(SegmentHeader header, ByteBuffer bytes) implements Piece {}

        /** A batch of the segment that began last. */
        record Records(BatchHeader header, ByteBuffer bytes) implements Piece {}
    }

    private static final int BUFFER_BYTES_MIN = 64 * 1024;

    private final UUID resourceUuid;
    private Optional<SegmentHeader> segment;
    private LogPosition position;
    private long timeNs;
    /** What is incomplete, from index 0 to the buffer's position. */
    private ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES_MIN);
    /** Of the incomplete batch, once its header block is complete. */
    private Optional<BatchHeader> batch = Optional.empty();

    private boolean givenOut;

    /**
     * Goes on where a log ends.
     *
     * @param resourceUuid the resource that the log must belong to
     * @param position where the stream begins
     * @param segment that the position stands in; empty at the start of a log: then the stream begins with a segment
     * @param timeNs time of the batch before; 0 when it is not known
     */
    public StreamVerifier(UUID resourceUuid, LogPosition position, Optional<SegmentHeader> segment, long timeNs) {
        this.resourceUuid = resourceUuid;
        this.position = position;
        this.segment = segment;
        this.timeNs = timeNs;
    }

    /** Behind the last piece that was given out. */
    public LogPosition position() {
        return position;
    }

    /** LSN of the byte that is expected next. */
    public long nextLsn() {
        return position.lsn() + (givenOut ? 0 : buffer.position());
    }

    /**
     * Says where the bytes stand that come next: incomplete ones from {@code lsn} on are forgotten.
     *
     * @param lsn not below {@link #position}
     * @throws LogFormatException when bytes before {@code lsn} are missing
     */
    public void rewind(long lsn) throws LogFormatException {
        discardGivenOut();
        if (Long.compareUnsigned(lsn, nextLsn()) > 0) {
            throw new LogFormatException.BadLsn(
                    "bytes from LSN " + LogFormat.hex(lsn) + " on",
                    "those from " + LogFormat.hex(nextLsn()) + " on are missing before them");
        }
        int kept = Math.toIntExact(lsn - position.lsn());
        buffer.position(kept);
        if (kept < LogFormat.HEADER_BYTES) {
            batch = Optional.empty();
        }
    }

    /**
     * Takes the next bytes of the stream, as many as the next piece needs; to be called until it returns nothing.
     *
     * @return a piece that is complete now; empty when all bytes were taken and more are needed
     */
    public Optional<Piece> take(ByteBuffer bytes) throws LogFormatException {
        discardGivenOut();
        if (batch.isEmpty()) {
            if (!fill(bytes, LogFormat.HEADER_BYTES)) {
                return Optional.empty();
            }
            if (SegmentHeader.begins(buffer)) {
                return Optional.of(segmentPiece());
            }
            batch = Optional.of(batchHeader());
        }
        BatchHeader header = batch.get();
        if (!fill(bytes, header.length())) {
            return Optional.empty();
        }
        Batch verified = Batch.verified(header, buffer);
        advance(header.end());
        timeNs = header.timeNs();
        return Optional.of(new Piece.Records(header, verified.bytes()));
    }

    private Piece segmentPiece() throws LogFormatException {
        SegmentHeader header =
                SegmentHeader.unpackFollowing(buffer.slice(0, LogFormat.HEADER_BYTES), position, resourceUuid);
        if (segment.isPresent()) {
            header.checkSameBlocks(segment.get());
        }
        segment = Optional.of(header);
        advance(header.end());
        return new Piece.Segment(header, buffer.slice(0, LogFormat.HEADER_BYTES).asReadOnlyBuffer());
    }

    private BatchHeader batchHeader() throws LogFormatException {
        ByteBuffer block = buffer.slice(0, LogFormat.HEADER_BYTES);
        if (segment.isEmpty()) {
            // Only a segment can stand here, so this says what is wrong with it.
            SegmentHeader.unpackFollowing(block, position, resourceUuid);
        }
        return BatchHeader.unpack(block, position, timeNs, segment.orElseThrow().blockBytes());
    }

    private void advance(LogPosition end) {
        position = end;
        batch = Optional.empty();
        givenOut = true;
    }

    private void discardGivenOut() {
        if (givenOut) {
            givenOut = false;
            buffer.clear();
        }
    }

    /** Takes bytes until the buffer holds {@code length} of them; returns whether it does. */
    private boolean fill(ByteBuffer bytes, int length) {
        if (buffer.capacity() < length) {
            ByteBuffer larger = ByteBuffer.allocateDirect(LogFormat.BATCH_BYTES_MAX);
            buffer = larger.put(buffer.flip());
        }
        int count = Math.min(length - buffer.position(), bytes.remaining());
        buffer.put(buffer.position(), bytes, bytes.position(), count);
        buffer.position(buffer.position() + count);
        bytes.position(bytes.position() + count);
        return buffer.position() == length;
    }
}
