// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a walk over a whole log found.
 *
 * @param resourceUuid the resource whose log it is
 * @param start where the log begins: before the header of its oldest segment
 * @param end behind the last batch that verified
 * @param endTimeNs time of the last batch, in nanoseconds since 1970; 0 when there is none
 * @param segments in the history
 * @param batches that verified
 * @param records in those batches
 * @param payloadBytes in those batches
 * @param epochs in the order of the log
 * @param whyItEnded the check that the bytes behind the end did not pass; empty when the last file ends there
 * @param damage where it is proven that more than up to {@code end} had been on stable storage, and how; empty when nothing
 *     proves it: then the end is that of a log that was closed, is being written, or lost its last writes in a crash
 */
public record LogSummary(
        UUID resourceUuid,
        LogPosition start,
        LogPosition end,
        long endTimeNs,
        long segments,
        long batches,
        long records,
        long payloadBytes,
        List<EpochStart> epochs,
        Optional<String> whyItEnded,
        Optional<String> damage) {

    public LogSummary {
        epochs = List.copyOf(epochs);
    }
}
