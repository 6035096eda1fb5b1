// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.driver.ReplicaRole;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.LostTail;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.RoleState;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;

/** Makes the report of {@code tharsis view}: this node's replicas as they are now, the others as they were told last. */
final class ViewCommand {
    private static final long NS_PER_MS = 1_000_000;

    private final Member member;
    private final Knowledge knowledge;

    ViewCommand(Member member) {
        this.member = member;
        this.knowledge = new Knowledge(member);
    }

    ViewReport report(Optional<String> resource) throws CommandFailed {
        if (resource.isPresent()) {
            knowledge.resource(resource.get());
        }
        Optional<ClusterView> view = member.view();
        List<ViewReport.Node> nodes = view.map(ViewCommand::nodes).orElseGet(List::of);
        List<ViewReport.Resource> resources = view.map(cluster -> cluster.resources().values().stream()
                        .filter(r -> resource.isEmpty() || resource.get().equals(r.name()))
                        .map(this::resource)
                        .toList())
                .orElseGet(List::of);
        return new ViewReport(thisNode(), Optional.of(cluster()), nodes, resources, warnings(view));
    }

    private ViewReport.ThisNode thisNode() {
        return new ViewReport.ThisNode(
                member.me(),
                Optional.of(member.identity().nodeUuid()),
                Version.TEXT,
                driver(),
                member.keys().map(keys -> keys.credentials().expires().toEpochMilli()));
    }

    private ViewReport.Driver driver() {
        return member.driver()
                .map(client -> {
                    try {
                        client.version();
                        return ViewReport.Driver.CONNECTED;
                    } catch (Exception away) {
                        return ViewReport.Driver.AWAY;
                    }
                })
                .orElse(ViewReport.Driver.NONE);
    }

    private ViewReport.Cluster cluster() {
        return new ViewReport.Cluster(
                member.identity().clusterName(),
                member.identity().clusterUuid(),
                member.live() ? ViewReport.Source.LIVE : ViewReport.Source.JOURNAL,
                member.viewAge().toMillis(),
                member.identity().zookeeper());
    }

    private static List<ViewReport.Node> nodes(ClusterView view) {
        return view.nodes().values().stream()
                .map(node -> new ViewReport.Node(
                        node.name(),
                        node.uuid(),
                        node.address(),
                        node.site(),
                        node.version(),
                        node.driver(),
                        view.isAlive(node.name())))
                .toList();
    }

    private ViewReport.Resource resource(ResourceView view) {
        Map<String, String> options = new LinkedHashMap<>();
        view.options().values().forEach((option, value) -> options.put(option.key(), value));
        return new ViewReport.Resource(
                view.name(),
                view.identity().uuid(),
                view.identity().deviceBytes(),
                view.identity().blockBytes(),
                view.role()
                        .map(Versioned::value)
                        .map(ViewCommand::role)
                        .orElseGet(() ->
                                new ViewReport.Role(0, Optional.empty(), ViewReport.RoleState.NONE, Optional.empty())),
                view.replicas().values().stream()
                        .map(replica -> replica(view, replica))
                        .sorted(Comparator.comparing(ViewReport.Replica::node))
                        .toList(),
                options);
    }

    private static ViewReport.Role role(Role role) {
        return new ViewReport.Role(role.epoch(), role.primary(), state(role.state()), role.handoverTo());
    }

    private static ViewReport.RoleState state(RoleState state) {
        if (state instanceof RoleState.Handover) {
            return ViewReport.RoleState.HANDOVER;
        }
        if (state instanceof RoleState.Forced) {
            return ViewReport.RoleState.FORCED;
        }
        return state instanceof RoleState.None ? ViewReport.RoleState.NONE : ViewReport.RoleState.PRIMARY;
    }

    private ViewReport.Replica replica(ResourceView resource, ReplicaView replica) {
        Optional<ReplicaLoop.Parts> parts = replica.host().equals(member.me())
                ? member.replicas().loop(resource.name()).map(ReplicaLoop::parts)
                : Optional.empty();
        Optional<ResourceStatus.Replica> live = parts.filter(ViewCommand::isOwnLog)
                .flatMap(mine -> mine.watched().replica());
        Optional<ReplicaReport> report = parts.flatMap(mine -> mine.reporter().newest());
        Optional<Position> position = live.map(ReplicaReporter::position).or(replica::position);
        Optional<Lag> lag = parts.isPresent() ? ownLag(parts.get()) : lag(resource, replica, position);
        Optional<Health> health =
                report.map(ReplicaReport::health).or(() -> replica.health().map(Versioned::value));
        Optional<Actual> actual = report.map(ReplicaReport::actual).or(replica::actual);
        return new ViewReport.Replica(
                replica.host(),
                roleOf(resource, replica, parts),
                health.map(ViewCommand::word).orElse("unknown"),
                health.flatMap(ViewCommand::detail),
                position.map(ViewCommand::position),
                lag.map(Lag::bytes),
                lag.map(Lag::ms),
                live.isPresent(),
                actual.flatMap(Actual::source),
                flags(which -> replica.todo().wants(which)),
                actual.map(is -> flags(is::is)).orElseGet(Map::of),
                actual.filter(is -> resource.role()
                                .filter(role -> role.value().isPrimary(replica.host()))
                                .isPresent())
                        .map(Actual::users),
                health.flatMap(ViewCommand::sync),
                report.map(ReplicaReport::lost).orElseGet(replica::lost).map(ViewCommand::lost),
                replica.record().map(record -> record.disk()),
                replica.record().map(record -> record.device()),
                replica.record().map(record -> record.log()));
    }

