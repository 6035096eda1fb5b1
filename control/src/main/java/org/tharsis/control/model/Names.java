// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.regex.Pattern;

/** Names of clusters, nodes, resources and sites. They are labels that stand in paths and in command lines, so they are plain. */
public final class Names {
    /** What stands in the tree where no host is meant; therefore no node may have this name. */
    public static final String NONE = "none";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,39}");
    private static final int SHOWN_CHARACTERS = 60;

    /** Returns the name when it may be a node's; {@code none} is taken. */
    public static String node(String name) {
        if (name.equals(NONE)) {
            throw new BadValueException("node name none: this word means that there is no node, choose another");
        }
        return check("node name", name);
    }

    public static String resource(String name) {
        return check("resource name", name);
    }

    public static String cluster(String name) {
        return check("cluster name", name);
    }

    public static String site(String name) {
        return check("site name", name);
    }

    /** A value as error messages show it: quoted, one line, not longer than a line. */
    static String shown(String value) {
        StringBuilder shown = new StringBuilder("\"");
        value.codePoints()
                .limit(SHOWN_CHARACTERS)
                .forEach(c -> shown.appendCodePoint(Character.isISOControl(c) || !Character.isDefined(c) ? '?' : c));
        shown.append('"');
        if (value.codePointCount(0, value.length()) > SHOWN_CHARACTERS) {
            shown.append("... (").append(value.length()).append(" characters)");
        }
        return shown.toString();
    }

    private static String check(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new BadValueException(
                    what + " " + shown(name)
                            + ": 1 to 40 letters, digits, dots, underscores and hyphens are expected, the first a letter or digit");
        }
        return name;
    }

    private Names() {}
}
