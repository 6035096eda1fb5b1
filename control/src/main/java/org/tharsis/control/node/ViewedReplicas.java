// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.driver.ReplicaRole;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.LostTail;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;

/**
 * The replicas in the report of {@code tharsis view}: this node's as they are now; those that fetch from it as they confirm
 * it; the others as they were published last. Any thread may call.
 */
final class ViewedReplicas {
    private static final long NS_PER_MS = 1_000_000;

    private final Member member;

    ViewedReplicas(Member member) {
        this.member = member;
    }

    ViewReport.Replica of(ClusterView cluster, ResourceView resource, ReplicaView replica) {
        Optional<ReplicaLoop.Parts> here =
                member.replicas().loop(resource.name()).map(ReplicaLoop::parts);
        Optional<ReplicaLoop.Parts> mine = here.filter(parts -> replica.host().equals(member.me()));
        Optional<ServedLog.Served> served = mine.isPresent()
                ? Optional.empty()
                : here.flatMap(parts ->
                        cluster.node(replica.host()).map(NodeRecord::uuid).flatMap(parts.served()::served));
        Optional<ResourceStatus.Replica> open = mine.filter(
                        parts -> parts.reporter().isOwnLog())
                .flatMap(parts -> parts.watched().replica());
        Optional<ReplicaReport> report = mine.flatMap(parts -> parts.reporter().newest());
        Optional<Health> health =
                report.map(ReplicaReport::health).or(() -> replica.health().map(Versioned::value));
        Optional<Actual> actual = report.map(ReplicaReport::actual).or(replica::actual);
        Optional<Lag> lag = lag(cluster, resource, replica, mine, served);
        Optional<Lag> known = lag.filter(Lag::isKnown);
        boolean primary = resource.role()
                .filter(role -> role.value().isPrimary(replica.host()))
                .isPresent();
        return new ViewReport.Replica(
                replica.host(),
                mine.isPresent() ? roleHere(mine.get()) : actual.map(is -> primary ? "primary" : "secondary"),
                health.map(ViewedReplicas::word).orElse("unknown"),
                health.flatMap(ViewedReplicas::detail),
                open.map(ReplicaReporter::position)
                        .or(() -> replica.position()
                                .filter(position -> !(health.orElse(null) instanceof Health.Syncing))
                                .map(position -> newest(position, served)))
                        .map(ViewedReplicas::position),
                known.map(Lag::bytes),
                known.flatMap(Lag::ms),
                known.isPresent()
                        ? Optional.empty()
                        : lag.map(last -> new ViewReport.LastLag(last.bytes(), last.heardAgoMs())),
                open.isPresent(),
                mine.isPresent() || served.isPresent() ? Optional.empty() : staleMs(replica.host()),
                actual.flatMap(Actual::source),
                mine.flatMap(parts -> hindrance(parts.fetching())),
                flags(which -> replica.todo().wants(which)),
                actual.map(is -> flags(is::is)).orElseGet(Map::of),
                actual.filter(is -> primary).map(Actual::users),
                health.filter(Health.Syncing.class::isInstance)
                        .map(syncing -> backfill(resource, replica, (Health.Syncing) syncing)),
                report.map(ReplicaReport::lost).orElseGet(replica::lost).map(ViewedReplicas::lost),
                replica.record().map(record -> record.disk()),
                replica.record().map(record -> record.device()),
                replica.record().map(record -> record.log()));
    }

    private static Optional<String> roleHere(ReplicaLoop.Parts parts) {
        return parts.watched()
                .status()
                .map(ResourceStatus::role)
                .filter(role -> role != ReplicaRole.CLOSED)
                .map(role -> role.name().toLowerCase(Locale.ROOT));
    }

    /** A follower says over its connection what it has; that is newer than what it has published. */
    private static Position newest(Position published, Optional<ServedLog.Served> served) {
        return served.map(ServedLog.Served::progress)
                .map(progress -> new Position(
                        published.epoch(),
                        progress.receivedLsn(),
                        progress.durableLsn(),
                        progress.replayedLsn(),
                        published.checkpointLsn(),
                        published.timeNs()))
                .orElse(published);
    }

    /** How old what a node has published may be; empty when it is alive, and this node sees the tree as it is now. */
    private Optional<Long> staleMs(String host) {
        return member.live()
                ? member.sightings().awayMs(host)
                : Optional.of(member.viewAge().toMillis());
    }

