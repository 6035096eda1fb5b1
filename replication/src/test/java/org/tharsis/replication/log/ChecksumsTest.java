// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChecksumsTest {
    @Test
    void crc32cIsCastagnolis() {
        ByteBuffer digits = ByteBuffer.wrap("123456789".getBytes(StandardCharsets.US_ASCII));

        assertThat(Crc32c.of(digits, 0, 9)).isEqualTo(0xE3069283);
    }

    /** The values are those of the C library, xxHash 0.8.1, for the bytes 0, 1, 2, ... */
    @ParameterizedTest
    @CsvSource({
        "0, 0000000000000000, ef46db3751d8e999",
        "0, ffffffffffffffff, 298f4c84b24f5380",
        "9, 0123456789abcdef, 6b369e287a575da2",
        "32, 8000000000000000, 75699905caa4c4a3",
        "96, 0000000000000001, 912b7ff5b415012f",
        "112, 0123456789abcdef, 84fd582f099f9e69",
    })
    void chainIsXxHash64SeededWithTheChainBefore(int length, String before, String after) {
        ByteBuffer counting = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i++) {
            counting.put(i, (byte) i);
        }

        long chain = Chain.after(Long.parseUnsignedLong(before, 16), counting, 0, length);

        assertThat(Long.toUnsignedString(chain, 16)).isEqualTo(after.replaceFirst("^0+", ""));
    }

    @Test
    void bothAgreeWithTheirReferencesForEveryLengthAndKindOfBuffer() {
        Random random = new Random(20_141_107);
        for (int length = 0; length < 300; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            long seed = random.nextLong();
            ByteBuffer direct = ByteBuffer.allocateDirect(length + 5);
            direct.put(5, bytes);

            assertThat(Crc32c.of(direct, 5, length)).isEqualTo(ReferenceChecksums.crc32c(bytes, 0, length));
            assertThat(Chain.after(seed, direct, 5, length))
                    .isEqualTo(Chain.after(seed, ByteBuffer.wrap(bytes), 0, length))
                    .isEqualTo(ReferenceChecksums.xxHash64(bytes, length, seed));
        }
    }
}
