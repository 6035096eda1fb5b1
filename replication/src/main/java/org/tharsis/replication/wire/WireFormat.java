// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

/** The numbers of the wire protocol ({@code docs/wire-protocol.md}). */
public final class WireFormat {
    /** The version that this package speaks. */
    public static final int VERSION = 1;

    /** Bytes in front of a frame's body. */
    public static final int HEADER_BYTES = 16;

    /** The most bytes of the log in one frame. */
    public static final int BYTES_MAX = 256 << 10;

    /** The most bytes of the device in one frame. */
    public static final int BLOCKS_MAX = 128 << 10;

    /** The longest frame. */
    public static final int FRAME_BYTES_MAX = HEADER_BYTES + 8 + BYTES_MAX;

    /** The longest frame before the hellos are exchanged. */
    public static final int FIRST_FRAME_BYTES_MAX = 512;

    /** The most epochs in a follow frame. */
    public static final int EPOCHS_MAX = 1024;

    /** The most digests in one frame. */
    public static final int DIGESTS_MAX = 1024;

    /** The most digests that may wait for their answer. */
    public static final int DIGESTS_UNANSWERED_MAX = 4096;

    /** The longest sentence of an error, in bytes. */
    public static final int SENTENCE_BYTES_MAX = 400;

    /** The most streams on a connection at a time. */
    public static final int STREAMS_MAX = 1024;

    /** The smallest window. */
    public static final int WINDOW_BYTES_MIN = 1 << 20;

    /** The most that a stream may have been allowed to send and has not sent. */
    public static final int WINDOW_BYTES_MAX = 1 << 30;

    private WireFormat() {}
}
