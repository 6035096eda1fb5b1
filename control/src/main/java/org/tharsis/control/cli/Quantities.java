// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tharsis.control.model.BadValueException;

/** Sizes and times as people write and read them. */
final class Quantities {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})(KiB|MiB|GiB|TiB)?");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)?");

    /** Reads {@code 10GiB} or a number of bytes. */
    static long bytes(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (matcher.matches()) {
            try {
                return Math.multiplyExact(Long.parseLong(matcher.group(1)), unitBytes(matcher.group(2)));
            } catch (ArithmeticException tooLarge) {
                throw new BadValueException("'" + text + "' is more than any device can have");
            }
        }
        throw new BadValueException("'" + text
                + "' is no size: write a number of bytes, or one with KiB, MiB, GiB or TiB behind it: 10GiB");
    }

    private static long unitBytes(String unit) {
        return unit == null ? 1 : 1L << (10 * List.of(UNITS).indexOf(unit));
    }

    /** Reads {@code 30s}, {@code 5m}, {@code 2h}, {@code 1d}, {@code 500ms}, or a number of seconds. */
    static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new BadValueException(
                    "'" + text + "' is no time: write a number with ms, s, m, h or d behind it: 30s");
        }
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        ChronoUnit chronoUnit = switch (unit) {
            case "ms" -> ChronoUnit.MILLIS;
            case "m" -> ChronoUnit.MINUTES;
            case "h" -> ChronoUnit.HOURS;
            case "d" -> ChronoUnit.DAYS;
            default -> ChronoUnit.SECONDS;
        };
        return Duration.of(Long.parseLong(matcher.group(1)), chronoUnit);
    }

    /** Reads a moment: {@code 2026-11-21T10:00:00Z}, or how long ago: {@code 10m}. */
    static Instant moment(String text, Instant now) {
        if (DURATION.matcher(text).matches()) {
            return now.minus(duration(text));
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException neither) {
            throw new BadValueException(
                    "'" + text + "' is no moment: write 2026-11-21T10:00:00Z, or how long ago: 10m");
        }
    }

    /** Writes a size with three digits, as far as that says it: {@code 1.5 GiB}. */
    static String size(long bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        String format = unit == 0 || value >= 100 || value == Math.rint(value) ? "%.0f %s" : "%.1f %s";
        return String.format(Locale.ROOT, format, value, UNITS[unit]);
    }

    /** Writes a length of time: {@code 1.5 s}, {@code 3 min 20 s}. */
    static String time(long milliseconds) {
        long seconds = milliseconds / 1000;
        if (milliseconds < 1000) {
            return milliseconds + " ms";
        } else if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", milliseconds / 1000.0);
        } else if (seconds < 3600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        } else if (seconds < 86_400) {
            return seconds / 3600 + " h " + seconds / 60 % 60 + " min";
        }
        return seconds / 86_400 + " d " + seconds / 3600 % 24 + " h";
    }

    /** Writes a moment: {@code 2026-11-21T10:00:00Z}. */
    static String moment(long milliseconds) {
        return Instant.ofEpochMilli(milliseconds)
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
    }

    private Quantities() {}
}
