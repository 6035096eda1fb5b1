// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.FileRegion;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.ReferenceCounted;
import java.util.List;
import org.tharsis.replication.wire.FrameWriter;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireFormat;

/**
 * A frame that is ready to leave, in its turn. Owns its buffers until it is written or released.
 *
 * @param parts what is written, one after the other
 * @param bytes of it
 * @param creditBytes what it costs of the stream's credit
 */
public record Chunk(List<Object> parts, int bytes, int creditBytes) {
    /** A frame without content: costs nothing, unless it is data. */
    public static Chunk of(ServerFrame frame) {
        int creditBytes = frame instanceof ServerFrame.Data data ? data.frameBytes() : 0;
        return new Chunk(List.of(frame), Math.max(WireFormat.HEADER_BYTES, creditBytes), creditBytes);
    }

    /**
     * A frame with content.
     *
     * @param frame its own content is left out
     * @param content a buffer or a {@link FileRegion}; owned by the chunk from now on
     */
    public static Chunk of(ServerFrame.Data frame, ReferenceCounted content, int contentBytes) {
        Object head = FrameWriter.head(ByteBufAllocator.DEFAULT, frame, contentBytes);
        int bytes = frame.frameBytes() + contentBytes;
        return new Chunk(List.of(head, content), bytes, bytes);
    }

    /** The stream ends with it. */
    boolean isLast() {
        return parts.get(0) instanceof ServerFrame.Last;
    }

    void release() {
        parts.forEach(ReferenceCountUtil::release);
    }
}
