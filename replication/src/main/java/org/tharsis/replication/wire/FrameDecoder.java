// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.DecoderException;
import java.util.List;

/**
 * Cuts what a peer sends into frames. The first thing that is wrong is thrown as a {@link WireException} in a {@link
 * DecoderException}, and everything behind it is dropped.
 *
 * <p>Holds at most one frame, and at most 512 bytes until {@link #helloDone}.
 */
public final class FrameDecoder extends ByteToMessageDecoder {
    /** How TLS begins: a handshake record of version 3. */
    private static final int TLS_HANDSHAKE = 0x0316;

    private int lengthMax = WireFormat.FIRST_FRAME_BYTES_MAX;
    private boolean broken;

    /** From now on frames may have their full length. On the event loop. */
    public void helloDone() {
        lengthMax = WireFormat.FRAME_BYTES_MAX;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws WireException {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        try {
            if (in.readableBytes() >= 4) {
                int length = checkedLength(in.getUnsignedIntLE(in.readerIndex()));
                if (in.readableBytes() >= length) {
                    out.add(FrameReader.read(in.readSlice(length)));
                }
            }
        } catch (WireException failed) {
            broken = true;
            throw failed;
        }
    }

    private int checkedLength(long length) throws WireException {
        if ((length & 0xffff) == TLS_HANDSHAKE && lengthMax == WireFormat.FIRST_FRAME_BYTES_MAX) {
            throw WireException.protocol(
                    "the peer speaks TLS, and this node does not: all nodes of a cluster need the same tls = yes or no");
        }
        if (length < WireFormat.HEADER_BYTES || length > lengthMax) {
            throw WireException.protocol("a frame of " + length + " bytes, 16 to " + lengthMax + " expected");
        }
        return (int) length;
    }
}
