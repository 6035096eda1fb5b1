// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToByteEncoder;

/** Turns frames that have no content into bytes; everything else passes as it is. */
public final class FrameEncoder extends MessageToByteEncoder<Frame> {
    @Override
    protected void encode(ChannelHandlerContext context, Frame frame, ByteBuf out) {
        FrameWriter.write(out, frame, 0);
    }
}
