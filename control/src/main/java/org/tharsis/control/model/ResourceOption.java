// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The options of a resource, {@code options/<name>}. All but {@link #FAILOVER} go to the driver as they are. */
public enum ResourceOption {
    SEGMENT_BYTES("segment-bytes", Kind.SIZE, 64L << 10, 1L << 40, "67108864"),
    LOG_LIMIT_BYTES("log-limit-bytes", Kind.SIZE, 192L << 10, Long.MAX_VALUE, "4294967296"),
    LOG_FULL("log-full", "stop or drop", "drop"),
    DURABILITY_REMOTE("durability-remote", Kind.NUMBER, 0, 16, "0"),
    FENCING("fencing", "none or lease", "none"),
    LEASE_READS("lease-reads", "yes or no", "no"),
    LOG_SYNC_MS("log-sync-ms", Kind.NUMBER, 0, 60000, "10"),
    WRITEBACK_DELAY_MS("writeback-delay-ms", Kind.NUMBER, 0, 3600000, "2000"),
    WRITEBACK_DEPTH("writeback-depth", Kind.NUMBER, 1, 32, "8"),
    BATCHES_IN_FLIGHT("batches-in-flight", Kind.NUMBER, 1, 32, "8"),
    /** Who decides about a new primary. Only people do, so far. */
    FAILOVER("failover", "manual", "manual");

    private enum Kind {
        NUMBER,
        SIZE,
        CHOICE
    }

    private static final int SEGMENT_ALIGNMENT_BYTES = 4096;

    private final String key;
    private final Kind kind;
    private final long min;
    private final long max;
    private final String choices;
    private final String defaultValue;

    ResourceOption(String key, Kind kind, long min, long max, String defaultValue) {
        this.key = key;
        this.kind = kind;
        this.min = min;
        this.max = max;
        this.choices = "";
        this.defaultValue = defaultValue;
    }

    ResourceOption(String key, String choices, String defaultValue) {
        this.key = key;
        this.kind = Kind.CHOICE;
        this.min = 0;
        this.max = 0;
        this.choices = choices;
        this.defaultValue = defaultValue;
    }

    /** The option of this name. */
    public static ResourceOption parse(String key) {
        return Arrays.stream(values())
                .filter(o -> o.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new BadValueException("option " + Names.shown(key) + " is unknown; there are "
                        + Arrays.stream(values()).map(ResourceOption::key).collect(Collectors.joining(", "))));
    }

    /** Its name in the tree; the same as the driver's. */
    public String key() {
        return key;
    }

    /** What holds while the key is missing. */
    public String defaultValue() {
        return defaultValue;
    }

    /** Does the driver's {@code tune} take it? */
    public boolean isDrivers() {
        return this != FAILOVER;
    }

    /**
     * Returns the value as it stands in the tree and goes to the driver: sizes in bytes.
     *
     * @param value as a person writes it: sizes also with KiB, MiB, GiB or TiB
     */
    public String check(String value) {
        if (kind == Kind.CHOICE) {
            if (!List.of(choices.split(" or ")).contains(value)) {
                throw bad(value);
            }
            return value;
        }
        long number = number(value);
        if (number < min || number > max || (this == SEGMENT_BYTES && number % SEGMENT_ALIGNMENT_BYTES != 0)) {
            throw bad(value);
        }
        return Long.toString(number);
    }

    private long number(String value) {
        int digits = value.length();
        int shift = 0;
        if (kind == Kind.SIZE && digits > 3) {
            shift = switch (value.substring(digits - 3)) {
                case "KiB" -> 10;
                case "MiB" -> 20;
                case "GiB" -> 30;
                case "TiB" -> 40;
                default -> 0;
            };
            digits -= shift == 0 ? 0 : 3;
        }
        try {
            long number = new Words(value.substring(0, digits), "<number>").signedNumber("number");
            return Math.multiplyExact(number, 1L << shift);
        } catch (BadValueException | ArithmeticException e) {
            throw bad(value);
        }
    }

    private BadValueException bad(String value) {
        return new BadValueException(key + " " + Names.shown(value) + ": expected is " + expected());
    }

    private String expected() {
        return switch (kind) {
            case CHOICE -> choices;
            case NUMBER -> "a number from " + min + " to " + max;
            case SIZE ->
                "a size from " + min + (max == Long.MAX_VALUE ? "" : " to " + max) + " bytes"
                        + (this == SEGMENT_BYTES ? ", a multiple of " + SEGMENT_ALIGNMENT_BYTES : "")
                        + ", also written with KiB, MiB, GiB or TiB";
        };
    }
}