    /** What was heard of the source itself, before what was published; of what is not known any more, the newest. */
    private Optional<Lag> lag(
            ClusterView cluster,
            ResourceView resource,
            ReplicaView replica,
            Optional<ReplicaLoop.Parts> mine,
            Optional<ServedLog.Served> served) {
        boolean isPrimary = mine.isPresent()
                ? mine.get()
                        .watched()
                        .status()
                        .filter(status -> status.role() == ReplicaRole.PRIMARY)
                        .isPresent()
                : resource.role()
                        .filter(role -> role.value().isPrimary(replica.host()))
                        .isPresent();
        if (isPrimary) {
            return Optional.of(Lag.NONE);
        }
        Optional<Lag> heard = mine.isPresent() ? mine.get().reporter().lag() : served.flatMap(ServedLog.Served::lag);
        if (heard.filter(Lag::isKnown).isPresent()) {
            return heard;
        }
        Optional<Lag> published = member.sightings()
                .lag(cluster, member.live(), resource, replica)
                .filter(lag -> lag.bytes() > 0 || !isCutOff(mine));
        boolean newer = published
                .filter(lag -> heard.isEmpty() || lag.heardAgoMs() < heard.get().heardAgoMs())
                .isPresent();
        return newer ? published : heard;
    }

    /**
     * It wants to hear its source, and does not. ZooKeeper counts a node among the living for up to the session time-out
     * after its death: that such a one has published nothing new does not say that there is nothing new.
     */
    private static boolean isCutOff(Optional<ReplicaLoop.Parts> mine) {
        return mine.filter(parts -> parts.fetching().followed().isPresent()).isPresent();
    }

    /** What keeps this node's replica from fetching. */
    private static Optional<String> hindrance(Fetching fetching) {
        Optional<String> backfill = fetching.filled()
                .flatMap(BackfilledDisk::newest)
                .map(progress -> progress.why())
                .filter(why -> !why.isEmpty());
        return backfill.or(() -> fetching.state()
                .flatMap(state -> FollowText.hindrance(state, fetching.source().orElse("its source"))));
    }

    private Progress backfill(ResourceView resource, ReplicaView replica, Health.Syncing syncing) {
        return member.sightings().backfill(resource.name(), replica.host(), syncing);
    }

    private static ViewReport.Position position(Position position) {
        return new ViewReport.Position(
                position.epoch(),
                position.endLsn(),
                position.durableLsn(),
                position.replayedLsn(),
                position.checkpointLsn(),
                position.timeNs() == 0 ? Optional.empty() : Optional.of(position.timeNs() / NS_PER_MS));
    }

    private static Map<String, Boolean> flags(Predicate<Switch> is) {
        Map<String, Boolean> flags = new LinkedHashMap<>();
        for (Switch which : Switch.values()) {
            if (which.isUsual()) {
                flags.put(which.key(), is.test(which));
            }
        }
        return flags;
    }

    private static String word(Health health) {
        String text = health.format();
        int colon = text.indexOf(':');
        return colon < 0 ? text : text.substring(0, colon);
    }

    private static Optional<String> detail(Health health) {
        if (health instanceof Health.Inconsistent inconsistent) {
            return Optional.of(
                    "consistent as soon as it has replayed to LSN " + Long.toUnsignedString(inconsistent.untilLsn()));
        }
        if (health instanceof Health.Diverged diverged) {
            return Optional.of("left the primary's history at LSN " + Long.toUnsignedString(diverged.lsn())
                    + " of epoch " + diverged.epoch());
        }
        if (health instanceof Health.Gone gone) {
            return Optional.of(
                    "too far behind: the log that it needs next is nowhere any more, the oldest begins at LSN "
                            + Long.toUnsignedString(gone.oldestLsn()));
        }
        return health instanceof Health.Failed failed ? Optional.of(failed.text()) : Optional.empty();
    }

    private static ViewReport.Lost lost(LostTail lost) {
        return new ViewReport.Lost(
                lost.fromLsn(),
                lost.toLsn(),
                lost.payloadBytes(),
                lost.records(),
                lost.blocks(),
                lost.firstTimeNs() / NS_PER_MS,
                lost.lastTimeNs() / NS_PER_MS);
    }
}
