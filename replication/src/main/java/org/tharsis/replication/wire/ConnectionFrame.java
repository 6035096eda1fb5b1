// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import java.util.UUID;

/** Frames that both sides send. */
public sealed interface ConnectionFrame extends Frame {
    /**
     * The first frame of each side.
     *
     * @param lowestVersion that the sender speaks; of a server the one that it chose, as the highest
     * @param highestVersion that the sender speaks
     * @param name of the node, a label
     */
    record Hello(int lowestVersion, int highestVersion, UUID cluster, UUID node, String name)
            implements ConnectionFrame {
        static final int TYPE = 1;

        @Override
        public int stream() {
            return 0;
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            Body.writeAscii(out, Body.MAGIC);
            out.writeShortLE(lowestVersion).writeShortLE(highestVersion).writeIntLE(0);
            Body.writeUuid(out, cluster);
            Body.writeUuid(out, node);
            out.writeByte(name.length());
            Body.writeAscii(out, name);
        }

        static Hello read(ByteBuf body) throws WireException {
            Body.checkMagic(body);
            int lowest = body.readUnsignedShortLE();
            int highest = body.readUnsignedShortLE();
            Body.checkZero(body, 4);
            UUID cluster = Body.readUuid(body);
            UUID node = Body.readUuid(body);
            return new Hello(lowest, highest, cluster, node, Body.readName(body, body.readUnsignedByte()));
        }
    }

    /**
     * The sender ends the stream, or the connection.
     *
     * @param sentence for an operator; made to fit: without control characters, and cut to 400 bytes
     */
    record ErrorFrame(int stream, ErrorCode code, String sentence) implements ConnectionFrame {
        static final int TYPE = 2;

        public ErrorFrame {
            sentence = Body.plainSentence(sentence);
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeShortLE(code.number());
            Body.writeUtf8(out, sentence);
        }

        static ErrorFrame read(int stream, ByteBuf body) throws WireException {
            int number = body.readUnsignedShortLE();
            ErrorCode code = ErrorCode.of(number).orElseThrow(() -> WireException.protocol("error code " + number));
            if (body.readableBytes() > WireFormat.SENTENCE_BYTES_MAX || !body.isReadable()) {
                throw WireException.protocol("a sentence of " + body.readableBytes() + " bytes, 1 to 400 expected");
            }
            return new ErrorFrame(stream, code, Body.readUtf8(body));
        }
    }

    /**
     * A sign of life.
     *
     * @param timeNs the sender's wall clock, in nanoseconds since 1970
     */
    record Heartbeat(long timeNs) implements ConnectionFrame {
        static final int TYPE = 3;

        @Override
        public int stream() {
            return 0;
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public void writeBody(ByteBuf out) {
            out.writeLongLE(timeNs);
        }

        static Heartbeat read(ByteBuf body) {
            return new Heartbeat(body.readLongLE());
        }
    }
}
