// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.tharsis.control.journal.HistoryEntry.AdminCommand;
import org.tharsis.control.journal.HistoryEntry.Event;
import org.tharsis.control.journal.HistoryEntry.LagSample;
import org.tharsis.control.journal.HistoryEntry.RoleChange;

/**
 * Bytes of an entry, little endian:
 *
 * <pre>
 *  0  u32  magic "TJE1"
 *  4  u32  CRC32C of everything from byte 8 on
 *  8  u64  sequence number
 * 16  u64  time, milliseconds since 1970
 * 24  type: u16 length, UTF-8
 *     number of fields: u16; of each: name (u16 length, UTF-8), value (u32 length, UTF-8)
 * </pre>
 *
 * Stateless.
 */
final class EntryCodec {
    /** The largest entry, in bytes; it keeps a damaged length from asking for memory. */
    static final int ENTRY_BYTES_MAX = 1 << 16;

    static final int MAGIC = 0x31454a54;
    static final int FIXED_BYTES = 24;

    private static final String EVENT = "event";
    private static final String ROLE = "role";
    private static final String COMMAND = "command";
    private static final String LAG = "lag";
    private static final String BEGIN = "begin";
    private static final String SNAPSHOT_BEGIN = "snapshot-begin";
    private static final String SNAPSHOT_END = "snapshot-end";
    private static final String END = "end";
    private static final String OUTBOX_CHANGE = "outbox-change";
    private static final String OUTBOX_PUBLISHED = "outbox-published";
    private static final String VIEW_SEEN = "view-seen";
    private static final String VIEW_GONE = "view-gone";
    private static final String VIEW_CONFIRMED = "view-confirmed";
    private static final String EXTRA = "field.";
    private static final String ARGUMENT = "argument.";

    /** @throws IllegalArgumentException when the entry is larger than {@link #ENTRY_BYTES_MAX} */
    static byte[] encode(StoredEntry stored) {
        Map<String, String> fields = fields(stored.entry());
        List<byte[]> strings = new ArrayList<>();
        byte[] type = type(stored.entry()).getBytes(UTF_8);
        int size = FIXED_BYTES + 2 + type.length + 2;
        for (Map.Entry<String, String> field : fields.entrySet()) {
            byte[] name = field.getKey().getBytes(UTF_8);
            byte[] value = field.getValue().getBytes(UTF_8);
            strings.add(name);
            strings.add(value);
            size += 2 + name.length + 4 + value.length;
            if (size > ENTRY_BYTES_MAX) {
                throw new IllegalArgumentException("an entry of the journal has at most " + ENTRY_BYTES_MAX
                        + " bytes; too large with field " + field.getKey());
            }
        }
        ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(MAGIC).putInt(0).putLong(stored.sequence()).putLong(stored.timeMs());
        buffer.putShort((short) type.length).put(type).putShort((short) fields.size());
        for (int i = 0; i < strings.size(); i += 2) {
            buffer.putShort((short) strings.get(i).length).put(strings.get(i));
            buffer.putInt(strings.get(i + 1).length).put(strings.get(i + 1));
        }
        buffer.putInt(4, checksum(buffer.array()));
        return buffer.array();
    }

    /** @throws JournalDamagedException when these are not the bytes of an entry, unchanged */
    static StoredEntry decode(byte[] bytes) throws JournalDamagedException {
        if (!isEntry(bytes)) {
            throw new JournalDamagedException("the checksum of an entry does not fit");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long sequence = buffer.getLong(8);
        long timeMs = buffer.getLong(16);
        buffer.position(FIXED_BYTES);
        try {
            String type = string(buffer, Short.toUnsignedInt(buffer.getShort()));
            int count = Short.toUnsignedInt(buffer.getShort());
            Map<String, String> fields = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                String name = string(buffer, Short.toUnsignedInt(buffer.getShort()));
                fields.put(name, string(buffer, buffer.getInt()));
            }
            return new StoredEntry(sequence, timeMs, entry(type, new Fields(fields)));
        } catch (BufferUnderflowException | IllegalArgumentException unreadable) {
            throw new JournalDamagedException(
                    "entry " + sequence + " cannot be understood: " + unreadable.getMessage());
        }
    }

    /** Whether magic and checksum are those of an entry. */
    static boolean isEntry(byte[] bytes) {
        if (bytes.length < FIXED_BYTES + 4) {
            return false;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return buffer.getInt(0) == MAGIC && buffer.getInt(4) == checksum(bytes);
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 8, bytes.length - 8);
        return (int) crc.getValue();
    }

