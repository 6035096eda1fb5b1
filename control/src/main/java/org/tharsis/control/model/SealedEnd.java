// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The key {@code sealed}: the end of the log that a primary has given up, {@code <epoch> <LSN> <chain>}. Whoever has all
 * of it may be the next primary, and nothing is lost.
 *
 * @param epoch of the sealed log's end
 * @param lsn the end, unsigned
 * @param chain chain value there
 */
public record SealedEnd(long epoch, long lsn, long chain) {
    public SealedEnd {
        if (epoch < 1) {
            throw new BadValueException("epoch " + epoch + " of a sealed log: at least 1 is expected");
        }
    }

    public static SealedEnd parse(String text) {
        Words words = new Words(text, "<epoch> <LSN> <chain>");
        return new SealedEnd(words.epoch(), words.number("LSN"), words.chain());
    }

    /** The text of the key. */
    public String format() {
        return Words.number(epoch) + " " + Words.number(lsn) + " " + Words.chain(chain);
    }
}
