// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/**
 * The options of one resource that were set; the others have their defaults. What does not fit together is refused with
 * {@link BadValueException}, like a bad value.
 *
 * @param values checked, sizes in bytes
 */
public record ResourceOptions(Map<ResourceOption, String> values) {
    /** They have to fit together. */
    public static final Set<ResourceOption> OF_THE_LOGS_SIZE =
            Set.of(ResourceOption.SEGMENT_BYTES, ResourceOption.LOG_LIMIT_BYTES);

    private static final long SEGMENTS_MIN = 3;
    private static final long SEGMENTS_MAX = 1022;

    public static final ResourceOptions DEFAULTS = new ResourceOptions(Map.of());

    public ResourceOptions {
        Map<ResourceOption, String> checked = new EnumMap<>(ResourceOption.class);
        values.forEach((option, value) -> checked.put(option, option.check(value)));
        values = Collections.unmodifiableMap(checked);
        checkSegments(number(values, ResourceOption.LOG_LIMIT_BYTES), number(values, ResourceOption.SEGMENT_BYTES));
    }

    /** The driver refuses other combinations, whole. */
    private static void checkSegments(long limitBytes, long segmentBytes) {
        long segments = limitBytes / segmentBytes;
        if (segments < SEGMENTS_MIN || segments > SEGMENTS_MAX) {
            throw new BadValueException("log-limit-bytes " + limitBytes + " is " + segments
                    + " segments of segment-bytes " + segmentBytes + ": expected are " + SEGMENTS_MIN + " to "
                    + SEGMENTS_MAX
                    + " segments");
        }
    }

    private static long number(Map<ResourceOption, String> values, ResourceOption option) {
        return Long.parseLong(values.getOrDefault(option, option.defaultValue()));
    }

    /** The same with one of them set, or without it when that is empty. */
    public ResourceOptions with(ResourceOption option, Optional<String> value) {
        Map<ResourceOption, String> changed = new EnumMap<>(ResourceOption.class);
        changed.putAll(values);
        value.ifPresentOrElse(text -> changed.put(option, text), () -> changed.remove(option));
        return new ResourceOptions(changed);
    }

    /**
     * From a resource's keys {@code options/<name>}. What cannot be understood is left out; so are those of the log's size when they
     * do not fit together, because a driver would then take none of all options.
     */
    public static ResourceOptions read(SortedMap<String, RawValue> keys) {
        return read(new KeyReader(keys, ""));
    }

    /** The same; what is left out becomes a problem. */
    static ResourceOptions read(KeyReader keys) {
        Map<ResourceOption, String> values = new EnumMap<>(ResourceOption.class);
        for (String key : keys.children("options")) {
            String path = "options/" + key;
            keys.attempt(path, () -> ResourceOption.parse(key))
                    .ifPresent(option -> keys.value(path, option::check).ifPresent(value -> values.put(option, value)));
        }
        return keys.attempt("options/" + ResourceOption.SEGMENT_BYTES.key(), () -> new ResourceOptions(values))
                .orElseGet(() -> {
                    values.keySet().removeAll(OF_THE_LOGS_SIZE);
                    return new ResourceOptions(values);
                });
    }

    /** From names and values as a person writes them; refuses what is unknown. */
    public static ResourceOptions parse(Map<String, String> texts) {
        Map<ResourceOption, String> values = new EnumMap<>(ResourceOption.class);
        texts.forEach((key, value) -> values.put(ResourceOption.parse(key), value));
        return new ResourceOptions(values);
    }

    /** What was set for this option. */
    public Optional<String> set(ResourceOption option) {
        return Optional.ofNullable(values.get(option));
    }

    /** What holds for this option. */
    public String get(ResourceOption option) {
        return values.getOrDefault(option, option.defaultValue());
    }
}