    private static String string(ByteBuffer buffer, int length) {
        if (length < 0 || length > buffer.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        buffer.get(bytes);
        return new String(bytes, UTF_8);
    }

    private static String type(JournalEntry entry) {
        if (entry instanceof Event) {
            return EVENT;
        } else if (entry instanceof RoleChange) {
            return ROLE;
        } else if (entry instanceof AdminCommand) {
            return COMMAND;
        } else if (entry instanceof LagSample) {
            return LAG;
        } else if (entry instanceof JournalEntry.Begin) {
            return BEGIN;
        } else if (entry instanceof JournalEntry.SnapshotBegin) {
            return SNAPSHOT_BEGIN;
        } else if (entry instanceof JournalEntry.SnapshotEnd) {
            return SNAPSHOT_END;
        } else if (entry instanceof JournalEntry.End) {
            return END;
        } else if (entry instanceof JournalEntry.OutboxChange) {
            return OUTBOX_CHANGE;
        } else if (entry instanceof JournalEntry.OutboxPublished) {
            return OUTBOX_PUBLISHED;
        } else if (entry instanceof JournalEntry.ViewSeen) {
            return VIEW_SEEN;
        } else if (entry instanceof JournalEntry.ViewGone) {
            return VIEW_GONE;
        } else if (entry instanceof JournalEntry.ViewConfirmed) {
            return VIEW_CONFIRMED;
        } else if (entry instanceof JournalEntry.Unknown unknown) {
            return unknown.type();
        }
        throw new IllegalStateException("no type for " + entry);
    }

    private static Map<String, String> fields(JournalEntry entry) {
        Fields fields = new Fields(new LinkedHashMap<>());
        if (entry instanceof Event event) {
            fields.put("kind", event.kind()).put("resource", event.resource()).put("text", event.text());
            event.fields().forEach((name, value) -> fields.put(EXTRA + name, value));
        } else if (entry instanceof HistoryEntry history) {
            fields.put("resource", history.resource());
            history.fields().forEach(fields::put);
        } else if (entry instanceof JournalEntry.Begin begin) {
            fields.put("generation", begin.generation()).put("previous", begin.previousSequence());
        } else if (entry instanceof JournalEntry.SnapshotBegin begin) {
            fields.put("outbox-number", begin.outboxNumber());
        } else if (entry instanceof JournalEntry.OutboxChange change) {
            fields.put("number", change.number()).put("key", change.key()).put("value", change.value());
            fields.put("since-ms", change.sinceMs());
        } else if (entry instanceof JournalEntry.OutboxPublished published) {
            fields.put("number", published.number());
        } else if (entry instanceof JournalEntry.ViewSeen seen) {
            fields.put("key", seen.key()).put("value", seen.value()).put("version", seen.version());
            fields.put("seen-ms", seen.seenMs());
        } else if (entry instanceof JournalEntry.ViewGone gone) {
            fields.put("key", gone.key());
        } else if (entry instanceof JournalEntry.ViewConfirmed confirmed) {
            fields.put("at-ms", confirmed.atMs());
        } else if (entry instanceof JournalEntry.Unknown unknown) {
            unknown.fields().forEach(fields::put);
        }
        return fields.values;
    }

    private static JournalEntry entry(String type, Fields fields) {
        return switch (type) {
            case EVENT ->
                new Event(fields.get("kind"), fields.find("resource"), fields.get("text"), fields.startingWith(EXTRA));
            case ROLE ->
                new RoleChange(
                        fields.get("resource"),
                        Long.parseUnsignedLong(fields.get("epoch")),
                        fields.find("primary"),
                        fields.get("state"),
                        fields.get("why"));
            case COMMAND ->
                new AdminCommand(
                        fields.get("who"),
                        fields.get("why"),
                        fields.get("verb"),
                        fields.find("resource"),
                        List.copyOf(fields.startingWith(ARGUMENT).values()));
            case LAG ->
                new LagSample(
                        fields.get("resource"),
                        fields.get("replica"),
                        fields.number("lag-bytes"),
                        fields.number("lag-ms"));
            case BEGIN -> new JournalEntry.Begin(fields.number("generation"), fields.number("previous"));
            case SNAPSHOT_BEGIN -> new JournalEntry.SnapshotBegin(fields.number("outbox-number"));
            case SNAPSHOT_END -> new JournalEntry.SnapshotEnd();
            case END -> new JournalEntry.End();
            case OUTBOX_CHANGE ->
                new JournalEntry.OutboxChange(
                        fields.number("number"), fields.get("key"), fields.find("value"), fields.number("since-ms"));
            case OUTBOX_PUBLISHED -> new JournalEntry.OutboxPublished(fields.number("number"));
            case VIEW_SEEN ->
                new JournalEntry.ViewSeen(
                        fields.get("key"),
                        fields.get("value"),
                        (int) fields.number("version"),
                        fields.number("seen-ms"));
            case VIEW_GONE -> new JournalEntry.ViewGone(fields.get("key"));
            case VIEW_CONFIRMED -> new JournalEntry.ViewConfirmed(fields.number("at-ms"));
            default -> new JournalEntry.Unknown(type, Map.copyOf(fields.values));
        };
    }

    /** Named strings of an entry, in the order in which they are written. */
    private record Fields(Map<String, String> values) {
        Fields put(String name, String value) {
            values.put(name, value);
            return this;
        }

        Fields put(String name, long value) {
            return put(name, Long.toString(value));
        }

        Fields put(String name, Optional<String> value) {
            value.ifPresent(present -> put(name, present));
            return this;
        }

        Optional<String> find(String name) {
            return Optional.ofNullable(values.get(name));
        }

        String get(String name) {
            return find(name).orElseThrow(() -> new IllegalArgumentException("no field " + name));
        }

        long number(String name) {
            return Long.parseLong(get(name));
        }

        Map<String, String> startingWith(String prefix) {
            Map<String, String> found = new LinkedHashMap<>();
            values.forEach((name, value) -> {
                if (name.startsWith(prefix)) {
                    found.put(name.substring(prefix.length()), value);
                }
            });
            return found;
        }
    }

    private EntryCodec() {}
}
