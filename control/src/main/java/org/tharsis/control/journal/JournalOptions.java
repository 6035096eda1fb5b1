// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/**
 * Where the journal is and how much of it is kept.
 *
 * @param directory made when it is missing
 * @param clock wall clock; used for times of entries, ages and the daily roll, never for order
 * @param maxBytes all of the journal together; what is older goes first
 * @param maxAge what is older goes
 * @param rollBytes size of a generation's file before the next one begins, without the snapshot at its beginning
 * @param historyFloorBytes with less free space no history is written
 * @param gateFloorBytes with less free space nothing is written
 */
public record JournalOptions(
        Path directory,
        Clock clock,
        FreeSpace freeSpace,
        long maxBytes,
        Duration maxAge,
        long rollBytes,
        long historyFloorBytes,
        long gateFloorBytes) {
    private static final long MIB = 1L << 20;

    public JournalOptions {
        if (rollBytes < 4096 || maxBytes < 2 * rollBytes || gateFloorBytes > historyFloorBytes || maxAge.isNegative()) {
            throw new IllegalArgumentException("limits of the journal contradict each other");
        }
    }

    /** 256 MiB and 90 days in {@code <state directory>/journal}. */
    public static JournalOptions of(Path stateDirectory) {
        Path directory = stateDirectory.resolve("journal");
        return new JournalOptions(
                directory,
                Clock.systemUTC(),
                () -> directory.toFile().getUsableSpace(),
                256 * MIB,
                Duration.ofDays(90),
                16 * MIB,
                64 * MIB,
                16 * MIB);
    }

    public JournalOptions withClock(Clock other) {
        return new JournalOptions(
                directory, other, freeSpace, maxBytes, maxAge, rollBytes, historyFloorBytes, gateFloorBytes);
    }

    public JournalOptions withFreeSpace(FreeSpace other) {
        return new JournalOptions(
                directory, clock, other, maxBytes, maxAge, rollBytes, historyFloorBytes, gateFloorBytes);
    }

    /** Keeps more or less; sizes in bytes. */
    public JournalOptions keeping(long totalBytes, long generationBytes, Duration age) {
        return new JournalOptions(
                directory, clock, freeSpace, totalBytes, age, generationBytes, historyFloorBytes, gateFloorBytes);
    }
}
