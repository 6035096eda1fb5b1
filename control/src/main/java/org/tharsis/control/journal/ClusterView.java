// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The keys of the tree as this node last saw them: enough to go on when the tree cannot be reached. Give it roles,
 * peers, addresses and options; not positions, which change each second and are worth nothing later.
 *
 * <p>Any thread may call. A value that has not changed costs nothing. Survives the process, not synced.
 */
public final class ClusterView {
    /** How often {@link #confirmed} is written down; the age after a restart is wrong by up to this, to the safe side. */
    static final Duration CONFIRMED_EVERY = Duration.ofMinutes(1);

    private final JournalWriter writer;
    private Optional<Instant> confirmedHere = Optional.empty();

    ClusterView(JournalWriter writer) {
        this.writer = writer;
    }

    /** A key's value, as the tree has it now. */
    public void seen(String key, String value, int version) {
        writer.lock().lock();
        try {
            Optional<Fact> known = find(key);
            if (known.isEmpty()
                    || known.get().version() != version
                    || !known.get().value().equals(value)) {
                long nowMs = writer.now().toEpochMilli();
                writer.write(new JournalEntry.ViewSeen(key, value, version, nowMs), JournalWriter.Need.STATE);
            }
        } finally {
            writer.lock().unlock();
        }
    }

    /** The tree has this key no more. */
    public void gone(String key) {
        writer.lock().lock();
        try {
            if (writer.state().view().containsKey(key)) {
                writer.write(new JournalEntry.ViewGone(key), JournalWriter.Need.STATE);
            }
        } finally {
            writer.lock().unlock();
        }
    }

    /**
     * A value of the tree.
     *
     * @param version of the tree's node
     */
    public record Value(String value, int version) {}

    /** All that the tree has now, of what the view is for: what is not in it is gone. Call it after a reconnect. */
    public void seenAll(Map<String, Value> whole) {
        writer.lock().lock();
        try {
            for (String key : List.copyOf(writer.state().view().keySet())) {
                if (!whole.containsKey(key)) {
                    gone(key);
                }
            }
            whole.forEach((key, value) -> seen(key, value.value(), value.version()));
            confirmed();
        } finally {
            writer.lock().unlock();
        }
    }

    /** The view is what the tree has now: call it after each successful round trip while watches are in place. */
    public void confirmed() {
        writer.lock().lock();
        try {
            Instant now = writer.now();
            boolean due = writer.state()
                    .confirmed()
                    .map(last -> Duration.between(last, now).abs().compareTo(CONFIRMED_EVERY) >= 0)
                    .orElse(true);
            if (due) {
                writer.write(new JournalEntry.ViewConfirmed(now.toEpochMilli()), JournalWriter.Need.STATE);
            }
            confirmedHere = Optional.of(now);
        } finally {
            writer.lock().unlock();
        }
    }

    public Optional<Fact> find(String key) {
        writer.lock().lock();
        try {
            return Optional.ofNullable(writer.state().view().get(key));
        } finally {
            writer.lock().unlock();
        }
    }

    /** Those whose keys begin with a prefix, in the order of their keys. */
    public List<Fact> under(String prefix) {
        writer.lock().lock();
        try {
            List<Fact> found = new ArrayList<>();
            for (Fact fact : writer.state().view().tailMap(prefix, true).values()) {
                if (!fact.key().startsWith(prefix)) {
                    break;
                }
                found.add(fact);
            }
            return found;
        } finally {
            writer.lock().unlock();
        }
    }

    /** A copy of all, by key. */
    public SortedMap<String, Fact> facts() {
        writer.lock().lock();
        try {
            return new TreeMap<>(writer.state().view());
        } finally {
            writer.lock().unlock();
        }
    }

    /** When the view was last known to be what the tree has; empty when it never was. */
    public Optional<Instant> lastConfirmed() {
        writer.lock().lock();
        try {
            return confirmedHere.or(() -> writer.state().confirmed());
        } finally {
            writer.lock().unlock();
        }
    }

    /** How old the view is, by this node's clock; never negative. */
    public Optional<Duration> age() {
        return lastConfirmed().map(last -> {
            Duration age = Duration.between(last, writer.now());
            return age.isNegative() ? Duration.ZERO : age;
        });
    }
}
