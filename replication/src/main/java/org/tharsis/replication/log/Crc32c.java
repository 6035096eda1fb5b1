// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli), the checksum of header blocks and payloads. */
public final class Crc32c {
    /** Returns the checksum of the bytes from {@code offset} on; the buffer's own position does not matter. */
    public static int of(ByteBuffer buffer, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.slice(offset, length));
        return (int) crc.getValue();
    }

    private Crc32c() {}
}
