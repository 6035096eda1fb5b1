// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/** The numbers of the format, version 1 ({@code docs/log-format.md}). */
public final class LogFormat {
    /** Size of every header block, and the alignment of everything that has an LSN of its own. */
    public static final int HEADER_BYTES = 4096;

    /** The version that this package reads; it refuses others. */
    public static final int VERSION = 1;

    /** The most records that one batch can describe. */
    public static final int BATCH_RECORDS_MAX = 125;

    /** The largest batch: a header block and 1 MiB of payload. */
    public static final int BATCH_BYTES_MAX = HEADER_BYTES + (1 << 20);

    /** The longest write that one record can hold. */
    public static final int WRITE_BYTES_MAX = 1 << 20;

    /** The highest LSN, so that no sum of positions and lengths overflows. */
    public static final long LSN_MAX = 1L << 62;

    /** Size of a descriptor in a batch's header block. */
    static final int DESCRIPTOR_BYTES = 32;

    /** Rounds up to the alignment of the log. */
    static long alignUp(long bytes) {
        return (bytes + HEADER_BYTES - 1) & -HEADER_BYTES;
    }

    /** Whether what stands at an LSN would end beyond the highest one. */
    static boolean endsAboveLimit(long lsn, long lengthBytes) {
        return Long.compareUnsigned(lsn, LSN_MAX - lengthBytes) > 0;
    }

    /** An LSN as people read it, and as file names have it. */
    static String hex(long value) {
        return String.format("%016x", value);
    }

    private LogFormat() {}
}
