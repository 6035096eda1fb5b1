// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.zip.CRC32C;

/** Makes the bytes of frames. Any thread. */
public final class FrameWriter {
    private static final int CRC32C_OFFSET = 12;

    /**
     * Makes the first part of a data frame, in front of its content.
     *
     * @param frame its own content is left out
     * @param contentBytes what follows on the wire, before anything else
     */
    public static ByteBuf head(ByteBufAllocator allocator, Frame frame, int contentBytes) {
        ByteBuf out = allocator.directBuffer(64);
        write(out, frame, contentBytes);
        return out;
    }

    static void write(ByteBuf out, Frame frame, int contentBytes) {
        int start = out.writerIndex();
        out.writeIntLE(0)
                .writeByte(frame.type())
                .writeZero(3)
                .writeIntLE(frame.stream())
                .writeIntLE(0);
        frame.writeBody(out);
        int coveredBytes = out.writerIndex() - start;
        out.setIntLE(start, coveredBytes + contentBytes);
        out.setIntLE(start + CRC32C_OFFSET, crc32c(out, start, coveredBytes));
    }

    /** Checksum of a frame's header, but for the checksum itself, and of what is covered of its body. */
    static int crc32c(ByteBuf frame, int start, int coveredBytes) {
        CRC32C crc = new CRC32C();
        crc.update(frame.nioBuffer(start, CRC32C_OFFSET));
        crc.update(frame.nioBuffer(start + WireFormat.HEADER_BYTES, coveredBytes - WireFormat.HEADER_BYTES));
        return (int) crc.getValue();
    }

    private FrameWriter() {}
}