    private static boolean isOwnLog(ReplicaLoop.Parts parts) {
        return parts.watched()
                .status()
                .filter(status ->
                        status.directory().equals(Optional.of(parts.directory().log())))
                .isPresent();
    }

    private static Optional<String> roleOf(
            ResourceView resource, ReplicaView replica, Optional<ReplicaLoop.Parts> parts) {
        if (parts.isPresent()) {
            return parts.get()
                    .watched()
                    .status()
                    .map(ResourceStatus::role)
                    .filter(role -> role != ReplicaRole.CLOSED)
                    .map(role -> role.name().toLowerCase(Locale.ROOT));
        }
        return replica.actual()
                .map(actual -> resource.role()
                                .filter(role -> role.value().isPrimary(replica.host()))
                                .isPresent()
                        ? "primary"
                        : "secondary");
    }

    private static Optional<Lag> ownLag(ReplicaLoop.Parts parts) {
        boolean primary = parts.watched()
                .status()
                .filter(status -> status.role() == ReplicaRole.PRIMARY)
                .isPresent();
        return primary ? Optional.of(new Lag(0, 0)) : parts.reporter().lag();
    }

    private Optional<Lag> lag(ResourceView resource, ReplicaView replica, Optional<Position> position) {
        Optional<String> primary = resource.role().map(Versioned::value).flatMap(Role::primary);
        if (primary.equals(Optional.of(replica.host()))) {
            return Optional.of(new Lag(0, 0));
        }
        Optional<Position> source = primary.flatMap(host -> primaryPosition(resource, host));
        return position.filter(p -> source.isPresent() && source.get().epoch() == p.epoch())
                .map(p -> Lag.of(
                        source.orElseThrow().endLsn(),
                        p.replayedLsn(),
                        p.timeNs(),
                        member.clock().millis()));
    }

    private Optional<Position> primaryPosition(ResourceView resource, String host) {
        Optional<Position> live = host.equals(member.me())
                ? member.replicas()
                        .loop(resource.name())
                        .flatMap(loop -> loop.parts().watched().replica())
                        .map(ReplicaReporter::position)
                : Optional.empty();
        return live.or(() -> resource.replica(host).flatMap(ReplicaView::position));
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

    private static Map<String, Boolean> flags(java.util.function.Predicate<Switch> is) {
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
            return Optional.of("until LSN " + Long.toUnsignedString(inconsistent.untilLsn()));
        }
        if (health instanceof Health.Diverged diverged) {
            return Optional.of("from LSN " + Long.toUnsignedString(diverged.lsn()) + " of epoch " + diverged.epoch());
        }
        if (health instanceof Health.Gone gone) {
            return Optional.of("the log before LSN " + Long.toUnsignedString(gone.oldestLsn())
                    + " is gone; 'tharsis invalidate' fills it again");
        }
        return health instanceof Health.Failed failed ? Optional.of(failed.text()) : Optional.empty();
    }

    private static Optional<Progress> sync(Health health) {
        return health instanceof Health.Syncing syncing
                ? Optional.of(Progress.bytes("backfill", syncing.doneBytes(), syncing.totalBytes()))
                : Optional.empty();
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

    private List<String> warnings(Optional<ClusterView> view) {
        List<String> warnings = new ArrayList<>();
        if (!member.live()) {
            warnings.add(
                    "ZooKeeper cannot be reached: " + member.tree().connection().detail()
                            + ". What is shown is "
                            + TimeUnit.MILLISECONDS.toSeconds(member.viewAge().toMillis())
                            + " s old. Devices and replication go on; roles cannot change.");
        }
        if (driver() == ViewReport.Driver.AWAY) {
            warnings.add("the driver of " + member.me() + " cannot be reached at "
                    + member.config().driver().orElseThrow() + ": start brickd.");
        }
        Instant now = member.clock().instant();
        member.keys()
                .filter(keys -> keys.credentials().expiresSoon(now))
                .ifPresent(keys -> warnings.add("the certificate of " + member.me() + " ends on "
                        + keys.credentials().expires() + ": let the node join anew before."));
        view.ifPresent(cluster -> {
            cluster.problems().forEach(problem -> warnings.add("the state tree has " + problem));
            cluster.unreadable()
                    .forEach(name -> warnings.add("resource " + name + " in the state tree cannot be understood."));
            cluster.resources()
                    .values()
                    .forEach(resource ->
                            resource.problems().forEach(problem -> warnings.add("the state tree has " + problem)));
        });
        return warnings;
    }
}
