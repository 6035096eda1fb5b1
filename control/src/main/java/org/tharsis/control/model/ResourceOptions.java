// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The options of one resource that were set; the others have their defaults.
 *
 * @param values checked, sizes in bytes
 */
public record ResourceOptions(Map<ResourceOption, String> values) {
    public static final ResourceOptions DEFAULTS = new ResourceOptions(Map.of());

    public ResourceOptions {
        Map<ResourceOption, String> checked = new EnumMap<>(ResourceOption.class);
        values.forEach((option, value) -> checked.put(option, option.check(value)));
        values = Collections.unmodifiableMap(checked);
    }

    /** From names and values as a person writes them; refuses what is unknown. */
    public static ResourceOptions parse(Map<String, String> texts) {
        Map<ResourceOption, String> values = new EnumMap<>(ResourceOption.class);
        texts.forEach((key, value) -> values.put(ResourceOption.parse(key), value));
        return new ResourceOptions(values);
    }

    /** What holds for this option. */
    public String get(ResourceOption option) {
        return values.getOrDefault(option, option.defaultValue());
    }
}
