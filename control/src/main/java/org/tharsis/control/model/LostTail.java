// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The key {@code lost}: what a replica's log holds behind the point where its history left the primary's,
 * {@code <from LSN> <to LSN> <bytes> <records> <blocks> <first time ns> <last time ns>}. It is still there.
 *
 * @param fromLsn branch point, unsigned
 * @param toLsn end of its log, unsigned
 * @param payloadBytes data in these records
 * @param records number of writes and discards
 * @param blocks distinct blocks of the device that they touch
 * @param firstTimeNs time of the first of these batches
 * @param lastTimeNs time of the last one
 */
public record LostTail(
        long fromLsn, long toLsn, long payloadBytes, long records, long blocks, long firstTimeNs, long lastTimeNs) {
    private static final String FORM = "<from-LSN> <to-LSN> <bytes> <records> <blocks> <first-time-ns> <last-time-ns>";

    public static LostTail parse(String text) {
        Words words = new Words(text, FORM);
        return new LostTail(
                words.number("from LSN"),
                words.number("to LSN"),
                words.signedNumber("bytes"),
                words.signedNumber("records"),
                words.signedNumber("blocks"),
                words.number("first time"),
                words.number("last time"));
    }

    /** The text of the key. */
    public String format() {
        return Words.number(fromLsn) + " " + Words.number(toLsn) + " " + payloadBytes + " " + records + " " + blocks
                + " " + Words.number(firstTimeNs) + " " + Words.number(lastTimeNs);
    }
}
