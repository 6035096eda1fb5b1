// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/** Takes a value apart: words with one space between them, read strictly from left to right. */
final class Words {
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,19}");
    private static final Pattern CHAIN = Pattern.compile("[0-9a-f]{16}");
    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final long EPOCH_MAX = 1L << 62;

    private final String text;
    private final String form;
    private final String[] words;
    private int next;

    /**
     * Splits a value.
     *
     * @param form how the value must look, for the error message; has as many words as the value must have
     */
    Words(String text, String form) {
        this.text = text;
        this.form = form;
        this.words = text.split(" ", -1);
        if (words.length != form.split(" ", -1).length) {
            throw bad("");
        }
    }

    String word() {
        return words[next++];
    }

    /** An unsigned number: LSN, bytes, count. */
    long number(String what) {
        return number(what, word());
    }

    private long number(String what, String word) {
        if (NUMBER.matcher(word).matches()) {
            try {
                return Long.parseUnsignedLong(word);
            } catch (NumberFormatException e) {
                throw bad(what + " " + word + " is above 2^64-1");
            }
        }
        throw bad(what + " " + Names.shown(word) + " is not a number");
    }

    /** A number from 0 to 2^63-1. */
    long signedNumber(String what) {
        long value = number(what);
        if (value < 0) {
            throw bad(what + " " + Long.toUnsignedString(value) + " is above 2^63-1");
        }
        return value;
    }

    long epoch() {
        return epoch(1);
    }

    /** An epoch, or 0 for what was before the first one. */
    long epochOrZero() {
        return epoch(0);
    }

    private long epoch(long min) {
        long epoch = number("epoch");
        if (epoch < min || epoch > EPOCH_MAX) {
            throw bad("epoch " + Long.toUnsignedString(epoch) + " is not from " + min + " to 2^62");
        }
        return epoch;
    }

    long chain() {
        String word = word();
        if (!CHAIN.matcher(word).matches()) {
            throw bad("chain " + Names.shown(word) + " is not 16 hexadecimal digits in lower case");
        }
        return HexFormat.fromHexDigitsToLong(word);
    }

    String node() {
        return node(word());
    }

    private String node(String word) {
        try {
            return Names.node(word);
        } catch (BadValueException e) {
            throw bad(e.getMessage());
        }
    }

    Optional<String> nodeOrNone() {
        String word = word();
        return word.equals(Names.NONE) ? Optional.empty() : Optional.of(node(word));
    }

    /** The error of this value; {@code why} may be empty. */
    BadValueException bad(String why) {
        return new BadValueException(
                Names.shown(text) + ": " + (why.isEmpty() ? "" : why + "; ") + "expected is " + form);
    }

    static boolean flag(String text) {
        return switch (text) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw new BadValueException(Names.shown(text) + ": expected is yes or no");
        };
    }

    static String flag(boolean value) {
        return value ? "yes" : "no";
    }

    static UUID uuid(String text) {
        if (!UUID_TEXT.matcher(text).matches()) {
            throw new BadValueException(
                    Names.shown(text) + ": expected is a UUID, 32 hexadecimal digits in lower case as 8-4-4-4-12");
        }
        return UUID.fromString(text);
    }

    static String chain(long chain) {
        return HexFormat.of().toHexDigits(chain);
    }

    static String number(long unsigned) {
        return Long.toUnsignedString(unsigned);
    }

    /** A free text of one line, for people: no control characters, not empty, at most so many characters. */
    static String line(String what, String text, int charactersMax) {
        if (text.isBlank()
                || !text.strip().equals(text)
                || text.length() > charactersMax
                || text.codePoints().anyMatch(Character::isISOControl)) {
            throw new BadValueException(
                    what + " " + Names.shown(text) + ": expected is one line of 1 to " + charactersMax + " characters");
        }
        return text;
    }

    /** A text of ours made to fit into a value: one line, cut at so many characters. */
    static String fit(String text, int charactersMax) {
        String line = text.replaceAll("[\\p{Cntrl}\\x80-\\x9f]+", " ").strip();
        if (line.isEmpty()) {
            return "unknown";
        }
        return line.length() <= charactersMax
                ? line
                : line.substring(0, charactersMax - 3).stripTrailing() + "...";
    }

    static <E extends Enum<E>> String word(E constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
