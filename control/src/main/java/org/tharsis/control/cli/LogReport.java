// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.api.Unsigned;
import org.tharsis.replication.log.LogSummary;

/**
 * A log that verifies, as {@code log verify} tells it.
 *
 * @param endTimeMs time of the last batch, in milliseconds since 1970-01-01 UTC
 * @param whyItEnded the check that the bytes behind the end did not pass
 */
record LogReport(
        UUID resourceUuid,
        @Unsigned long startLsn,
        @Unsigned long endLsn,
        @Unsigned long epoch,
        String chain,
        Optional<Long> endTimeMs,
        long segments,
        long batches,
        long records,
        long payloadBytes,
        Optional<String> whyItEnded) {
    private static final long NS_PER_MS = 1_000_000;

    static LogReport of(LogSummary summary) {
        return new LogReport(
                summary.resourceUuid(),
                summary.start().lsn(),
                summary.end().lsn(),
                summary.end().epoch(),
                String.format(Locale.ROOT, "%016x", summary.end().chain()),
                summary.endTimeNs() == 0 ? Optional.empty() : Optional.of(summary.endTimeNs() / NS_PER_MS),
                summary.segments(),
                summary.batches(),
                summary.records(),
                summary.payloadBytes(),
                summary.whyItEnded());
    }

    private static String count(long number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }

    String text() {
        return "the log of " + resourceUuid + " verifies, from LSN " + Long.toUnsignedString(startLsn) + " to "
                + Long.toUnsignedString(endLsn) + " (epoch " + Long.toUnsignedString(epoch) + ", chain " + chain + ")\n"
                + "  " + count(segments, "segment", "segments") + ", " + count(batches, "batch", "batches") + ", "
                + count(records, "record", "records") + " with "
                + Quantities.size(payloadBytes) + "\n"
                + endTimeMs
                        .map(time -> "  last batch written at " + Quantities.moment(time) + "\n")
                        .orElse("");
    }
}
