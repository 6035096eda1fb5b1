// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;

/** Reads one frame: checks it, and makes the value. */
final class FrameReader {
    private static final int TYPE_OFFSET = 4;
    private static final int STREAM_OFFSET = 8;
    private static final int CRC32C_OFFSET = 12;

    /** @param frame all of it, and nothing else */
    static Frame read(ByteBuf frame) throws WireException {
        int start = frame.readerIndex();
        int type = frame.getUnsignedByte(start + TYPE_OFFSET);
        int covered = WireFormat.HEADER_BYTES + coveredBodyBytes(type, frame.readableBytes());
        if (frame.readableBytes() < covered) {
            throw WireException.protocol("a frame of type " + type + " that is too short");
        }
        int computed = FrameWriter.crc32c(frame, start, covered);
        if (frame.getIntLE(start + CRC32C_OFFSET) != computed) {
            throw WireException.protocol("a frame of type " + type + " whose checksum does not fit");
        }
        if (frame.getUnsignedMediumLE(start + TYPE_OFFSET + 1) != 0) {
            throw WireException.protocol("a frame of type " + type + " with flags that this version does not know");
        }
        return readBody(type, frame.getIntLE(start + STREAM_OFFSET), frame.skipBytes(WireFormat.HEADER_BYTES));
    }

    /** The content of the log has checksums of its own, and that of blocks has one in front of it. */
    private static int coveredBodyBytes(int type, int frameBytes) {
        return switch (type) {
            case ServerFrame.Bytes.TYPE -> 8;
            case ServerFrame.Blocks.TYPE -> 16;
            default -> frameBytes - WireFormat.HEADER_BYTES;
        };
    }

    private static Frame readBody(int type, int stream, ByteBuf body) throws WireException {
        checkStream(type, stream);
        Frame frame;
        try {
            frame = readByType(type, stream, body);
        } catch (IndexOutOfBoundsException tooShort) {
            throw WireException.protocol("a frame of type " + type + " that is too short");
        }
        if (body.isReadable()) {
            throw WireException.protocol("a frame of type " + type + " that is too long");
        }
        return frame;
    }

    private static void checkStream(int type, int stream) throws WireException {
        boolean ofConnection = type == ConnectionFrame.Hello.TYPE || type == ConnectionFrame.Heartbeat.TYPE;
        if (type != ConnectionFrame.ErrorFrame.TYPE && ofConnection != (stream == 0)) {
            throw WireException.protocol("a frame of type " + type + " on stream " + Integer.toUnsignedString(stream));
        }
    }

    private static Frame readByType(int type, int stream, ByteBuf body) throws WireException {
        return switch (type) {
            case ConnectionFrame.Hello.TYPE -> ConnectionFrame.Hello.read(body);
            case ConnectionFrame.ErrorFrame.TYPE -> ConnectionFrame.ErrorFrame.read(stream, body);
            case ConnectionFrame.Heartbeat.TYPE -> ConnectionFrame.Heartbeat.read(body);
            case FollowerFrame.Follow.TYPE -> FollowerFrame.Follow.read(stream, body);
            case FollowerFrame.Ack.TYPE -> FollowerFrame.Ack.read(stream, body);
            case FollowerFrame.Credit.TYPE -> FollowerFrame.Credit.read(stream, body);
            case FollowerFrame.Close.TYPE -> new FollowerFrame.Close(stream);
            case FollowerFrame.BackfillRequest.TYPE -> FollowerFrame.BackfillRequest.read(stream, body);
            case FollowerFrame.Digests.TYPE -> FollowerFrame.Digests.read(stream, body);
            case ServerFrame.Following.TYPE -> ServerFrame.Following.read(stream, body);
            case ServerFrame.Diverged.TYPE -> ServerFrame.Diverged.read(stream, body);
            case ServerFrame.Gone.TYPE -> ServerFrame.Gone.read(stream, body);
            case ServerFrame.Behind.TYPE -> ServerFrame.Behind.read(stream, body);
            case ServerFrame.Segment.TYPE -> ServerFrame.Segment.read(stream, body);
            case ServerFrame.Bytes.TYPE -> ServerFrame.Bytes.read(stream, body);
            case ServerFrame.Sealed.TYPE -> ServerFrame.Sealed.read(stream, body);
            case ServerFrame.End.TYPE -> ServerFrame.End.read(stream, body);
            case ServerFrame.BackfillBegin.TYPE -> ServerFrame.BackfillBegin.read(stream, body);
            case ServerFrame.Blocks.TYPE -> ServerFrame.Blocks.read(stream, body);
            case ServerFrame.Zeroes.TYPE -> ServerFrame.Zeroes.read(stream, body);
            case ServerFrame.Equal.TYPE -> ServerFrame.Equal.read(stream, body);
            case ServerFrame.BackfillEnd.TYPE -> ServerFrame.BackfillEnd.read(stream, body);
            default -> throw WireException.protocol("a frame of type " + type + ", which this version does not know");
        };
    }

    private FrameReader() {}
}
