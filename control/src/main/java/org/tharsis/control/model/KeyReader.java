// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads values out of a part of the tree and collects what cannot be understood. Used by one thread. */
final class KeyReader {
    private final SortedMap<String, RawValue> keys;
    private final String prefix;
    private final List<Problem> problems = new ArrayList<>();

    /**
     * @param keys relative to {@code prefix}
     * @param prefix put before the keys in problems; ends with a slash, or is empty
     */
    KeyReader(SortedMap<String, RawValue> keys, String prefix) {
        this.keys = keys;
        this.prefix = prefix;
    }

    List<Problem> problems() {
        return problems;
    }

    /** The value; empty when the key is missing or its text is a problem. */
    <T> Optional<Versioned<T>> read(String key, Function<String, T> parser) {
        RawValue raw = keys.get(key);
        if (raw == null) {
            return Optional.empty();
        }
        return attempt(key, () -> new Versioned<>(parser.apply(raw.text()), raw.version()));
    }

    <T> Optional<T> value(String key, Function<String, T> parser) {
        return read(key, parser).map(Versioned::value);
    }

    /** A missing key is a problem. */
    void require(String key) {
        if (!keys.containsKey(key)) {
            problem(key, "this key is missing");
        }
    }

    <T> Optional<T> attempt(String key, Supplier<T> action) {
        try {
            return Optional.of(action.get());
        } catch (BadValueException e) {
            problem(key, e.getMessage());
            return Optional.empty();
        }
    }

    void problem(String key, String why) {
        problems.add(new Problem(prefix + key, why));
    }

    /** The names one level below a key, sorted. */
    SortedSet<String> children(String key) {
        SortedSet<String> names = new TreeSet<>();
        for (String path : below(keys, key).keySet()) {
            int slash = path.indexOf('/');
            names.add(slash < 0 ? path : path.substring(0, slash));
        }
        return names;
    }

    /** The keys below a key, relative to it. */
    static SortedMap<String, RawValue> below(SortedMap<String, RawValue> keys, String key) {
        SortedMap<String, RawValue> relative = new TreeMap<>();
        // '0' is the character after '/'
        keys.subMap(key + "/", key + "0").forEach((k, v) -> relative.put(k.substring(key.length() + 1), v));
        return relative;
    }
}
