// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/** Frames of the side that serves. */
public sealed interface ServerFrame extends Frame {
    /** A frame that ends its stream. */
    sealed interface Last extends ServerFrame {}

    /** A frame that is sent on credit. */
    sealed interface Data extends ServerFrame {
        /** Length of the whole frame, as it counts against the window. */
        int frameBytes();
    }

    /**
     * Agrees to send the log.
     *
     * @param lsn what comes begins here
     */
    record Following(int stream, long lsn) implements ServerFrame {
        static final int TYPE = 32;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(lsn);
        }

        static Following read(int stream, ByteBuf body) {
            return new Following(stream, body.readLongLE());
        }
    }

    /**
     * The follower has another history.
     *
     * @param epoch the last common one
     * @param lsn where that ends
     */
    record Diverged(int stream, long epoch, long lsn) implements Last {
        static final int TYPE = 33;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(epoch).writeLongLE(lsn);
        }

        static Diverged read(int stream, ByteBuf body) {
            return new Diverged(stream, body.readLongLE(), body.readLongLE());
        }
    }

    /**
     * The log at the position was removed.
     *
     * @param oldestLsn the server's log begins here
     */
    record Gone(int stream, long oldestLsn) implements Last {
        static final int TYPE = 34;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(oldestLsn);
        }

        static Gone read(int stream, ByteBuf body) {
            return new Gone(stream, body.readLongLE());
        }
    }

    /**
     * The follower has more of the same history.
     *
     * @param endLsn end of the server's log
     */
    record Behind(int stream, long endLsn) implements Last {
        static final int TYPE = 35;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(endLsn);
        }

        static Behind read(int stream, ByteBuf body) {
            return new Behind(stream, body.readLongLE());
        }
    }

    /**
     * The next byte is the first of this segment.
     */
    record Segment(int stream, SegmentName name) implements ServerFrame {
        static final int TYPE = 36;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(name.epoch()).writeLongLE(name.startLsn());
        }

        static Segment read(int stream, ByteBuf body) {
            return new Segment(stream, new SegmentName(body.readLongLE(), body.readLongLE()));
        }
    }

    /**
     * Bytes of the log.
     *
     * @param lsn of the first one
     * @param content 1 to 262,144 bytes; whoever has the frame last releases it
     */
    record Bytes(int stream, long lsn, ByteBuf content) implements Data {
        static final int TYPE = 37;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public int frameBytes() {
            return WireFormat.HEADER_BYTES + 8 + content.readableBytes();
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(lsn);
        }

        static Bytes read(int stream, ByteBuf body) throws WireException {
            long lsn = body.readLongLE();
            Body.checkContent(body, WireFormat.BYTES_MAX);
            return new Bytes(stream, lsn, body.readRetainedSlice(body.readableBytes()));
        }
    }

    /**
     * The segment is complete.
     *
     * @param lsn its end
     */
    record Sealed(int stream, long lsn) implements ServerFrame {
        static final int TYPE = 38;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(lsn);
        }

        static Sealed read(int stream, ByteBuf body) {
            return new Sealed(stream, body.readLongLE());
        }
    }

    /**
     * How far the server is.
     *
     * @param lsn end of its durable log
     * @param timeNs its wall clock, in nanoseconds since 1970
     */
    record End(int stream, long lsn, long timeNs) implements ServerFrame {
        static final int TYPE = 39;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(lsn).writeLongLE(timeNs);
        }

        static End read(int stream, ByteBuf body) {
            return new End(stream, body.readLongLE(), body.readLongLE());
        }
    }

    /**
     * The disk is ready to be read.
     *
     * @param resumePoint the new replica goes on with the log from here
     * @param deviceBytes size of the device
     * @param blockBytes 512 or 4096
     * @param rangeBytes what one digest is about
     */
    record BackfillBegin(int stream, LogPosition resumePoint, long deviceBytes, int blockBytes, int rangeBytes)
            implements ServerFrame {
        static final int TYPE = 40;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            Body.writePosition(out, resumePoint);
            out.writeLongLE(deviceBytes).writeIntLE(blockBytes).writeIntLE(rangeBytes);
        }

        static BackfillBegin read(int stream, ByteBuf body) {
            return new BackfillBegin(
                    stream, Body.readPosition(body), body.readLongLE(), body.readIntLE(), body.readIntLE());
        }
    }

    /**
     * Content of a range of the device.
     *
     * @param position on the device
     * @param crc32c of the content
     * @param content 1 to 131,072 bytes; whoever has the frame last releases it
     */
    record Blocks(int stream, long position, int crc32c, ByteBuf content) implements Data {
        static final int TYPE = 41;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public int frameBytes() {
            return WireFormat.HEADER_BYTES + 16 + content.readableBytes();
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(position).writeIntLE(crc32c).writeIntLE(0);
        }

        static Blocks read(int stream, ByteBuf body) throws WireException {
            long position = body.readLongLE();
            int crc32c = body.readIntLE();
            Body.checkZero(body, 4);
            Body.checkContent(body, WireFormat.BLOCKS_MAX);
            return new Blocks(stream, position, crc32c, body.readRetainedSlice(body.readableBytes()));
        }
    }

    /**
     * A range of the device is zero.
     */
    record Zeroes(int stream, long position, long length) implements Data {
        static final int TYPE = 42;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public int frameBytes() {
            return WireFormat.HEADER_BYTES + 16;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(position).writeLongLE(length);
        }

        static Zeroes read(int stream, ByteBuf body) {
            return new Zeroes(stream, body.readLongLE(), body.readLongLE());
        }
    }

    /**
     * A range of the device is the same on both.
     */
    record Equal(int stream, long position, long length) implements Data {
        static final int TYPE = 43;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public int frameBytes() {
            return WireFormat.HEADER_BYTES + 16;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(position).writeLongLE(length);
        }

        static Equal read(int stream, ByteBuf body) {
            return new Equal(stream, body.readLongLE(), body.readLongLE());
        }
    }

    /**
     * All ranges are answered.
     *
     * @param consistent once the log of this history is replayed to here
     */
    record BackfillEnd(int stream, EpochLsn consistent) implements Last {
        static final int TYPE = 44;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(consistent.epoch()).writeLongLE(consistent.lsn());
        }

        static BackfillEnd read(int stream, ByteBuf body) {
            return new BackfillEnd(stream, new EpochLsn(body.readLongLE(), body.readLongLE()));
        }
    }
}
