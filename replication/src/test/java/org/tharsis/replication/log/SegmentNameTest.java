// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentNameTest {
    @Test
    void namesTheEpochThenTheStartLsn() {
        assertThat(new SegmentName(3, 0x1F000).fileName()).isEqualTo("0000000000000003-000000000001f000.log");
    }

    @Test
    void readsWhatItWrites() {
        SegmentName largest = new SegmentName(-1, -4096);

        assertThat(SegmentName.parse(largest.fileName())).contains(largest);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "meta",
                "spare",
                "0000000000000003-000000000001f000.lo",
                "0000000000000003-000000000001f000.log ",
                "0000000000000003-000000000001F000.log",
                "000000000000003-000000000001f000.log",
                "0000000000000003_000000000001f000.log",
                "+000000000000003-000000000001f000.log",
                "",
            })
    void leavesOtherFilesAlone(String fileName) {
        assertThat(SegmentName.parse(fileName)).isEmpty();
    }

    @Test
    void sortsInLogOrderAsTheFileNamesDo() {
        List<SegmentName> inOrder = List.of(
                new SegmentName(1, 0),
                new SegmentName(1, 4096),
                new SegmentName(2, 0),
                new SegmentName(Long.MAX_VALUE, 0),
                new SegmentName(Long.MIN_VALUE, 0),
                new SegmentName(-1, Long.MIN_VALUE));

        assertThat(inOrder).isSorted();
        assertThat(Stream.of(inOrder.toArray(SegmentName[]::new)).map(SegmentName::fileName))
                .isSorted();
    }
}
