// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/** The key {@code health}: whether a replica's data can be used, by its own report. */
public sealed interface Health {
    /** The longest text of {@link Failed}, in characters; longer ones are cut. */
    int TEXT_CHARACTERS_MAX = 300;

    /** Consistent: equals the primary at one LSN. Text: {@code ok}. */
    record Ok() implements Health {}

    /**
     * Not consistent until it has replayed to an LSN. Text: {@code inconsistent:<until LSN>}.
     *
     * @param untilLsn unsigned
     */
    record Inconsistent(long untilLsn) implements Health {}

    /**
     * Its data are being copied from another replica; not consistent meanwhile. Text:
     * {@code syncing:<done bytes> <total bytes>}.
     *
     * @param doneBytes of the device, compared or copied
     * @param totalBytes size of the device
     */
    record Syncing(long doneBytes, long totalBytes) implements Health {
        public Syncing {
            if (doneBytes < 0 || totalBytes < doneBytes) {
                throw new BadValueException("syncing " + doneBytes + " of " + totalBytes + " bytes");
            }
        }
    }

    /**
     * Its log holds another history than the primary's from an LSN on; nothing is removed until it is told to
     * ({@code invalidate}). Text: {@code diverged:<epoch> <LSN>}.
     *
     * @param epoch the last epoch that both have
     * @param lsn where they part, unsigned
     */
    record Diverged(long epoch, long lsn) implements Health {}

    /**
     * It is so far behind that nobody has the log it needs next; it needs a new sync. Text: {@code gone:<oldest LSN>}.
     *
     * @param oldestLsn first byte that its source still has, unsigned
     */
    record Gone(long oldestLsn) implements Health {}

    /** Its disk is not attached. Text: {@code detached}. */
    record Detached() implements Health {}

    /**
     * It cannot work. Text: {@code failed:<text>}.
     *
     * @param text one line for people; cut when it is too long
     */
    record Failed(String text) implements Health {
        public Failed {
            text = Words.fit(text, TEXT_CHARACTERS_MAX);
        }
    }

    static Health parse(String text) {
        int colon = text.indexOf(':');
        String rest = text.substring(colon + 1);
        return switch (colon < 0 ? text : text.substring(0, colon + 1)) {
            case "ok" -> new Ok();
            case "detached" -> new Detached();
            case "inconsistent:" -> new Inconsistent(new Words(rest, "<LSN>").number("LSN"));
            case "syncing:" -> syncing(rest);
            case "diverged:" -> diverged(rest);
            case "gone:" -> new Gone(new Words(rest, "<oldest-LSN>").number("oldest LSN"));
            case "failed:" -> new Failed(Words.line("error", rest, TEXT_CHARACTERS_MAX));
            default ->
                throw new BadValueException(Names.shown(text)
                        + ": expected is ok, inconsistent:LSN, syncing:DONE TOTAL, diverged:EPOCH LSN, gone:LSN, detached"
                        + " or failed:TEXT");
        };
    }

    /** The text of the key. */
    default String format() {
        if (this instanceof Inconsistent inconsistent) {
            return "inconsistent:" + Words.number(inconsistent.untilLsn());
        } else if (this instanceof Syncing syncing) {
            return "syncing:" + syncing.doneBytes() + " " + syncing.totalBytes();
        } else if (this instanceof Diverged diverged) {
            return "diverged:" + Words.number(diverged.epoch()) + " " + Words.number(diverged.lsn());
        } else if (this instanceof Gone gone) {
            return "gone:" + Words.number(gone.oldestLsn());
        } else if (this instanceof Failed failed) {
            return "failed:" + failed.text();
        }
        return this instanceof Ok ? "ok" : "detached";
    }

    private static Health syncing(String rest) {
        Words words = new Words(rest, "<done-bytes> <total-bytes>");
        return new Syncing(words.signedNumber("done bytes"), words.signedNumber("total bytes"));
    }

    private static Health diverged(String rest) {
        Words words = new Words(rest, "<epoch> <LSN>");
        return new Diverged(words.epochOrZero(), words.number("LSN"));
    }
}
