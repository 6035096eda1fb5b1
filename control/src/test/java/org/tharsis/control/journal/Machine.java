// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A machine to run journals on: its clock and its free space are set by the test. */
final class Machine extends Clock {
    static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

    private final Path stateDirectory;
    private volatile Instant now = START;
    private volatile long freeBytes = 1L << 40;

    Machine(Path stateDirectory) {
        this.stateDirectory = stateDirectory;
    }

    JournalOptions options() {
        return JournalOptions.of(stateDirectory).withClock(this).withFreeSpace(() -> freeBytes);
    }

    Journal open() throws IOException {
        return Journal.open(options());
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    void leaveFree(long bytes) {
        freeBytes = bytes;
    }

    @Override
    public Instant instant() {
        return now;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("all times are UTC");
    }
}
