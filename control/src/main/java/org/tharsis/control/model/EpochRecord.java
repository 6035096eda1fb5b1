// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The key {@code epochs/<n>}: where an epoch began and how,
 * {@code <host> <start LSN> <chain> <previous epoch> <time ns> <planned|forced>}.
 *
 * @param host the primary of this epoch
 * @param startLsn end of the previous epoch's log as this primary has it, unsigned
 * @param chain chain value there
 * @param previousEpoch 0 for a resource's first epoch
 * @param timeNs when, by the clock of that host
 * @param kind whether anything can have been lost
 */
public record EpochRecord(String host, long startLsn, long chain, long previousEpoch, long timeNs, Kind kind) {
    private static final String FORM = "<host> <start-LSN> <chain> <previous-epoch> <time-ns> <planned|forced>";

    /** How an epoch came about. */
    public enum Kind {
        /** The previous primary had sealed its log, or there was none: nothing is lost. */
        PLANNED,
        /** Taken over at what this replica had. */
        FORCED
    }

    public EpochRecord {
        Names.node(host);
        if (previousEpoch < 0 || timeNs < 0) {
            throw new BadValueException("negative epoch or time of an epoch's beginning");
        }
    }

    public static EpochRecord parse(String text) {
        Words words = new Words(text, FORM);
        String host = words.node();
        long startLsn = words.number("start LSN");
        long chain = words.chain();
        long previousEpoch = words.epochOrZero();
        long timeNs = words.signedNumber("time");
        return new EpochRecord(host, startLsn, chain, previousEpoch, timeNs, kind(words));
    }

    /** The text of the key. */
    public String format() {
        return host + " " + Words.number(startLsn) + " " + Words.chain(chain) + " " + Words.number(previousEpoch) + " "
                + timeNs + " " + Words.word(kind);
    }

    private static Kind kind(Words words) {
        String word = words.word();
        return switch (word) {
            case "planned" -> Kind.PLANNED;
            case "forced" -> Kind.FORCED;
            default -> throw words.bad(Names.shown(word) + " is not a kind of promotion");
        };
    }
}
