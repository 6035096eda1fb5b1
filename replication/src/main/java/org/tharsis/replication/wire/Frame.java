// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import io.netty.buffer.ByteBuf;

/** What nodes send each other. Numbers are unsigned unless a range is given. */
public sealed interface Frame permits ConnectionFrame, FollowerFrame, ServerFrame {
    /** The stream that it belongs to; 0: the connection itself. */
    int stream();

    /** The number of its type. */
    int type();

    /** Writes its body, without the content that {@code bytes} and {@code blocks} end in. */
    void writeBody(ByteBuf out);
}
