// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Event;
import org.tharsis.control.journal.HistoryEntry;
import org.tharsis.control.journal.HistoryFollower;
import org.tharsis.control.journal.HistoryQuery;
import org.tharsis.control.journal.Recorded;
import org.tharsis.control.model.ClusterEvent;

/** Tells what has happened: this node's journal, and what the other nodes have told the cluster. */
final class EventsCommand {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final long NS_PER_MS = 1_000_000;

    private final Member member;

    EventsCommand(Member member) {
        this.member = member;
    }

    Changed tell(long sinceMs, boolean follow, Consumer<Event> events, Caller caller)
            throws IOException, InterruptedException {
        long behind = member.journal().history().lastSequence();
        long toldNs = newestOfOthersNs();
        List<Event> past = new ArrayList<>(othersBetween(sinceMs * NS_PER_MS, toldNs));
        member.journal().history().forEach(query().from(Instant.ofEpochMilli(sinceMs)), recorded -> {
            if (recorded.sequence() <= behind && isTold(recorded.entry())) {
                past.add(event(recorded));
            }
        });
        past.sort(Comparator.comparingLong(Event::timeMs));
        past.forEach(events);
        if (follow) {
            follow(behind, toldNs, events, caller);
        }
        return new Changed(past.size() + " events.");
    }

    private static HistoryQuery query() {
        return HistoryQuery.all();
    }

    private void follow(long behind, long toldNs, Consumer<Event> events, Caller caller)
            throws IOException, InterruptedException {
        long othersNs = toldNs;
        try (HistoryFollower follower = member.journal().history().follow(query(), behind)) {
            while (!caller.gone()) {
                Optional<Recorded> next = follower.next(LOOK_EVERY);
                next.filter(recorded -> isTold(recorded.entry()))
                        .map(this::event)
                        .ifPresent(events);
                long newestNs = newestOfOthersNs();
                othersBetween(othersNs + 1, newestNs).forEach(events);
                othersNs = newestNs;
            }
        }
    }

    /** Samples of the lag are for {@code tharsis lag}. */
    private static boolean isTold(HistoryEntry entry) {
        return !(entry instanceof HistoryEntry.LagSample);
    }

    private long newestOfOthersNs() {
        return member.tree().events().stream()
                .filter(event -> !event.host().equals(member.me()))
                .mapToLong(ClusterEvent::timeNs)
                .max()
                .orElse(0);
    }

    private List<Event> othersBetween(long fromNs, long toNs) {
        return member.tree().events().stream()
                .filter(event ->
                        !event.host().equals(member.me()) && event.timeNs() >= fromNs && event.timeNs() <= toNs)
                .map(EventsCommand::event)
                .toList();
    }

    /** The sentence begins with the resource that it concerns. */
    private static Event event(ClusterEvent event) {
        int colon = event.text().indexOf(": ");
        Optional<String> resource =
                colon > 0 && event.text().substring(0, colon).matches("[A-Za-z0-9._-]{1,40}")
                        ? Optional.of(event.text().substring(0, colon))
                        : Optional.empty();
        return new Event(
                event.timeNs() / NS_PER_MS,
                event.host(),
                resource,
                Event.Level.INFO,
                "cluster",
                resource.isPresent() ? event.text().substring(colon + 2) : event.text());
    }

    private Event event(Recorded recorded) {
        HistoryEntry entry = recorded.entry();
        String kind = entry.kind().toLowerCase(Locale.ROOT);
        return new Event(
                recorded.time().toEpochMilli(), member.me(), entry.resource(), level(kind), kind, entry.text());
    }

    private static Event.Level level(String kind) {
        return switch (kind) {
            case "diverged", "handover-refused" -> Event.Level.WARNING;
            case "journal-damage" -> Event.Level.ERROR;
            default -> Event.Level.INFO;
        };
    }
}
