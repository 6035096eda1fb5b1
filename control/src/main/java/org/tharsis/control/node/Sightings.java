// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.tharsis.control.api.Progress;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.Versioned;

/**
 * What one view of the tree cannot tell, and those before it can: since when a node is away, how long a replica has been
 * behind by what it publishes, how fast a backfill gets on. Any thread may use it.
 */
final class Sightings {
    private static final long NS_PER_S = 1_000_000_000L;
    private static final long NS_PER_MS = 1_000_000L;

    private record Replica(String resource, String host) {}

    private final Clock clock;
    private final LongSupplier nanoTime;
    private final Map<String, Long> awaySinceNs = new HashMap<>();
    private final Map<Replica, LagMeter> meters = new HashMap<>();
    private final Map<Replica, Pace> paces = new HashMap<>();

    /** @param nanoTime {@link System#nanoTime} */
    Sightings(Clock clock, LongSupplier nanoTime) {
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** A view of ZooKeeper's that has just come. */
    synchronized void seen(ClusterView view) {
        long nowNs = nanoTime.getAsLong();
        awaySinceNs.keySet().retainAll(view.nodes().keySet());
        for (String host : view.nodes().keySet()) {
            if (view.isAlive(host)) {
                awaySinceNs.remove(host);
            } else {
                awaySinceNs.putIfAbsent(host, nowNs);
            }
        }
        meters.keySet().removeIf(of -> replica(view, of).isEmpty());
        paces.keySet()
                .removeIf(of -> replica(view, of).flatMap(Sightings::syncing).isEmpty());
        for (ResourceView resource : view.resources().values()) {
            for (ReplicaView replica : resource.replicas().values()) {
                measure(view, resource, replica);
                syncing(replica).ifPresent(syncing -> pace(resource.name(), replica.host(), syncing));
            }
        }
    }

    private static Optional<ReplicaView> replica(ClusterView view, Replica of) {
        return view.resource(of.resource()).flatMap(resource -> resource.replica(of.host()));
    }

    private static Optional<Health.Syncing> syncing(ReplicaView replica) {
        return replica.health()
                .map(Versioned::value)
                .filter(Health.Syncing.class::isInstance)
                .map(Health.Syncing.class::cast);
    }

    /** For how long this node has seen another one away; empty when that is alive. */
    synchronized Optional<Long> awayMs(String host) {
        return Optional.ofNullable(awaySinceNs.get(host)).map(since -> (nanoTime.getAsLong() - since) / NS_PER_MS);
    }

    /** How far a backfill is, and how fast it gets on. */
    synchronized Progress backfill(String resource, String host, Health.Syncing syncing) {
        return pace(resource, host, syncing).progress("backfill", syncing.totalBytes());
    }

    private Pace pace(String resource, String host, Health.Syncing syncing) {
        long nowNs = nanoTime.getAsLong();
        Pace pace = paces.computeIfAbsent(new Replica(resource, host), of -> new Pace(syncing.doneBytes(), nowNs));
        pace.seen(syncing.doneBytes(), nowNs);
        return pace;
    }

    /**
     * How far a replica is behind the primary by what both have published, which is up to a second old while both are alive.
     *
     * @param live the view is ZooKeeper's of now
     */
    synchronized Optional<Lag> lag(ClusterView view, boolean live, ResourceView resource, ReplicaView replica) {
        if (live) {
            measure(view, resource, replica);
        }
        LagMeter meter = meters.get(new Replica(resource.name(), replica.host()));
        if (meter == null || endLsn(resource, replica).isEmpty()) {
            return Optional.empty();
        }
        Position position = replica.position().orElseThrow();
        return meter.lag(
                position.replayedLsn(),
                position.replayedLsn(),
                position.timeNs() == 0 ? Optional.empty() : Optional.of(position.timeNs()),
                nanoTime.getAsLong());
    }

    /** Nothing is learned of who is away, nor from a primary that is. */
    private void measure(ClusterView view, ResourceView resource, ReplicaView replica) {
        OptionalLong endLsn = endLsn(resource, replica);
        boolean sourceTells = resource.role()
                .flatMap(role -> role.value().primary())
                .map(view::isAlive)
                .orElse(true);
        if (endLsn.isPresent() && sourceTells && view.isAlive(replica.host())) {
            Instant now = clock.instant();
            meters.computeIfAbsent(new Replica(resource.name(), replica.host()), of -> new LagMeter())
                    .heard(
                            endLsn.getAsLong(),
                            now.getEpochSecond() * NS_PER_S + now.getNano(),
                            replica.position().orElseThrow().replayedLsn(),
                            nanoTime.getAsLong());
        }
    }

    /** Where the log ends that the replica follows: its primary's, or what was sealed; empty when the two cannot be compared. */
    private static OptionalLong endLsn(ResourceView resource, ReplicaView replica) {
        Optional<Role> role = resource.role().map(Versioned::value);
        Optional<Position> position = replica.position().filter(any -> isOfHistory(replica));
        if (role.isEmpty() || position.isEmpty()) {
            return OptionalLong.empty();
        }
        if (role.get().primary().isEmpty()) {
            return resource.sealed()
                    .map(Versioned::value)
                    .filter(end -> end.epoch() == position.get().epoch())
                    .map(end -> OptionalLong.of(end.lsn()))
                    .orElseGet(OptionalLong::empty);
        }
        return resource.replica(role.get().primary().get())
                .flatMap(ReplicaView::position)
                .filter(primary -> isSameHistory(resource, primary, position.get()))
                .map(primary -> OptionalLong.of(primary.durableLsn()))
                .orElseGet(OptionalLong::empty);
    }

    /** A replica that has diverged, or is filled anew, has no place in the primary's log. */
    private static boolean isOfHistory(ReplicaView replica) {
        return replica.health()
                .map(Versioned::value)
                .filter(health -> health instanceof Health.Diverged || health instanceof Health.Syncing)
                .isEmpty();
    }

    /** The same epoch; or the replica has nothing yet of the primary's, and nothing beyond its beginning. */
    private static boolean isSameHistory(ResourceView resource, Position primary, Position replica) {
        if (primary.epoch() == replica.epoch()) {
            return true;
        }
        Optional<EpochRecord> begun = Optional.ofNullable(resource.epochs().get(primary.epoch()));
        return begun.filter(epoch -> epoch.previousEpoch() == replica.epoch()
                        && Long.compareUnsigned(replica.endLsn(), epoch.startLsn()) <= 0)
                .isPresent();
    }
}
