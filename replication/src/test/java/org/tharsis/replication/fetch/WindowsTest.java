// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.tharsis.replication.peer.PeerSettings;

class WindowsTest {
    private final Windows windows = new Windows(PeerSettings.DEFAULTS);

    private void enter(int users) {
        for (int i = 0; i < users; i++) {
            windows.enter();
        }
    }

    @Test
    void fewStreamsHaveTheWindowOfTheSettings() {
        enter(16);
        assertThat(windows.bytes()).isEqualTo(16 << 20);
    }

    @Test
    void manyStreamsShareTheMemory() {
        enter(64);
        assertThat(windows.bytes()).isEqualTo(4 << 20);
        for (int i = 0; i < 63; i++) {
            windows.leave();
        }
        assertThat(windows.bytes()).isEqualTo(16 << 20);
    }

    @Test
    void noStreamHasLessThanTheSmallestWindow() {
        enter(10_000);
        assertThat(windows.bytes()).isEqualTo(PeerSettings.WINDOW_BYTES_MIN);
    }
}
