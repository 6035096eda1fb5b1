// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The key {@code events/<sequence>}: something that people should know, {@code <time ns> <host> <text>}.
 *
 * @param timeNs by the clock of that host
 * @param host who says so
 * @param text one line; cut when it is too long
 */
public record ClusterEvent(long timeNs, String host, String text) {
    /** The longest text, in characters. */
    public static final int TEXT_CHARACTERS_MAX = 1000;

    public ClusterEvent {
        Names.node(host);
        text = Words.fit(text, TEXT_CHARACTERS_MAX);
    }

    public static ClusterEvent parse(String text) {
        String form = "<time-ns> <host> <text>";
        String[] parts = text.split(" ", 3);
        if (parts.length != 3) {
            throw new BadValueException(Names.shown(text) + ": expected is " + form);
        }
        Words words = new Words(parts[0] + " " + parts[1], "<time-ns> <host>");
        return new ClusterEvent(
                words.signedNumber("time"), words.node(), Words.line("event", parts[2], TEXT_CHARACTERS_MAX));
    }

    /** The text of the key. */
    public String format() {
        return timeNs + " " + host + " " + text;
    }
}
