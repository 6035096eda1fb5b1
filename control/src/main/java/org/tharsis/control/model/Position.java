// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The key {@code position}: a replica's own report of where it stands, at most a second old when it changes,
 * {@code <epoch> <end> <durable> <replayed> <checkpoint> <time ns>}. A report, never an authority.
 *
 * @param epoch of the last batch; 0 while there is none
 * @param endLsn end of its log, unsigned
 * @param durableLsn its log is on stable storage up to here, unsigned
 * @param replayedLsn unsigned
 * @param checkpointLsn all below is on its disk, unsigned
 * @param timeNs primary's clock at the last replayed batch; 0 while there is none
 */
public record Position(long epoch, long endLsn, long durableLsn, long replayedLsn, long checkpointLsn, long timeNs) {
    private static final String FORM = "<epoch> <end-LSN> <durable-LSN> <replayed-LSN> <checkpoint-LSN> <time-ns>";

    public static Position parse(String text) {
        Words words = new Words(text, FORM);
        return new Position(
                words.epochOrZero(),
                words.number("end LSN"),
                words.number("durable LSN"),
                words.number("replayed LSN"),
                words.number("checkpoint LSN"),
                words.number("time"));
    }

    /** The text of the key. */
    public String format() {
        return Words.number(epoch) + " " + Words.number(endLsn) + " " + Words.number(durableLsn) + " "
                + Words.number(replayedLsn) + " " + Words.number(checkpointLsn) + " " + Words.number(timeNs);
    }
}
