// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The answer to a command that was carried out: keys and values in the order in which they came. Keys that nobody asks for
 * are skipped: later drivers add some.
 */
final class Reply {
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,20}");
    private static final Pattern CHAIN = Pattern.compile("[0-9a-f]{16}");
    private static final Pattern UUID_WITH_DASHES =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final List<Field> fields;
    private final Map<String, Field> firstByKey;

    Reply(List<Field> fields) {
        this.fields = List.copyOf(fields);
        this.firstByKey = new HashMap<>(2 * fields.size());
        fields.forEach(field -> firstByKey.putIfAbsent(field.key(), field));
    }

    /** One line, decoded. */
    record Field(String key, String value) {
        /** The number in this field, without a sign. */
        long number() {
            if (NUMBER.matcher(value).matches()) {
                try {
                    return Long.parseUnsignedLong(value);
                } catch (NumberFormatException tooLarge) {
                    throw new Unexpected(this, "a number of 64 bits");
                }
            }
            throw new Unexpected(this, "a number");
        }

        long chain() {
            if (!CHAIN.matcher(value).matches()) {
                throw new Unexpected(this, "16 hexadecimal digits");
            }
            return Long.parseUnsignedLong(value, 16);
        }

        boolean flag() {
            return switch (value) {
                case "yes" -> true;
                case "no" -> false;
                default -> throw new Unexpected(this, "yes or no");
            };
        }

        UUID uuid() {
            if (!UUID_WITH_DASHES.matcher(value).matches()) {
                throw new Unexpected(this, "a UUID");
            }
            return UUID.fromString(value);
        }

        /** The constant whose name this field holds, in lower case with dashes. */
        <E extends Enum<E>> E choice(Class<E> type) {
            for (E constant : type.getEnumConstants()) {
                if (constant.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(value)) {
                    return constant;
                }
            }
            throw new Unexpected(this, "one of " + List.of(type.getEnumConstants()));
        }
    }

    /** A reply that the protocol does not allow. The session that it came over cannot be trusted any more. */
    static final class Unexpected extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        Unexpected(String message) {
            super(message);
        }

        Unexpected(Field field, String expected) {
            this("'" + field.key() + "=" + field.value() + "' is not " + expected);
        }
    }

    /** Reads one line of a reply, which is not its last. */
    static Field field(String line) {
        int equals = line.indexOf('=');
        if (equals < 1) {
            throw new Unexpected("'" + line + "' is neither KEY=VALUE nor the end of a reply");
        }
        return new Field(line.substring(0, equals), PercentCode.decode(line.substring(equals + 1)));
    }

    Field get(String key) {
        return find(key).orElseThrow(() -> new Unexpected("the key '" + key + "' is missing"));
    }

    Optional<Field> find(String key) {
        return Optional.ofNullable(firstByKey.get(key));
    }

    Optional<String> value(String key) {
        return find(key).map(Field::value);
    }

    Optional<Long> number(String key) {
        return find(key).map(Field::number);
    }

    /** The values of all fields with this key. */
    List<String> all(String key) {
        return fields.stream()
                .filter(field -> field.key().equals(key))
                .map(Field::value)
                .toList();
    }

    /** What stands between a prefix and a suffix, in the keys that have both: the names in {@code export.vol0.clients}. */
    List<String> between(String prefix, String suffix) {
        List<String> names = new ArrayList<>();
        for (Field field : fields) {
            String key = field.key();
            if (key.length() > prefix.length() + suffix.length() && key.startsWith(prefix) && key.endsWith(suffix)) {
                names.add(key.substring(prefix.length(), key.length() - suffix.length()));
            }
        }
        return names;
    }
}
