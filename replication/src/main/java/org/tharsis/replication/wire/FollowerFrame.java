// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.backfill.RangeDigest;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;

/** Frames of the side that connects and fetches. */
public sealed interface FollowerFrame extends Frame {
    /** A frame that opens a stream. */
    sealed interface Request extends FollowerFrame {
        UUID resource();

        /** What the server may send before it gets more credit, from 1 MiB to 1 GiB. */
        int windowBytes();
    }

    /**
     * Asks for the log from a position on.
     *
     * @param position end of the follower's verified log
     * @param epochs of its log, oldest first
     */
    record Follow(int stream, UUID resource, int windowBytes, LogPosition position, List<EpochStart> epochs)
            implements Request {
        static final int TYPE = 16;
        private static final int EPOCH_BYTES = 24;

        /** Keeps the newest 1,024 of the epochs. */
        public Follow {
            epochs = List.copyOf(epochs.subList(Math.max(0, epochs.size() - WireFormat.EPOCHS_MAX), epochs.size()));
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            Body.writeUuid(out, resource);
            out.writeIntLE(windowBytes).writeShortLE(epochs.size()).writeShortLE(0);
            Body.writePosition(out, position);
            for (EpochStart epoch : epochs) {
                out.writeLongLE(epoch.epoch()).writeLongLE(epoch.startLsn()).writeLongLE(epoch.chain());
            }
        }

        static Follow read(int stream, ByteBuf body) throws WireException {
            UUID resource = Body.readUuid(body);
            int windowBytes = checkedWindow(body.readUnsignedIntLE());
            int count = body.readUnsignedShortLE();
            Body.checkZero(body, 2);
            LogPosition position = Body.readPosition(body);
            if (count > WireFormat.EPOCHS_MAX) {
                throw WireException.protocol(count + " epochs, at most " + WireFormat.EPOCHS_MAX + " expected");
            }
            Body.checkRemaining(body, (long) count * EPOCH_BYTES);
            List<EpochStart> epochs = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                epochs.add(new EpochStart(body.readLongLE(), body.readLongLE(), body.readLongLE()));
                if (i > 0
                        && Long.compareUnsigned(
                                        epochs.get(i).epoch(), epochs.get(i - 1).epoch())
                                <= 0) {
                    throw WireException.protocol("epochs that do not ascend");
                }
            }
            return new Follow(stream, resource, windowBytes, position, epochs);
        }
    }

    /**
     * Says how far the follower is.
     *
     * @param receivedLsn verified and written
     * @param durableLsn on stable storage
     * @param replayedLsn replayed by its driver
     */
    record Ack(int stream, long receivedLsn, long durableLsn, long replayedLsn) implements FollowerFrame {
        static final int TYPE = 17;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(receivedLsn).writeLongLE(durableLsn).writeLongLE(replayedLsn);
        }

        static Ack read(int stream, ByteBuf body) {
            return new Ack(stream, body.readLongLE(), body.readLongLE(), body.readLongLE());
        }
    }

    /** Allows the server to send so much more; 1 byte to 1 GiB. */
    record Credit(int stream, int bytes) implements FollowerFrame {
        static final int TYPE = 18;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeIntLE(bytes);
        }

        static Credit read(int stream, ByteBuf body) throws WireException {
            long bytes = body.readUnsignedIntLE();
            if (bytes < 1 || bytes > WireFormat.WINDOW_BYTES_MAX) {
                throw WireException.protocol("credit of " + bytes + " bytes, 1 to 1 GiB expected");
            }
            return new Credit(stream, (int) bytes);
        }
    }

    /** Ends the stream. */
    record Close(int stream) implements FollowerFrame {
        static final int TYPE = 19;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {}
    }

    /**
     * Asks for all that is different on the server's disk.
     *
     * @param resume resume point of an earlier one that is taken up again
     * @param deviceBytes size of the follower's device
     * @param offset of the device, from which on it is compared
     */
    record BackfillRequest(
            int stream, UUID resource, int windowBytes, Optional<LogPosition> resume, long deviceBytes, long offset)
            implements Request {
        static final int TYPE = 20;
        private static final LogPosition NONE = new LogPosition(0, 0, 0);

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            Body.writeUuid(out, resource);
            out.writeIntLE(windowBytes).writeIntLE(resume.isPresent() ? 1 : 0);
            out.writeLongLE(deviceBytes).writeLongLE(offset);
            Body.writePosition(out, resume.orElse(NONE));
        }

        static BackfillRequest read(int stream, ByteBuf body) throws WireException {
            UUID resource = Body.readUuid(body);
            int windowBytes = checkedWindow(body.readUnsignedIntLE());
            long resume = body.readUnsignedIntLE();
            long deviceBytes = body.readLongLE();
            long offset = body.readLongLE();
            LogPosition point = Body.readPosition(body);
            if (resume > 1 || (resume == 0 && !point.equals(NONE))) {
                throw WireException.protocol("a resume point that is none");
            }
            if (deviceBytes < 1 || offset < 0 || offset > deviceBytes) {
                throw WireException.protocol("an offset that is not on the device");
            }
            return new BackfillRequest(
                    stream,
                    resource,
                    windowBytes,
                    resume == 1 ? Optional.of(point) : Optional.empty(),
                    deviceBytes,
                    offset);
        }
    }

    /**
     * What the follower has in the next ranges of its disk.
     *
     * @param offset of the first range
     */
    record Digests(int stream, long offset, List<RangeDigest> digests) implements FollowerFrame {
        static final int TYPE = 21;

        public Digests {
            digests = List.copyOf(digests);
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            ByteBuffer bytes = ByteBuffer.allocate(digests.size() * RangeDigest.BYTES);
            digests.forEach(digest -> digest.put(bytes));
            out.writeLongLE(offset).writeBytes(bytes.flip());
        }

        static Digests read(int stream, ByteBuf body) throws WireException {
            long offset = body.readLongLE();
            int count = body.readableBytes() / RangeDigest.BYTES;
            if (count < 1 || count > WireFormat.DIGESTS_MAX || body.readableBytes() % RangeDigest.BYTES != 0) {
                throw WireException.protocol(body.readableBytes() + " bytes of digests, 1 to 1024 of 16 expected");
            }
            ByteBuffer bytes = ByteBuffer.allocate(count * RangeDigest.BYTES);
            body.readBytes(bytes);
            bytes.flip();
            List<RangeDigest> digests = new ArrayList<>(count);
            while (bytes.hasRemaining()) {
                digests.add(RangeDigest.get(bytes));
            }
            return new Digests(stream, offset, digests);
        }
    }

    private static int checkedWindow(long windowBytes) throws WireException {
        if (windowBytes < WireFormat.WINDOW_BYTES_MIN || windowBytes > WireFormat.WINDOW_BYTES_MAX) {
            throw WireException.protocol("a window of " + windowBytes + " bytes, 1 MiB to 1 GiB expected");
        }
        return (int) windowBytes;
    }
}
