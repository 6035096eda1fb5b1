// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.tharsis.control.model.BadValueException;

/** A file of lines {@code key = value}, empty lines, and lines that begin with {@code #}. Knows where each value stands. */
final class ConfigFile {
    private static final long BYTES_MAX = 64 * 1024;

    /** A value and its line. */
    private record Entry(int line, String value) {}

    private final Path path;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private ConfigFile(Path path) {
        this.path = path;
    }

    /** A file without any line: all at its defaults. */
    static ConfigFile none(Path path) {
        return new ConfigFile(path);
    }

    static ConfigFile read(Path path, Collection<String> knownKeys) throws ConfigException {
        ConfigFile file = new ConfigFile(path);
        List<String> lines = lines(path);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                file.add(i + 1, line, knownKeys);
            }
        }
        return file;
    }

    private static List<String> lines(Path path) throws ConfigException {
        try {
            if (Files.size(path) > BYTES_MAX) {
                throw new ConfigException(
                        path + ": this is no configuration file: it has more than " + BYTES_MAX + " bytes");
            }
            return Files.readAllLines(path);
        } catch (NoSuchFileException missing) {
            throw new ConfigException(path + ": there is no such file: make it, or name another one by --config");
        } catch (CharacterCodingException notText) {
            throw new ConfigException(path + ": this is no configuration file: it is not text in UTF-8");
        } catch (IOException unreadable) {
            throw new ConfigException(path + ": cannot be read: " + unreadable);
        }
    }

    private void add(int number, String line, Collection<String> knownKeys) throws ConfigException {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw error(number, "'" + line + "' is not 'key = value'; a comment begins with #");
        }
        String key = line.substring(0, equals).strip();
        String value = line.substring(equals + 1).strip();
        if (!knownKeys.contains(key)) {
            throw error(number, "there is no key '" + key + "': known are " + String.join(", ", knownKeys));
        }
        if (value.isEmpty()) {
            throw error(number, key + " has no value: give one, or remove the line for the default");
        }
        Entry former = entries.putIfAbsent(key, new Entry(number, value));
        if (former != null) {
            throw error(number, key + " stands in line " + former.line() + " already: remove one of them");
        }
    }

    /**
     * The value of a key as what it means.
     *
     * @param reader throws {@link BadValueException} when it means nothing
     */
    <T> Optional<T> get(String key, Function<String, T> reader) throws ConfigException {
        Entry entry = entries.get(key);
        if (entry == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(reader.apply(entry.value()));
        } catch (BadValueException wrong) {
            throw error(entry.line(), key + ": " + wrong.getMessage());
        }
    }

    /** The error of a value that cannot be used, or of one that is missing. */
    ConfigException error(String key, String message) {
        Entry entry = entries.get(key);
        return entry == null
                ? new ConfigException(path + ": " + key + ": " + message)
                : error(entry.line(), key + ": " + message);
    }

    private ConfigException error(int line, String message) {
        return new ConfigException(path + ":" + line + ": " + message);
    }
}
