// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Something that happened on this node or was seen by it. Immutable. */
public sealed interface HistoryEntry extends JournalEntry {
    /** The longest text that is kept, in characters; what is longer is cut. */
    int TEXT_CHARS_MAX = 2000;

    /** What sort of thing: a word of letters, digits and dashes, by which {@link HistoryQuery} selects. */
    String kind();

    /** The resource that it is about; empty when it is about the node or the cluster. */
    Optional<String> resource();

    /** One sentence for a person. */
    String text();

    /** The facts behind the sentence, by name, with units in the names. */
    Map<String, String> fields();

    /**
     * Anything worth remembering that has no type of its own.
     *
     * @param kind a word of small letters, digits and dashes, e.g. {@code replica-error}
     * @param fields more facts, by name
     */
    record Event(String kind, Optional<String> resource, String text, Map<String, String> fields)
            implements HistoryEntry {
        public Event {
            if (!kind.matches("[a-z0-9-]{1,40}")) {
                throw new IllegalArgumentException("not a kind of event: " + kind);
            }
            text = shortened(text);
            fields = Map.copyOf(fields);
        }

        public static Event of(String kind, String resource, String text) {
            return new Event(kind, Optional.of(resource), text, Map.of());
        }

        /** An event of the node or the cluster, of no resource. */
        public static Event ofNode(String kind, String text) {
            return new Event(kind, Optional.empty(), text, Map.of());
        }
    }

    /**
     * The role of a resource has changed.
     *
     * @param epoch unsigned
     * @param primary host that is primary now; empty for none
     * @param state {@code primary}, {@code handover:<to>}, {@code forced}, {@code none}
     * @param why for a person
     */
    record RoleChange(String name, long epoch, Optional<String> primary, String state, String why)
            implements HistoryEntry {
        public static final String KIND = "role";

        public RoleChange {
            why = shortened(why);
        }

        @Override
        public String kind() {
            return KIND;
        }

        @Override
        public Optional<String> resource() {
            return Optional.of(name);
        }

        @Override
        public String text() {
            return "Epoch " + Long.toUnsignedString(epoch) + ": "
                    + primary.map(host -> host + " is primary").orElse("nobody is primary") + " (" + state + "). "
                    + why;
        }

        @Override
        public Map<String, String> fields() {
            Map<String, String> fields = new TreeMap<>();
            fields.put("epoch", Long.toUnsignedString(epoch));
            primary.ifPresent(host -> fields.put("primary", host));
            fields.put("state", state);
            fields.put("why", why);
            return fields;
        }
    }

    /**
     * Somebody gave a command.
     *
     * @param who user and, if known, where from
     * @param why what the user gave as the reason; may be empty
     * @param verb e.g. {@code primary}
     * @param resource the resource that it was about, if any
     */
    record AdminCommand(String who, String why, String verb, Optional<String> resource, List<String> arguments)
            implements HistoryEntry {
        public static final String KIND = "command";

        public AdminCommand {
            why = shortened(why);
            arguments = List.copyOf(arguments);
        }

        @Override
        public String kind() {
            return KIND;
        }

        @Override
        public String text() {
            return who + ": " + verb + resource.map(name -> " " + name).orElse("")
                    + (arguments.isEmpty() ? "" : " " + String.join(" ", arguments))
                    + (why.isEmpty() ? "" : " (" + why + ")");
        }

        @Override
        public Map<String, String> fields() {
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("who", who);
            fields.put("why", why);
            fields.put("verb", verb);
            for (int i = 0; i < arguments.size(); i++) {
                fields.put("argument." + i, arguments.get(i));
            }
            return fields;
        }
    }

    /**
     * How far a replica is behind.
     *
     * @param replica host of the replica
     * @param lagBytes 0 or more
     * @param lagMs age of what was replayed last while behind, 0 when equal
     */
    record LagSample(String name, String replica, long lagBytes, long lagMs) implements HistoryEntry {
        public static final String KIND = "lag";

        public LagSample {
            if (lagBytes < 0 || lagMs < 0) {
                throw new IllegalArgumentException("a lag is never negative: " + lagBytes + " bytes, " + lagMs + " ms");
            }
        }

        @Override
        public String kind() {
            return KIND;
        }

        @Override
        public Optional<String> resource() {
            return Optional.of(name);
        }

        @Override
        public String text() {
            return replica + " is " + lagBytes + " bytes and " + lagMs + " ms behind.";
        }

        @Override
        public Map<String, String> fields() {
            return Map.of("replica", replica, "lag-bytes", Long.toString(lagBytes), "lag-ms", Long.toString(lagMs));
        }
    }

    private static String shortened(String text) {
        return text.length() <= TEXT_CHARS_MAX ? text : text.substring(0, TEXT_CHARS_MAX - 1) + "…";
    }
}
