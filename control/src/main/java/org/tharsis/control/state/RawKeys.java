// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.Arrays;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.ResourceOption;
import org.tharsis.control.model.Switch;

/** Keys as a person writes them: who may change which, and by what. */
final class RawKeys {
    private static final int KEY_CHARACTERS_MAX = 300;

    /** A key without slashes at its ends. */
    static String check(String key) {
        String trimmed = key.replaceAll("^/+|/+$", "");
        boolean plain = trimmed.length() <= KEY_CHARACTERS_MAX
                && trimmed.chars().allMatch(c -> c > ' ' && c < 0x7f)
                && Arrays.stream(trimmed.split("/", -1))
                        .noneMatch(part ->
                                part.equals(".") || part.equals("..") || (part.isEmpty() && !trimmed.isEmpty()));
        if (!plain) {
            throw new BadValueException("key \"" + trimmed
                    + "\": names with one slash between them are expected, such as" + " resources/vol0/role");
        }
        return trimmed;
    }

    /** Sets what may be set by its key. */
    static Outcome set(StateTree tree, String key, String value) {
        String[] parts = check(key).split("/");
        if (parts.length == 4 && parts[0].equals(Keys.RESOURCES) && parts[2].equals("options")) {
            return tree.setOption(parts[1], ResourceOption.parse(parts[3]), Optional.of(value));
        }
        if (parts.length == 6
                && parts[0].equals(Keys.RESOURCES)
                && parts[2].equals("replicas")
                && parts[4].equals("todo")) {
            if (!value.equals("yes") && !value.equals("no")) {
                throw new BadValueException("\"" + value + "\": expected is yes or no");
            }
            return tree.setTodo(parts[1], parts[3], Switch.parse(parts[5]), value.equals("yes"));
        }
        throw new BadValueException("key " + check(key) + " is not changed by hand: " + owner(parts)
                + ". By hand only options/* of a resource and todo/* of a replica are changed");
    }

    private static String owner(String[] parts) {
        if (parts[0].equals(Keys.NODES) || parts[0].equals(Keys.ALIVE)) {
            return "each node writes its own";
        }
        if (parts.length > 4 && parts[0].equals(Keys.RESOURCES) && parts[2].equals("replicas")) {
            return "it is " + parts[3] + "'s own report";
        }
        if (parts.length > 2 && parts[0].equals(Keys.RESOURCES)) {
            return switch (parts[2]) {
                case "role", "sealed", "epochs" -> "use primary and secondary";
                case "size" -> "use resize";
                default -> "it never changes";
            };
        }
        return "it never changes";
    }

    private RawKeys() {}
}
